"""The storage of static files."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Store static files compressed, with a hash of their content in their names.

    Unlike the base class, also replace the names in the imports of JavaScript modules.
    """

    support_js_module_import_aggregation = True
