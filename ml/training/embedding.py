"""Fit the projection from the network's last hidden layer to the embedding."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.arrays import EMBEDDING_SIZE

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Projection:
    """An affine map: subtract `mean`, (features,), then multiply by `matrix`, (features, size)."""

    mean: Floats
    matrix: Floats


def fit_projection(features: Floats) -> Projection:
    """Return the projection to the main principal components, partly whitened.

    `features`, (n, features), are the last hidden layer for training images. The first components
    separate the digits, and the later ones the ways to write a digit. A full whitening would give
    all of them the same variance, and also amplify noise. So each component is divided by the root
    of its variance plus the mean variance.
    """
    mean = features.mean(axis=0)
    variances, vectors = np.linalg.eigh(np.cov(features, rowvar=False))
    variances, vectors = variances[-EMBEDDING_SIZE:], vectors[:, -EMBEDDING_SIZE:]
    matrix = vectors / np.sqrt(variances + variances.mean())
    return Projection(mean.astype(np.float32), matrix.astype(np.float32))
