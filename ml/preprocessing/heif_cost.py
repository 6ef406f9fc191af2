"""Estimate how much time and memory it would take to decode a HEIC or AVIF file.

Such a file may contain many images, and state a small size for a large one.
"""

from itertools import chain
from typing import Final

from ml.preprocessing import heif, video_headers
from ml.preprocessing.decode_budget import MAX_PIXELS, PART_COST, PIXEL_COST, DecodeCost

MAX_BYTES: Final = 64_000_000  # the memory to decode a HEIC file
# The memory for each pixel.
HEIC_TILED_BYTES: Final = 5.1
HEIC_WHOLE_BYTES: Final = 5.9
HEIC_DEEP_BYTES: Final = (
    21.5  # with transparency, more than 8 bits, fine colours, or turned and cropped
)
HEVC_PADDING: Final = 64  # pixels; the stream may be larger than the image by this

HEIF_BYTE_COST: Final = 0.065  # microseconds, measured like `PIXEL_COST`
HEIC_DEEP_TIME: Final = 2.0  # times as long with transparency, more than 8 bits or fine colours


def add_heif(data: bytes, cost: DecodeCost) -> None:
    """Add the cost of all images in the file."""
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
