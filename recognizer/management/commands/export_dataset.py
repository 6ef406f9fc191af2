"""`manage.py export_dataset`: the approved drawings, in a format that others read."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.admin.models import CHANGE
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from recognizer import audit
from recognizer.datasets import DatasetError
from recognizer.datasets.exporting import FORMATS, Choice, export
from recognizer.management.commands.retrain import check_migrations, positive
from recognizer.models import Answer, Submission

DIGITS: list[Answer] = [answer for answer in Answer if answer != Answer.NOT_A_DIGIT]


class Command(BaseCommand):
    help = "Write the approved drawings to a new folder, with a card that says what they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", choices=FORMATS)
        parser.add_argument("folder", type=Path, help="a new one")
        parser.add_argument("--by", required=True, metavar="USER", help="for the audit trail")
        parser.add_argument(
            "--label",
            type=label,
            action="append",
            help='0 to 9, or null for "not a digit"; may be repeated; default: the ten digits',
        )
        parser.add_argument("--since", type=moment, help="drawn at this date or later (UTC)")
        parser.add_argument("--until", type=moment, help="drawn before this date (UTC)")
        parser.add_argument(
            "--version-number", type=positive, metavar="N", help="that version N has read"
        )
        parser.add_argument("--json", action="store_true", help="print the card")

    def handle(self, **options: Any) -> None:
        check_migrations()
        by = user_named(options["by"])
        choice = Choice(
            options["label"] or DIGITS,
            options["since"],
            options["until"],
            options["version_number"],
        )
        try:
            card = export(options["format"], options["folder"].resolve(), choice)
        except (DatasetError, OSError, DatabaseError) as error:
            raise CommandError(f"{error} Nothing was written.") from error
        except KeyboardInterrupt:
            raise CommandError("\nInterrupted. Nothing was written.", returncode=130) from None
        said = f"Exported {card['total']} drawings as {options['format']}."
        audit.note_all(by, Submission, CHANGE, said)
        self.stdout.write(json.dumps(card) if options["json"] else f"{said} {options['folder']}")


def label(text: str) -> Answer:
    """An argparse type."""
    if text == "null":
        return Answer.NOT_A_DIGIT
    if len(text) == 1 and text in "0123456789":
        return Answer(int(text))
    raise ArgumentTypeError("must be 0 to 9, or null")


def moment(text: str) -> datetime:
    """An argparse type: a date, or a date with a time."""
    try:
        day = parse_date(text)
        found = datetime(day.year, day.month, day.day) if day else parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise ArgumentTypeError("must be a date like 2026-11-23, or 2026-11-23T18:00")
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def user_named(name: str) -> Any:
    """Who does it, for the audit trail."""
    users = get_user_model()
    try:
        return users.objects.get_by_natural_key(name)
    except users.DoesNotExist as error:
        raise CommandError(f"There is no user {name!r}. See: manage.py createsuperuser") from error
