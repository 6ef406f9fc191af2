"""Predict the labels of stored submissions again, with any model version."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from recognizer.models import Label, ModelVersion, Review, Submission
from recognizer.serving import stored_pixels
from recognizer.serving.model_registry import Recognizer

# Limits for one page of the admin. A prediction takes about 0.1 ms. Loading a version takes longer.
SUBMISSION_LIMIT: Final = 1000
VERSION_LIMIT: Final = 20

# The label that one version predicts for each submission.
Predictions = dict[Submission, Label]


@dataclass(frozen=True)
class ConfusionRow:
    """One row of a confusion matrix: the predictions for the submissions with one label.

    `counts` are (predicted label, number of submissions) pairs.
    """

    label: Label
    counts: list[tuple[Label, int]]

    @property
    def total(self) -> int:
        """Return the number of submissions with this label."""
        return sum(count for _, count in self.counts)

    @property
    def correct_count(self) -> int:
        """Return the number of submissions that were predicted correctly."""
        return dict(self.counts)[self.label]


def newest_approved() -> list[Submission]:
    """Return the newest approved submissions, at most `SUBMISSION_LIMIT`.

    Of their fields, only the id, the label and the pixels are loaded.
    """
    approved = Submission.objects.filter(review=Review.APPROVED)
    return list(approved.only("label", "pixels")[:SUBMISSION_LIMIT])


def predict_all(recognizer: Recognizer, submissions: list[Submission]) -> Predictions:
    """Predict the label of each submission with `recognizer`."""
    return {
        submission: Label(stored_pixels.repredict(submission.pixels, recognizer).label)
        for submission in submissions
    }


def confusion_matrix(predictions: Predictions) -> list[ConfusionRow]:
    """Return one row for each approved label, with one count for each predicted label."""
    counts = Counter((submission.label, predicted) for submission, predicted in predictions.items())
    return [
        ConfusionRow(label, [(predicted, counts[label, predicted]) for predicted in Label])
        for label in Label
    ]


def newly_correct(before: Predictions, after: Predictions) -> list[Submission]:
    """Return the submissions that are correct in `after` and wrong in `before`."""
    return [row for row, predicted in after.items() if predicted == row.label != before[row]]


def newest_versions() -> QuerySet[ModelVersion]:
    """Return the newest versions, at most `VERSION_LIMIT`, with the files that `load` needs."""
    return ModelVersion.objects.select_related("files").defer("files__weights")[:VERSION_LIMIT]
