"""Pagination for admin lists of large tables, where counting all rows would be slow."""

from functools import cached_property
from typing import Any, Final

from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from recognizer.admin.base import ValidatedLookupAdmin

# Rows are counted up to this many pages after the current one.
LOOKAHEAD_PAGES: Final = 10


class BoundedPaginator(Paginator):
    """Count the rows only up to `LOOKAHEAD_PAGES` after the current page, and then stop."""

    def __init__(self, rows: QuerySet, per_page: int, page: int, **options: Any) -> None:
        super().__init__(rows, per_page, **options)
        self._rows = rows
        self._count_limit = (page + LOOKAHEAD_PAGES) * per_page + 1

    @cached_property
    def count(self) -> int:
        return self._rows[: self._count_limit].count()

    @property
    def is_cut(self) -> bool:
        """Return whether counting stopped at the limit, so that there may be more rows."""
        return self.count == self._count_limit

    @property
    def known_count(self) -> int:
        """Return the number for the text "more than … rows". Use it only if `is_cut`."""
        return self._count_limit - 1


class BoundedCountAdmin(ValidatedLookupAdmin):
    """Use `BoundedPaginator` for the list.

    The templates `pagination.html` and `actions.html` adapt the admin to an incomplete count.
    """

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: QuerySet,
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> Paginator:
        value = request.GET.get(PAGE_VAR, "")
        # Six digits are enough for any page. A longer number could be too large for the query.
        page = int(value[:6]) if value.isascii() and value.isdigit() else 1
        return BoundedPaginator(
            queryset,
            per_page,
            page,
            orphans=orphans,
            allow_empty_first_page=allow_empty_first_page,
        )
