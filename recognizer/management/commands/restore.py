"""`manage.py restore`: restore a backup into an empty database."""

import sqlite3
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer.management import shared
from recognizer.ops.backup_errors import BackupError
from recognizer.ops.backups import restore
from recognizer.ops.database_errors import describe

NOTHING_RESTORED = "Nothing was restored."


class Command(BaseCommand):
    help = (
        "Restore a file that `manage.py backup` wrote into an empty database, and verify the "
        "result. If the exit status is not 0, the database stays as it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, file: Path, **options: Any) -> None:
        try:
            restore(file)
        except (BackupError, OSError, sqlite3.Error) as error:
            raise CommandError(f"{describe(error)} {NOTHING_RESTORED}") from error
        except KeyboardInterrupt:
            raise shared.interrupted(NOTHING_RESTORED) from None
        self.stdout.write(f"Restored and verified {file}.")
        self.stdout.write("Now run manage.py migrate, and start the site and the workers.")
