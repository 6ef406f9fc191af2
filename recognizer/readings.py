"""How any version, live or not, reads what is stored."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from recognizer import recognition
from recognizer.models import Answer, ModelVersion, Review, Submission
from recognizer.registry import Recognizer

NEWEST: Final = 1000  # so many are read anew for a page
VERSIONS: Final = 20  # so many are loaded for a page

Answers = dict[Submission, Answer]


@dataclass(frozen=True)
class Row:
    """Of a confusion matrix: what was answered to the submissions with one label."""

    label: Answer
    counts: list[tuple[Answer, int]]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.counts)

    @property
    def right(self) -> int:
        return dict(self.counts)[self.label]


def approved() -> list[Submission]:
    """The newest approved submissions, with what is needed to read them and to show them."""
    rows = Submission.objects.filter(review=Review.APPROVED)
    return list(rows.only("label", "pixels")[:NEWEST])


def read(recognizer: Recognizer, submissions: list[Submission]) -> Answers:
    """What a version, loaded, answers to each of them."""
    return {
        submission: Answer(recognition.read_again(submission.pixels, recognizer).answer)
        for submission in submissions
    }


def confusion(answers: Answers) -> list[Row]:
    """A row for each label, in it a count for each answer."""
    counts = Counter((submission.label, answer) for submission, answer in answers.items())
    return [Row(label, [(answer, counts[label, answer]) for answer in Answer]) for label in Answer]


def gained(before: Answers, after: Answers) -> list[Submission]:
    """The submissions that `after` reads rightly and `before` does not."""
    return [row for row, answer in after.items() if answer == row.label != before[row]]


def newest_versions() -> QuerySet[ModelVersion]:
    """With what is needed to load them."""
    return ModelVersion.objects.select_related("files").defer("files__weights")[:VERSIONS]
