"""Delete the drawings of the users that are deleted in the admin."""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from recognizer.accounts import deletion, ownership
from recognizer.models import Submission, SubmissionQuerySet

REASON: Final = "Deleted together with the account"


class UserDeletionAdmin(admin.ModelAdmin):
    """Delete the users' drawings, too. The confirmation shows how many drawings these are.

    Otherwise, the drawings would stay, but nobody could see or delete them as their owner.
    """

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what Django's method returns, with the number of the users' drawings."""
        objects, counts, missing_permissions, protected = super().get_deleted_objects(objs, request)
        if count := _drawings_of(objs).count():
            opts = Submission._meta
            counts = {**counts, str(opts.verbose_name_plural): count}
            if not request.user.has_perm(f"{opts.app_label}.delete_{opts.model_name}"):
                missing_permissions.add(str(opts.verbose_name))
        return objects, counts, missing_permissions, protected

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        with transaction.atomic():
            deletion.delete(_drawings_of([obj]), REASON, by=request.user)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        with transaction.atomic():
            deletion.delete(_drawings_of(queryset), REASON, by=request.user)
            super().delete_queryset(request, queryset)


def _drawings_of(users: Iterable[User]) -> SubmissionQuerySet:
    owners = [ownership.owner_for_user(user) for user in users]
    return Submission.objects.filter(owner__in=owners)
