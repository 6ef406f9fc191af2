"""`python -m tests.fuzz.largest FILE...`: decode each image file in a process of its own.

Prints the growth of each process's memory in MB.

`largest()` makes the largest accepted files of each format and mode.
"""

import io
import resource
import sys
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

from ml.preprocessing.decode import decode
from ml.preprocessing.decode_budget import MAX_PIXELS
from ml.preprocessing.heif_cost import HEIC_DEEP_BYTES, HEIC_WHOLE_BYTES, MAX_BYTES
from tests.fuzz.corpus import GREY, encoded

MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "GIF": ("L", "P"),
    "WEBP": ("RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
    "AVIF": ("L", "RGB", "RGBA"),
    "HEIC": ("L", "RGB"),
}
OPTIONS = {"AVIF": {"speed": 10}, "HEIC": {"tile_size": 512}}
# HEIC files have sides of even length, so some pixels are left.
WHOLE_PIXELS = 0.99 * MAX_BYTES / HEIC_WHOLE_BYTES
DEEP_PIXELS = 0.99 * MAX_BYTES / HEIC_DEEP_BYTES
# A JPEG with several scans: its mode and subsampling, and the most pixels for which the decoder may
# hold the coefficients.
SCANS = {
    "grey": ("L", -1, 24_000_000),
    "4:4:4": ("RGB", 0, 8_000_000),
    "4:2:0": ("RGB", 2, 16_000_000),
}


def largest():
    """Return a dict from the name of each file to a function that returns its bytes."""
    files = {
        f"{mode}.{format}": lambda mode=mode, format=format: encoded(
            square(mode, MAX_PIXELS[format]), format, **OPTIONS.get(format, {})
        )
        for format, modes in MODES.items()
        for mode in modes
    }
    for name, (mode, subsampling, pixels) in SCANS.items():
        files[f"{name} scans.JPEG"] = lambda mode=mode, sampling=subsampling, pixels=pixels: (
            encoded(square(mode, pixels), "JPEG", progressive=True, subsampling=sampling)
        )
    return files | {
        "thin.JPEG": lambda: encoded(Image.new("RGB", (65_000, 780)), "JPEG"),
        "noise.AVIF": lambda: encoded(
            noise(MAX_PIXELS["AVIF"]), "AVIF", speed=10, subsampling="4:4:4", quality=20
        ),
        "tiled photo.HEIC": lambda: encoded(photo(12_200_000), "HEIC", tile_size=512, quality=10),
        "whole photo, turned.HEIC": lambda: encoded(
            photo(WHOLE_PIXELS),
            "HEIC",
            exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0",
        ),
        "transparent.HEIC": lambda: encoded(noise(DEEP_PIXELS), "HEIC", chroma=444, quality=10),
        "10 bits.HEIC": lambda: deep_heic(DEEP_PIXELS),
        "noise.WEBP": lambda: encoded(noise(MAX_PIXELS["WEBP"]), "WEBP", lossless=True, method=0),
        "transparent palette.PNG": lambda: encoded(
            square("P", MAX_PIXELS["PNG"]), "PNG", transparency=bytes(range(256))
        ),
    }


def square(mode, pixels, extra=0):
    """Return the largest square image with at most `pixels`, or with sides longer by `extra`."""
    side = int(pixels**0.5) + extra
    return Image.new(mode, (side, side))


def noise(pixels):
    side = int(pixels**0.5)
    return Image.merge("RGBA", [Image.effect_noise((side, side), 90) for _ in "RGBA"])


def photo(pixels):
    """Return a photo of a phone, with 3 pixels of height for 4 of width."""
    width = int((pixels * 4 / 3) ** 0.5) // 128 * 128
    return (
        Image.effect_noise((width // 4, 3 * width // 16), 20)
        .resize((width, 3 * width // 4))
        .convert("RGB")
    )


def deep_heic(pixels):
    """Return noise with 10 bits for each channel."""
    side = int(pixels**0.5)
    data = np.random.default_rng(0).bytes(8 * side * side)
    buffer = io.BytesIO()
    image = pillow_heif.from_bytes("RGBA;16", (side, side), data)
    image.save(buffer, quality=10, chroma=444, enc_params={"preset": "ultrafast"})
    return buffer.getvalue()


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000  # kilobytes on Linux


def memory_growth(path):
    data = Path(path).read_bytes()
    before = peak_megabytes()
    decode(data)
    return peak_megabytes() - before


def main(paths):
    for format in MODES:  # Load the decoders.
        decode(encoded(GREY, format))
    # The peak of a forked process begins with the memory that the process has at that time.
    with get_context("fork").Pool(1, maxtasksperchild=1) as processes:
        print(*processes.map(memory_growth, paths, chunksize=1))


if __name__ == "__main__":
    main(sys.argv[1:])
