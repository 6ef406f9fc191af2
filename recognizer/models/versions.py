"""Model versions and their files."""

import hashlib
from typing import Any, Final, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

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

    def grown_from(self, first: set[int]) -> list[int]:
        """The numbers of those with these keys, and of all that were trained on from them."""
        grown, numbers = set(first), []
        for pk, parent, number in self.order_by("number").values_list("pk", "parent", "number"):
            if pk in grown or parent in grown:  # a parent is older
                grown.add(pk)
                numbers.append(number)
        return numbers

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
