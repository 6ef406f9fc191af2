"""How long a file may keep Pillow busy, judged by its parts before it is opened.

Each part of a file costs time, however small it is: a JPEG may scan its picture over and over, a
PNG may unpack a megabyte from each kilobyte, and ten megabytes hold millions of comments.
"""

import re
import struct
from collections.abc import Iterator
from typing import Final

MOST: Final = 500_000  # microseconds: ordinary pictures need some hundred
# What a part costs at most, in microseconds, on a machine of 2025.
PART: Final = 5
BYTE: Final = 0.5  # that belongs to no part
SCAN: Final = 10_000  # of 13 million pixels
UNPACKED: Final = 3_000  # a megabyte, where Pillow stops
BLOCK: Final = 2  # of a GIF

PNG, JPEG, GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
MARKER: Final = re.compile(rb"\xff+([^\x00\xff])")
MARKER_IN_SCAN: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
# After these Pillow expects the next one at once, after others their length.
ALONE: Final = frozenset((0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)))


def cost_too_much(data: bytes) -> bool:
    """Whether there are more parts than any picture needs."""
    spent = 0.0
    for cost in _costs(data):
        spent += cost
        if spent > MOST:
            return True
    return False


def _costs(data: bytes) -> Iterator[float]:
    if data.startswith(PNG):
        return _of_png(data)
    if data.startswith(JPEG):
        return _of_jpeg(data)
    return _of_gif(data) if data.startswith(GIF) else iter(())


def _of_png(data: bytes) -> Iterator[float]:
    at = len(PNG)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield UNPACKED if kind[:1].islower() else PART
        at += 12 + length


def _of_jpeg(data: bytes) -> Iterator[float]:
    at, scans = 2, 0
    while found := (MARKER_IN_SCAN if scans else MARKER).search(data, at):
        marker = found[1][0]
        if scans and marker == END_OF_IMAGE:
            return
        if not scans:
            yield BYTE * (found.end() - at)
        scans += marker == START_OF_SCAN
        yield SCAN if marker == START_OF_SCAN else PART
        at = found.end()
        if marker not in ALONE:
            at += int.from_bytes(data[at : at + 2])


def _of_gif(data: bytes) -> Iterator[float]:
    at, pictures = 13 + _colours(data[10:11]), 0
    while at < len(data) and pictures < 2:  # it is refused at the second
        kind = data[at : at + 1]
        if kind == b"!":
            at += 2
        elif kind == b",":
            pictures += 1
            at += 11 + _colours(data[at + 9 : at + 10])
        else:
            yield BYTE
            at += 1
            continue
        yield PART
        while size := int.from_bytes(data[at : at + 1]):
            yield BLOCK
            at += 1 + size
        at += 1


def _colours(flags: bytes) -> int:
    """The length of the table of colours that they announce."""
    announced = int.from_bytes(flags)
    return 3 << (announced & 7) + 1 if announced & 128 else 0
