"""The indexes of submissions, each with the query that needs it."""

from typing import Final

from django.db import models
from django.db.models import Q

from recognizer.models.choices import Review

INDEXES: Final = (
    # The next two are covering indexes: the dashboard counts without reading the table.
    models.Index(
        fields=("-created", "-id", "corrected_digit", "predicted_digit"),
        name="submission_by_time",
    ),
    models.Index(
        fields=("model_version", "predicted_digit", "corrected_digit"),
        name="submission_by_version",
    ),
    models.Index(fields=("owner", "-created", "-id"), name="submission_by_owner"),
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
    # Without the next indexes, a list filtered by a rare value would scan the whole table.
    models.Index(fields=("model_version", "-created", "-id"), name="submission_by_version_time"),
    models.Index(
        fields=("label", "-created", "-id"),
        condition=Q(label__isnull=False),
        name="submission_by_label",
    ),
    models.Index(fields=("source", "-created", "-id"), name="submission_by_source"),
    models.Index(fields=("review", "-created", "-id"), name="submission_by_review"),
    models.Index(
        fields=("review", "review_round", "-review_priority", "-id"),
        name="submission_by_round",
    ),
    models.Index(
        fields=("review", "suggested_label", "review_round", "review_priority", "id"),
        name="submission_by_label_round",
    ),
    models.Index(
        fields=("owner", "review"),
        condition=Q(review=Review.PENDING),
        name="submission_by_pending_owner",
    ),
    models.Index(fields=("review", "live_prediction_version"), name="submission_by_live"),
    models.Index(
        fields=("-label_noise", "id"),
        condition=Q(label_noise__isnull=False),
        name="submission_by_label_noise",
    ),
    models.Index(fields=("reviewed_at",), name="submission_by_reviewed_at"),
    models.Index(fields=("review", "claimed_until"), name="submission_by_claim"),
)
