"""The array types and the image size that all of ml shares."""

from typing import Final

import numpy as np
import numpy.typing as npt

IMAGE_SIDE: Final = 28  # pixels, the width and the height of the model input

GreyImage = npt.NDArray[np.uint8]  # (height, width), 0 black to 255 white
InkImage = npt.NDArray[np.uint8]  # (height, width), 0 paper to 255 full ink
Pixels = npt.NDArray[np.uint8]  # (28, 28), the model input: 0 paper to 255 full ink
Images = npt.NDArray[np.uint8]  # (n, 28, 28), n model inputs
Labels = npt.NDArray[np.uint8]  # (n,), 0..9 for the digits, 10 for "not a digit"
Indices = npt.NDArray[np.intp]  # (n,), positions in an array
Mask = npt.NDArray[np.bool_]  # any shape, True for each chosen element
Field = npt.NDArray[np.float32]  # (height, width) or (n, height, width), one number per pixel
