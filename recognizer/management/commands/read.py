"""`manage.py read`: read the digits in picture files, row by row."""

import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from recognizer.management import shared
from recognizer.serving.prediction import BadImageError, PageNumber, PageResult, predict_page

SUFFIXES: Final = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".heic", ".heif", ".avif"}
MAX_FILE_BYTES: Final = 100_000_000  # far more than a picture with few enough pixels needs
COLUMNS: Final = ["file", "row", "column", "number", "confidence", "left", "top", "width", "height"]


class Command(BaseCommand):
    help = "Read the digits in picture files, row by row. Nothing is stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="FOLDER|FILE")
        parser.add_argument("--csv", action="store_true", help="print one line for each number")

    def handle(self, **options: Any) -> None:
        shared.check_migrations()
        shared.check_model()
        try:
            paths = list(_pictures(options["paths"]))
        except OSError as error:
            raise CommandError(f"{error}.") from error
        writer = csv.writer(self.stdout, lineterminator="\n") if options["csv"] else None
        if writer:
            writer.writerow(COLUMNS)
        failed = 0
        for path in paths:
            try:
                result = predict_page(_content(path))
            except (BadImageError, OSError) as error:
                self.stderr.write(f"{path}: {error}")
                failed += 1
                continue
            if writer:
                writer.writerows(_csv_rows(path, result))
            else:
                self._print(path, result)
        if failed:
            raise CommandError(f"{failed} of {len(paths)} pictures could not be read.")

    def _print(self, path: Path, result: PageResult) -> None:
        for row in result.rows:
            self.stdout.write(f"{path}: {' '.join(map(_text, row))}")


def _pictures(paths: list[Path]) -> Iterator[Path]:
    """Yield the files, and the pictures in the folders by name.

    Raises `CommandError` if there is no such file, or no picture in a folder.
    """
    for path in paths:
        if not path.is_dir():
            if not path.exists():
                raise CommandError(f"There is no file {path}.")
            yield path
            continue
        found = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
        if not found:
            raise CommandError(f"{path} contains no PNG, JPEG, WebP, GIF, HEIC or AVIF file.")
        yield from found


def _content(path: Path) -> bytes:
    """Return the content of a regular file. A pipe or a device may never end.

    Raises `OSError` if it is no regular file, or has more than `MAX_FILE_BYTES`.
    """
    if not path.is_file():
        raise OSError("not a regular file")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise OSError(f"more than {MAX_FILE_BYTES // 1_000_000} MB")
    return path.read_bytes()


def _text(number: PageNumber) -> str:
    """Return the digits, with "?" for "not a digit"."""
    if number.text is not None:
        return number.text
    labels = (digit.prediction.label for digit in number.digits)
    return "".join(str(label) if label < 10 else "?" for label in labels)


def _csv_rows(path: Path, result: PageResult) -> Iterator[list[Any]]:
    for i, row in enumerate(result.rows, 1):
        for j, number in enumerate(row, 1):
            box = [f"{share:.4f}" for share in number.box]
            yield [path, i, j, _text(number), f"{number.confidence:.4f}", *box]
