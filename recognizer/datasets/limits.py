"""Read datasets from strangers without holding more than a small part of a file in memory."""

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from recognizer.datasets import DatasetError

# zipfile decompresses members of other types, such as bzip2, without a limit.
COMPRESSION_TYPES: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED: Final = 0x1  # a bit of the flags of a member
# zipfile raises these for damaged ZIP files, and for features that it does not support.
ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    OverflowError,
    ValueError,
    struct.error,
)


def require_regular_file(path: Path) -> Path:
    """Return the path. A pipe or a device may never end.

    Raises `DatasetError` if it exists and is not a regular file.
    """
    if path.exists() and not path.is_file():
        raise DatasetError(f"{path} is not a regular file.")
    return path


def read_lines(file: IO[str], name: str, max_length: int) -> Iterator[tuple[int, str]]:
    """Yield (line number, line), without blank lines at the end. `name` is that of the file.

    Raises `DatasetError` if a line is longer than `max_length` characters, or not UTF-8, or if a
    line follows a blank one.
    """
    number, first_blank = 1, None
    try:
        while line := file.readline(max_length + 1):
            if len(line) > max_length:
                raise DatasetError(f"{name}, line {number} has more than {max_length} characters.")
            if not line.strip():
                first_blank = first_blank or number
            elif first_blank:
                raise DatasetError(f"{name}, line {first_blank} is empty.")
            else:
                yield number, line
            number += 1
    except UnicodeDecodeError as error:
        raise DatasetError(f"{name}, line {number}: {error}") from error


def open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo | str) -> IO[bytes]:
    """Open a file in a ZIP file. `read(n)` of the result decompresses about n bytes.

    Raises `DatasetError` if the file is encrypted or compressed with another method than deflate.
    """
    info = archive.getinfo(member) if isinstance(member, str) else member
    if info.compress_type not in COMPRESSION_TYPES or info.flag_bits & ENCRYPTED:
        raise DatasetError(f"{info.filename} must be stored or deflated, and not encrypted.")
    return archive.open(info)
