"""Pagination for admin lists that does not count all rows of a large table."""

from functools import cached_property
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

LOOKAHEAD_PAGES: Final = 10  # pages after the current one that are counted


class BoundedPaginator(Paginator):
    """Count the rows only up to some pages after the current page."""

    def __init__(self, rows: QuerySet, per_page: int, page: int, **options: Any) -> None:
        super().__init__(rows, per_page, **options)
        self._rows = rows
        self._count_limit = (page + LOOKAHEAD_PAGES) * per_page + 1

    @cached_property
    def count(self) -> int:
        return self._rows[: self._count_limit].count()

    @property
    def is_cut(self) -> bool:
        """Return whether there may be more rows than `count`."""
        return self.count == self._count_limit

    @property
    def known(self) -> int:
        """Return the number in "more than … rows", for a list that is cut."""
        return self._count_limit - 1


class BoundedCountAdmin(admin.ModelAdmin):
    """Use `BoundedPaginator` for the list.

    The templates `pagination.html` and `actions.html` show that there are more rows.
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
        # Six digits are enough for any page, and keep the numbers in the query small.
        page = int(value[:6]) if value.isascii() and value.isdigit() else 1
        return BoundedPaginator(
            queryset,
            per_page,
            page,
            orphans=orphans,
            allow_empty_first_page=allow_empty_first_page,
        )
