"""Return lists in pages, with links to the next and the previous page."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import DateTimeField, Field, PositiveIntegerField
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

MAX_PAGE_SIZE = 200
MAX_DIGITS = 9  # digits of `page_size`


class SubmissionPagination(CursorPagination):
    """Sort submissions newest first. A page has 50 rows, or `page_size`.

    Unlike DRF's class, this class rejects an invalid `page_size` with status 400. It also rejects a
    cursor that contains an invalid position, with status 404.
    """

    ordering: tuple[str, ...] = ("-created", "-id")
    position_field: ClassVar[Field] = DateTimeField()
    page_size = 50
    page_size_query_param = "page_size"
    page_size_query_description = f"Rows per page, 1 to {MAX_PAGE_SIZE}."
    max_page_size = MAX_PAGE_SIZE

    def get_page_size(self, request: Request) -> int | None:
        """Return the requested page size, or the default.

        Raises `ValidationError` if it is not a number from 1 to `MAX_PAGE_SIZE`.
        """
        text = request.query_params.get("page_size")
        if text is None:
            return self.page_size
        # The length is checked first, because int() raises an error for thousands of digits.
        is_number = len(text) <= MAX_DIGITS and text.isascii() and text.isdigit()
        if not (is_number and 1 <= int(text) <= MAX_PAGE_SIZE):
            message = _("Must be a number from 1 to %(max)d.") % {"max": MAX_PAGE_SIZE}
            raise ValidationError({"page_size": message})
        return int(text)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of the request, or None if there is none.

        Raises `NotFound` if the cursor or its position is invalid.
        """
        cursor: Cursor | None = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        try:
            position = self.position_field.clean(cursor.position, None)
            if isinstance(position, datetime):
                # PostgreSQL rejects some time zone offsets that Python accepts.
                position = position.astimezone(UTC)
        except (DjangoValidationError, OverflowError) as error:
            raise NotFound(self.invalid_cursor_message) from error
        return Cursor(cursor.offset, cursor.reverse, str(position))  # type: ignore[arg-type]

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return DRF's OpenAPI parameters, with the limits of `page_size`."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "page_size":
                parameter["schema"] |= {"minimum": 1, "maximum": MAX_PAGE_SIZE}
        return parameters


class ModelVersionPagination(SubmissionPagination):
    """Sort model versions by number, highest first."""

    ordering = ("-number",)
    position_field = PositiveIntegerField()
