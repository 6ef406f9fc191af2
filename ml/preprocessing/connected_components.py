"""Label the connected components of ink."""

import numpy as np
import numpy.typing as npt

from ml.arrays import Mask

Components = npt.NDArray[np.intp]  # (height, width), 0 is paper, 1, 2, ... are the components


def label_components(ink: Mask) -> Components:
    """Label the connected components of ink (8-connected: diagonal neighbours are connected)."""
    labels = np.where(ink, np.arange(1, ink.size + 1).reshape(ink.shape), 0)
    while True:
        before = labels
        labels = _spread_along_rows(_spread_along_rows(labels).T).T
        labels = np.maximum(labels, _from_corners(labels)) * ink
        if (labels == before).all():
            numbers = np.unique(np.append(0, labels), return_inverse=True)[1]
            return np.asarray(numbers[1:].reshape(ink.shape))


def _spread_along_rows(labels: Components) -> Components:
    """Give all pixels of each unbroken run of ink in a row the run's highest label."""
    # The padding ends each run at the end of its row.
    flat = np.pad(labels, ((0, 0), (0, 1))).ravel()
    starts = np.flatnonzero(np.diff(flat > 0, prepend=~(flat[:1] > 0)))
    highest = np.maximum.reduceat(flat, starts)
    spread = highest.repeat(np.diff(starts, append=len(flat)))
    return np.asarray(spread.reshape(len(labels), -1)[:, :-1])


def _from_corners(labels: Components) -> Components:
    """Return the highest label among each pixel's four diagonal neighbours."""
    padded = np.pad(labels, 1)
    corners = padded[:-2, :-2], padded[:-2, 2:], padded[2:, :-2], padded[2:, 2:]
    return np.asarray(np.maximum.reduce(corners))
