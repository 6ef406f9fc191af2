"""Show which parts of an image a prediction depends on: cover each part and predict again.

The method is occlusion sensitivity: M. D. Zeiler and R. Fergus, "Visualizing and Understanding
Convolutional Networks", 2014, section 4.2.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import IMAGE_SIDE, Pixels
from ml.runtime import Recognizer, to_prediction

PATCH_SIZE: Final = 5  # pixels, about the width of a stroke
STRIDE: Final = 2  # pixels between neighbouring patches

HeatMap = npt.NDArray[np.float32]  # (28, 28), -1..1


def occlusion(pixels: Pixels, recognizer: Recognizer) -> HeatMap:
    """Return how much the predicted label's probability drops when each pixel is covered.

    A pixel's value, in -1..1, is the mean drop over all patches that cover it. A negative value
    means that the label is more probable without the ink there.
    """
    before = recognizer.predict_proba(pixels)
    label = to_prediction(before).label
    drop = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    patch_counts = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    starts = [*range(0, IMAGE_SIDE - PATCH_SIZE, STRIDE), IMAGE_SIDE - PATCH_SIZE]
    for row in starts:
        for column in starts:
            patch = slice(row, row + PATCH_SIZE), slice(column, column + PATCH_SIZE)
            patch_counts[patch] += 1
            if pixels[patch].any():  # Covering blank paper changes nothing.
                occluded = pixels.copy()
                occluded[patch] = 0
                drop[patch] += before[label] - recognizer.predict_proba(occluded)[label]
    return np.asarray(drop / patch_counts)
