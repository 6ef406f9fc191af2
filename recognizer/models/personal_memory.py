"""Read which drawings adjust an owner's predictions, in one fast query."""

import uuid
from typing import Final, NamedTuple

from django.db import connection

from recognizer.models.choices import Label
from recognizer.models.submission import Submission
from recognizer.models.submission_queryset import MEMORY_SIZE

# Once an owner has corrected a drawing, the owner's newest drawings count, too, if the prediction
# was confident. The newest one does not count yet, because its author may be about to correct it.
# If the owner has corrected more than 200 drawings, the others do not count, so that the memory
# never has more than 250. Both values were chosen on the drawings of writers 1 to 15.
RECENT_SIZE: Final = 50
MIN_CONFIDENCE: Final = 0.9

CONCATENATE: Final = {"sqlite": "group_concat", "postgresql": "string_agg"}[connection.vendor]
# The label or the confidence that the owner saw, if the memory adjusted the prediction.
PERSONAL: Final = {
    "sqlite": "json_extract(personal_prediction, '$.{}')",
    "postgresql": "CAST(personal_prediction ->> '{}' AS float)",
}[connection.vendor]
UNCORRECTED_MARK: Final = "?"
# The first column has the rows of `Submission.objects.remembered()`. Django needs ten times as long
# to build this query as the database needs to answer it, and each prediction waits for it.
_QUERY: Final = f"""
SELECT corrected, CASE WHEN size BETWEEN 1 AND {MEMORY_SIZE - RECENT_SIZE} THEN (
    SELECT {CONCATENATE}(CAST(id AS TEXT) || shown || '{UNCORRECTED_MARK}', ' ')
    FROM (
        SELECT id, corrected_digit, remembered, review,
            CAST(COALESCE(label, {PERSONAL.format("label")}, predicted_digit) AS int) AS shown,
            COALESCE({PERSONAL.format("confidence")}, confidence) AS shown_confidence
        FROM recognizer_submission
        WHERE owner = %s ORDER BY created DESC, id DESC LIMIT {RECENT_SIZE} OFFSET 1
    ) AS recent
    WHERE corrected_digit IS NULL AND remembered AND review <> 'rejected'
        AND shown <> {Label.NOT_A_DIGIT.value} AND shown_confidence >= {MIN_CONFIDENCE}
) END
FROM (
    SELECT COUNT(*) AS size,
        {CONCATENATE}(CAST(id AS TEXT) || COALESCE(label, corrected_digit), ' ') AS corrected
    FROM (
        SELECT id, label, corrected_digit FROM recognizer_submission
        WHERE owner = %s AND corrected_digit IS NOT NULL AND remembered AND review <> 'rejected'
        ORDER BY corrected_at DESC, id DESC LIMIT {MEMORY_SIZE}
    ) AS newest
) AS memory
"""
HEX_DIGITS: Final = 32  # of an id


class RememberedDrawing(NamedTuple):
    """A drawing that adjusts its owner's predictions.

    The owner or a reviewer gave the label of a corrected drawing. The label of another drawing is
    the prediction that the owner saw and did not correct.
    """

    pk: uuid.UUID
    label: int
    is_corrected: bool


def remembered_state(owner: uuid.UUID) -> str | None:
    """Return a text that describes the owner's remembered drawings and changes when they change.

    Return None if the owner has corrected no drawing, or has forgotten all of them.
    """
    parameter = Submission._meta.get_field("owner").get_db_prep_value(owner, connection)
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, [parameter, parameter])
        corrected, uncorrected = cursor.fetchone()
    # SQLite stores UUIDs without hyphens.
    return f"{corrected} {uncorrected or ''}".replace("-", "") if corrected else None


def remembered_drawings(state: str) -> list[RememberedDrawing]:
    """Return the drawings that `state` describes. The corrected ones come first, newest first."""
    return [_to_drawing(word) for word in state.split()]


def _to_drawing(word: str) -> RememberedDrawing:
    label = word[HEX_DIGITS:].removesuffix(UNCORRECTED_MARK)
    pk = uuid.UUID(word[:HEX_DIGITS])
    return RememberedDrawing(pk, int(label), not word.endswith(UNCORRECTED_MARK))
