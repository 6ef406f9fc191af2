"""Choices that several models share, and the errors for an outdated submission."""

from django.db import models


class Label(models.IntegerChoices):
    """An output class of the network: one of the ten digits, or "not a digit"."""

    ZERO = 0, "0"
    ONE = 1, "1"
    TWO = 2, "2"
    THREE = 3, "3"
    FOUR = 4, "4"
    FIVE = 5, "5"
    SIX = 6, "6"
    SEVEN = 7, "7"
    EIGHT = 8, "8"
    NINE = 9, "9"
    NOT_A_DIGIT = 10, "not a digit"


def to_digit(label: int) -> int | None:
    """Return the API's form of a label: 0 to 9, or None for "not a digit"."""
    return None if label == Label.NOT_A_DIGIT else int(label)


class Source(models.TextChoices):
    """How a submission arrived."""

    CANVAS = "canvas"
    UPLOAD = "upload"
    API = "api", "API"
    IMPORT = "import"


class Review(models.TextChoices):
    """The reviewer's decision, or `PENDING` until there is one."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


def review_message(review: str, label: int | None = None) -> str:
    """Return the audit trail's text about a review: "Approved as 3.", for example."""
    if review == Review.APPROVED:
        assert label is not None
        return f"Approved as {Label(label).label}."
    return "Rejected." if review == Review.REJECTED else "Review undone."


class Status(models.TextChoices):
    """The status that visitors see: the review, or `LEARNED`.

    `LEARNED` means that the submission is approved, and that a version that went live was trained
    on it with its current label.
    """

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    LEARNED = "learned"


class OutdatedError(Exception):
    """Raised when a submission must not be changed, because it has changed since it was read."""


class AlreadyReviewedError(OutdatedError):
    """Raised when a submission must not be changed, because it was reviewed meanwhile."""


class CorrectionChangedError(OutdatedError):
    """Raised when a review must not be stored, because the correction was changed meanwhile."""
