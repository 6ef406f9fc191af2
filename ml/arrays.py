"""The types and the image size that all modules of ml share."""

from typing import Final

import numpy as np
import numpy.typing as npt

IMAGE_SIDE: Final = 28  # width and height of the model input, in pixels
EMBEDDING_SIZE: Final = 64

GreyImage = npt.NDArray[np.uint8]  # (height, width), 0 is black, 255 is white
InkImage = npt.NDArray[np.uint8]  # (height, width), 0 is paper, 255 is full ink
Pixels = npt.NDArray[np.uint8]  # (28, 28), one model input: 0 is paper, 255 is full ink
Images = npt.NDArray[np.uint8]  # (n, 28, 28), n model inputs
Labels = npt.NDArray[np.uint8]  # (n,), 0..9 for the digits, 10 for "not a digit"
Indices = npt.NDArray[np.intp]  # (n,), indices into another array
Mask = npt.NDArray[np.bool_]  # any shape, True for each selected element
Field = npt.NDArray[np.float32]  # (height, width) or (n, height, width), one number per pixel
Probabilities = npt.NDArray[np.float32]  # (11,), of the ten digits and "not a digit"
Embedding = npt.NDArray[np.float32]  # (64,), of length 1; similar drawings have similar embeddings
Box = tuple[float, float, float, float]  # left, top, width and height, as shares of a picture
