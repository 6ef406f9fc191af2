"""Model versions and their files."""

import hashlib
from typing import Any, Final, Self

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import cached_property

# The number of the base, the version that is shipped with the code.
BASE_NUMBER: Final = 1
# The gate compares a candidate with the base and this many of the newest versions that were live.
REFERENCE_LIMIT: Final = 10


class VersionState(models.TextChoices):
    """The state of a model version.

    A retired version was live, but is not live now. A candidate was accepted, and waits for a
    person who promotes or rejects it.
    """

    LIVE = "live"
    CANDIDATE = "candidate"
    RETIRED = "retired"
    REJECTED = "rejected"


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def live(self) -> Self:
        """Return a queryset of the live version. It is empty on an empty database."""
        return self.filter(state=VersionState.LIVE)

    def with_has_files(self) -> Self:
        """Annotate `has_files`, as in `ModelVersion.has_files`, so that it needs no more query."""
        return self.annotate(has_files=Exists(ModelFiles.objects.filter(version=OuterRef("pk"))))

    def gate_references(self) -> Self:
        """Return the versions, besides the live one, with which the gate compares a candidate."""
        retired = self.filter(state=VersionState.RETIRED, files__isnull=False)
        newest = retired.order_by("-number").values("pk")[:REFERENCE_LIMIT]
        return retired.filter(Q(pk__in=newest) | Q(number=BASE_NUMBER))

    def prunable(self, keep: int) -> Self:
        """Return the versions whose files may be deleted.

        The `keep` newest versions, the live version, its predecessor and the base keep their files,
        and so do candidates and the gate's references. The predecessor and the base are needed
        because they can replace a corrupt live version. Without the references, small losses could
        add up from one training run to the next.
        """
        # Python cuts the list, because `keep` can be larger than a database's integers.
        kept = set(list(self.order_by("-number").values_list("pk", flat=True))[:keep])
        kept |= set(self.gate_references().values_list("pk", flat=True))
        for pk, predecessor_pk in self.live().values_list("pk", "predecessor"):
            kept |= {pk, predecessor_pk}
        prunable = self.filter(files__isnull=False).exclude(state=VersionState.CANDIDATE)
        return prunable.exclude(number=BASE_NUMBER).exclude(pk__in=kept)

    def store(self, *, model: bytes, weights: bytes, **fields: Any) -> "ModelVersion":
        """Create a version and its files in one transaction, and return the version.

        `fields` are the fields of the version without the hashes, which are computed here.
        """
        with transaction.atomic():
            version = self.create(
                sha256=hashlib.sha256(model).hexdigest(),
                weights_sha256=hashlib.sha256(weights).hexdigest(),
                **fields,
            )
            ModelFiles.objects.create(version=version, model=model, weights=weights)
        return version


class ModelVersion(models.Model):
    """A trained network with its model card. At most one version is live at a time."""

    number = models.PositiveIntegerField(unique=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    predecessor = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="the version that was live when this one was trained",
    )
    state = models.CharField(max_length=9, choices=VersionState)
    reason = models.TextField(help_text="why it was promoted or rejected")
    card = models.JSONField(help_text="training data and scores")
    sha256 = models.CharField(max_length=64, help_text="of the LiteRT model")
    weights_sha256 = models.CharField(max_length=64, help_text="of the Keras weights")

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(
                fields=("state",), condition=Q(state=VersionState.LIVE), name="one_live_version"
            ),
        )

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def drawing_count(self) -> int:
        """Return how many of the site's drawings the version was trained on, corrected or not."""
        return int(self.card["trained_on"]["corrections"])

    def score(self, name: str) -> float | None:
        """Return an accuracy (0 to 1) from the card, or None if it was not measured."""
        score: float | None = self.card["scores"].get(name)
        return score

    def reject(self) -> bool:
        """Reject a candidate, and return whether it was one.

        Everybody can read the reason, so it does not name the person. The audit trail does.
        """
        self.reason += " Rejected by a person."
        self.state = VersionState.REJECTED
        candidate = ModelVersion.objects.filter(pk=self.pk, state=VersionState.CANDIDATE)
        return bool(candidate.update(state=self.state, reason=self.reason))

    @cached_property
    def has_files(self) -> bool:
        """Return whether the version has files. Without them, it cannot be loaded.

        `manage.py models prune` deletes the files of old versions. `with_has_files()` sets this
        attribute for a whole queryset.
        """
        return ModelFiles.objects.filter(pk=self.pk).exists()


class ModelFiles(models.Model):
    """The files of a version.

    The files have a table of their own, so that a query for versions does not load them.
    """

    version = models.OneToOneField(
        ModelVersion, models.CASCADE, primary_key=True, related_name="files"
    )
    model = models.BinaryField(help_text="LiteRT model")
    weights = models.BinaryField(help_text="Keras weights, from which the next training run starts")

    def __str__(self) -> str:
        return f"files of {self.version}"
