"""`manage.py import_dataset`: labelled drawings of others, as approved labels."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.contrib.admin.models import ADDITION
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from recognizer import audit
from recognizer.datasets import DatasetError
from recognizer.datasets.exporting import FORMATS
from recognizer.datasets.importing import Counts, load
from recognizer.management.commands.export_dataset import user_named
from recognizer.management.commands.retrain import check_migrations
from recognizer.models import Submission


class Command(BaseCommand):
    help = (
        "Store a data set of 28×28 drawings as approved submissions: the next training learns "
        "them. What is there already is left alone, so it can be done twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", choices=FORMATS)
        parser.add_argument("path", type=Path, help="a file, or a folder that was exported")
        parser.add_argument("--by", required=True, metavar="USER", help="who approves the labels")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, **options: Any) -> None:
        check_migrations()
        by = user_named(options["by"])
        counts = Counts()

        def report(now: Counts) -> None:
            nonlocal counts
            counts = now
            if now.read % 10_000 == 0:
                self.stderr.write(f"{now.read} drawings ...", str)

        try:
            counts = load(FORMATS[options["format"]].read(options["path"]), by=by, report=report)
        except (DatasetError, OSError, EOFError, DatabaseError) as error:
            raise CommandError(f"{error} {stored(counts)}") from error
        except KeyboardInterrupt:
            raise CommandError(f"\nInterrupted. {stored(counts)}", returncode=130) from None
        finally:
            if counts.stored:
                audit.note_all(by, Submission, ADDITION, f"Imported {counts.stored} drawings.")
        shown = {**asdict(counts), "known": counts.known}
        self.stdout.write(json.dumps(shown) if options["json"] else stored(counts))


def stored(counts: Counts) -> str:
    """For people."""
    return f"{counts.stored} of {counts.read} drawings stored; {counts.known} were there already."
