"""What is stored: submissions, model versions, training runs. Verbs on one row are methods."""

from recognizer.keys import Key
from recognizer.models.answers import AlreadyReviewedError, Answer, Fate, Review, Source, to_digit
from recognizer.models.runs import (
    SILENT,
    CancelledError,
    RunState,
    TrainingRun,
    TrainingRunQuerySet,
)
from recognizer.models.second_looks import SecondLook
from recognizer.models.submissions import (
    CONTRADICTED,
    NOT_CONTRADICTED,
    READ_DIFFERENTLY,
    UNCLAIMED,
    Submission,
    SubmissionQuerySet,
)
from recognizer.models.versions import (
    BASE_NUMBER,
    ModelFiles,
    ModelVersion,
    ModelVersionQuerySet,
    State,
)

__all__ = [
    "BASE_NUMBER",
    "CONTRADICTED",
    "NOT_CONTRADICTED",
    "READ_DIFFERENTLY",
    "SILENT",
    "UNCLAIMED",
    "AlreadyReviewedError",
    "Answer",
    "CancelledError",
    "Fate",
    "Key",
    "ModelFiles",
    "ModelVersion",
    "ModelVersionQuerySet",
    "Review",
    "RunState",
    "SecondLook",
    "Source",
    "State",
    "Submission",
    "SubmissionQuerySet",
    "TrainingRun",
    "TrainingRunQuerySet",
    "to_digit",
]
