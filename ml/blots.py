"""Connected ink: which pixels touch each other."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.intp]


def connected(ink: Mask) -> Labels:
    """0 for paper, for ink the same number wherever it touches, corners as well."""
    labels = np.where(ink, np.arange(1, ink.size + 1).reshape(ink.shape), 0)
    while True:
        before = labels
        labels = _spread_along_rows(_spread_along_rows(labels).T).T
        labels = np.maximum(labels, _from_corners(labels)) * ink
        if (labels == before).all():
            numbers = np.unique(np.append(0, labels), return_inverse=True)[1]
            return np.asarray(numbers[1:].reshape(ink.shape))


def _spread_along_rows(labels: Labels) -> Labels:
    """Each unbroken run of ink takes the highest number in it."""
    flat = np.pad(labels, ((0, 0), (0, 1))).ravel()  # no run goes on in the next row
    starts = np.flatnonzero(np.diff(flat > 0, prepend=~(flat[:1] > 0)))
    highest = np.maximum.reduceat(flat, starts)
    spread = highest.repeat(np.diff(starts, append=len(flat)))
    return np.asarray(spread.reshape(len(labels), -1)[:, :-1])


def _from_corners(labels: Labels) -> Labels:
    padded = np.pad(labels, 1)
    corners = padded[:-2, :-2], padded[:-2, 2:], padded[2:, :-2], padded[2:, 2:]
    return np.asarray(np.maximum.reduce(corners))
