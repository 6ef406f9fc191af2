"""`manage.py models`: list, show, promote, verify and prune the model versions."""

import getpass
import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from recognizer.management import shared
from recognizer.models import ModelVersion, ModelVersionQuerySet, VersionState
from recognizer.ops.database_errors import describe
from recognizer.serving import model_registry
from recognizer.training import ledger
from recognizer.training.evaluation_table import format_percent

EPILOG = """exit status: 0 done, or nothing to do; 1 error, not confirmed, or verify found a corrupt
version; 2 wrong options; 130 interrupted. With a status other than 0, nothing was changed."""
PRUNE = (
    "Delete the files (model and weights) of all versions except the N newest, the live version, "
    "its predecessor, the base, candidates, and the newest ten that were live. A training run "
    "compares a new version with these ten. A version without files cannot be promoted again. "
    "The rows and their cards stay, because submissions and later versions refer to them. The "
    "database file does not shrink, but the free space in it is used again."
)


class Command(BaseCommand):
    help = "List, show, promote and verify the model versions, and delete old files."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, epilog=EPILOG, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        subcommands = parser.add_subparsers(metavar="subcommand", required=True)

        def add(name: str, run: Callable[..., None], text: str) -> ArgumentParser:
            subparser = subcommands.add_parser(name, help=text, description=text, epilog=EPILOG)
            subparser.set_defaults(run=run)
            return subparser

        listing = add(
            "list", self.list_all, "List all versions, newest first. * marks the live one."
        )
        show = add("show", self.show, "Show a version with its card.")
        promote = add("promote", self.promote, "Make a version live, for example an older one.")
        add(
            "verify",
            self.verify,
            "For each version that has files, check the SHA-256 of the model and of the weights, "
            "run the smoke test, and compare the training ledger with the card.",
        )
        prune = add("prune", self.prune, PRUNE)

        for each in (show, promote):
            each.add_argument("number", type=shared.positive_integer, help="the version's number")
        promote.add_argument(
            "--force",
            action="store_true",
            help="also promote a rejected version, or a candidate that was compared with a version "
            "that is not live any more",
        )
        prune.add_argument("--keep", type=shared.positive_integer, required=True, metavar="N")
        for each in (listing, show):
            shared.add_json_argument(each)
        for each in (promote, prune):
            shared.add_no_input_argument(each)

    def handle(self, *, run: Callable[..., None], **options: Any) -> None:
        try:
            shared.check_migrations()
            run(**options)
        except Error as error:
            raise CommandError(f"{describe(error)} Nothing was changed.") from error
        except KeyboardInterrupt:
            raise shared.interrupted("Nothing was changed.") from None

    def list_all(self, as_json: bool, **_: Any) -> None:
        rows = [summary(version) for version in versions()]
        if as_json:
            self.stdout.write(json.dumps(rows))
            return
        self.stdout.write("  number  state      created (UTC)     drawings  MNIST test")
        for row in rows:
            mark, files = "*" if row["live"] else " ", "" if row["has_files"] else "  files deleted"
            mnist_test = format_percent(row["mnist_test"])
            self.stdout.write(
                f"{mark} {row['number']:>6}  {row['state']:<9}  {row['created']:.16}  "
                f"{row['drawings']:>8}  {mnist_test:>10}{files}"
            )

    def show(self, number: int, as_json: bool, **_: Any) -> None:
        version = shared.find_version(number)
        values = details(version)
        if as_json:
            self.stdout.write(json.dumps(values))
            return
        card = values.pop("card")
        for name, value in values.items():
            self.stdout.write(f"{name:<11} {value}")
        self.stdout.write(f"card        {json.dumps(card, indent=2)}")

    def promote(self, number: int, force: bool, no_input: bool, **_: Any) -> None:
        version, live = shared.find_version(number), model_registry.live_version()
        already_live = f"Version {number} is already live."
        if version == live:
            self.stdout.write(already_live)
            return
        if not no_input:
            shared.confirm(f"Promote {version} ({version.state})? It replaces {live}.")
        try:
            replaced = model_registry.promote(version, by=os_username(), force=force)
        except model_registry.CorruptModelError as error:
            raise CommandError(
                f"Version {number} cannot be promoted: {error}. The live version is {live}."
            ) from error
        except model_registry.RejectedVersionError as error:
            raise CommandError(
                f"{error} The live version is {live}. Use --force to promote it all the same."
            ) from error
        done = f"Version {number} is live. It replaces {replaced}."
        self.stdout.write(already_live if replaced == version else done)

    def verify(self, **_: Any) -> None:
        corrupt_count = 0
        for version in versions():
            if version.state != VersionState.LIVE and not version.has_files:
                self.stdout.write(f"{version}: files deleted")
                continue
            try:
                model_registry.load(version)
                model_registry.load_weights(version)
                self.stdout.write(f"{version}: valid; {ledger.check(version)}")
            except model_registry.CorruptModelError as error:
                self.stdout.write(f"{version}: corrupt: {error}")
                corrupt_count += 1
        if corrupt_count:
            raise CommandError(f"Corrupt versions: {corrupt_count}.")

    def prune(self, keep: int, no_input: bool, **_: Any) -> None:
        prunable = ModelVersion.objects.prunable(keep)
        nothing = "There is nothing to delete."
        if not prunable:
            self.stdout.write(nothing)
            return
        if not no_input:
            shared.confirm(f"Delete the files of {join(prunable)} permanently?")
        try:
            pruned = model_registry.prune(keep, by=os_username())
        except model_registry.CorruptModelError as error:
            raise CommandError(
                f"The live version is corrupt: {error}. Promote a valid version first."
            ) from error
        # Another process may have deleted them meanwhile.
        self.stdout.write(f"Deleted the files of {join(pruned)}." if pruned else nothing)


def versions() -> ModelVersionQuerySet:
    """Return all versions, newest first. On an empty database, install the base first."""
    model_registry.live_version()
    return ModelVersion.objects.with_has_files()


def summary(version: ModelVersion) -> dict[str, Any]:
    """Return the values of a version that the list shows."""
    return {
        "number": version.number,
        "state": version.state,
        "live": version.state == VersionState.LIVE,
        "created": version.created.isoformat(),
        "drawings": version.drawing_count,
        "mnist_test": version.score("mnist_test"),
        "has_files": version.has_files,
    }


def details(version: ModelVersion) -> dict[str, Any]:
    """Return all values of a version, with its card."""
    return {
        "number": version.number,
        "state": version.state,
        "created": version.created.isoformat(),
        "predecessor": version.predecessor and version.predecessor.number,
        "reason": version.reason,
        "sha256": version.sha256,
        "card": version.card,
        "has_files": version.has_files,
    }


def os_username() -> str:
    """Return the name of the operating system's user who runs the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A user in a container may have no name.
        return "an unnamed user"


def join(versions: Iterable[ModelVersion]) -> str:
    """Return the versions as text, such as "version 4, version 3"."""
    return ", ".join(map(str, versions))
