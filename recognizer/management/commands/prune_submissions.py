"""`manage.py prune_submissions`: forget old drawings that nobody ever reviewed."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any, Final

from django.contrib.admin.models import DELETION
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from recognizer import audit
from recognizer.management.commands.export_dataset import user_named
from recognizer.management.commands.models import confirm
from recognizer.management.commands.retrain import check_migrations, positive
from recognizer.models import Submission, SubmissionQuerySet

AT_ONCE: Final = 1000  # so that nobody who draws meanwhile has to wait


class Command(BaseCommand):
    help = "Delete drawings for good that are older than so many days and were never reviewed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--older-than", type=positive, required=True, metavar="DAYS")
        parser.add_argument("--by", required=True, metavar="USER", help="for the audit trail")
        parser.add_argument("--no-input", "--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, **options: Any) -> None:
        check_migrations()
        by, days = user_named(options["by"]), options["older_than"]
        old = never_reviewed(days)
        if not options["no_input"]:
            confirm(f"Delete {old.count()} drawings for good?")
        deleted = 0
        try:
            while ids := list(old.values_list("pk", flat=True)[:AT_ONCE]):
                # Pending still: a reviewer may be at work.
                deleted += Submission.objects.pending().filter(pk__in=ids).delete()[0]
        except DatabaseError as error:
            raise CommandError(f"{error}. Deleted so far: {deleted}.") from error
        except KeyboardInterrupt:
            raise CommandError(f"\nInterrupted. Deleted: {deleted}.", returncode=130) from None
        finally:
            if deleted:
                said = f"Deleted {deleted} drawings, never reviewed in {days} days."
                audit.note_all(by, Submission, DELETION, said)
        shown = json.dumps({"deleted": deleted}) if options["json"] else f"Deleted: {deleted}."
        self.stdout.write(shown)


def never_reviewed(days: int) -> SubmissionQuerySet:
    """The oldest first."""
    limit = timezone.now() - timedelta(days=days)
    return Submission.objects.pending().filter(created__lt=limit).order_by("created", "id")
