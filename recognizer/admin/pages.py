"""Lists of the admin that do not count a million rows to show fifty."""

from functools import cached_property
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

AHEAD: Final = 10  # so many further pages are looked for


class Ahead(Paginator):
    """Knows of no more rows than some pages after the one that is asked for."""

    def __init__(self, rows: QuerySet, per_page: int, page: int, **more: Any) -> None:
        super().__init__(rows, per_page, **more)
        self._rows, self._most = rows, (page + AHEAD) * per_page + 1

    @cached_property
    def count(self) -> int:
        return self._rows[: self._most].count()

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than `count` says."""
        return self.count == self._most

    @property
    def known(self) -> int:
        """There are more rows than this."""
        return self._most - 1


class NothingIsCounted(admin.ModelAdmin):
    """In its lists; the templates `pagination.html` and `actions.html` say so."""

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: QuerySet,
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> Paginator:
        asked = request.GET.get(PAGE_VAR, "")
        page = int(asked[:6]) if asked.isascii() and asked.isdigit() else 1
        return Ahead(
            queryset,
            per_page,
            page,
            orphans=orphans,
            allow_empty_first_page=allow_empty_first_page,
        )
