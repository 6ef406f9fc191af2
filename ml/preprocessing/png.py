"""Write grey images as PNG files."""

import struct
import zlib
from typing import Final

import numpy as np

from ml.arrays import GreyImage

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"  # the first bytes of each PNG file


def encode_png(grey: GreyImage) -> bytes:
    """Return the image as a PNG file without metadata.

    `ml.preprocessing.decode.decode` returns the same pixels if no side is longer than its
    `MAX_SIDE`. Pillow's encoder is not used, because it tries five filters on each row. For
    drawings, this takes far longer and makes the file larger (PNG specification, third edition,
    2025, sections 5.3 and 9.2).
    """
    height, width = grey.shape
    # Each row starts with its filter type. 0 means no filter.
    rows = np.zeros((height, 1 + width), np.uint8)
    rows[:, 1:] = grey
    compressor = zlib.compressobj(strategy=zlib.Z_RLE)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = compressor.compress(rows.tobytes()) + compressor.flush()
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
