"""ZIPs of PNG pictures of 28×28, in a folder for each label: train/7/ID.png, test/null/ID.png."""

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, Self

from recognizer.datasets import NOT_A_DIGIT, DatasetError, Row
from recognizer.recognition import BadImageError, pixels_of, to_png

PER_FILE = 50_000  # an open ZIP keeps the names of all its members in memory
LABELS: Final = {**{str(digit): digit for digit in range(10)}, "null": NOT_A_DIGIT}
FOLDERS: Final = {label: name for name, label in LABELS.items()}
MAX_BYTES: Final = 100_000  # of one picture


class Writer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._archive = self._next()

    def __enter__(self) -> Self:
        return self

    def write(self, row: Row) -> None:
        if self._count and self._count % PER_FILE == 0:
            self._archive.close()
            self._archive = self._next()
        part = "test" if row.test else "train"
        name = row.id or f"{self._count:08}"
        self._archive.writestr(f"{part}/{FOLDERS[row.label]}/{name}.png", to_png(row.pixels))
        self._count += 1

    def __exit__(self, *error: object) -> None:
        self._archive.close()

    def _next(self) -> zipfile.ZipFile:
        number = self._count // PER_FILE + 1
        return zipfile.ZipFile(self._folder / f"digits-{number:03}.zip", "w")


def read(path: Path) -> Iterator[Row]:
    """Of a file, or of all in a folder; only pictures that lie in a folder named as a label."""
    for file in sorted(path.glob("*.zip")) if path.is_dir() else [path]:
        try:
            with zipfile.ZipFile(file) as archive:
                yield from _rows(archive)
        except zipfile.BadZipFile as error:
            raise DatasetError(f"{file} is no ZIP: {error}") from error


def _rows(archive: zipfile.ZipFile) -> Iterator[Row]:
    for member in archive.infolist():
        place = PurePosixPath(member.filename)
        if place.suffix == ".png" and place.parent.name in LABELS:
            if member.file_size > MAX_BYTES:
                raise DatasetError(f"{place} has more than {MAX_BYTES} bytes.")
            pixels = _pixels(archive.read(member), place)
            yield Row(pixels, LABELS[place.parent.name], "test" in place.parts)


def _pixels(data: bytes, place: PurePosixPath) -> bytes:
    try:
        return pixels_of(data)
    except BadImageError as error:
        raise DatasetError(f"{place}: {error}") from error
