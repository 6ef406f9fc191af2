"""The time and memory that decoding a file may take, and the cost that counts against them."""

from dataclasses import dataclass
from typing import Final

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
# Pillow keeps each row separately, so millions of short rows would take far more than 64 MB.
MAX_DECODED_SIDE: Final = 65_535  # pixels; JPEG and GIF allow no more

# The maximum time in microseconds, measured on a machine of 2025.
PIXEL_COST: Final = {
    "JPEG": 0.006,
    "PNG": 0.03,
    "GIF": 0.01,
    "WEBP": 0.1,
    "AVIF": 0.05,
    "HEIC": 0.015,
}
PART_COST: Final = 5  # A part is a PNG chunk, a JPEG segment or a GIF block.


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
