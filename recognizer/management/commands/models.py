"""`manage.py models`: look at the model versions, put one live, check and prune them."""

import getpass
import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from recognizer import registry
from recognizer.api.serializers import ModelVersionSerializer
from recognizer.management.commands.retrain import (
    EXIT_INTERRUPTED,
    check_migrations,
    percent,
    positive,
)
from recognizer.models import ModelVersion, ModelVersionQuerySet, State

EPILOG = """exit status: 0 done, or nothing to do; 1 error, not confirmed, or verify found a damaged
version; 2 wrong options; 130 interrupted. Unless it is 0, nothing was changed."""
PRUNE = (
    "Delete the files (model and weights) of all versions but the N newest, the live one, its "
    "parent and the base. What is deleted so can never be live again. The rows with their cards "
    "stay, because submissions and later versions refer to them. The database's file does not "
    "shrink, but the room in it is used again."
)


class Command(BaseCommand):
    help = "Look at the stored model versions, put one live, check them, delete old ones' files."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, epilog=EPILOG, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        subcommands = parser.add_subparsers(metavar="subcommand", required=True)

        def add(name: str, run: Callable[..., None], text: str) -> ArgumentParser:
            added = subcommands.add_parser(name, help=text, description=text, epilog=EPILOG)
            added.set_defaults(run=run)
            return added

        listing = add("list", self.list_all, "All versions, newest first; * marks the live one.")
        show = add("show", self.show, "One version with its card.")
        promote = add("promote", self.promote, "Put a version live, also an older one again.")
        add("verify", self.verify, "Check each SHA-256, and that each reads the ten known digits.")
        prune = add("prune", self.prune, PRUNE)

        for one in (show, promote):
            one.add_argument("number", type=positive, help="the version's number")
        promote.add_argument(
            "--force",
            action="store_true",
            help="even one that was refused; the corrections it was trained on still count as new",
        )
        prune.add_argument("--keep", type=positive, required=True, metavar="N")
        for one in (listing, show):
            one.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
        for one in (promote, prune):
            one.add_argument("--no-input", "--yes", action="store_true", help="do not ask")

    def handle(self, *, run: Callable[..., None], **options: Any) -> None:
        try:
            check_migrations()
            run(**options)
        except DatabaseError as error:  # a full disk, a database that is gone
            raise CommandError(f"{error}. Nothing was changed.") from error
        except KeyboardInterrupt:
            raise CommandError(
                "\nInterrupted. Nothing was changed.", returncode=EXIT_INTERRUPTED
            ) from None

    def list_all(self, as_json: bool, **_: Any) -> None:
        rows = [summary(version) for version in versions()]
        if as_json:
            self.stdout.write(json.dumps(rows))
            return
        self.stdout.write("  number  state    created (UTC)     corrections  MNIST test")
        for row in rows:
            self.stdout.write(
                f"{'*' if row['live'] else ' '} {row['number']:>6}  {row['state']:<7}  "
                f"{row['created']:.16}  {row['corrections']:>11}  {percent(row['mnist_test']):>10}"
                f"{'' if row['has_files'] else '  files deleted'}"
            )

    def show(self, number: int, as_json: bool, **_: Any) -> None:
        version = find(number)
        about = {**ModelVersionSerializer(version).data, "has_files": version.has_files}
        if as_json:
            self.stdout.write(json.dumps(about))
            return
        card = about.pop("card")
        for name, value in about.items():
            self.stdout.write(f"{name:<10} {value}")
        self.stdout.write(f"card       {json.dumps(card, indent=2)}")

    def promote(self, number: int, force: bool, no_input: bool, **_: Any) -> None:
        version, live = find(number), registry.live_version()
        if version == live:
            self.stdout.write(f"Version {number} is live already.")
            return
        if not no_input:
            confirm(f"Put {version} ({version.state}) live instead of {live}?")
        try:
            registry.promote(version, by=user(), force=force)
        except registry.DamagedModelError as error:
            raise CommandError(
                f"Version {number} cannot be put live: {error}. Live is {live}."
            ) from error
        except registry.RefusedVersionError as error:
            raise CommandError(f"Only with --force: {error} Live is {live}.") from error
        self.stdout.write(f"Version {number} is live instead of {live}.")

    def verify(self, **_: Any) -> None:
        damaged = 0
        for version in versions():
            if version.state != State.LIVE and not version.has_files:
                self.stdout.write(f"{version}: files deleted")
                continue
            try:
                registry.load(version)
                self.stdout.write(f"{version}: sound")
            except registry.DamagedModelError as error:
                self.stdout.write(f"{version}: damaged: {error}")
                damaged += 1
        if damaged:
            raise CommandError(f"Damaged versions: {damaged}.")

    def prune(self, keep: int, no_input: bool, **_: Any) -> None:
        prunable = ModelVersion.objects.prunable(keep)
        if not prunable:
            self.stdout.write("There is nothing to delete.")
            return
        if not no_input:
            confirm(f"Delete the files of {named(prunable)} for good?")
        try:
            pruned = registry.prune(keep)
        except registry.DamagedModelError as error:
            raise CommandError(
                f"The live version is damaged: {error}. Put a sound one live first."
            ) from error
        self.stdout.write(f"Deleted the files of {named(pruned)}.")


def versions() -> ModelVersionQuerySet:
    """All versions, newest first; on an empty database the base becomes the first."""
    registry.live_version()
    return ModelVersion.objects.all()


def find(number: int) -> ModelVersion:
    """The version with this number."""
    version = versions().filter(number=number).first()
    if version is None:
        raise CommandError(f"There is no version {number}. See: manage.py models list")
    return version


def summary(version: ModelVersion) -> dict[str, Any]:
    """One line of the list."""
    return {
        "number": version.number,
        "state": version.state,
        "live": version.state == State.LIVE,
        "created": version.created.isoformat(),
        "corrections": version.corrections,
        "mnist_test": version.score("mnist_test"),
        "has_files": version.has_files,
    }


def confirm(question: str) -> None:
    """Ask; raises `CommandError` unless the answer is yes."""
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:  # nobody is there, as in a cron job
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise CommandError("Not confirmed: nothing was changed. With --no-input it does not ask.")


def user() -> str:
    """Who runs this, for the log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user need not have a name
        return "a user without a name"


def named(some: Iterable[ModelVersion]) -> str:
    """For people: version 4, version 3."""
    return ", ".join(map(str, some))
