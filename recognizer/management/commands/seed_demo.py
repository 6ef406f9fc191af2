"""`manage.py seed_demo`: fill an empty site, so that every page has something to show."""

from typing import Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.crypto import get_random_string

from recognizer.accounts.api_keys import create_key
from recognizer.accounts.ownership import owner_for_user
from recognizer.accounts.rights import REVIEWERS
from recognizer.demo.drawings import People, seed_drawings, seed_newest
from recognizer.demo.versions import seed_versions
from recognizer.management import shared
from recognizer.models import ModelVersion, Scope, Submission, TrainingRun

USERNAME: Final = "demo"
REVIEWER_NAMES: Final = ("demo-rosa", "demo-carl")


class Command(BaseCommand):
    help = (
        "Fill an empty site with invented people, drawings, corrections, reviews and versions, so "
        "that every page has something to show. Refuses on a site that has data."
    )

    def handle(self, **options: Any) -> None:
        shared.check_migrations()
        self._check_empty()
        password = get_random_string(12)
        with transaction.atomic():
            self._seed(password)
        self.stdout.write(
            f"The site has {Submission.objects.count()} drawings and "
            f"{ModelVersion.objects.count()} versions. "
            f"Log in as {USERNAME!r} with the password {password!r}."
        )

    def _check_empty(self) -> None:
        """Raise `CommandError` if anybody has used the site."""
        users = get_user_model().objects.filter(username__in=(USERNAME, *REVIEWER_NAMES))
        found = {
            "drawings": Submission.objects.count(),
            "training runs": TrainingRun.objects.count(),
            "trained versions": ModelVersion.objects.filter(predecessor__isnull=False).count(),
            "demo users": users.count(),
        }
        existing = [f"{count} {name}" for name, count in found.items() if count]
        if existing:
            raise CommandError(
                f"This site has data: {', '.join(existing)}. The demo is only for an empty site. "
                "Set DATA_DIR or DATABASE_URL to a new one."
            )

    def _seed(self, password: str) -> None:
        users = get_user_model().objects
        user = users.create_superuser(USERNAME, password=password)
        group = Group.objects.get_or_create(name=REVIEWERS)[0]
        first, second = (users.create_user(name, is_staff=True) for name in REVIEWER_NAMES)
        for reviewer in (first, second):
            reviewer.groups.add(group)
        people = People(first, second, owner_for_user(user))
        pending = seed_drawings(people)
        seed_versions(USERNAME)
        seed_newest(pending, people)
        create_key(user, "A program", [Scope.SUBMIT, Scope.READ], by=user)
