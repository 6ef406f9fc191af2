"""Estimate how much time and memory Pillow would need to decode a file, before opening it.

A small file can cost much. Half a kilobyte of WebP may contain millions of pixels. A JPEG may
contain many scans, each of which covers the whole image. A PNG may unpack a megabyte from each
kilobyte. Ten megabytes may contain millions of tiny comments, and each of them takes some time.
A HEIC or AVIF file may contain many images, and state a small size for a large one.
"""

import re
import struct
from dataclasses import dataclass
from itertools import chain
from typing import Final

from ml.preprocessing import heif, png, video_headers

BUDGET_MICROSECONDS: Final = 500_000  # ordinary images need a few hundred
# With these numbers of pixels, decoding takes at most 64 MB.
MAX_PIXELS: Final = {
    "JPEG": 51_000_000,  # the decoder can shrink it
    "PNG": 13_000_000,
    "GIF": 13_000_000,
    "WEBP": 2_400_000,  # the decoder makes several copies
    "AVIF": 2_400_000,  # the same, and the frames may have 12 bits
    "HEIC": 12_500_000,  # in tiles, as cameras write them
}
MAX_BYTES: Final = 64_000_000
# The memory to decode a HEIC file, for each pixel.
HEIC_TILED_BYTES: Final = 5.1
HEIC_WHOLE_BYTES: Final = 5.9
HEIC_DEEP_BYTES: Final = (
    21.5  # with transparency, more than 8 bits, fine colours, or turned and cropped
)
HEVC_PADDING: Final = 64  # pixels; the stream may be larger than the image by this
# Pillow keeps each row separately, so millions of short rows would take far more than 64 MB.
MAX_DECODED_SIDE: Final = 65_535  # pixels; JPEG and GIF allow no more
# The decoder holds the coefficients of a whole JPEG if it has several scans.
MAX_COEFFICIENT_BYTES: Final = 48_000_000

# The maximum time in microseconds, measured on a machine of 2025.
PIXEL_COST: Final = {
    "JPEG": 0.006,
    "PNG": 0.03,
    "GIF": 0.01,
    "WEBP": 0.1,
    "AVIF": 0.05,
    "HEIC": 0.015,
}
HEIC_DEEP_TIME: Final = 2.0  # with transparency, more than 8 bits or fine colours
HEIF_BYTE_COST: Final = 0.065
JPEG_BYTE_COST: Final = 0.015
# Pillow joins the EXIF segments of a JPEG one by one, and parses up to 65,535 entries.
JPEG_EXIF_COST: Final = 1_000
JPEG_EXIF_BYTE_COST: Final = 0.25
JPEG_SCAN_COST: Final = 10_000  # for a scan of up to 13 million pixels
JPEG_SCAN_PIXEL_COST: Final = 0.0008  # if the scan has more pixels
PNG_TEXT_COST: Final = 3_000  # for any ancillary chunk: at worst, a text of one megabyte
GIF_SUB_BLOCK_COST: Final = 2
PART_COST: Final = 5  # A part is a PNG chunk, a JPEG segment or a GIF block.
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


@dataclass
class DecodeCost:
    """The estimated cost of decoding a file. An unknown format costs nothing."""

    pixels: int = 0
    microseconds: float = 0.0
    is_too_large: bool = False  # it would take too much memory
    is_damaged: bool = False
    is_animated: bool = False
    is_heic: bool = False  # Pillow cannot decode it
    quarter_turns: int = 0  # of a HEIC; its decoder would take much memory to turn it
    lacks_end: bool = False  # a JPEG with one scan, without the marker of its end

    @property
    def is_too_slow(self) -> bool:
        """Return whether decoding would take longer than the budget."""
        return self.microseconds > BUDGET_MICROSECONDS

    @property
    def is_refused(self) -> bool:
        """Return whether the file is certainly not decoded."""
        return self.is_too_large or self.is_too_slow or self.is_damaged or self.is_animated

    def add_frame(self, format: str, width: int, height: int) -> None:
        """Add the cost of the pixels of an image or of a frame."""
        pixels = width * height
        self.pixels = max(self.pixels, pixels)
        self.microseconds += PIXEL_COST[format] * pixels
        self.is_too_large |= pixels > MAX_PIXELS[format] or max(width, height) > MAX_DECODED_SIDE


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
        _add_heif(data, cost)
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


