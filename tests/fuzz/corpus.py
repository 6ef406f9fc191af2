"""Small image files in all accepted formats, and animated ones. `images.py` mutates them."""

import io
import struct
import zlib
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image, PngImagePlugin

pillow_heif.register_heif_opener()  # also lets Pillow write HEIC
RNG = np.random.default_rng(6)
GREY = Image.fromarray(RNG.integers(0, 256, (9, 12)).astype(np.uint8))
STROKE = Image.new("L", (40, 40), 255)
STROKE.paste(0, (18, 6, 22, 34))
DEEP = Image.fromarray(RNG.integers(0, 65536, (9, 12)).astype(np.uint16))
MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
    "GIF": ("L", "P", "RGBA"),
    "WEBP": ("L", "RGB", "RGBA"),
    "AVIF": ("L", "RGB", "RGBA"),
    "HEIC": ("L", "RGB", "RGBA"),
}


@cache
def pictures():
    """Return a dict from the name of each file to its bytes."""
    plain = {
        f"{mode}.{format}": encoded(GREY.convert(mode), format)
        for format, modes in MODES.items()
        for mode in modes
    }
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "turned"
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "b" * 50, zip=True)
    text.add_itxt("c", "d" * 50, zip=True)
    frames = {"save_all": True, "append_images": [GREY.convert("RGB"), GREY.rotate(180)]}
    palette = GREY.convert("P")
    return plain | {
        "stroke.PNG": encoded(STROKE, "PNG"),
        "16 bits.PNG": encoded(DEEP, "PNG"),
        "exif.PNG": encoded(GREY, "PNG", exif=exif),
        "text.PNG": encoded(GREY, "PNG", pnginfo=text, icc_profile=b"no profile" * 9),
        "transparent colour.PNG": encoded(palette, "PNG", transparency=3),
        "transparent palette.PNG": encoded(palette, "PNG", transparency=bytes(range(256))),
        "animated.PNG": encoded(GREY, "PNG", **frames),
        "exif.JPEG": encoded(GREY, "JPEG", exif=exif, icc_profile=b"no profile" * 9),
        "scans.JPEG": encoded(GREY.convert("RGB"), "JPEG", progressive=True),
        "restarts.JPEG": encoded(GREY, "JPEG", restart_marker_rows=1),
        "transparent colour.GIF": encoded(palette, "GIF", transparency=3),
        "animated.GIF": encoded(GREY, "GIF", **frames),
        "exif.WEBP": encoded(GREY, "WEBP", exif=exif, icc_profile=b"no profile" * 9),
        "lossless.WEBP": encoded(GREY.convert("RGB"), "WEBP", lossless=True),
        "animated.WEBP": encoded(GREY, "WEBP", **frames),
        "exif.AVIF": encoded(GREY, "AVIF", exif=exif, icc_profile=b"no profile" * 9),
        "animated.AVIF": encoded(GREY, "AVIF", **frames),
        "exif.HEIC": encoded(GREY, "HEIC", exif=exif, icc_profile=b"no profile" * 9),
        "tiles.HEIC": encoded(STROKE.resize((150, 150)), "HEIC", tile_size=64),
        "10 bits.HEIC": encoded(DEEP, "HEIC"),
        "end missing.JPEG": encoded(STROKE.resize((200, 200)), "JPEG")[:-8],
    }


def encoded(image, format, **options):
    buffer = io.BytesIO()
    if format == "HEIC":
        format, options = "HEIF", {"enc_params": {"preset": "ultrafast"}} | options
    image.save(buffer, format, **options)
    return buffer.getvalue()


def png_chunk(kind, data):
    """Return a chunk of a PNG with its checksum."""
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def fix_checksums(data):
    """Fix the checksums of a mutated PNG, because Pillow would ignore its chunks otherwise."""
    chunks, rest = [data[:8]], data[8:]
    while len(rest) >= 12:
        (length,) = struct.unpack(">I", rest[:4])
        if length > len(rest) - 12:
            break
        chunks.append(png_chunk(rest[4:8], rest[8 : 8 + length]))
        rest = rest[12 + length :]
    return b"".join([*chunks, rest])
