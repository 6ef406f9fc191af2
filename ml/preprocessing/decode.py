"""Decode image files to grey images, and reject unsuitable files."""

import io
import struct
import warnings
from typing import Any, Final, cast

import numpy as np
from PIL import AvifImagePlugin, Image

from ml.arrays import GreyImage
from ml.preprocessing import decode_cost, heif

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")  # of Pillow; HEIC has its own decoder
TOO_LARGE: Final = "The image has too many pixels for its format."
DAMAGED: Final = "The image is damaged or incomplete."
ANIMATED: Final = "The image is animated. Send a still image."
# Above twice this value, Pillow raises before it allocates memory for an image or a frame.
Image.MAX_IMAGE_PIXELS = max(decode_cost.MAX_PIXELS.values()) // 2
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # More threads would take more memory.
# Pillow warns about bad metadata with many different texts, and Python remembers each of them.
warnings.filterwarnings("ignore", module=r"PIL\.")
# Pillow raises these for damaged files, as fuzzing with tests/fuzz/images.py showed.
DECODE_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    AssertionError,
    struct.error,
    RuntimeError,  # of pillow_heif
)
EXIF_ORIENTATION: Final = 0x0112  # the EXIF tag for the orientation of the camera
EXIF_TRANSPOSE: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The keys of EXIF data in Pillow's `Image.info`. Parsing it takes time, and cameras store less.
EXIF_KEYS: Final = ("exif", "Raw profile type exif")
MAX_EXIF_LENGTH: Final = 65_535
MIN_ALPHA: Final = 16  # of 255; ink that is more transparent stays faint
MIN_DEEP_RANGE: Final = 64  # of 65,535; an image of 16 bits with fewer different greys is blank
MIN_CONTRAST: Final = 96  # of 255, between the darkest and the brightest pixel
MAX_SIDE: Final = 512  # pixels; larger images are shrunk, because the model input has only 28
PAGE_SIDE: Final = 1280  # pixels; the limit for a page with many digits
KEPT_SHARE: Final = 0.95  # of the rows of a JPEG without an end
MISSING_GREY: Final = 128  # the decoder fills missing parts of a JPEG with it
START_OF_JPEG: Final = b"\xff\xd8"
END_OF_JPEG: Final = b"\xff\xd9"
STRIP_PIXELS: Final = 250_000  # large images are converted and shrunk in strips of this size


