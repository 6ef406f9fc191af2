"""Identify the owner of submissions by a UUID.

A logged-in user has a fixed UUID. An anonymous visitor gets a random UUID with the first
submission. A signed cookie contains it: see owner_cookie.py.
"""

import uuid
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import DatabaseError, transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.http import HttpRequest

from recognizer.accounts import deletion, owner_cookie
from recognizer.models import Review, Submission, change_ledger_owner

# Earlier releases stored the id of an anonymous visitor in a session, for a year.
SESSION_KEY: Final = "owner"
NAMESPACE: Final = uuid.UUID("5ba1ac51-6b2b-4d34-9d3c-64b1a5b3f0e7")
# A page sends the owner that it was made for, because a login or logout changes the owner.
EXPECTED_OWNER_HEADER: Final = "X-Expected-Owner"
MERGE_ATTEMPTS: Final = 5
# The errors of PostgreSQL after which a merge can succeed: unique_violation, deadlock_detected.
CONFLICTS: Final = ("23505", "40P01")
# Of two copies of an image, the one with the higher rank is kept.
RANK: Final = Case(
    When(~Q(review=Review.PENDING), then=Value(2)),
    When(corrected_digit__isnull=False, then=Value(1)),
    default=Value(0),
)


def current_owner(request: HttpRequest) -> uuid.UUID | None:
    """Return the visitor's id, or None if an anonymous visitor has not submitted anything yet.

    If the browser of a logged-in user still has the cookie of an anonymous visitor, move that
    visitor's submissions to the user.
    """
    if not request.user.is_authenticated:
        return _anonymous_owner(request)
    owner = owner_for_user(request.user)
    # A request with an API key may carry the cookies of another person.
    if getattr(request, "auth", None) is None:
        _merge_anonymous(request, owner)
    return owner


def get_or_create_owner(request: HttpRequest) -> uuid.UUID:
    """Return the visitor's id. A new visitor gets a random one, and a cookie with it."""
    owner = current_owner(request) or uuid.uuid4()
    if not request.user.is_authenticated:
        # Also renew an existing cookie, because a simultaneous login may just have deleted it. The
        # next request then moves this submission to the user as well.
        owner_cookie.set_cookie(request, owner)
    return owner


def is_expected_owner(request: HttpRequest) -> bool:
    """Return whether the visitor is the owner in the header `X-Expected-Owner`, if it is sent."""
    expected = request.headers.get(EXPECTED_OWNER_HEADER)
    return expected is None or expected == str(current_owner(request))


def new_visitor_token(request: HttpRequest) -> str:
    """Return the token that a new visitor's page sends with its requests, otherwise "".

    Only the response to the first submission sets the cookie. If that response gets lost, or if the
    browser blocks cookies, the token gives the next requests of the page the same owner.
    """
    return "" if current_owner(request) else owner_cookie.new_token()


def owner_for_user(user: Any) -> uuid.UUID:
    """Return the id of a user, which is the same in every browser and for every API key."""
    return uuid.uuid5(NAMESPACE, str(user.pk))


def _anonymous_owner(request: HttpRequest) -> uuid.UUID | None:
    owner = owner_cookie.read_cookie(request)
    has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
    earlier = request.session.get(SESSION_KEY) if has_session else None
    if owner is None and earlier:
        owner = uuid.UUID(earlier)
        owner_cookie.set_cookie(request, owner)
    elif earlier and str(owner) == earlier:
        # The browser has stored the cookie, so the session is no longer needed.
        request.session.flush()
    return owner or owner_cookie.read_token(request)


def _merge_anonymous(request: HttpRequest, owner: uuid.UUID) -> None:
    """Move the submissions of the browser's anonymous visitor to `owner`, and forget the visitor.

    Do nothing if the browser has no cookie of an anonymous visitor.
    """
    if (anonymous := owner_cookie.read_cookie(request)) is not None:
        _merge(anonymous, owner)
        owner_cookie.delete_cookie(request)
    if (earlier := request.session.pop(SESSION_KEY, None)) is not None:
        _merge(uuid.UUID(earlier), owner)


def _merge_at_login_or_logout(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Move the anonymous submissions at a login, and any that are left at the logout.

    Otherwise, the next visitor who uses the browser would see them.
    """
    if user is not None:
        _merge_anonymous(request, owner_for_user(user))


user_logged_in.connect(_merge_at_login_or_logout, dispatch_uid="merge at login")
user_logged_out.connect(_merge_at_login_or_logout, dispatch_uid="merge at logout")


def _merge(anonymous: uuid.UUID, owner: uuid.UUID) -> None:
    """Move the submissions of `anonymous` to `owner`. Try again after a conflict."""
    for attempts_left in reversed(range(MERGE_ATTEMPTS)):
        try:
            return _try_to_merge(anonymous, owner)
        except DatabaseError as error:
            is_conflict = getattr(error.__cause__, "sqlstate", None) in CONFLICTS
            if not (is_conflict and attempts_left):
                raise


def _try_to_merge(anonymous: uuid.UUID, owner: uuid.UUID) -> None:
    """Move the submissions of `anonymous` to `owner`.

    On PostgreSQL, raises a `DatabaseError` of `CONFLICTS`, and moves nothing, if `owner` stores an
    image of `anonymous` meanwhile: the locks cannot cover rows that are stored after them.

    An owner's images are unique. If both have an image, keep the reviewed copy, otherwise the
    corrected one, otherwise the copy of `owner`. The audit trail counts the deleted copies.
    """
    merged, kept = (Submission.objects.owned_by(one).alias(rank=RANK) for one in (anonymous, owner))
    in_both = Q(owner=owner, image_sha256__in=merged.values("image_sha256"))
    better_copy = merged.filter(image_sha256=OuterRef("image_sha256"), rank__gt=OuterRef("rank"))
    reason = "Deleted when a visitor logged in who had the same images"
    with transaction.atomic():
        Submission.objects.filter(Q(owner=anonymous) | in_both).lock()
        deletion.delete(kept.filter(Exists(better_copy)), reason)
        deletion.delete(merged.filter(image_sha256__in=kept.values("image_sha256")), reason)
        # Idempotency keys are unique per owner, so remove those that `owner` has used, too.
        used_keys = kept.values("idempotency_key")
        merged.filter(idempotency_key__in=used_keys).update(idempotency_key=None)
        merged.update(owner=owner)
        change_ledger_owner(anonymous, owner)
