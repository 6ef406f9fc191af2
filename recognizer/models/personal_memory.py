"""Tell whether an owner's remembered drawings have changed, in one fast query."""

import uuid
from typing import Any, Final

from django.db import connection

from recognizer.models.submission import Submission
from recognizer.models.submission_queryset import MEMORY_SIZE

# The rows of `Submission.objects.remembered()`. Django needs ten times as long to build this query
# as the database needs to answer it, and each prediction waits for it.
_STATE: Final = f"""
SELECT COUNT(*), COUNT(reviewed_at), MIN(corrected_at), MAX(corrected_at), MAX(reviewed_at),
    SUM(COALESCE(label, corrected_digit))
FROM (
    SELECT corrected_at, reviewed_at, label, corrected_digit FROM recognizer_submission
    WHERE owner = %s AND corrected_digit IS NOT NULL AND remembered AND review <> 'rejected'
    ORDER BY corrected_at DESC, id DESC LIMIT {MEMORY_SIZE}
) AS newest
"""


def remembered_state(owner: uuid.UUID) -> tuple[Any, ...] | None:
    """Return a tuple that differs after each change of `Submission.objects.remembered(owner)`.

    A correction or a review changes its time. A deletion changes the number of rows, or moves an
    older row up. A reopened submission changes the number of reviews. Return None if the owner has
    no remembered drawing.
    """
    parameter = Submission._meta.get_field("owner").get_db_prep_value(owner, connection)
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [parameter])
        state: tuple[Any, ...] = cursor.fetchone()
    return state if state[0] else None
