"""The indexes of submissions, each with the query that needs it.

Storing a drawing writes an entry to each index whose condition it meets. So an index of values that
a new drawing never has, for example the time of its review, leaves such drawings out.
"""

from typing import Final

from django.db import models
from django.db.models import Q

from recognizer.models.choices import Review, Source

PENDING: Final = Q(review=Review.PENDING)
IMPORTED: Final = Q(source=Source.IMPORT)

INDEXES: Final = (
    # The next two are covering indexes: the dashboard counts without reading the table. They also
    # serve the list of all submissions, and the list of a version's.
    models.Index(
        fields=("-created", "-id", "corrected_digit", "predicted_digit", "source"),
        name="submission_by_time",
    ),
    models.Index(
        fields=("model_version", "-created", "-id", "corrected_digit", "predicted_digit", "source"),
        name="submission_by_version",
    ),
    # The lists that have a filter. Without these indexes, a list filtered by a rare value would
    # scan the whole table.
    models.Index(fields=("owner", "-created", "-id"), name="submission_by_owner"),
    models.Index(
        fields=("label", "-created", "-id"),
        condition=Q(label__isnull=False),
        name="submission_by_label",
    ),
    models.Index(fields=("source", "-created", "-id"), name="submission_by_source"),
    models.Index(fields=("review", "-created", "-id"), name="submission_by_review"),
    # A covering index: each prediction for an owner reads up to 250 of its rows.
    models.Index(
        fields=(
            "owner",
            "-corrected_at",
            "-id",
            "remembered",
            "review",
            "reviewed_at",
            "label",
            "corrected_digit",
        ),
        condition=Q(corrected_digit__isnull=False),
        name="submission_by_memory",
    ),
    # The review queue, bulk review, the number of an owner's pending submissions, and the
    # submissions that the live version has not predicted yet.
    models.Index(
        fields=("review", "review_round", "-review_priority", "-id"),
        condition=PENDING,
        name="submission_by_round",
    ),
    models.Index(
        fields=("review", "suggested_label", "review_round", "review_priority", "id"),
        condition=PENDING,
        name="submission_by_label_round",
    ),
    models.Index(fields=("owner", "review"), condition=PENDING, name="submission_by_pending_owner"),
    models.Index(
        fields=("review", "live_prediction_version"), condition=PENDING, name="submission_by_live"
    ),
    models.Index(
        fields=("review", "claimed_until"),
        condition=Q(claimed_until__isnull=False),
        name="submission_by_claim",
    ),
    # The page of doubtful labels, the undo of a bulk review, and the newest reviews of visitors'
    # drawings.
    models.Index(
        fields=("-label_noise", "id"),
        condition=Q(label_noise__isnull=False),
        name="submission_by_label_noise",
    ),
    models.Index(
        fields=("reviewed_at",),
        condition=Q(reviewed_at__isnull=False),
        name="submission_by_reviewed_at",
    ),
    models.Index(
        fields=("reviewed_at",),
        condition=Q(reviewed_at__isnull=False) & ~IMPORTED,
        name="submission_by_visitor_review",
    ),
    # The owners of imported test drawings are held out. *My drawings* asks for one owner.
    models.Index(
        fields=("review", "owner"),
        condition=Q(for_evaluation=True),
        name="submission_by_test_owner",
    ),
    # Deleting a user sets these foreign keys to null.
    models.Index(
        fields=("reviewed_by",),
        condition=Q(reviewed_by__isnull=False),
        name="submission_by_reviewer",
    ),
    models.Index(
        fields=("claimed_by",),
        condition=Q(claimed_by__isnull=False),
        name="submission_by_claimer",
    ),
)
