"""IDX, MNIST's own form, where torchvision looks for it: `MNIST(root=FOLDER, download=False)`."""

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Self, cast

from recognizer.datasets import SIDE, SIZE, DatasetError, Row

FOLDER: Final = Path("MNIST", "raw")
IMAGES: Final = {False: "train-images-idx3-ubyte", True: "t10k-images-idx3-ubyte"}
LABELS: Final = {False: "train-labels-idx1-ubyte", True: "t10k-labels-idx1-ubyte"}
IMAGES_HEAD: Final = struct.Struct(">4I")
LABELS_HEAD: Final = struct.Struct(">2I")
IMAGES_MAGIC: Final = 0x803
LABELS_MAGIC: Final = 0x801


class Writer:
    """The number of rows is at the start of each file, so it is written last."""

    def __init__(self, folder: Path) -> None:
        raw = folder / FOLDER
        raw.mkdir(parents=True)
        self._counts = {False: 0, True: 0}
        self._images = {test: (raw / name).open("wb") for test, name in IMAGES.items()}
        self._labels = {test: (raw / name).open("wb") for test, name in LABELS.items()}

    def __enter__(self) -> Self:
        self._write_heads()
        return self

    def write(self, row: Row) -> None:
        self._images[row.test].write(row.pixels)
        self._labels[row.test].write(bytes([row.label]))
        self._counts[row.test] += 1

    def __exit__(self, *error: object) -> None:
        self._write_heads()
        for file in (*self._images.values(), *self._labels.values()):
            file.close()

    def _write_heads(self) -> None:
        for test, count in self._counts.items():
            self._images[test].seek(0)
            self._images[test].write(IMAGES_HEAD.pack(IMAGES_MAGIC, count, SIDE, SIDE))
            self._labels[test].seek(0)
            self._labels[test].write(LABELS_HEAD.pack(LABELS_MAGIC, count))


def read(path: Path) -> Iterator[Row]:
    """Of a folder with MNIST's four files, packed with gzip or not, or of `MNIST/raw/` in it."""
    folder = path / FOLDER if (path / FOLDER).is_dir() else path
    for test in (False, True):
        with _open(folder, IMAGES[test]) as images, _open(folder, LABELS[test]) as labels:
            head = _head(images, IMAGES_HEAD)
            magic, count, height, width = head
            if (magic, height, width) != (IMAGES_MAGIC, SIDE, SIDE):
                raise DatasetError(f"{IMAGES[test]} holds no images of 28×28.")
            if _head(labels, LABELS_HEAD) != (LABELS_MAGIC, count):
                raise DatasetError(f"{LABELS[test]} does not hold {count} labels.")
            for number in range(count):
                pixels, label = images.read(SIZE), labels.read(1)
                if len(pixels) < SIZE or not label:
                    raise DatasetError(f"{IMAGES[test]} or its labels end at number {number}.")
                yield Row(pixels, label[0], test)


def _open(folder: Path, name: str) -> IO[bytes]:
    packed = folder / f"{name}.gz"
    if packed.exists():
        return cast(IO[bytes], gzip.open(packed))
    return (folder / name).open("rb")


def _head(file: IO[bytes], form: struct.Struct) -> tuple[int, ...]:
    found = file.read(form.size)
    if len(found) < form.size:
        raise DatasetError("A file ends before its first row.")
    return form.unpack(found)
