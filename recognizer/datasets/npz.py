"""NPZ with the array names of Keras's `mnist.npz`: x_train, y_train, x_test, y_test."""

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, Self

from numpy.lib import format as npy

from recognizer.datasets import SIDE, SIZE, DatasetError, Row

FILE: Final = "mnist.npz"
NAMES: Final = {False: ("x_train", "y_train"), True: ("x_test", "y_test")}


class Writer:
    """Pixels wait in files beside it, because a member of a ZIP begins with its length."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pixels = {test: (folder / names[0]).open("w+b") for test, names in NAMES.items()}
        self._labels = {test: bytearray() for test in NAMES}

    def __enter__(self) -> Self:
        return self

    def write(self, row: Row) -> None:
        self._pixels[row.test].write(row.pixels)
        self._labels[row.test].append(row.label)

    def __exit__(self, *error: object) -> None:
        with zipfile.ZipFile(self._folder / FILE, "w", zipfile.ZIP_DEFLATED) as archive:
            for test, (x_name, y_name) in NAMES.items():
                count, pixels = len(self._labels[test]), self._pixels[test]
                with archive.open(f"{x_name}.npy", "w", force_zip64=True) as member:
                    _write_head(member, (count, SIDE, SIDE))
                    pixels.seek(0)
                    shutil.copyfileobj(pixels, member)
                with archive.open(f"{y_name}.npy", "w", force_zip64=True) as member:
                    _write_head(member, (count,))
                    member.write(self._labels[test])
                pixels.close()
                (self._folder / x_name).unlink()


def read(path: Path) -> Iterator[Row]:
    """Of a file, or of `mnist.npz` in a folder; images as (n, 28, 28) or (n, 784)."""
    path = path / FILE if path.is_dir() else path
    try:
        with zipfile.ZipFile(path) as archive:
            for test, (x_name, y_name) in NAMES.items():
                with (
                    archive.open(f"{x_name}.npy") as images,
                    archive.open(f"{y_name}.npy") as labels,
                ):
                    yield from _rows(images, labels, test, x_name)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DatasetError(f"{path} is no such file: {error}") from error


def _rows(images: IO[bytes], labels: IO[bytes], test: bool, name: str) -> Iterator[Row]:
    shape, size = _head(images)
    of_labels, label_size = _head(labels)
    if shape[1:] not in ((SIDE, SIDE), (SIZE,)) or size != 1:
        raise DatasetError(f"{name} must have the type uint8 and the shape (n, 28, 28).")
    if of_labels != shape[:1]:
        raise DatasetError(f"{name} has {shape[0]} images, and {of_labels[0]} labels.")
    for number in range(shape[0]):
        pixels, label = images.read(SIZE), labels.read(label_size)
        if len(pixels) < SIZE or len(label) < label_size:
            raise DatasetError(f"{name} or its labels end at number {number}.")
        yield Row(pixels, int.from_bytes(label, "little"), test)


def _write_head(member: IO[bytes], shape: tuple[int, ...]) -> None:
    head = {"descr": "|u1", "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(member, head)


def _head(member: IO[bytes]) -> tuple[tuple[int, ...], int]:
    """The array's shape, and the bytes of a number."""
    version = npy.read_magic(member)
    read_head: Any = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, in_columns, kind = read_head[version](member)
    if in_columns or kind.kind not in "ui" or kind.byteorder == ">" or not shape:
        raise DatasetError("The arrays must hold whole numbers, row after row.")
    return shape, kind.itemsize
