"""API keys and their scopes."""

import uuid
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

# Every key starts with this prefix, so that people and secret scanners recognize a leaked key.
KEY_PREFIX: Final = "dgs_"


class Scope(models.TextChoices):
    """What a program may do with an API key."""

    READ = "read", _("Read: list your submissions and their status")
    SUBMIT = "submit", _("Submit: store, correct and delete submissions")
    REVIEW = "review", _("Review: list everybody’s submissions, approve and reject them")


class ApiKey(AbstractAuthToken):
    """An API key. A program uses the API with it on behalf of the key's owner.

    The scopes limit what the program may do. Of the key itself, the database holds only the hash
    and the first characters. django-rest-knox creates keys and compares their hashes.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(
        max_length=60, help_text="The program that uses the key, for example “import script”."
    )
    scopes = models.JSONField(default=list)

    class Meta:
        ordering = ("-created",)
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.visible_prefix}…)"

    @property
    def visible_prefix(self) -> str:
        """Return the first characters of the key, which identify it in lists."""
        return self.token_key[: len(KEY_PREFIX) + 4]

    @property
    def scope_names(self) -> str:
        """Return the scopes, separated by commas."""
        return ", ".join(self.scopes)
