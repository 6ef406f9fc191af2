"""The models of the site: submissions, blind reviews, model versions, training runs, API keys.

A change of one row is a method of its model. A change of many rows is a method of the queryset.
"""

from recognizer.models.api_key import ApiKey, Scope
from recognizer.models.blind_review import BlindReview
from recognizer.models.choices import (
    AlreadyReviewedError,
    CorrectionChangedError,
    Label,
    OutdatedError,
    Review,
    Source,
    Status,
    review_message,
    to_digit,
)
from recognizer.models.ledger import (
    WENT_LIVE,
    DeletedEntryCount,
    LedgerEntry,
    LedgerQuerySet,
    change_ledger_owner,
    pseudonym,
)
from recognizer.models.model_version import (
    BASE_NUMBER,
    ModelFiles,
    ModelVersion,
    ModelVersionQuerySet,
    VersionState,
)
from recognizer.models.personal_memory import (
    RememberedDrawing,
    remembered_drawings,
    remembered_state,
)
from recognizer.models.submission import Submission
from recognizer.models.submission_queryset import (
    CORRECTION_DISAGREES,
    LAST_ROUND,
    LIVE_PREDICTION_DIFFERS,
    ROUND_SIZE,
    UNCLAIMED,
    SubmissionQuerySet,
    round_after,
)
from recognizer.models.training_run import (
    HEARTBEAT_TIMEOUT,
    RunCancelledError,
    RunNotWaitingError,
    RunState,
    TrainingRun,
    TrainingRunQuerySet,
)

__all__ = [
    "BASE_NUMBER",
    "CORRECTION_DISAGREES",
    "HEARTBEAT_TIMEOUT",
    "LAST_ROUND",
    "LIVE_PREDICTION_DIFFERS",
    "ROUND_SIZE",
    "UNCLAIMED",
    "WENT_LIVE",
    "AlreadyReviewedError",
    "ApiKey",
    "BlindReview",
    "CorrectionChangedError",
    "DeletedEntryCount",
    "Label",
    "LedgerEntry",
    "LedgerQuerySet",
    "ModelFiles",
    "ModelVersion",
    "ModelVersionQuerySet",
    "OutdatedError",
    "RememberedDrawing",
    "Review",
    "RunCancelledError",
    "RunNotWaitingError",
    "RunState",
    "Scope",
    "Source",
    "Status",
    "Submission",
    "SubmissionQuerySet",
    "TrainingRun",
    "TrainingRunQuerySet",
    "VersionState",
    "change_ledger_owner",
    "pseudonym",
    "remembered_drawings",
    "remembered_state",
    "review_message",
    "round_after",
    "to_digit",
]
