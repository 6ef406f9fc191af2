"""`manage.py retrain`: train on MNIST and the approved drawings."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from recognizer.management import shared
from recognizer.management.progress import ProgressDisplay
from recognizer.ops.database_errors import describe
from recognizer.serving.model_registry import CorruptModelError
from recognizer.training.evaluation_table import HEADINGS, EvaluationRow, evaluation_rows
from recognizer.training.retraining import (
    MnistError,
    Options,
    Outcome,
    RetrainError,
    RunCancelledError,
    retrain,
)
from recognizer.training.run_lifecycle import format_duration

EXIT_REJECTED = 3
NOTHING_STORED = "No version was stored, and the live version did not change."
EPILOG = """exit status: 0 the new version is live, or waits for a person (--confirm), or the
training was skipped, or this was a dry run; 1 error; 2 wrong options; 3 the new version was
rejected; 130 interrupted, or cancelled in the admin. The live version can change only if the status
is 0.
A line for cron, which trains only if there are enough new drawings:
0 3 * * * cd digitsite && .venv/bin/python manage.py retrain --if-new 50"""


class Command(BaseCommand):
    help = (
        "Train on MNIST and the approved drawings, compare the new version with the live one and "
        "with the best earlier one, on images that no version was trained on, and promote it if it "
        "is shown not to be worse."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, epilog=EPILOG, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from-scratch",
            action="store_true",
            help="start from random weights, not from the live version (slower)",
        )
        parser.add_argument(
            "--epochs",
            type=shared.positive_integer,
            help="passes over the training data (default: chosen by the trainer)",
        )
        parser.add_argument(
            "--seed",
            type=shared.keras_seed,
            default=1,
            help="the result is the same only for the same seed, data, library versions, kind of "
            "processor and number of cores",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="train and compare, but store no version"
        )
        parser.add_argument(
            "--confirm",
            action="store_true",
            help="do not promote an accepted version: it waits until a person promotes it",
        )
        parser.add_argument(
            "--include-pending",
            action="store_true",
            help="also train on corrections that are not reviewed yet",
        )
        parser.add_argument(
            "--if-new",
            type=shared.positive_integer,
            metavar="N",
            help="skip the training if fewer than N drawings are new, or if a version trained on "
            "the same drawings was already rejected or waits for a person; a drawing is new until "
            "a version that went live was trained on it with its current label; held-out drawings "
            "do not count, and pending corrections count only with --include-pending",
        )
        shared.add_json_argument(parser, "print one JSON object to standard output")

    def handle(self, **options: Any) -> None:
        try:
            shared.check_migrations()
            with ProgressDisplay(self.stderr) as display:
                outcome = retrain(
                    Options(**{name: options[name] for name in Options.__dataclass_fields__}),
                    on_progress=display.update,
                    on_message=display.write,
                )
        except (RetrainError, MnistError, CorruptModelError) as error:
            raise CommandError(str(error)) from error
        except (Error, OSError) as error:
            raise CommandError(f"{describe(error)} {NOTHING_STORED}") from error
        except RunCancelledError as error:
            raise CommandError(
                f"\n{error} {NOTHING_STORED}", returncode=shared.EXIT_INTERRUPTED
            ) from error
        except KeyboardInterrupt:
            raise shared.interrupted(NOTHING_STORED) from None
        as_json = json.dumps(asdict(outcome))
        self.stdout.write(as_json if options["as_json"] else summary(outcome))
        if outcome.decision == "rejected":
            sys.exit(EXIT_REJECTED)


def summary(outcome: Outcome) -> str:
    """Return a table with one line for each comparison, and a line for the decision."""
    lines = [_line(HEADINGS)] if outcome.evaluation else []
    lines += [_line(row) for row in evaluation_rows(outcome.evaluation)]
    subject = f"Version {outcome.version}" if outcome.version else "Decision"
    lines.append(
        f"{subject}: {outcome.decision}. {outcome.reason} ({format_duration(outcome.seconds)})"
    )
    if outcome.decision == "candidate":
        lines.append(f"To promote it: manage.py models promote {outcome.version}")
    return "\n".join(lines)


def _line(row: EvaluationRow) -> str:
    numbers = "".join(f"{value:>12}" for value in row[1:-1])
    return f"{row[0]:<62}{numbers}  {row[-1]}"
