"""NPZ with the array names of Keras's `mnist.npz`: x_train, y_train, x_test, y_test."""

import shutil
import tokenize
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Self

from numpy.lib import format as npy

from recognizer.datasets import PIXEL_COUNT, SPLITS, DatasetError, Row, Split
from recognizer.datasets.limits import ZIP_ERRORS, open_member, require_regular_file
from recognizer.serving.stored_pixels import IMAGE_SIDE

FILE: Final = "mnist.npz"
# NumPy raises these for a header that is not the text of a dict with a shape and a type.
HEADER_ERRORS: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    SyntaxError,
    RecursionError,
    MemoryError,  # for deeply nested brackets
    tokenize.TokenError,
)


class Writer:
    """Write `mnist.npz`.

    An NPZ file is a ZIP file with one .npy file per array. The header of an .npy file contains the
    number of rows, which is known only at the end. Until then, the pixels are kept in temporary
    files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pixels = {split: (folder / f"x_{split}").open("w+b") for split in SPLITS}
        self._labels = {split: bytearray() for split in SPLITS}

    def __enter__(self) -> Self:
        return self

    def write(self, row: Row) -> None:
        self._pixels[row.split].write(row.pixels)
        self._labels[row.split].append(row.label)

    def __exit__(self, *error: object) -> None:
        # This also runs after an error, to close the temporary files. The exporter then deletes the
        # folder with the incomplete archive.
        with zipfile.ZipFile(self._folder / FILE, "w", zipfile.ZIP_DEFLATED) as archive:
            for split in SPLITS:
                self._write_arrays(archive, split)

    def _write_arrays(self, archive: zipfile.ZipFile, split: Split) -> None:
        pixels, labels = self._pixels[split], self._labels[split]
        with archive.open(f"x_{split}.npy", "w", force_zip64=True) as member:
            _write_header(member, (len(labels), IMAGE_SIDE, IMAGE_SIDE))
            pixels.seek(0)
            shutil.copyfileobj(pixels, member)
        with archive.open(f"y_{split}.npy", "w", force_zip64=True) as member:
            _write_header(member, (len(labels),))
            member.write(labels)
        pixels.close()
        (self._folder / f"x_{split}").unlink()


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, or of `mnist.npz` in a folder.

    The images have the shape (n, 28, 28) or (n, 784). Raises `DatasetError` if the file, an array
    or a row is invalid.
    """
    path = path / FILE if path.is_dir() else path
    try:
        with zipfile.ZipFile(require_regular_file(path)) as archive:
            for split in SPLITS:
                with (
                    open_member(archive, f"x_{split}.npy") as images,
                    open_member(archive, f"y_{split}.npy") as labels,
                ):
                    yield from _read_split(images, labels, split)
    except (*ZIP_ERRORS, KeyError) as error:
        raise DatasetError(f"{path} is not a valid NPZ file: {error}") from error


def _read_split(images: IO[bytes], labels: IO[bytes], split: Split) -> Iterator[Row]:
    x, y = f"x_{split}", f"y_{split}"
    image_shape, pixel_size = _read_header(images)
    label_shape, label_size = _read_header(labels)
    if image_shape[1:] not in ((IMAGE_SIDE, IMAGE_SIDE), (PIXEL_COUNT,)) or pixel_size != 1:
        raise DatasetError(f"{x} must have 1-byte integers and the shape (n, 28, 28) or (n, 784).")
    if label_shape != image_shape[:1]:
        raise DatasetError(f"{x} has {image_shape[0]} images, but {y} has {label_shape[0]} labels.")
    for index in range(image_shape[0]):
        pixels, label = images.read(PIXEL_COUNT), labels.read(label_size)
        if len(pixels) < PIXEL_COUNT or len(label) < label_size:
            raise DatasetError(f"{x} or {y} is truncated at row {index}.")
        yield Row(pixels, int.from_bytes(label, "little"), split)


def _write_header(member: IO[bytes], shape: tuple[int, ...]) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(member, header)


def _read_header(member: IO[bytes]) -> tuple[tuple[int, ...], int]:
    """Return the shape of an array and the size of its items in bytes."""
    # Later versions are for headers of up to 4 GB.
    if npy.read_magic(member) != (1, 0):
        raise DatasetError("The arrays must have version 1.0 of the .npy format.")
    try:
        shape, fortran_order, dtype = npy.read_array_header_1_0(member)
    except HEADER_ERRORS as error:
        raise DatasetError(f"The header of an array is not valid: {error}") from error
    if fortran_order or dtype.kind not in "ui" or dtype.byteorder == ">" or not shape:
        raise DatasetError(
            "The arrays must contain little-endian integers in C order "
            "and have at least one dimension."
        )
    return shape, dtype.itemsize
