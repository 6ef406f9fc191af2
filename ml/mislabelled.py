"""Labels that are likely wrong: the network rules them out, and the drawing is not new to it."""

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.mnist import Labelled
from ml.normalize import SIDE
from ml.runtime import CLASSES, DIGITS, Recognizer

RULED_OUT: Final = 0.001  # below this probability; who honestly corrects a misread digit is above
SURE: Final = 0.9  # from this probability on
LIKE: Final = 5  # so many of the most alike are asked, and half of them must say so too
AT_ONCE: Final = 100

Mask = npt.NDArray[np.bool_]


def likely_mislabelled(data: Labelled, live: Recognizer) -> Mask:
    """Which labels are likely wrong, (n,) bool.

    Those that `live` rules out, being sure of another digit; where it is sure of none, the drawing
    may be new to it, and is believed if most of those like it have the same label. Filters of this
    kind: C. E. Brodley and M. A. Friedl, "Identifying Mislabeled Training Data", 1999.
    """
    read = np.array([live.probabilities(image) for image in data.images]).reshape(-1, CLASSES)
    likely: Mask = read[np.arange(len(data)), data.labels] < RULED_OUT
    new = np.flatnonzero(likely & (read[:, :DIGITS].max(axis=1, initial=0) < SURE))
    likely[new] = _stands_alone(data.images[new], data.labels[new])
    return likely


def _stands_alone(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]) -> Mask:
    """Whether most of those that are most alike (correlation of pixels) are labelled otherwise."""
    vectors = images.reshape(len(images), SIDE * SIDE).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    alone = np.zeros(len(images), bool)
    for start in range(0, len(images), AT_ONCE):
        alike = vectors[start : start + AT_ONCE] @ vectors.T
        here = np.arange(start, start + len(alike))
        alike[here - start, here] = -np.inf  # itself: asked last, where there are too few others
        nearest = np.argsort(-alike, axis=1)[:, :LIKE]
        alone[here] = (labels[nearest] != labels[here, None]).mean(axis=1) > 0.5
    return alone
