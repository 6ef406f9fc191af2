"""Arguments, checks and output that several commands share."""

from argparse import ArgumentParser, ArgumentTypeError
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from recognizer.models import Label, ModelVersion
from recognizer.serving import model_registry

EXIT_INTERRUPTED: Final = 130  # as in a shell after Ctrl-C


def add_by_argument(parser: ArgumentParser, help_text: str = "recorded in the audit trail") -> None:
    """Add `--by USER`."""
    parser.add_argument("--by", required=True, metavar="USER", help=help_text)


def add_json_argument(parser: ArgumentParser, help_text: str = "print JSON") -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", dest="as_json", help=help_text)


def add_no_input_argument(parser: ArgumentParser) -> None:
    """Add `--no-input` and its alias `--yes`."""
    parser.add_argument(
        "--no-input", "--yes", action="store_true", help="do not ask for confirmation"
    )


def positive_integer(text: str) -> int:
    """Parse an integer of 1 or more. Use this as an argparse type.

    Raises `ArgumentTypeError` if the text is anything else.
    """
    with suppress(ValueError):
        if (number := int(text)) >= 1:
            return number
    raise ArgumentTypeError("must be a whole number from 1")


def keras_seed(text: str) -> int:
    """Parse a seed that Keras accepts. Use this as an argparse type.

    Raises `ArgumentTypeError` if the text is anything else.
    """
    with suppress(ValueError):
        if 0 <= (number := int(text)) < 2**32:
            return number
    raise ArgumentTypeError("must be a whole number from 0 to 4294967295")


def label(text: str) -> Label:
    """Parse "0" to "9", or "null" for "not a digit". Use this as an argparse type.

    Raises `ArgumentTypeError` if the text is anything else.
    """
    if text == "null":
        return Label.NOT_A_DIGIT
    if len(text) == 1 and text in "0123456789":
        return Label(int(text))
    raise ArgumentTypeError("must be 0 to 9, or null")


def aware_datetime(text: str) -> datetime:
    """Parse a date, or a date with a time, as an aware datetime. Use this as an argparse type.

    A date without a time is read as midnight. Without a UTC offset, the value is read as UTC.

    Raises `ArgumentTypeError` if the text is anything else.
    """
    try:
        day = parse_date(text)
        parsed = datetime(day.year, day.month, day.day) if day else parse_datetime(text)
        if parsed is not None:
            aware = parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)
            return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ArgumentTypeError("must be a date such as 2026-11-23, or 2026-11-23T18:00")


def get_user(username: str) -> Any:
    """Return the user with this name. Raises `CommandError` if there is none."""
    users = get_user_model()
    try:
        return users.objects.get_by_natural_key(username)
    except users.DoesNotExist as error:
        raise CommandError(
            f"There is no user {username!r}. See: manage.py createsuperuser"
        ) from error


def find_version(number: int) -> ModelVersion:
    """Return the version with this number. Raises `CommandError` if there is none."""
    model_registry.live_version()  # On an empty database, install the base first.
    version = ModelVersion.objects.filter(number=number).first()
    if version is None:
        raise CommandError(f"There is no version {number}. See: manage.py models list")
    return version


def check_migrations() -> None:
    """Raise `CommandError` if a migration has not been applied to the database."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run: manage.py migrate")


def check_model() -> None:
    """Raise `CommandError` if no version can be loaded."""
    try:
        model_registry.loaded_version()
    except model_registry.CorruptModelError as error:
        raise CommandError(f"{error} See: manage.py models verify") from error


def interrupted(outcome: str) -> CommandError:
    """Return the error for a command that Ctrl-C has ended. `outcome` says what was done."""
    return CommandError(f"\nInterrupted. {outcome}", returncode=EXIT_INTERRUPTED)


def confirm(question: str) -> None:
    """Ask a yes-or-no question. Raises `CommandError` unless the answer is yes."""
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        answer = ""  # There is no terminal, for example in a cron job.
    if answer.strip().lower() not in ("y", "yes"):
        raise CommandError(
            "Not confirmed. Nothing was changed. Use --no-input to skip the question."
        )
