"""Adjust a prediction to one person's earlier drawings, without training.

The method follows Tip-Adapter (R. Zhang et al., "Tip-Adapter: Training-Free Adaption of CLIP for
Few-Shot Classification", 2022): each drawing whose label the person has given supports that label
if the new drawing is similar to it. A drawing whose prediction the person has seen and left
uncorrected supports the predicted label, with a lower weight (D.-H. Lee, "Pseudo-Label: The Simple
and Efficient Semi-Supervised Learning Method for Deep Neural Networks", 2013). A sample of MNIST's
training images, the background, supports the digits with a small weight. Without it, a memory of
nothing but mistakes would grow too strong.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import Embedding, Indices, Labels, Probabilities
from ml.runtime import CLASS_COUNT, DIGIT_COUNT, Outputs

# Chosen on the drawings of writers 1 to 15 and on MNIST's validation images.
# docs/personal-memory.md evaluates them on other writers.
SHARPNESS: Final = 7.0  # A higher value lets only more similar drawings count.
WEIGHT: Final = 10.0
BACKGROUND_WEIGHT: Final = 0.03  # of each of the 1,000 images, compared with a person's drawing
MIN_PROBABILITY: Final = (
    1e-6  # A lower probability counts as this one, so that it can be outweighed.
)
# Subtracted from the similarity of an uncorrected drawing: its support is a quarter of the support
# of a corrected one.
UNCORRECTED_DISCOUNT: Final = 0.2
MIN_SIMILARITY: Final = 0.5  # of a drawing that `nearest` returns
EMBEDDING_SCALE: Final = 127  # of the embeddings in a `Memory`

StoredEmbeddings = npt.NDArray[np.int8]  # (n, 64), embeddings times EMBEDDING_SCALE, rounded


@dataclass(frozen=True)
class Memory:
    """One person's earlier drawings: their labels and their embeddings.

    The first `corrected_count` drawings have a label that the person has given. The others have the
    label that was predicted.
    """

    labels: Labels
    embeddings: StoredEmbeddings
    corrected_count: int

    def similarity(self, embedding: Embedding) -> npt.NDArray[np.float32]:
        """Return the cosine similarity of each drawing to a new one, (n,) in -1.2..1.

        `UNCORRECTED_DISCOUNT` is subtracted for uncorrected drawings.
        """
        scaled = np.asarray(embedding / EMBEDDING_SCALE, np.float32)
        similarity = self.embeddings.astype(np.float32) @ scaled
        similarity[self.corrected_count :] -= UNCORRECTED_DISCOUNT
        return similarity

    def nearest(self, similarity: npt.NDArray[np.float32], label: int, count: int) -> Indices:
        """Return the indices of at most `count` similar drawings that were corrected to the label.

        The most similar one comes first. `similarity`, (n,), is that of all drawings.
        """
        is_similar = similarity[: self.corrected_count] >= MIN_SIMILARITY
        candidates = np.flatnonzero(is_similar & (self.labels[: self.corrected_count] == label))
        return candidates[np.argsort(-similarity[candidates])][:count]


def to_stored(embedding: Embedding) -> StoredEmbeddings:
    """Return an embedding in the form in which a `Memory` stores it: one byte per number."""
    return np.rint(embedding * EMBEDDING_SCALE).astype(np.int8)


def personalize(
    outputs: Outputs, similarity: npt.NDArray[np.float32], labels: Labels
) -> Probabilities:
    """Return the probabilities of the eleven classes, given the person's earlier drawings.

    `similarity`, (n,), and `labels`, (n,), describe these drawings. The support of a drawing is
    exp(SHARPNESS * (similarity - 1)). The logit of each class rises by `WEIGHT` times the root of
    its summed support. Because of the root, a second similar drawing counts less than the first.
    """
    kernel = np.exp(SHARPNESS * (similarity - 1))
    support = np.bincount(labels, kernel, CLASS_COUNT).astype(np.float64)
    support[:DIGIT_COUNT] += BACKGROUND_WEIGHT * outputs.background
    logits = np.log(np.maximum(outputs.probabilities, MIN_PROBABILITY))
    logits = logits + WEIGHT * np.sqrt(support)
    odds = np.exp(logits - logits.max())
    return np.asarray(odds / odds.sum(), np.float32)
