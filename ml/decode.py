"""Image bytes in, grey picture out; what is no picture of ours is refused in words."""

import io
import struct
import warnings
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml import parts

Grey = npt.NDArray[np.uint8]

PNG: Final = b"\x89PNG\r\n\x1a\n"  # how such a file begins
FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
MAX_PIXELS: Final = 13_000_000  # a 12-megapixel phone photo fits
TOO_LARGE: Final = f"The image has more than {MAX_PIXELS // 1_000_000} million pixels."
# Pillow refuses twice as many, before it makes room for a picture or for a part of one.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# Strange metadata makes Pillow warn, each time in other words, and Python remembers all of them.
warnings.filterwarnings("ignore", module=r"PIL\.")
# What Pillow raises for a damaged file: found by tests/fuzz/images.py.
DAMAGED: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    AssertionError,
    struct.error,
)
ORIENTATION: Final = 0x0112  # of EXIF: how a phone was held
UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
MIN_RANGE: Final = 96  # of 255, between the darkest and the brightest grey of a fair picture
MAX_SIDE: Final = 512  # what is kept of a larger picture: plenty for a 20 px digit


class BadImageError(ValueError):
    """An image that cannot be read; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def decode(data: bytes) -> Grey:
    """Decode an image file to a grey picture.

    Returns (height, width) uint8, 0 black to 255 white, longest side at most `MAX_SIDE`,
    upright as EXIF says, transparency laid on paper that contrasts with the ink.
    Raises `BadImageError` when `data` is no single still picture in one of `FORMATS`,
    is damaged, or has more than `MAX_PIXELS` pixels.
    """
    image = _open(data)
    try:
        is_animated = getattr(image, "is_animated", False)
        grey = None if is_animated else _to_grey(_load(image))
    except DAMAGED as error:
        raise BadImageError("damaged_image", "The image is damaged or cut short.") from error
    except Image.DecompressionBombError as error:
        raise BadImageError("image_too_large", TOO_LARGE) from error
    if grey is None:
        raise BadImageError("animated_image", "The image is animated: send a single still picture.")
    grey.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    return np.asarray(grey)


def encode_png(grey: Grey) -> bytes:
    """The picture as PNG bytes without metadata; `decode` gives the same pixels back.

    Pillow tries five filters on each row, of which drawings need none: that takes far longer, for
    more bytes (PNG specification, third edition, 2025, sections 5.3 and 9.2).
    """
    height, width = grey.shape
    rows = np.zeros((height, 1 + width), np.uint8)  # each begins with its filter: 0, none
    rows[:, 1:] = grey
    packer = zlib.compressobj(strategy=zlib.Z_RLE)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = packer.compress(rows.tobytes()) + packer.flush()
    return PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _open(data: bytes) -> Image.Image:
    """Read the header only, and refuse by it."""
    if parts.cost_too_much(data):
        raise BadImageError("damaged_image", "The image has more parts than a picture needs.")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except DAMAGED as error:
        raise BadImageError(
            "not_an_image", "This is not an image that can be read: send PNG, JPEG, WebP or GIF."
        ) from error
    except Image.DecompressionBombError as error:
        raise BadImageError("image_too_large", TOO_LARGE) from error
    return image


def _load(image: Image.Image) -> Image.Image:
    """Decode what `_open()` has let in, upright."""
    # A JPEG decoder can shrink while it reads; the call does nothing to other formats.
    image.draft("L" if image.mode == "L" else "RGB", (2 * MAX_SIDE, 2 * MAX_SIDE))
    image.load()
    turn = UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def _to_grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion would clip to white
        values = np.asarray(image).astype(np.uint32)
        return Image.fromarray((values >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return _grey_with_contrast(image)
    if image.mode != "RGBA":  # or the conversion would be a copy
        image = image.convert("RGBA")
    grey, alpha = _grey_with_contrast(image), image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return grey
    return Image.composite(grey, Image.new("L", grey.size, _paper(grey, alpha)), alpha)


def _grey_with_contrast(image: Image.Image) -> Image.Image:
    """The luminance, or where that shows little (yellow on white), the colour that shows most."""
    grey = image.convert("L")
    if image.mode == "L" or _range(grey) >= MIN_RANGE:
        return grey
    return max((grey, *image.convert("RGB").split()), key=_range)


def _range(channel: Image.Image) -> int:
    return int(np.ptp(channel.getextrema()))


def _paper(grey: Image.Image, alpha: Image.Image) -> int:
    """The grey to lay under a transparent picture.

    Where most is transparent, what is opaque is ink, and the paper must differ from it;
    where most is opaque, it holds its own paper, and the holes in it take the same grey.
    """
    opaque = np.asarray(grey)[np.asarray(alpha) > 127]
    if opaque.size == 0:
        return 255
    if opaque.size < grey.width * grey.height / 2:
        return 0 if opaque.mean() > 127 else 255
    return int(np.median(opaque))
