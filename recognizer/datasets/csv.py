"""CSV with the columns of Kaggle's Digit Recognizer: label, pixel0 to pixel783."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from recognizer.datasets import SIZE, DatasetError, Row

FILES: Final = {False: "train.csv", True: "test.csv"}
HEAD: Final = ",".join(["label", *(f"pixel{number}" for number in range(SIZE))])


class Writer:
    def __init__(self, folder: Path) -> None:
        self._files = {test: (folder / name).open("w") for test, name in FILES.items()}

    def __enter__(self) -> Self:
        for file in self._files.values():
            file.write(f"{HEAD}\n")
        return self

    def write(self, row: Row) -> None:
        numbers = (row.label, *row.pixels)
        self._files[row.test].write(f"{','.join(map(str, numbers))}\n")

    def __exit__(self, *error: object) -> None:
        for file in self._files.values():
            file.close()


def read(path: Path) -> Iterator[Row]:
    """Of a file, or of `train.csv` and `test.csv` in a folder."""
    if not path.is_dir():
        yield from _rows(path, test=False)
        return
    for test, name in FILES.items():
        yield from _rows(path / name, test)


def _rows(path: Path, test: bool) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        head = next(file, "").strip().split(",")
        if head[0].strip('"') != "label" or len(head) != SIZE + 1:
            raise DatasetError(f"{path.name} must begin with: label,pixel0,...,pixel783.")
        for number, line in enumerate(file, 2):
            try:
                label, *pixels = map(int, line.split(","))
                yield Row(bytes(pixels), label, test)
            except (ValueError, DatasetError) as error:
                raise DatasetError(f"{path.name}, line {number}: {error}") from error
