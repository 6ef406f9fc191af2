"""How static files are stored for `make run`."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Compressed, and named by their content: also where one JavaScript module imports another."""

    support_js_module_import_aggregation = True
