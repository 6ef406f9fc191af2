"""The exceptions that mean an outage of the database or of all model versions.

An outage of the cache raises no exception: see `digitsite/memory_fallback.py`.
"""

from typing import Final

from django.db import InterfaceError, OperationalError

from recognizer.serving.model_registry import CorruptModelError

OUTAGE_ERRORS: Final = (OperationalError, InterfaceError, CorruptModelError)
