"""What is stored: submissions and model versions. Verbs on one row are methods of it."""

import hashlib
import uuid
from typing import Any, Final, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone


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
    """The submission was reviewed, so its correction stands."""


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def owned_by(self, owner: uuid.UUID) -> Self:
        return self.filter(owner=owner)

    def corrected(self) -> Self:
        return self.filter(corrected_digit__isnull=False)

    def pending(self) -> Self:
        return self.filter(review=Review.PENDING)

    def disagreeing(self) -> Self:
        """Those whose visitor said something else than the network."""
        return self.corrected().exclude(corrected_digit=F("predicted_digit"))

    def agreeing(self) -> Self:
        """Those whose visitor confirmed the network's answer."""
        return self.filter(corrected_digit=F("predicted_digit"))

    def labelled(self, include_pending: bool) -> Self:
        """The approved ones, or also what visitors say, not reviewed yet; `said` is the answer."""
        chosen = Q(review=Review.APPROVED)
        if include_pending:
            chosen |= Q(review=Review.PENDING, corrected_digit__isnull=False)
        return self.filter(chosen).annotate(said=Coalesce("label", "corrected_digit"))


class Submission(models.Model):
    """One drawing: the image, what the network saw and answered, what people said of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    owner = models.UUIDField(editable=False)
    source = models.CharField(max_length=6, choices=Source, default=Source.API)
    image = models.BinaryField(help_text="grey PNG without metadata")
    image_sha256 = models.BinaryField(max_length=32, help_text="of the grey PNG")
    pixels = models.BinaryField(max_length=784, help_text="the 28×28 bytes that the network saw")
    strokes = models.JSONField(null=True, blank=True)

    predicted_digit = models.PositiveSmallIntegerField(choices=Answer)
    confidence = models.FloatField()
    probabilities = models.JSONField(help_text="of the ten digits")
    model_version = models.ForeignKey("ModelVersion", models.PROTECT, related_name="submissions")

    corrected_digit = models.PositiveSmallIntegerField(choices=Answer, null=True, blank=True)
    corrected_at = models.DateTimeField(null=True, blank=True)

    review = models.CharField(max_length=8, choices=Review, default=Review.PENDING)
    label = models.PositiveSmallIntegerField(choices=Answer, null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    # Never judged on again: see retraining.split().
    learned_in = models.ForeignKey(
        "ModelVersion", models.SET_NULL, null=True, blank=True, related_name="learned"
    )

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ("-created", "-id")
        constraints = (
            # A retry or a double click stores nothing twice.
            models.UniqueConstraint(fields=("owner", "image_sha256"), name="one_row_per_drawing"),
            models.CheckConstraint(
                condition=Q(review=Review.APPROVED, label__isnull=False)
                | (~Q(review=Review.APPROVED) & Q(label__isnull=True)),
                name="label_if_and_only_if_approved",
            ),
        )
        indexes = (
            models.Index(fields=("-created", "-id"), name="submission_by_time"),
            models.Index(fields=("owner", "-created", "-id"), name="submission_by_owner"),
            models.Index(fields=("review", "-created", "-id"), name="submission_by_review"),
        )

    def __str__(self) -> str:
        return f"{self.get_predicted_digit_display()} ({self.id})"

    @property
    def fate(self) -> Fate:
        """Learned only while the approval stands: it may be taken back afterwards."""
        if self.review == Review.APPROVED and self.learned_in_id is not None:
            return Fate.LEARNED
        return Fate(self.review)

    def correct(self, answer: Answer) -> None:
        """Store what the visitor says it is; raises `AlreadyReviewedError` once reviewed."""
        now = timezone.now()
        # One statement, so that a review at the same moment either sees it or forbids it.
        changed = (
            Submission.objects.pending()
            .filter(pk=self.pk)
            .update(corrected_digit=answer, corrected_at=now)
        )
        if not changed:
            raise AlreadyReviewedError
        self.corrected_digit, self.corrected_at = answer, now

    def approve(self, reviewer: Any, label: Answer) -> None:
        """Accept `label` as what it is: from now on it is trained on."""
        self._review(Review.APPROVED, reviewer, label)

    def reject(self, reviewer: Any) -> None:
        """Nobody can say what it is, or it should not be learned."""
        self._review(Review.REJECTED, reviewer, None)

    def reopen(self) -> None:
        """Take the review back: the visitor may correct again."""
        self._review(Review.PENDING, None, None)

    def _review(self, review: Review, reviewer: Any, label: Answer | None) -> None:
        self.review, self.label = review, label
        self.reviewed_by = reviewer
        self.reviewed_at = timezone.now() if reviewer else None
        self.save(update_fields=("review", "label", "reviewed_by", "reviewed_at"))


BASE_NUMBER: Final = 1


class State(models.TextChoices):
    LIVE = "live"
    RETIRED = "retired"
    REFUSED = "refused"


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def live(self) -> Self:
        """The live version, or none on an empty database."""
        return self.filter(state=State.LIVE)

    def prunable(self, keep: int) -> Self:
        """Those whose files can go: all but the `keep` newest, the live one, its parent, the base.

        Where the live version is damaged its ancestors step in: its parent, or in the end the base.
        """
        kept = set(self.order_by("-number").values_list("pk", flat=True)[:keep])
        for pk, parent_pk in self.live().values_list("pk", "parent"):
            kept |= {pk, parent_pk}
        return self.filter(files__isnull=False).exclude(number=BASE_NUMBER).exclude(pk__in=kept)

    def store(self, *, model: bytes, weights: bytes, **fields: Any) -> "ModelVersion":
        """A new version with its files, all or nothing; its hash is taken here."""
        with transaction.atomic():
            version = self.create(sha256=hashlib.sha256(model).hexdigest(), **fields)
            ModelFiles.objects.create(version=version, model=model, weights=weights)
        return version


class ModelVersion(models.Model):
    """One trained network with its card. Exactly one is live."""

    number = models.PositiveIntegerField(unique=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=7, choices=State)
    reason = models.TextField(help_text="why it was put live or refused")
    card = models.JSONField(help_text="what it was trained on, how it scored")
    sha256 = models.CharField(max_length=64, help_text="of the LiteRT model")

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(
                fields=("state",), condition=Q(state=State.LIVE), name="one_live_version"
            ),
        )

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def corrections(self) -> int:
        """How many labels from people it was trained on."""
        return int(self.card["trained_on"]["corrections"])

    def score(self, name: str) -> float | None:
        """A share of right answers, from the card; None where there was nothing to judge on."""
        score: float | None = self.card["scores"].get(name)
        return score

    @property
    def has_files(self) -> bool:
        """False once `manage.py models prune` has deleted them: then it can never be served."""
        return ModelFiles.objects.filter(pk=self.pk).exists()


class ModelFiles(models.Model):
    """A version's bytes, in a table of their own: whoever needs its number does not load a MB."""

    version = models.OneToOneField(
        ModelVersion, models.CASCADE, primary_key=True, related_name="files"
    )
    model = models.BinaryField(help_text="LiteRT model")
    weights = models.BinaryField(help_text="to go on training from")

    def __str__(self) -> str:
        return f"files of {self.version}"
