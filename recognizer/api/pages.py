"""Lists in pages, each with a link to the next: `NewestFirst`, `HighestNumberFirst`."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import DateTimeField, Field, PositiveIntegerField
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

MAX_PAGE_SIZE = 200


class NewestFirst(CursorPagination):
    """50 rows, or as many as `page_size` says; what is no cursor of ours is not found."""

    ordering: tuple[str, ...] = ("-created", "-id")
    position_field: ClassVar[Field] = DateTimeField()
    page_size = 50
    page_size_query_param = "page_size"
    page_size_query_description = f"Rows in a page, 1 to {MAX_PAGE_SIZE}."
    max_page_size = MAX_PAGE_SIZE

    def get_page_size(self, request: Request) -> int | None:
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        if not (asked.isascii() and asked.isdigit() and 1 <= int(asked[:9]) <= MAX_PAGE_SIZE):
            complaint = _("Must be a number from 1 to %(most)d.") % {"most": MAX_PAGE_SIZE}
            raise ValidationError({"page_size": complaint})
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor: Cursor | None = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            try:
                position = self.position_field.clean(cursor.position, None)
                if isinstance(position, datetime):
                    position = position.astimezone(UTC)  # PostgreSQL refuses some other offsets
            except (DjangoValidationError, OverflowError) as error:
                raise NotFound(self.invalid_cursor_message) from error
            cursor = Cursor(cursor.offset, cursor.reverse, str(position))  # type: ignore[arg-type]
        return cursor

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "page_size":
                parameter["schema"] |= {"minimum": 1, "maximum": MAX_PAGE_SIZE}
        return parameters


class HighestNumberFirst(NewestFirst):
    ordering = ("-number",)
    position_field = PositiveIntegerField()
