"""Decode HEIC files with pillow_heif.

`decode.py` imports this module with the first HEIC file, because pillow_heif takes memory, and
most processes never receive one.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif

pillow_heif.options.DECODE_THREADS = 1  # More threads would take more memory.
# The decoder would copy these.
pillow_heif.options.THUMBNAILS = pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


def decode_pixels(data: bytes) -> npt.NDArray[Any]:
    """Return the pixels of the main image, (height, width, channels).

    Raises `RuntimeError` or `ValueError` if the file is damaged.
    """
    file = pillow_heif.open_heif(data)
    return np.asarray(file[file.primary_index])
