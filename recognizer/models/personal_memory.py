"""Tell whether an owner's remembered drawings have changed, in one fast query."""

import hashlib
import uuid
from collections.abc import Iterable
from typing import Final

from django.db import connection

from recognizer.models.submission import Submission
from recognizer.models.submission_queryset import MEMORY_SIZE

CONCATENATE: Final = {"sqlite": "group_concat", "postgresql": "string_agg"}
# The rows of `Submission.objects.remembered()`. Django needs ten times as long to build this query
# as the database needs to answer it, and each prediction waits for it.
_STATE: Final = f"""
SELECT {CONCATENATE[connection.vendor]}(CAST(id AS TEXT) || COALESCE(label, corrected_digit), ' ')
FROM (
    SELECT id, label, corrected_digit FROM recognizer_submission
    WHERE owner = %s AND corrected_digit IS NOT NULL AND remembered AND review <> 'rejected'
    ORDER BY corrected_at DESC, id DESC LIMIT {MEMORY_SIZE}
) AS newest
"""


def remembered_state(owner: uuid.UUID) -> bytes | None:
    """Return a hash of the ids and the labels of `Submission.objects.remembered(owner)`.

    Return None if the owner has no remembered drawing.
    """
    parameter = Submission._meta.get_field("owner").get_db_prep_value(owner, connection)
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [parameter])
        [ids_and_labels] = cursor.fetchone()
    # SQLite stores UUIDs without hyphens.
    return _hash(ids_and_labels.replace("-", "")) if ids_and_labels else None


def state_of(rows: Iterable[tuple[uuid.UUID, int]]) -> bytes:
    """Return what `remembered_state` returns while the owner has these ids and labels.

    Use this for rows that were read after `remembered_state`, because they may have changed since.
    """
    return _hash(" ".join(f"{pk.hex}{label}" for pk, label in rows))


def _hash(ids_and_labels: str) -> bytes:
    return hashlib.sha256(ids_and_labels.encode()).digest()