class BadImageError(ValueError):
    """An image cannot be used. `code` is for programs, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def decode(data: bytes, max_side: int = MAX_SIDE) -> GreyImage:
    """Decode an image file to a grey image.

    Returns (height, width) uint8, 0 is black, 255 is white. The longer side is at most `max_side`,
    and large images have at least 2 × `MAX_SIDE` pixels on it if `max_side` allows that.
    The image is turned upright according to its EXIF data. Transparent parts become paper that
    contrasts with the ink. If a JPEG lacks up to 5% of its rows at the end, they are left out.
    Raises `BadImageError` if `data` is not a HEIC or an image in one of `FORMATS`, is damaged, is
    animated, or would take too much memory or time to decode, as estimated.
    """
    try:
        cost = _check_cost(data)
        grey = _to_grey(_load_heic(data, cost) if cost.is_heic else _load(_open(data, cost), cost))
    except BadImageError:
        raise
    except DECODE_ERRORS as error:
        raise BadImageError("damaged_image", DAMAGED) from error
    except Image.DecompressionBombError as error:
        raise BadImageError("image_too_large", TOO_LARGE) from error
    grey.thumbnail((max_side, max_side), Image.Resampling.BOX)
    return np.asarray(grey)


def lacks_end(data: bytes) -> bool:
    """Return whether the file is a JPEG without its end, whose missing rows `decode` leaves out."""
    return data.startswith(START_OF_JPEG) and decode_cost.estimate(data).lacks_end


def _check_cost(data: bytes) -> decode_cost.DecodeCost:
    """Return the estimated cost of the file. Raises `BadImageError` if it is refused."""
    cost = decode_cost.estimate(data)
    if cost.is_animated:
        raise BadImageError("animated_image", ANIMATED)
    if cost.is_too_large:
        raise BadImageError("image_too_large", TOO_LARGE)
    if cost.is_damaged:
        raise BadImageError("damaged_image", DAMAGED)
    if cost.is_too_slow:
        raise BadImageError("damaged_image", "The file has more parts than an image needs.")
    return cost


def _open(data: bytes, cost: decode_cost.DecodeCost) -> Image.Image:
    """Open the file without decoding its pixels. Raises `BadImageError` if it is unsuitable."""
    if cost.lacks_end:
        data += END_OF_JPEG
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except DECODE_ERRORS as error:
        raise BadImageError(
            "not_an_image",
            "This file is not a supported image. Send a PNG, JPEG, WebP, GIF, HEIC or AVIF image.",
        ) from error
    except Image.DecompressionBombError as error:
        raise BadImageError("image_too_large", TOO_LARGE) from error
    # A file with two contradicting headers must not cost more than estimated.
    if image.width * image.height > cost.pixels:
        raise BadImageError("damaged_image", DAMAGED)
    return image


def _load(image: Image.Image, cost: decode_cost.DecodeCost) -> Image.Image:
    """Decode the pixels, shrink the image to less than four times `MAX_SIDE`, and turn it upright.

    The result has the mode L, RGB or RGBA. Raises `BadImageError` if the image is animated.
    """
    # Many cameras store a JPEG with a smaller copy behind it. Pillow calls this format MPO.
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise BadImageError("animated_image", ANIMATED)
    # The JPEG decoder can shrink the image while decoding. Other formats ignore this call.
    factor = _shrink_factor(image)
    image.draft(
        "L" if image.mode == "L" else "RGB", (image.width // factor, image.height // factor)
    )
    image.load()
    if cost.lacks_end:
        image = _without_end(image)
    shrunk = _shrink(image, _shrink_factor(image))
    transpose = EXIF_TRANSPOSE.get(_orientation(image))
    return shrunk if transpose is None else shrunk.transpose(transpose)


def _without_end(image: Image.Image) -> Image.Image:
    """Leave out the last rows of a JPEG if they are missing.

    Raises `BadImageError` if more is missing. The decoder goes from left to right and from top to
    bottom, so the end of a row tells whether everything above it is there.
    """
    kept_rows = max(1, int(KEPT_SHARE * image.height))
    if not _is_missing(image, image.height - 1):
        return image
    if image.mode not in ("L", "RGB") or _is_missing(image, kept_rows - 1):
        raise BadImageError("damaged_image", DAMAGED)
    return image.crop((0, 0, image.width, kept_rows))


def _is_missing(image: Image.Image, row: int) -> bool:
    """Return whether the decoder has filled the end of the row."""
    end = np.asarray(image.crop((max(0, image.width - 8), row, image.width, row + 1)))
    return bool((abs(end.astype(int) - MISSING_GREY) <= 1).all())  # CMYK is inverted.


def _load_heic(data: bytes, cost: decode_cost.DecodeCost) -> Image.Image:
    """Decode the main image of a HEIC file, and shrink it as `_load` does.

    Pillow would need another copy of it.
    """
    from ml.preprocessing import heic  # takes memory

    pixels = heic.decode_pixels(heif.without_rotation(data) if cost.quarter_turns else data)
    height, width = pixels.shape[:2]
    factor = max(1, min(max(width, height) // (2 * MAX_SIDE), width, height))
    rows = max(1, STRIP_PIXELS // width // factor) * factor
    strips = (Image.fromarray(pixels[top : top + rows]) for top in range(0, height, rows))
    shrunk = [
        np.asarray(_convert(strip, strip.has_transparency_data, (0, 255)).reduce(factor))
        for strip in strips
    ]
    return Image.fromarray(np.rot90(np.concatenate(shrunk), cost.quarter_turns))


def _orientation(image: Image.Image) -> Any:
    """Return the EXIF orientation, or 1 (upright) if there is none or the EXIF data is too long."""
    if max(len(image.info.get(key, "")) for key in EXIF_KEYS) > MAX_EXIF_LENGTH:
        return 1
    return image.getexif().get(EXIF_ORIENTATION, 1)


def _shrink_factor(image: Image.Image) -> int:
    """Return the factor that leaves at least 2 × `MAX_SIDE` pixels, but no side without pixels."""
    factor = max(image.size) // (2 * MAX_SIDE)
    return max(1, min(factor, *image.size))


def _shrink(image: Image.Image, factor: int) -> Image.Image:
    """Convert the image to L, RGB or RGBA, and shrink it.

    A large image is converted in strips, because a copy of the whole image could take 52 MB.
    """
    has_transparency = image.has_transparency_data
    greys = _grey_range(image)
    if factor == 1:
        return _convert(image, has_transparency, greys)
    width, height = image.size
    rows = max(1, STRIP_PIXELS // width // factor) * factor
    shrunk = None
    for top in range(0, height, rows):
        area = (0, top, width, min(top + rows, height))
        strip = _convert(image.crop(area), has_transparency, greys).reduce(factor)
        shrunk = shrunk or Image.new(strip.mode, (strip.width, -(-height // factor)))
        shrunk.paste(strip, (0, top // factor))
    assert shrunk is not None
    return shrunk


def _grey_range(image: Image.Image) -> tuple[int, int]:
    """Return the lowest and the highest grey of an image with 16 bits per pixel.

    Cameras and scanners often use only some of the 16 bits.
    """
    if not image.mode.startswith("I"):
        return 0, 255
    low, high = cast("tuple[int, int]", image.getextrema())
    return low, max(high, low + MIN_DEEP_RANGE)


def _convert(image: Image.Image, has_transparency: bool, greys: tuple[int, int]) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits per pixel: Pillow would clip most greys to white.
        low, high = greys
        values = np.asarray(image).astype(np.int32) - low
        return Image.fromarray((values * 255 // (high - low)).astype(np.uint8))
    if has_transparency:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _to_grey(image: Image.Image) -> Image.Image:
    grey = _grey_with_contrast(image)
    if image.mode != "RGBA":
        return grey
    alpha = image.getchannel("A")
    lowest, highest = cast("tuple[int, int]", alpha.getextrema())
    if lowest == 255:
        return grey
    # The least transparent part counts as opaque, so that half-transparent ink is strong.
    alpha = alpha.point([min(255, 255 * level // max(MIN_ALPHA, highest)) for level in range(256)])
    return Image.composite(grey, Image.new("L", grey.size, _background_grey(grey, alpha)), alpha)


def _grey_with_contrast(image: Image.Image) -> Image.Image:
    """Return the luminance, or the channel with the most contrast if the luminance has little.

    Yellow on white, for example, is hardly visible in the luminance.
    """
    grey = image.convert("L")
    if image.mode == "L" or _contrast(grey) >= MIN_CONTRAST:
        return grey
    return max((grey, *image.convert("RGB").split()), key=_contrast)


def _contrast(channel: Image.Image) -> int:
    return int(np.ptp(channel.getextrema()))


def _background_grey(grey: Image.Image, alpha: Image.Image) -> int:
    """Return the grey to put behind a transparent image.

    If most of the image is transparent, the opaque part is ink, and the background must contrast
    with the ink. Otherwise, the opaque part includes the paper, so the median grey of the opaque
    part is the background.
    """
    opaque = np.asarray(grey)[np.asarray(alpha) > 127]
    if opaque.size == 0:
        return 255
    if opaque.size < grey.width * grey.height / 2:
        return 0 if opaque.mean() > 127 else 255
    return int(np.median(opaque))
