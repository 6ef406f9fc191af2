"""`python -m tests.fuzz.largest FILE`: decode an image file. Print the growth of the memory in MB.

`largest()` makes the largest accepted files of each format and mode.
"""

import resource
import sys
from pathlib import Path

from PIL import Image

from ml.preprocessing.decode import decode
from ml.preprocessing.decode_cost import MAX_PIXELS
from tests.fuzz.corpus import GREY, encoded

MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "GIF": ("L", "P"),
    "WEBP": ("RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
}
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
            square(mode, MAX_PIXELS[format]), format
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


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000  # kilobytes on Linux


def main(path):
    for format in MODES:  # Load the decoders.
        decode(encoded(GREY, format))
    data = Path(path).read_bytes()
    before = peak_megabytes()
    decode(data)
    print(peak_megabytes() - before)


if __name__ == "__main__":
    main(sys.argv[1])
