"""Flag drawings whose label is probably wrong."""

from typing import Final

import numpy as np

from ml.arrays import IMAGE_SIDE, Images, Labels, Mask
from ml.data.mnist import LabelledImages
from ml.runtime import CLASS_COUNT, DIGIT_COUNT, Recognizer

# When people correct a wrong prediction, the network's probability of the corrected label is nearly
# always higher than this.
RULED_OUT_PROBABILITY: Final = 0.001
CONFIDENT_PROBABILITY: Final = 0.9  # of a digit; below this, the drawing counts as unfamiliar
NEIGHBOUR_COUNT: Final = 5  # nearest neighbours that vote on a label
BATCH_SIZE: Final = 100  # images that are compared with all others at once


def flag_label_noise(data: LabelledImages, live: Recognizer) -> Mask:
    """Return which labels are probably wrong, (n,) bool.

    `live` is the live version's recognizer. A label is suspicious if `live` gives it a probability
    below `RULED_OUT_PROBABILITY`. If `live` is confident of a digit, the suspicious label is
    flagged. Otherwise, the shape may be unfamiliar to `live`. Then the label is flagged only if
    most of the nearest neighbours, among the unfamiliar drawings with a suspicious label, have
    another label. C. E. Brodley and M. A. Friedl describe such filters ("Identifying Mislabeled
    Training Data", 1999).
    """
    probabilities = np.array([live.predict_proba(image) for image in data.images])
    probabilities = probabilities.reshape(-1, CLASS_COUNT)
    flagged: Mask = probabilities[np.arange(len(data)), data.labels] < RULED_OUT_PROBABILITY
    confidence = probabilities[:, :DIGIT_COUNT].max(axis=1, initial=0)
    unfamiliar = np.flatnonzero(flagged & (confidence < CONFIDENT_PROBABILITY))
    flagged[unfamiliar] = _disagrees_with_neighbours(
        data.images[unfamiliar], data.labels[unfamiliar]
    )
    return flagged


def _disagrees_with_neighbours(images: Images, labels: Labels) -> Mask:
    """Return which labels differ from most of the image's nearest neighbours (by correlation)."""
    vectors = images.reshape(len(images), IMAGE_SIDE * IMAGE_SIDE).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    disagrees = np.zeros(len(images), bool)
    for start in range(0, len(images), BATCH_SIZE):
        similarity = vectors[start : start + BATCH_SIZE] @ vectors.T
        here = np.arange(start, start + len(similarity))
        # This ranks each image last among its own neighbours.
        similarity[here - start, here] = -np.inf
        nearest = np.argsort(-similarity, axis=1)[:, :NEIGHBOUR_COUNT]
        disagrees[here] = (labels[nearest] != labels[here, None]).mean(axis=1) > 0.5
    return disagrees
