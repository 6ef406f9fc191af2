"""Show which parts of an image a prediction depends on: cover each part and predict again.

M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", 2014,
section 4.2 (occlusion sensitivity).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import IMAGE_SIDE, Pixels
from ml.runtime import Recognizer, to_prediction

PATCH_SIZE: Final = 5  # pixels; a patch covers a stroke, not a large part of a digit
STRIDE: Final = 2  # pixels from one patch to the next

HeatMap = npt.NDArray[np.float32]  # (28, 28), -1..1


def occlusion(pixels: Pixels, recognizer: Recognizer) -> HeatMap:
    """Return how much the predicted label's probability falls when each pixel is covered.

    A pixel's value, in -1..1, is the mean over all patches that cover it. A negative value means
    that the prediction is more confident without the ink there.
    """
    before = recognizer.predict_proba(pixels)
    label = to_prediction(before).label
    fall = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    covered = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)  # number of patches
    starts = [*range(0, IMAGE_SIDE - PATCH_SIZE, STRIDE), IMAGE_SIDE - PATCH_SIZE]
    for row in starts:
        for column in starts:
            patch = slice(row, row + PATCH_SIZE), slice(column, column + PATCH_SIZE)
            covered[patch] += 1
            if pixels[patch].any():  # covering blank paper changes nothing
                without = pixels.copy()
                without[patch] = 0
                fall[patch] += before[label] - recognizer.predict_proba(without)[label]
    return np.asarray(fall / covered)
