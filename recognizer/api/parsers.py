"""Limit the size of multipart forms."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework import parsers


class MultiPartParser(parsers.MultiPartParser):
    """Reject a form if it is larger than `DATA_UPLOAD_MAX_MEMORY_SIZE`, files included.

    Django itself does not count files towards this limit.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Parse the form. Raises `RequestDataTooBig` if it is too large."""
        # Django never reads more than the declared length, so checking that length is enough.
        length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        return super().parse(stream, media_type, parser_context)
