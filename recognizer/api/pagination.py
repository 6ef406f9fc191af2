"""Return lists in pages, with links to the next and the previous page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import DateTimeField, Field, PositiveIntegerField, QuerySet, UUIDField
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

MAX_PAGE_SIZE = 200
MAX_DIGITS = 9  # digits of `page_size`
SEPARATOR = ","  # between the values of a position


class SubmissionPagination(CursorPagination):
    """Sort submissions newest first. A page has 50 rows, or `page_size`.

    Unlike DRF's class, this class rejects an invalid `page_size` with status 400. It also rejects a
    cursor that is invalid, or that contains an invalid position, with status 400.

    DRF's position is only the time. Among drawings of the same time, DRF counts an offset, up to
    1,000 rows, and would then return the same page again and again. Imported drawings can all have
    the same time. Here, the position of a row consists of all fields of `ordering`, which must be
    descending. So it is unique, and no page needs an offset.
    """

    ordering: tuple[str, ...] = ("-created", "-id")
    position_fields: ClassVar[tuple[Field, ...]] = (DateTimeField(), UUIDField())
    page_size: int = 50
    page_size_query_param = "page_size"
    page_size_query_description = f"Rows per page, 1 to {MAX_PAGE_SIZE}."

    def get_page_size(self, request: Request) -> int:
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

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list:
        """Return the rows of the page. Set the attributes that DRF's links to other pages need."""
        self.request = request
        self.page_size = self.get_page_size(request)
        self.base_url = request.build_absolute_uri()
        self.cursor = self.decode_cursor(request)
        position: Any = self.cursor and self.cursor.position
        is_reverse = bool(self.cursor and self.cursor.reverse)
        names = [field.removeprefix("-") for field in self.ordering]
        rows = queryset.order_by(*(names if is_reverse else self.ordering))
        if position is not None:
            rows = _after(rows, names, position.split(SEPARATOR), is_reverse)
        # One row more than the page has tells whether there is another page.
        found = list(rows[: self.page_size + 1])
        self.page = found[: self.page_size]
        has_more = len(found) > len(self.page)
        following: Any = (
            self._get_position_from_instance(found[-1], self.ordering) if has_more else None
        )
        came_from = position is not None
        if not self.page:  # Its rows were deleted. Then `next` leads to the newest rows.
            position = None
        if is_reverse:
            self.page.reverse()
            self.has_next, self.next_position = came_from, position
            self.has_previous, self.previous_position = has_more, following
        else:
            self.has_next, self.next_position = has_more, following
            self.has_previous, self.previous_position = came_from, position
        return self.page

    def _get_position_from_instance(self, instance: Any, ordering: Sequence[str]) -> str:
        values = (getattr(instance, field.removeprefix("-")) for field in ordering)
        return SEPARATOR.join(map(str, values))

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the cursor of the request, without an offset, or None if there is none.

        Raises `ValidationError` if the cursor or its position is invalid.
        """
        try:
            cursor: Cursor | None = super().decode_cursor(request)
            if cursor is None:
                return None
            if cursor.position is None:
                return Cursor(0, cursor.reverse, None)
            texts = str(cursor.position).split(SEPARATOR)
            pairs = zip(self.position_fields, texts, strict=True)
            values = [_clean(field, text) for field, text in pairs]
        except (NotFound, DjangoValidationError, ValueError, OverflowError) as error:
            raise ValidationError({"cursor": [self.invalid_cursor_message]}) from error
        return Cursor(0, cursor.reverse, SEPARATOR.join(map(str, values)))  # type: ignore[arg-type]

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return DRF's OpenAPI parameters, with a format of `cursor` and limits of `page_size`."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "cursor":
                parameter["schema"] |= {"format": "cursor"}
            elif parameter["name"] == "page_size":
                parameter["schema"] |= {"minimum": 1, "maximum": MAX_PAGE_SIZE}
        return parameters


class ModelVersionPagination(SubmissionPagination):
    """Sort model versions by number, highest first."""

    ordering = ("-number",)
    position_fields = (PositiveIntegerField(),)


def _clean(field: Field, text: str) -> Any:
    """Return a value of a position. Raises an error if it is invalid."""
    value = field.clean(text, None)
    # PostgreSQL rejects some time zone offsets that Python accepts.
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _after(rows: QuerySet, names: list[str], values: list[str], is_reverse: bool) -> QuerySet:
    """Return the rows behind a position, or before it if `is_reverse`.

    The index finds the rows by the first field. Rows that have the same value, but are not behind
    the position, are read and left out.
    """
    inside, outside = ("gte", "lte") if is_reverse else ("lte", "gte")
    same = dict(zip(names[:-1], values[:-1], strict=True))
    not_behind = {**same, f"{names[-1]}__{outside}": values[-1]}
    return rows.filter(**{f"{names[0]}__{inside}": values[0]}).exclude(**not_behind)
