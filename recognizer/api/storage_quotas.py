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
            throttling.refund(_charges(request, owner, unused))


def _consume(request: Request, owner: uuid.UUID, submissions: Sequence[Submission]) -> None:
    # The view's throttle has already counted the first row against the quota per minute.
    if len(submissions) > 1:
        throttling.consume(request, {ROWS_PER_MINUTE: len(submissions) - 1})
    if wait := throttling.try_consume(request, _charges(request, owner, submissions)):
        raise exceptions.StorageLimitReached(wait)
    earlier = throttling.used(request, "address-rows") - len(submissions)
    for submission in submissions:
        submission.review_round = round_after(max(0, earlier) // OWNERS_PER_ADDRESS)


def _charges(request: Request, owner: uuid.UUID, submissions: Sequence[Submission]) -> list[Charge]:
    clients = {"owner": f"owner {owner}", "address": client_ip.client_network(request)}
    amounts = {
        "rows": len(submissions),
        "bytes": sum(submission.stored_bytes for submission in submissions),
    }
    return [
        Charge(quota, limit, DAY, clients[scope], amounts[unit])
        for quota, limit in settings.DAILY_QUOTAS.items()
        for scope, unit in [quota.split("-")]
    ]
