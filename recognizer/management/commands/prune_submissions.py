"""`manage.py prune_submissions`: delete old pending drawings."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any, Final

from django.contrib.admin.models import DELETION
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, transaction
from django.utils import timezone

from recognizer import audit
from recognizer.accounts import deletion
from recognizer.management import shared
from recognizer.models import Submission, SubmissionQuerySet
from recognizer.ops.database_errors import describe

MAX_DAYS: Final = 36_500  # No drawing is older.


class Command(BaseCommand):
    help = "Delete the pending drawings that are older than DAYS days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than", type=shared.positive_integer, required=True, metavar="DAYS"
        )
        shared.add_by_argument(parser)
        shared.add_no_input_argument(parser)
        shared.add_json_argument(parser)

    def handle(self, **options: Any) -> None:
        shared.check_migrations()
        user, days = shared.get_user(options["by"]), options["older_than"]
        submissions = old_pending(days)
        count = submissions.count()
        if count and not options["no_input"]:
            shared.confirm(f"Delete {count} drawings permanently?")
        deleted = 0
        try:
            for batch in deletion.batches(submissions):
                deleted += delete_batch(batch, days, user)
        except Error as error:
            raise CommandError(f"{describe(error)} Deleted before the error: {deleted}.") from error
        except KeyboardInterrupt:
            raise shared.interrupted(f"Deleted: {deleted}.") from None
        as_json = json.dumps({"deleted": deleted})
        self.stdout.write(as_json if options["as_json"] else f"Deleted: {deleted}.")


def delete_batch(batch: SubmissionQuerySet, days: int, user: Any) -> int:
    """Delete the submissions that are still pending, with an audit entry. Return their number."""
    with transaction.atomic():
        _, counts = batch.delete()
        deleted = counts.get(Submission._meta.label, 0)
        if deleted:
            message = f"Deleted {deleted} pending drawings that were older than {days} days."
            audit.record_for_model(user, Submission, DELETION, message)
    return deleted


def old_pending(days: int) -> SubmissionQuerySet:
    """Return the pending submissions that are older than `days` days."""
    limit = timezone.now() - timedelta(days=min(days, MAX_DAYS))
    return Submission.objects.pending().filter(created__lt=limit)
