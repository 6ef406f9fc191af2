"""CSV with the columns of Kaggle's Digit Recognizer: label, pixel0 to pixel783."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from recognizer.datasets import PIXEL_COUNT, SPLITS, DatasetError, Row, Split
from recognizer.datasets.limits import read_lines, require_regular_file

MAX_LINE_LENGTH: Final = 20_000  # the header with quotes has 9,000
HEADER: Final = ",".join(["label", *(f"pixel{number}" for number in range(PIXEL_COUNT))])


class Writer:
    """Write `train.csv` and `test.csv`."""

    def __init__(self, folder: Path) -> None:
        self._files = {split: (folder / f"{split}.csv").open("w") for split in SPLITS}

    def __enter__(self) -> Self:
        for file in self._files.values():
            file.write(f"{HEADER}\n")
        return self

    def write(self, row: Row) -> None:
        numbers = (row.label, *row.pixels)
        self._files[row.split].write(f"{','.join(map(str, numbers))}\n")

    def __exit__(self, *error: object) -> None:
        for file in self._files.values():
            file.close()


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, or of `train.csv` and `test.csv` in a folder.

    The rows of a single file are in the training split. Raises `DatasetError` if the header or a
    row is invalid.
    """
    if not path.is_dir():
        yield from _read_file(path, "train")
        return
    for split in SPLITS:
        yield from _read_file(path / f"{split}.csv", split)


def _read_file(path: Path, split: Split) -> Iterator[Row]:
    with require_regular_file(path).open(encoding="utf-8-sig") as file:
        lines = read_lines(file, path.name, MAX_LINE_LENGTH)
        header = next(lines, (1, ""))[1].strip().split(",")
        if header[0].strip('"') != "label" or len(header) != PIXEL_COUNT + 1:
            raise DatasetError(f"{path.name} must begin with: label,pixel0,...,pixel783.")
        for line_number, line in lines:
            try:
                label, *pixels = map(int, line.split(","))
                yield Row(bytes(pixels), label, split)
            except (ValueError, DatasetError) as error:
                raise DatasetError(f"{path.name}, line {line_number}: {error}") from error
