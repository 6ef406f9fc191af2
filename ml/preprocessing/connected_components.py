"""Label connected ink: pixels that touch each other get the same number."""

import numpy as np
import numpy.typing as npt

from ml.arrays import Mask

Components = npt.NDArray[np.intp]  # (height, width), 0 paper, 1.. the number of the component


def label_components(ink: Mask) -> Components:
    """Return 0 for paper and one number for all ink that touches, diagonally too."""
    labels = np.where(ink, np.arange(1, ink.size + 1).reshape(ink.shape), 0)
    while True:
        before = labels
        labels = _spread_along_rows(_spread_along_rows(labels).T).T
        labels = np.maximum(labels, _from_corners(labels)) * ink
        if (labels == before).all():
            numbers = np.unique(np.append(0, labels), return_inverse=True)[1]
            return np.asarray(numbers[1:].reshape(ink.shape))


def _spread_along_rows(labels: Components) -> Components:
    """Give each unbroken run of ink in a row the highest number in it."""
    flat = np.pad(labels, ((0, 0), (0, 1))).ravel()  # the padding ends a run at the row's end
    starts = np.flatnonzero(np.diff(flat > 0, prepend=~(flat[:1] > 0)))
    highest = np.maximum.reduceat(flat, starts)
    spread = highest.repeat(np.diff(starts, append=len(flat)))
    return np.asarray(spread.reshape(len(labels), -1)[:, :-1])


def _from_corners(labels: Components) -> Components:
    """Return the highest number among each pixel's four diagonal neighbours."""
    padded = np.pad(labels, 1)
    corners = padded[:-2, :-2], padded[:-2, 2:], padded[2:, :-2], padded[2:, 2:]
    return np.asarray(np.maximum.reduce(corners))
