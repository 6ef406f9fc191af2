"""`manage.py export_dataset`: export approved drawings as a dataset."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from recognizer.datasets import DatasetError
from recognizer.datasets.exporter import ExportSelection, export
from recognizer.datasets.formats import FORMATS
from recognizer.management import shared
from recognizer.models import Label
from recognizer.ops.database_errors import describe

DIGITS: list[Label] = [label for label in Label if label != Label.NOT_A_DIGIT]


class Command(BaseCommand):
    help = "Export approved drawings to a new folder, with a dataset card."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", choices=FORMATS)
        parser.add_argument("folder", type=Path, help="must not exist")
        shared.add_by_argument(parser)
        parser.add_argument(
            "--label",
            type=shared.label,
            action="append",
            help='0 to 9, or null for "not a digit"; can be repeated; default: the ten digits',
        )
        parser.add_argument(
            "--since", type=shared.aware_datetime, help="drawn at this date or later (UTC)"
        )
        parser.add_argument(
            "--until", type=shared.aware_datetime, help="drawn before this date (UTC)"
        )
        parser.add_argument(
            "--version-number",
            type=shared.positive_integer,
            metavar="N",
            help="predicted by version N",
        )
        parser.add_argument(
            "--learned-by",
            type=shared.positive_integer,
            metavar="N",
            help="the training set of version N with the labels of that training, from the "
            "training ledger; includes every label unless --label is given",
        )
        shared.add_json_argument(parser, "print the dataset card as JSON")

    def handle(self, **options: Any) -> None:
        shared.check_migrations()
        since, until = options["since"], options["until"]
        if since and until and since >= until:
            raise CommandError("--since must be earlier than --until.", returncode=2)
        user = shared.get_user(options["by"])
        predicted_by, learned_by = (
            options[name] and shared.find_version(options[name])
            for name in ("version_number", "learned_by")
        )
        selection = ExportSelection(
            options["label"] or (list(Label) if learned_by else DIGITS),
            since,
            until,
            predicted_by,
            learned_by,
        )
        try:
            card = export(options["format"], options["folder"].resolve(), selection, by=user)
        except (DatasetError, OSError, Error) as error:
            raise CommandError(f"{describe(error)} Nothing was written.") from error
        except KeyboardInterrupt:
            raise shared.interrupted("Nothing was written.") from None
        message = f"Exported {card['total']} drawings as {options['format']}."
        self.stdout.write(
            json.dumps(card) if options["as_json"] else f"{message} {options['folder']}"
        )
