"""Which parts of a picture an answer hangs on: cover each with paper, and look again.

M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", 2014,
section 4.2 (occlusion sensitivity).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.normalize import SIDE, Pixels
from ml.runtime import Recognizer, to_reading

PATCH: Final = 5  # pixels: covers a stroke, not a whole part of a digit
STEP: Final = 2  # pixels from one patch to the next

Heat = npt.NDArray[np.float32]


def occlusion(pixels: Pixels, recognizer: Recognizer) -> Heat:
    """How much the answer's probability falls when there is paper instead, (28, 28), -1..1.

    Each pixel has the mean over all patches that cover it. Below 0, the answer would be surer
    without it.
    """
    before = recognizer.probabilities(pixels)
    answer = to_reading(before).answer
    fall = np.zeros((SIDE, SIDE), np.float32)
    covered = np.zeros((SIDE, SIDE), np.float32)
    places = [*range(0, SIDE - PATCH, STEP), SIDE - PATCH]
    for row in places:
        for column in places:
            patch = slice(row, row + PATCH), slice(column, column + PATCH)
            covered[patch] += 1
            if pixels[patch].any():  # else it is paper already
                without = pixels.copy()
                without[patch] = 0
                fall[patch] += before[answer] - recognizer.probabilities(without)[answer]
    return np.asarray(fall / covered)
