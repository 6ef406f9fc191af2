"""ZIP files of 28×28 PNG images, with one folder per label: train/7/ID.png, test/null/ID.png."""

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, Self

from recognizer.datasets import DatasetError, Row, Split
from recognizer.datasets.limits import ZIP_ERRORS, open_member, require_regular_file
from recognizer.models import Label
from recognizer.serving.prediction import BadImageError
from recognizer.serving.stored_pixels import decode_pixels, to_png

# An open ZIP file keeps the names of all its members in memory, so their number is limited.
MEMBERS_PER_ARCHIVE = 50_000
FOLDERS_BY_LABEL: Final = {**{digit: str(digit) for digit in range(10)}, Label.NOT_A_DIGIT: "null"}
# Other programs use the number that "not a digit" has in the other formats.
LABELS_BY_FOLDER: Final = {
    **{folder: label for label, folder in FOLDERS_BY_LABEL.items()},
    str(Label.NOT_A_DIGIT): Label.NOT_A_DIGIT,
}
# A 28×28 PNG has less than 2 KB. The limit keeps a malicious file from filling the memory.
MAX_IMAGE_BYTES: Final = 100_000


class Writer:
    """Write `digits-001.zip`, `digits-002.zip` and so on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._archive = self._open_next()

    def __enter__(self) -> Self:
        return self

    def write(self, row: Row) -> None:
        if self._count and self._count % MEMBERS_PER_ARCHIVE == 0:
            self._archive.close()
            self._archive = self._open_next()
        name = row.id or f"{self._count:08}"
        path = f"{row.split}/{FOLDERS_BY_LABEL[row.label]}/{name}.png"
        self._archive.writestr(path, to_png(row.pixels))
        self._count += 1

    def __exit__(self, *error: object) -> None:
        self._archive.close()

    def _open_next(self) -> zipfile.ZipFile:
        number = self._count // MEMBERS_PER_ARCHIVE + 1
        return zipfile.ZipFile(self._folder / f"digits-{number:03}.zip", "w")


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a ZIP file, or of all ZIP files in a folder.

    Files are skipped if they are not in the folder of a label or do not end in `.png`. Raises
    `DatasetError` if a ZIP file or an image is invalid, or if all files are skipped.
    """
    is_empty = True
    for file in sorted(path.glob("*.zip")) if path.is_dir() else [path]:
        try:
            with zipfile.ZipFile(require_regular_file(file)) as archive:
                for row in _read_archive(archive):
                    is_empty = False
                    yield row
        except ZIP_ERRORS as error:
            raise DatasetError(f"{file} is not a ZIP file that can be read: {error}") from error
    if is_empty:
        raise DatasetError(
            f"{path} contains no drawing. A ZIP file must have PNG images in folders such as "
            "train/7/ and test/null/."
        )


def _read_archive(archive: zipfile.ZipFile) -> Iterator[Row]:
    for member in archive.infolist():
        path = PurePosixPath(member.filename)
        if path.suffix.lower() == ".png" and path.parent.name in LABELS_BY_FOLDER:
            with open_member(archive, member) as file:
                # The size that the ZIP file announces may be wrong.
                image = file.read(MAX_IMAGE_BYTES + 1)
            if len(image) > MAX_IMAGE_BYTES:
                raise DatasetError(f"{path} has more than {MAX_IMAGE_BYTES} bytes.")
            split: Split = "test" if "test" in path.parts else "train"
            pixels = _decode(image, path)
            yield Row(pixels, LABELS_BY_FOLDER[path.parent.name], split)


def _decode(data: bytes, path: PurePosixPath) -> bytes:
    try:
        return decode_pixels(data)
    except BadImageError as error:
        raise DatasetError(f"{path}: {error}") from error
