"""The choices of the models' fields, and the error that two reviewers at once can cause."""

from django.db import models


class Label(models.IntegerChoices):
    """The classes of the network: the ten digits and "not a digit"."""

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
    """The way a submission arrived."""

    CANVAS = "canvas"
    UPLOAD = "upload"
    API = "api", "API"
    IMPORT = "import"


class Review(models.TextChoices):
    """The reviewer's decision."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Status(models.TextChoices):
    """The review, and after it the training."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    LEARNED = "learned"


class AlreadyReviewedError(Exception):
    """Another reviewer has reviewed the submission in the meantime. Their decision stands."""
