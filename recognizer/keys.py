"""Keys, with which a program does in its owner's name what the key's scopes say."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.contrib.admin.models import ADDITION, DELETION
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from recognizer import audit

REVIEW_PERMISSION: Final = "recognizer.change_submission"
PREFIX: Final = "dgs_"  # so that people, and scanners for leaked keys, know one when they see it
AT_MOST: Final = 10  # of one owner: each key has rate limits of its own


class Scope(models.TextChoices):
    READ = "read", _("Read: see what its owner has sent, and what became of it")
    SUBMIT = "submit", _("Submit: store, correct and delete drawings")
    REVIEW = "review", _("Review: see everybody’s drawings, approve and reject them")


class Key(AbstractAuthToken):
    """Stored is only its hash, and how it begins. django-rest-knox makes and compares it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=60, help_text="What uses it, for example “import script”.")
    scopes = models.JSONField(default=list)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return f"{self.name} ({self.begins}…)"

    @property
    def begins(self) -> str:
        """What may be shown of it: enough to know which one it is, too little to guess the rest."""
        return self.token_key[: len(PREFIX) + 4]

    @property
    def scope_names(self) -> str:
        return ", ".join(self.scopes)


def has_enough(owner: Any) -> bool:
    """Whether its owner must withdraw one before another is made."""
    return Key.objects.filter(user=owner).count() >= AT_MOST


def make(
    owner: Any, name: str, scopes: Iterable[str], *, by: Any, expires: datetime | None = None
) -> tuple[Key, str]:
    """A new key: its row, and the key itself, which nobody can ever see again."""
    with transaction.atomic():
        key, secret = Key.objects.create(
            owner, expiry=None, prefix=PREFIX, name=name, scopes=list(scopes)
        )
        if expires is not None:
            key.expiry = expires
            key.save(update_fields=("expiry",))
        audit.note(by, key, ADDITION, f"Made with {key.scope_names}, for {owner}.")
    return key, secret


def withdraw(key: Key, *, by: Any) -> None:
    """From now on nobody gets in with it."""
    with transaction.atomic():
        audit.note(by, key, DELETION, f"Withdrawn; it was {key.user}'s.")
        key.delete()


def may_review(user: Any) -> bool:
    """Whether it is a reviewer, or an operator."""
    return bool(user.has_perm(REVIEW_PERMISSION))
