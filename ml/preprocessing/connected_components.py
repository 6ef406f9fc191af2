"""Label the connected components of ink."""

import numpy as np
import numpy.typing as npt

from ml.arrays import Indices, Mask

Components = npt.NDArray[np.intp]  # (height, width), 0 is paper, 1, 2, ... are the components


def label_components(ink: Mask) -> Components:
    """Label the connected components of ink (8-connected: diagonal neighbours are connected).

    The components are numbered in the order of their last pixels, row by row. The algorithm joins
    unbroken runs of ink in neighbouring rows (L. He et al., "A Run-Based Two-Scan Labeling
    Algorithm", 2008).
    """
    steps = np.diff(ink.astype(np.int8), prepend=0, append=0, axis=1)
    (rows, starts), ends = np.nonzero(steps == 1), np.nonzero(steps == -1)[1]
    upper, lower = _touching_runs(rows, starts, ends, ink.shape[1])
    numbers = np.unique(_roots(len(rows), upper, lower), return_inverse=True)[1]
    labels = np.zeros(ink.shape, np.intp)
    labels[ink] = (numbers + 1).repeat(ends - starts)
    return labels


def _touching_runs(
    rows: Indices, starts: Indices, ends: Indices, width: int
) -> tuple[Indices, Indices]:
    """Return all pairs of touching runs, as the indices of the upper and of the lower run."""
    stride = width + 2  # makes a position in the picture a single number
    below = (rows + 1) * stride
    first = np.searchsorted(rows * stride + ends, below + starts, side="left")
    last = np.searchsorted(rows * stride + starts, below + ends, side="right")
    count = (last - first).clip(0)
    upper = np.arange(len(rows)).repeat(count)
    offset = np.arange(len(upper)) - (count.cumsum() - count).repeat(count)
    return upper, first.repeat(count) + offset


def _roots(count: int, upper: Indices, lower: Indices) -> Indices:
    """Return the highest run that each run is connected to."""
    root = np.arange(count)
    while True:
        one, other = root[upper], root[lower]
        if (one == other).all():
            return root
        np.maximum.at(root, np.minimum(one, other), np.maximum(one, other))
        while (root[root] != root).any():
            root = root[root]


def dilate(mask: Mask, radius: int) -> Mask:
    """Return the pixels within a square around any pixel of the mask."""
    for _ in range(2):  # along the columns, then along the rows
        padded = np.pad(mask, ((radius, radius), (0, 0)))
        grown = padded[: len(mask)].copy()
        for i in range(1, 2 * radius + 1):
            grown |= padded[i : i + len(mask)]
        mask = grown.T
    return mask
