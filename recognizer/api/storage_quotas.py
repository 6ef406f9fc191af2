"""Limit the rows and bytes that each owner and each client address stores in a day.

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

ROWS_PER_MINUTE: Final = "submit"
# In the review queue, an address counts as this many owners, because a class can share it.
OWNERS_PER_ADDRESS: Final = 4


def consume(request: Request, owner: uuid.UUID, submissions: Sequence[Submission]) -> None:
    """Count unsaved submissions against the quotas.

    The view's throttle has already counted the first row against the quota per minute. Raises
    `Throttled` or `StorageLimitReached`, and counts nothing more, if that would exceed a quota.
    """
    if len(submissions) > 1:
        throttling.consume(request, {ROWS_PER_MINUTE: len(submissions) - 1})
    if wait := throttling.try_consume(request, _charges(request, owner, submissions)):
        raise exceptions.StorageLimitReached(wait)
    earlier = throttling.used(request, "address-rows") - len(submissions)
    for submission in submissions:
        submission.review_round = round_after(max(0, earlier) // OWNERS_PER_ADDRESS)


def refund(request: Request, owner: uuid.UUID, stored: Sequence[tuple[Submission, bool]]) -> None:
    """Take back the charges for submissions that were already stored."""
    existing = [submission for submission, is_new in stored if not is_new]
    if existing:
        throttling.refund(_charges(request, owner, existing))


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
