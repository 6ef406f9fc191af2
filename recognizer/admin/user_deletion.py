"""Delete the drawings of the users that are deleted in the admin."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from recognizer.accounts import deletion, ownership
from recognizer.models import Submission, SubmissionQuerySet

REASON: Final = "Deleted together with the account"


class ManyDrawingsError(Exception):
    """Raised to leave the transaction of Django's admin if the users have many drawings."""

    def __init__(self, drawings: SubmissionQuerySet) -> None:
        super().__init__()
        self.drawings = drawings


class UserDeletionAdmin(admin.ModelAdmin):
    """Delete the users' drawings, too. The confirmation shows how many drawings these are.

    Otherwise, the drawings would stay, but nobody could see or delete them as their owner.
    """

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return the result of Django's method, with the number of the users' drawings."""
        objects, counts, missing_permissions, protected = super().get_deleted_objects(objs, request)
        if count := _drawings_of(objs).count():
            opts = Submission._meta
            counts = {**counts, str(opts.verbose_name_plural): count}
            if not request.user.has_perm(f"{opts.app_label}.delete_{opts.model_name}"):
                missing_permissions.add(str(opts.verbose_name))
        return objects, counts, missing_permissions, protected

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return _retry_without_drawings(super().delete_view, request, object_id, extra_context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Return the list, or the response to an action, which may delete several users."""
        return _retry_without_drawings(super().changelist_view, request, extra_context)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        with transaction.atomic():
            _delete_drawings([obj], request.user)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        with transaction.atomic():
            _delete_drawings(queryset, request.user)
            super().delete_queryset(request, queryset)


def _retry_without_drawings(
    view: Callable[..., HttpResponse], request: HttpRequest, *args: Any
) -> Any:
    """Return the response of a view of Django's admin, which deletes users in one transaction.

    If they have many drawings, the view has checked the permissions and raises. Then delete the
    drawings outside of the transaction, and call the view again.
    """
    while True:
        try:
            return view(request, *args)
        except ManyDrawingsError as error:
            deletion.delete_in_batches(error.drawings, REASON, by=request.user)


def _delete_drawings(users: Iterable[User], by: Any) -> None:
    """Delete the users' drawings. Raises `ManyDrawingsError` if one transaction would be long."""
    drawings = _drawings_of(users)
    if drawings.count() > deletion.BATCH_SIZE:
        raise ManyDrawingsError(drawings)
    deletion.delete(drawings, REASON, by=by)


def _drawings_of(users: Iterable[User]) -> SubmissionQuerySet:
    owners = [ownership.owner_for_user(user) for user in users]
    return Submission.objects.filter(owner__in=owners)
