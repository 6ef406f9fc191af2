"""Fit the part of the exported model that compares drawings: the embedding and the background."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import EMBEDDING_SIZE, Labels

BACKGROUND_SIZE: Final = 1000  # training images

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class EmbeddingHead:
    """The parameters of the embedding, and a sample of MNIST's training images.

    The embedding of the last hidden layer h, (features,), is (h - `mean`) @ `matrix`, scaled to
    length 1. `background`, (n, EMBEDDING_SIZE), are the embeddings of the sample, and `labels`,
    (n,), its digits.
    """

    mean: Floats
    matrix: Floats
    background: Floats
    labels: Labels


def fit_embedding(features: Floats, labels: Labels) -> EmbeddingHead:
    """Return the projection to the main principal components, partly whitened, and the sample.

    `features`, (n, features), are the last hidden layer for training images, and `labels`, (n,),
    their digits. The first components separate the digits, and the later ones the ways to write a
    digit. A full whitening would give all of them the same variance, and also amplify noise. So
    each component is divided by the root of its variance plus the mean variance.
    """
    mean = features.mean(axis=0)
    # np.cov would copy the features twice as float64.
    centred = features - mean
    covariance = centred.T @ centred / np.float32(len(features) - 1)
    variances, vectors = np.linalg.eigh(covariance)
    variances, vectors = variances[-EMBEDDING_SIZE:], vectors[:, -EMBEDDING_SIZE:]
    matrix = vectors / np.sqrt(variances + variances.mean())
    # The sample is the same for each version with the same training images.
    chosen = np.random.default_rng(0).permutation(len(features))[:BACKGROUND_SIZE]
    background = (features[chosen] - mean) @ matrix
    background /= np.linalg.norm(background, axis=1, keepdims=True)
    return EmbeddingHead(
        mean.astype(np.float32),
        matrix.astype(np.float32),
        background.astype(np.float32),
        labels[chosen],
    )
