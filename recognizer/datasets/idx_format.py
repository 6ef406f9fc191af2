"""IDX, the format of MNIST, in the folder where torchvision expects it.

Open an export with `torchvision.datasets.MNIST(root=FOLDER, download=False)`.
"""

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Self, cast

from recognizer.datasets import PIXEL_COUNT, SPLITS, DatasetError, Row, Split
from recognizer.datasets.limits import require_regular_file
from recognizer.serving.stored_pixels import IMAGE_SIDE

FOLDER: Final = Path("MNIST", "raw")
IMAGES: Final = {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"}
LABELS: Final = {"train": "train-labels-idx1-ubyte", "test": "t10k-labels-idx1-ubyte"}
IMAGES_HEADER: Final = struct.Struct(">4I")
LABELS_HEADER: Final = struct.Struct(">2I")
IMAGES_MAGIC: Final = 0x803
LABELS_MAGIC: Final = 0x801


class Writer:
    """Write the four files of MNIST.

    The header of each file contains the number of rows, which is known only at the end. The headers
    are therefore written twice.
    """

    def __init__(self, folder: Path) -> None:
        raw = folder / FOLDER
        raw.mkdir(parents=True)
        self._counts = dict.fromkeys(SPLITS, 0)
        self._images = {split: (raw / IMAGES[split]).open("wb") for split in SPLITS}
        self._labels = {split: (raw / LABELS[split]).open("wb") for split in SPLITS}

    def __enter__(self) -> Self:
        self._write_headers()
        return self

    def write(self, row: Row) -> None:
        self._images[row.split].write(row.pixels)
        self._labels[row.split].write(bytes([row.label]))
        self._counts[row.split] += 1

    def __exit__(self, *error: object) -> None:
        self._write_headers()
        for file in (*self._images.values(), *self._labels.values()):
            file.close()

    def _write_headers(self) -> None:
        for split, count in self._counts.items():
            self._images[split].seek(0)
            self._images[split].write(
                IMAGES_HEADER.pack(IMAGES_MAGIC, count, IMAGE_SIDE, IMAGE_SIDE)
            )
            self._labels[split].seek(0)
            self._labels[split].write(LABELS_HEADER.pack(LABELS_MAGIC, count))


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of MNIST's four files in a folder or in its `MNIST/raw/`.

    The files may be compressed with gzip. Raises `DatasetError` if a header or a row is invalid, or
    if a file is truncated.
    """
    folder = path / FOLDER if (path / FOLDER).is_dir() else path
    for split in SPLITS:
        with _open(folder, IMAGES[split]) as images, _open(folder, LABELS[split]) as labels:
            yield from _read_split(images, labels, split)


def _read_split(images: IO[bytes], labels: IO[bytes], split: Split) -> Iterator[Row]:
    magic, count, height, width = _read_header(images, IMAGES_HEADER)
    if (magic, height, width) != (IMAGES_MAGIC, IMAGE_SIDE, IMAGE_SIDE):
        raise DatasetError(f"{IMAGES[split]} does not contain 28×28 images.")
    if _read_header(labels, LABELS_HEADER) != (LABELS_MAGIC, count):
        raise DatasetError(f"{LABELS[split]} does not contain {count} labels.")
    for index in range(count):
        pixels, label = images.read(PIXEL_COUNT), labels.read(1)
        if len(pixels) < PIXEL_COUNT or not label:
            raise DatasetError(f"{IMAGES[split]} or {LABELS[split]} is truncated at row {index}.")
        yield Row(pixels, label[0], split)


def _open(folder: Path, name: str) -> IO[bytes]:
    compressed = folder / f"{name}.gz"
    if compressed.exists():
        return cast(IO[bytes], gzip.open(require_regular_file(compressed)))
    return require_regular_file(folder / name).open("rb")


def _read_header(file: IO[bytes], layout: struct.Struct) -> tuple[int, ...]:
    header = file.read(layout.size)
    if len(header) < layout.size:
        raise DatasetError("A file is truncated within its header.")
    return layout.unpack(header)
