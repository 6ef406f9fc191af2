"""Convert the stored pixels of a submission."""

import numpy as np

from ml.arrays import IMAGE_SIDE, Pixels


def to_array(pixels: bytes | memoryview) -> Pixels:
    """Return a stored model input, 28×28 bytes, as an array."""
    return np.frombuffer(pixels, np.uint8).reshape(IMAGE_SIDE, IMAGE_SIDE)
