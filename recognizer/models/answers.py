"""What a drawing can be, and what can become of it."""

from django.db import models


class Answer(models.IntegerChoices):
    """What a drawing can be; the numbers are the network's classes."""

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


def to_digit(answer: int) -> int | None:
    """The API's form of an answer: 0..9, or None for "not a digit"."""
    return None if answer == Answer.NOT_A_DIGIT else int(answer)


class Source(models.TextChoices):
    CANVAS = "canvas"
    UPLOAD = "upload"
    API = "api", "API"
    IMPORT = "import"


class Review(models.TextChoices):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Fate(models.TextChoices):
    """What has become of a submission up to now."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    LEARNED = "learned"


class AlreadyReviewedError(Exception):
    """Somebody has reviewed the submission meanwhile: what they decided stands."""
