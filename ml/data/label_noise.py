"""Flag corrections whose label is probably wrong."""

from typing import Final

import numpy as np

from ml.arrays import IMAGE_SIDE, Images, Labels, Mask
from ml.data.mnist import LabelledImages
from ml.runtime import CLASSES, DIGITS, Recognizer

# When people correct a wrong prediction, the network nearly always gives their label more.
RULED_OUT_PROBABILITY: Final = 0.001
CONFIDENT_PROBABILITY: Final = 0.9  # the network is confident of a digit from here on
NEIGHBOURS: Final = 5  # more than half of these must have another label
BATCH_SIZE: Final = 100  # images whose similarity to all others is in memory at once


def flag_label_noise(data: LabelledImages, live: Recognizer) -> Mask:
    """Return which labels are probably wrong, (n,) bool.

    A label is flagged if `live` rules it out and is confident of another digit. If it is not
    confident of any digit, the drawing may be new to it, and the label is flagged only if most of
    the similar drawings have another one. C. E. Brodley and M. A. Friedl describe such filters
    ("Identifying Mislabeled Training Data", 1999).
    """
    probabilities = np.array([live.predict_proba(image) for image in data.images])
    probabilities = probabilities.reshape(-1, CLASSES)
    flagged: Mask = probabilities[np.arange(len(data)), data.labels] < RULED_OUT_PROBABILITY
    confidence = probabilities[:, :DIGITS].max(axis=1, initial=0)
    unfamiliar = np.flatnonzero(flagged & (confidence < CONFIDENT_PROBABILITY))
    flagged[unfamiliar] = _disagrees_with_neighbours(
        data.images[unfamiliar], data.labels[unfamiliar]
    )
    return flagged


def _disagrees_with_neighbours(images: Images, labels: Labels) -> Mask:
    """Return whether most of the images with the highest pixel correlation have another label."""
    vectors = images.reshape(len(images), IMAGE_SIDE * IMAGE_SIDE).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    disagrees = np.zeros(len(images), bool)
    for start in range(0, len(images), BATCH_SIZE):
        similarity = vectors[start : start + BATCH_SIZE] @ vectors.T
        here = np.arange(start, start + len(similarity))
        # An image is its own neighbour only if there are too few others.
        similarity[here - start, here] = -np.inf
        nearest = np.argsort(-similarity, axis=1)[:, :NEIGHBOURS]
        disagrees[here] = (labels[nearest] != labels[here, None]).mean(axis=1) > 0.5
    return disagrees
