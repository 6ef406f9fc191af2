"""Generate the OpenAPI schema once per process and language."""

import threading
from typing import Any, Final

from django.utils.translation import get_language
from drf_spectacular.generators import SchemaGenerator

_schemas: Final[dict[str | None, Any]] = {}
# drf-spectacular keeps state in the view classes, so two threads must not generate a schema at the
# same time.
_lock: Final = threading.Lock()


class CachedSchemaGenerator(SchemaGenerator):
    """A generator that remembers the schema, because it is the same for each request."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        """Return the schema of all operations in the active language."""
        language = get_language()
        with _lock:
            if language not in _schemas:
                _schemas[language] = super().get_schema(None, public=True)  # type: ignore[no-untyped-call]
            return _schemas[language]
