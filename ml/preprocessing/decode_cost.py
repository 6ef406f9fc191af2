"""Estimate how long Pillow would need to decode a file, before opening it.

A small file can take long to decode. A JPEG may contain many scans, each of which covers the whole
image. A PNG may unpack a megabyte from each kilobyte. Ten megabytes may contain millions of tiny
comments, and each of them takes some time.
"""

import re
import struct
from collections.abc import Iterator
from typing import Final

BUDGET_MICROSECONDS: Final = 500_000  # ordinary images need a few hundred
# The maximum time in microseconds, measured on a machine of 2025. A part is a PNG chunk, a JPEG
# segment or a GIF block.
PART_COST: Final = 5
STRAY_BYTE_COST: Final = 0.5  # for a byte that is not in any part
JPEG_SCAN_COST: Final = 10_000  # for a scan of 13 million pixels
PNG_TEXT_COST: Final = 3_000  # for any ancillary chunk: at worst, a text of one megabyte
GIF_SUB_BLOCK_COST: Final = 2

PNG, JPEG, GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"  # how files of each format begin
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
MARKER: Final = re.compile(rb"\xff+([^\x00\xff])")
MARKER_IN_SCAN: Final = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
# Pillow expects the next marker immediately after these, and a length after all others.
STANDALONE_MARKERS: Final = frozenset((0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)))


def is_too_expensive(data: bytes) -> bool:
    """Return whether decoding the file is estimated to take longer than the budget."""
    spent = 0.0
    for cost in _costs(data):
        spent += cost
        if spent > BUDGET_MICROSECONDS:
            return True
    return False


def _costs(data: bytes) -> Iterator[float]:
    """Return the cost of each part in microseconds. WebP and unknown formats have no costs."""
    if data.startswith(PNG):
        return _png_costs(data)
    if data.startswith(JPEG):
        return _jpeg_costs(data)
    return _gif_costs(data) if data.startswith(GIF) else iter(())


def _png_costs(data: bytes) -> Iterator[float]:
    offset = len(PNG)
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        yield PNG_TEXT_COST if kind[:1].islower() else PART_COST
        offset += 12 + length


def _jpeg_costs(data: bytes) -> Iterator[float]:
    offset, scans = 2, 0
    while found := (MARKER_IN_SCAN if scans else MARKER).search(data, offset):
        marker = found[1][0]
        if scans and marker == END_OF_IMAGE:
            return
        if not scans:
            yield STRAY_BYTE_COST * (found.end() - offset)
        scans += marker == START_OF_SCAN
        yield JPEG_SCAN_COST if marker == START_OF_SCAN else PART_COST
        offset = found.end()
        if marker not in STANDALONE_MARKERS:
            offset += int.from_bytes(data[offset : offset + 2])


def _gif_costs(data: bytes) -> Iterator[float]:
    offset, frames = 13 + _colour_table_size(data[10:11]), 0
    while offset < len(data) and frames < 2:  # Files with a second frame are rejected anyway.
        kind = data[offset : offset + 1]
        if kind == b"!":
            offset += 2
        elif kind == b",":
            frames += 1
            offset += 11 + _colour_table_size(data[offset + 9 : offset + 10])
        else:
            yield STRAY_BYTE_COST
            offset += 1
            continue
        yield PART_COST
        while size := int.from_bytes(data[offset : offset + 1]):
            yield GIF_SUB_BLOCK_COST
            offset += 1 + size
        offset += 1


def _colour_table_size(flags: bytes) -> int:
    """Return the size in bytes of the colour table that `flags` declares.

    `flags` is one byte, or empty if the file ends before that byte.
    """
    bits = int.from_bytes(flags)
    return 3 << (bits & 7) + 1 if bits & 128 else 0
