"""Store submissions, and limit the rows and bytes of each owner and client address in a day.

The count of an address also assigns its drawings to rounds of the review queue, because everybody
can be a new owner at any time.
"""

import uuid
from collections.abc import Sequence
from typing import Final

from django.conf import settings
from rest_framework.request import Request

from recognizer.accounts import client_ip
from recognizer.api import exceptions, throttling
from recognizer.api.throttling import DAY, Charge
from recognizer.models import Submission, round_after
from recognizer.serving import storage

ROWS_PER_MINUTE: Final = "submit"
# In the review queue, an address counts as this many owners, because a class can share it.
OWNERS_PER_ADDRESS: Final = 4


def store(
    request: Request, owner: uuid.UUID, submissions: Sequence[Submission]
) -> list[tuple[Submission, bool]]:
    """Count unsaved submissions against the quotas, and return what `storage.store_all` returns.

    Submissions that are not stored in the end do not count against the daily quotas.

    Raises `Throttled` or `StorageLimitReached`, and stores nothing, if that would exceed a quota.
    Raises `IdempotencyConflictError` as `storage.store` does.
    """
    _consume(request, owner, submissions)
    stored: list[tuple[Submission, bool]] = []
    try:
        stored = storage.store_all(submissions)
        return stored
    finally:
        new = [submission for submission, is_new in stored if is_new]
        if unused := [submission for submission in submissions if submission not in new]:
            throttling.refund(request, _address_charges(request, unused))
            throttling.refund(request, _owner_charges(owner, unused))


def _consume(request: Request, owner: uuid.UUID, submissions: Sequence[Submission]) -> None:
    # The view's throttle has already counted the first row against the quota per minute.
    if len(submissions) > 1:
        throttling.consume(request, {ROWS_PER_MINUTE: len(submissions) - 1})
    # If the owner came first, each new owner of an address that has used up its quota would leave
    # counts in the cache.
    address_charges = _address_charges(request, submissions)
    if wait := throttling.try_consume(request, address_charges):
        raise exceptions.StorageLimitReached(wait)
    if wait := throttling.try_consume(request, _owner_charges(owner, submissions)):
        throttling.refund(request, address_charges)
        raise exceptions.StorageLimitReached(wait)
    earlier = throttling.used(request, "address-rows") - len(submissions)
    for submission in submissions:
        submission.review_round = round_after(max(0, earlier) // OWNERS_PER_ADDRESS)


def _address_charges(request: Request, submissions: Sequence[Submission]) -> list[Charge]:
    return _charges("address", client_ip.client_network(request), submissions)


def _owner_charges(owner: uuid.UUID, submissions: Sequence[Submission]) -> list[Charge]:
    return _charges("owner", f"owner {owner}", submissions)


def _charges(scope: str, client: str, submissions: Sequence[Submission]) -> list[Charge]:
    """Return a charge for each daily quota of the scope. Its name is the scope and the unit."""
    amounts = {
        "rows": len(submissions),
        "bytes": sum(submission.stored_bytes for submission in submissions),
    }
    return [
        Charge(quota, limit, DAY, client, amounts[quota.removeprefix(f"{scope}-")])
        for quota, limit in settings.DAILY_QUOTAS.items()
        if quota.startswith(scope)
    ]
