"""`manage.py import_dataset`: store a labelled dataset as approved submissions."""

import json
import zlib
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from recognizer.datasets import DatasetError
from recognizer.datasets.formats import FORMATS
from recognizer.datasets.importer import ImportCounts, load
from recognizer.management import shared
from recognizer.ops.database_errors import describe

PROGRESS_ROWS: Final = 10_000  # between two reports


class Command(BaseCommand):
    help = (
        "Store a dataset of 28×28 drawings as approved submissions. Training runs can use the "
        "training split. The test split is only used to evaluate versions. Existing submissions "
        "keep their label, so an import can be repeated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", choices=FORMATS)
        parser.add_argument("path", type=Path, help="a file, or an exported folder")
        shared.add_by_argument(parser, "the user who approves the labels")
        parser.add_argument(
            "--dataset",
            metavar="NAME",
            help="tell the writers of this dataset from writers with the same name in others; use "
            "the same name to repeat the import",
        )
        shared.add_json_argument(parser)

    def handle(self, **options: Any) -> None:
        shared.check_migrations()
        shared.check_model()
        user = shared.get_user(options["by"])
        counts, next_report = ImportCounts(), PROGRESS_ROWS

        def on_progress(current: ImportCounts) -> None:
            nonlocal counts, next_report
            counts = current
            if current.read >= next_report:
                self.stderr.write(f"{current.read} drawings ...", str)
                next_report = current.read + PROGRESS_ROWS

        try:
            rows = FORMATS[options["format"]].read(options["path"])
            counts = load(rows, by=user, report=on_progress, dataset=options["dataset"])
        except (DatasetError, OSError, EOFError, zlib.error, Error) as error:
            raise CommandError(f"{describe(error)} {summary(counts)}") from error
        except KeyboardInterrupt:
            raise shared.interrupted(summary(counts)) from None
        as_json = json.dumps({**asdict(counts), "existing": counts.existing})
        self.stdout.write(as_json if options["as_json"] else summary(counts))


def summary(counts: ImportCounts) -> str:
    """Return sentences about the drawings that were stored and skipped."""
    sentences = [
        f"Stored {counts.stored} of {counts.read} drawings. {counts.existing} were already stored."
    ]
    if counts.for_evaluation:
        sentences.append(
            f"{counts.for_evaluation} of the test split are only used to evaluate versions."
        )
    if counts.owner_trained:
        sentences.append(
            f"{counts.owner_trained} of these evaluate no version, because a version was trained "
            "on other drawings of their writer. If these are different people, see --dataset."
        )
    if counts.rejected:
        sentences.append(
            f"{counts.rejected} were rejected, because they are MNIST's own held-out or test "
            "images. No version may learn them."
        )
    return " ".join(sentences)
