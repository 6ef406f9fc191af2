"""`manage.py backup`: write the database to a file."""

import sqlite3
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from recognizer.management import shared
from recognizer.ops.backup_errors import BackupError
from recognizer.ops.backups import back_up
from recognizer.ops.database_errors import describe

NOTHING_WRITTEN = "Nothing was written."


class Command(BaseCommand):
    help = (
        "Write the database to a new file, and verify the file. The site can go on running. The "
        "file never replaces another one. If the exit status is not 0, there is no file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, file: Path, **options: Any) -> None:
        try:
            back_up(file)
        except (BackupError, OSError, sqlite3.Error) as error:
            raise CommandError(f"{describe(error)} {NOTHING_WRITTEN}") from error
        except KeyboardInterrupt:
            raise shared.interrupted(NOTHING_WRITTEN) from None
        size = filesizeformat(file.stat().st_size)
        self.stdout.write(f"Wrote and verified {file} ({size}).")
        key = settings.DATA_DIR / "secret_key"
        if key.exists():
            self.stdout.write(f"It does not contain the secret key. Save {key} once, too.")
