"""The exceptions that mean an outage of the database or of all model versions.

An outage of the cache raises no exception: see `digitsite/memory_fallback.py`.
"""

from typing import Final

from recognizer.serving.model_registry import DATABASE_OUTAGES, CorruptModelError

UNAVAILABLE_ERRORS: Final = (*DATABASE_OUTAGES, CorruptModelError)