def _add_heif(data: bytes, cost: DecodeCost) -> None:
    cost.microseconds += HEIF_BYTE_COST * len(data)
    try:
        cost.is_animated = heif.is_animated(data)
        if not cost.is_animated:
            items = heif.read_items(data)
            kinds = {item.kind for item in items}
            cost.is_heic = b"hvc1" in kinds
            cost.is_damaged = cost.is_heic == (b"av01" in kinds)  # both, or no image
            (_add_hevc if cost.is_heic else _add_av1)(data, items, cost)
    except heif.TooManyItemsError:
        cost.is_too_large = True
    except (heif.HeifError, video_headers.StreamError):
        cost.is_damaged = True


def _add_hevc(data: bytes, items: list[heif.Item], cost: DecodeCost) -> None:
    """Add the cost of all images. The decoder refuses a stream larger than stated."""
    largest, is_plain, bytes_per_pixel = 0, True, HEIC_WHOLE_BYTES
    for item in items:
        if item.kind not in (b"hvc1", b"grid"):
            continue
        width, height = item.size
        if item.kind == b"hvc1":
            header = video_headers.hevc_configuration(item.properties.get(b"hvcC", b""))
            cost.is_damaged |= max(header.width - width, header.height - height) > HEVC_PADDING
            is_plain &= header.is_420 and not header.is_deep and not item.is_alpha
            cost.add_frame("HEIC", width, height)
            _add_hevc_units(item.read(data), width * height, cost)
        if item.is_primary and item.quarter_turns:
            if {b"clap", b"imir"} & set(item.properties):
                is_plain = False  # The order of the transformations matters.
            else:
                cost.quarter_turns = item.quarter_turns
        if width * height > largest:
            largest = width * height
            bytes_per_pixel = HEIC_TILED_BYTES if item.kind == b"grid" else HEIC_WHOLE_BYTES
    cost.pixels = largest
    cost.is_too_large |= largest > MAX_PIXELS["HEIC"]
    if not is_plain:
        bytes_per_pixel = HEIC_DEEP_BYTES
        cost.microseconds *= HEIC_DEEP_TIME
    cost.is_too_large |= largest * bytes_per_pixel > MAX_BYTES


def _add_hevc_units(stream: bytes, pixels: int, cost: DecodeCost) -> None:
    """Add the cost of the units. Each slice but the first may cover the whole picture again.

    Raises `StreamError` if the stream is not exactly one picture.
    """
    pictures = slices = 0
    for kind, begins_picture in video_headers.hevc_units(stream):
        cost.microseconds += PART_COST
        pictures += begins_picture
        if kind < video_headers.HEVC_PARAMETERS.start:
            slices += 1
            cost.microseconds += PIXEL_COST["HEIC"] * pixels if slices > 1 else 0
            if kind not in video_headers.HEVC_INDEPENDENT:
                raise video_headers.StreamError("a picture that depends on others")
        if kind in video_headers.HEVC_PARAMETERS or pictures > 1:
            raise video_headers.StreamError("several pictures in one image")
        if cost.is_too_slow:
            return
    cost.is_damaged |= pictures == 0


def _add_av1(data: bytes, items: list[heif.Item], cost: DecodeCost) -> None:
    """Add the cost of all frames. The decoder keeps earlier frames of a stream."""
    for item in items:
        if item.kind == b"grid":  # The decoder holds all its tiles.
            cost.is_too_large = True
        if item.kind != b"av01":
            continue
        width, height = item.size
        frames = 0
        configuration = item.properties.get(b"av1C", b"")[4:]
        units = chain(*map(video_headers.av1_units, (configuration, item.read(data))))
        for kind, content in units:
            cost.microseconds += PART_COST
            if kind == video_headers.AV1_SEQUENCE:
                header = video_headers.av1_sequence(content)
                width, height = max(width, header.width), max(height, header.height)
            frames += kind in (video_headers.AV1_FRAME_HEADER, video_headers.AV1_FRAME)
            if cost.is_too_slow:
                return
        cost.add_frame("AVIF", width, height * max(1, frames))
