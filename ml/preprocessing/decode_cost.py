"""Estimate how much time and memory Pillow would need to decode a file, before opening it.

A small file can cost much. Half a kilobyte of WebP may contain millions of pixels. A JPEG may
contain many scans, each of which covers the whole image. A PNG may unpack a megabyte from each
kilobyte. Ten megabytes may contain millions of tiny comments, and each of them takes some time.
`heif_cost` estimates HEIC and AVIF files.
"""

import re
import struct
from typing import Final

from ml.preprocessing import heif, png
from ml.preprocessing.decode_budget import MAX_PIXELS, PART_COST, DecodeCost
from ml.preprocessing.heif_cost import add_heif

__all__ = ["MAX_PIXELS", "DecodeCost", "estimate"]

# The decoder holds the coefficients of a whole JPEG if it has several scans.
MAX_COEFFICIENT_BYTES: Final = 48_000_000

# The maximum time in microseconds, measured like `PIXEL_COST`.
JPEG_BYTE_COST: Final = 0.015
# Pillow joins the EXIF segments of a JPEG one by one, and parses up to 65,535 entries.
JPEG_EXIF_COST: Final = 1_000
JPEG_EXIF_BYTE_COST: Final = 0.25
JPEG_SCAN_COST: Final = 10_000  # for a scan of up to 13 million pixels
JPEG_SCAN_PIXEL_COST: Final = 0.0008  # if the scan has more pixels
PNG_TEXT_COST: Final = 3_000  # for any ancillary chunk: at worst, a text of one megabyte
GIF_SUB_BLOCK_COST: Final = 2
STRAY_BYTE_COST: Final = 0.5  # for a byte that is not in any part

JPEG, GIF = b"\xff\xd8\xff", b"GIF8"  # how files of these formats begin
START_OF_SCAN, END_OF_IMAGE, EXIF_MARKER, EXIF = 0xDA, 0xD9, 0xE1, b"Exif\0\0"
START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
FRAME_BYTES: Final = 8 + 3 * 255  # the header of a frame with the most components
PROGRESSIVE: Final = (0xC2, 0xC6, 0xCA, 0xCE)
MARKER: Final = re.compile(rb"\xff([^\x00\xff])")
MARKER_IN_SCAN: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
GIF_BLOCK: Final = re.compile(rb"[!,]")  # how blocks begin
# Pillow expects the next marker immediately after these, and a length after all others.
STANDALONE_MARKERS: Final = frozenset((0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)))


def estimate(data: bytes) -> DecodeCost:
    """Estimate the cost of decoding the file.

    The estimate is incomplete if the file is too large or too slow.
    """
    cost = DecodeCost()
    if data.startswith(png.SIGNATURE):
        _add_png(data, cost)
    elif data.startswith(JPEG):
        _add_jpeg(data, cost)
    elif data.startswith(GIF):
        _add_gif(data, cost)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _add_webp(data, cost)
    elif heif.is_heif(data):
        add_heif(data, cost)
    return cost


def _add_png(data: bytes, cost: DecodeCost) -> None:
    if len(data) >= 24:
        cost.add_frame("PNG", *struct.unpack_from(">II", data, 16))
    offset = len(png.SIGNATURE)
    while offset + 8 <= len(data) and not cost.is_too_slow:
        length, kind = struct.unpack_from(">I4s", data, offset)
        cost.microseconds += PNG_TEXT_COST if kind[:1].islower() else PART_COST
        offset += 12 + length


