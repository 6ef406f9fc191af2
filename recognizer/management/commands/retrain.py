"""`manage.py retrain`: learn from the approved corrections."""

import json
import os
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from recognizer import registry
from recognizer.retraining import (
    CancelledError,
    MnistError,
    Options,
    Outcome,
    RetrainError,
    retrain,
)
from recognizer.runs import duration

if TYPE_CHECKING:
    from ml.training import Progress

EXIT_REFUSED = 3
EXIT_INTERRUPTED = 130
EPILOG = """exit status: 0 new version live, or nothing new to learn; 1 error; 2 wrong options;
3 the new version was refused; 130 interrupted, or cancelled in the admin. Only with 0 may the live
version have changed.
A line for cron, which trains only when it is worth it:
0 3 * * * cd digitsite && .venv/bin/python manage.py retrain --if-new 50"""


class Command(BaseCommand):
    help = (
        "Train on MNIST plus the approved corrections, judge the result against the live version "
        "on drawings that neither was trained on, and put it live if it is not worse."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, epilog=EPILOG, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from-scratch",
            action="store_true",
            help="start from random weights, not from the live version: slower, owes it nothing",
        )
        parser.add_argument("--epochs", type=positive, help="how often to go through all digits")
        parser.add_argument("--seed", type=seed, default=1, help="the same seed, the same result")
        parser.add_argument(
            "--dry-run", action="store_true", help="train and judge, but store nothing"
        )
        parser.add_argument(
            "--include-pending",
            action="store_true",
            help="also learn what visitors said and nobody has reviewed yet",
        )
        parser.add_argument(
            "--if-new",
            type=positive,
            metavar="N",
            help="do nothing unless at least N approved corrections are there that no live "
            "version has learned; those that are kept to judge with do not count, and unreviewed "
            "ones only with --include-pending",
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object to standard output"
        )

    def handle(self, **options: Any) -> None:
        # TensorFlow greets with a page of hints about GPUs otherwise.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            check_migrations()
            outcome = retrain(
                Options(**{name: options[name] for name in Options.__dataclass_fields__}),
                report=ProgressLine(self.stderr),
                say=lambda sentence: self.stderr.write(sentence, str),
            )
        except (RetrainError, MnistError, registry.DamagedModelError) as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, OSError) as error:  # a full disk, a database that is gone
            raise CommandError(f"{error}. Nothing was stored, the live version stays.") from error
        except CancelledError as error:
            raise CommandError(
                f"\n{error} Nothing was stored, the live version stays.",
                returncode=EXIT_INTERRUPTED,
            ) from error
        except KeyboardInterrupt:
            raise CommandError(
                "\nInterrupted. Nothing was stored, the live version stays.",
                returncode=EXIT_INTERRUPTED,
            ) from None
        self.stdout.write(json.dumps(asdict(outcome)) if options["json"] else summary(outcome))
        if outcome.decision == "refused":
            sys.exit(EXIT_REFUSED)


class ProgressLine:
    """On a terminal one line that is written over, elsewhere a line for every tenth."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._shown: tuple[int, bool] | None = None

    def __call__(self, progress: "Progress") -> None:
        percent = int(100 * progress.share)
        terminal = self._out.isatty()
        known = progress.seconds_left is not None
        if (percent, known) == self._shown or (not terminal and percent % 10):
            return
        self._shown = percent, known
        left = "estimating ..."
        if progress.seconds_left is not None:
            left = f"about {duration(progress.seconds_left)} left"
        line = (
            f"epoch {progress.epoch} of {progress.epochs}  {bar(progress.share)} {percent:3d} %  "
            f"loss {progress.loss:.3f}  {left}"
        )
        # The style is given because standard error's own is red.
        if terminal:
            self._out.write(f"\r{line:<79}", str, ending="\n" if percent == 100 else "")
        else:
            self._out.write(line, str)


def positive(text: str) -> int:
    """An argparse type: a whole number from 1."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def seed(text: str) -> int:
    """An argparse type: what Keras takes as a seed."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise ValueError
    return number


def check_migrations() -> None:
    """Refuse a database that lacks tables or columns, before anything is trained."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run: manage.py migrate")


def bar(share: float) -> str:
    """Twenty places, filled by `share` in 0..1."""
    return "█" * round(20 * share) + "░" * (20 - round(20 * share))


def summary(outcome: Outcome) -> str:
    """The outcome for people."""
    lines = [
        f"{name.replace('_', ' '):<22} {percent(outcome.scores_before[name]):>9} before"
        f" {percent(after):>9} after"
        for name, after in outcome.scores_after.items()
    ]
    what = f"Version {outcome.version}" if outcome.version else "Decision"
    lines.append(f"{what}: {outcome.decision}. {outcome.reason} ({duration(outcome.seconds)})")
    return "\n".join(lines)


def percent(share: float | None) -> str:
    """A score for people."""
    return "none" if share is None else f"{100 * share:.2f} %"