def _add_webp(data: bytes, cost: DecodeCost) -> None:
    """Add the cost of the canvas, whose size is at a different place in each kind of file."""
    if len(data) < 30:
        return
    if data[12:16] == b"VP8X":
        width, height = (int.from_bytes(data[i : i + 3], "little") + 1 for i in (24, 27))
    elif data[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (size & 0x3FFF for size in struct.unpack_from("<HH", data, 26))
    cost.add_frame("WEBP", width, height)


def _add_jpeg(data: bytes, cost: DecodeCost) -> None:
    cost.microseconds += JPEG_BYTE_COST * len(data)
    offset, scans, bytes_per_pixel, is_progressive = 2, 0, 0.0, False
    while found := (MARKER_IN_SCAN if scans else MARKER).search(data, offset):
        marker = found[1][0]
        if cost.is_too_slow or (scans and marker == END_OF_IMAGE):
            return
        if not scans:
            cost.microseconds += STRAY_BYTE_COST * (found.end() - offset)
        offset = found.end()
        cost.microseconds += PART_COST
        if marker in START_OF_FRAME and len(data) >= offset + 8:
            cost.add_frame("JPEG", *struct.unpack_from(">HH", data, offset + 3))
            is_progressive |= marker in PROGRESSIVE
            frame = data[offset : offset + FRAME_BYTES]
            bytes_per_pixel = max(bytes_per_pixel, _coefficient_bytes(frame))
        elif marker == START_OF_SCAN:
            scans += 1
            cost.microseconds += max(JPEG_SCAN_COST, JPEG_SCAN_PIXEL_COST * cost.pixels)
            if scans > 1:
                cost.is_too_large |= bytes_per_pixel * cost.pixels > MAX_COEFFICIENT_BYTES
        if marker not in STANDALONE_MARKERS:
            length = int.from_bytes(data[offset : offset + 2])
            if marker == EXIF_MARKER and data.startswith(EXIF, offset + 2):
                cost.microseconds += JPEG_EXIF_COST + JPEG_EXIF_BYTE_COST * length
            offset += length
    if not scans:
        cost.microseconds += STRAY_BYTE_COST * max(0, len(data) - offset)
    cost.lacks_end = scans == 1 and not is_progressive


def _coefficient_bytes(frame: bytes) -> float:
    """Return the number of bytes of the coefficients for each pixel, in a frame header.

    Each coefficient has two bytes. A component may have fewer coefficients than the image has
    pixels: its sampling factors are relative to the largest ones.
    """
    factors = [(each >> 4, each & 15) for each in frame[9 : 9 + 3 * frame[7] : 3]]
    largest = max((h for h, _ in factors), default=0) * max((v for _, v in factors), default=0)
    return 2 * sum(h * v for h, v in factors) / largest if largest else 0.0


def _add_gif(data: bytes, cost: DecodeCost) -> None:
    offset, frames = 13 + _colour_table_size(data[10:11]), 0
    if len(data) >= 10:
        cost.add_frame("GIF", *struct.unpack_from("<HH", data, 6))
    # Files with a second frame are rejected anyway.
    while offset < len(data) and frames < 2 and not cost.is_too_slow:
        kind = data[offset : offset + 1]
        if kind == b"!":
            offset += 2
        elif kind == b",":
            frames += 1
            if len(data) >= offset + 9:
                left, top, width, height = struct.unpack_from("<HHHH", data, offset + 1)
                cost.add_frame("GIF", left + width, top + height)
            offset += 11 + _colour_table_size(data[offset + 9 : offset + 10])
        else:
            stray = GIF_BLOCK.search(data, offset)
            end = stray.start() if stray else len(data)
            cost.microseconds += STRAY_BYTE_COST * (end - offset)
            offset = end
            continue
        cost.microseconds += PART_COST
        offset = _skip_sub_blocks(data, offset, cost)


def _skip_sub_blocks(data: bytes, offset: int, cost: DecodeCost) -> int:
    while (size := int.from_bytes(data[offset : offset + 1])) and not cost.is_too_slow:
        cost.microseconds += GIF_SUB_BLOCK_COST
        offset += 1 + size
    return offset + 1


def _colour_table_size(flags: bytes) -> int:
    """Return the size in bytes of the colour table that `flags` declares.

    `flags` is one byte, or empty if the file ends before that byte.
    """
    bits = int.from_bytes(flags)
    return 3 << (bits & 7) + 1 if bits & 128 else 0
