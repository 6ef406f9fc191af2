"""Label the connected components of ink."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from ml.arrays import GreyImage, Indices, Mask

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


def component_boxes(components: Components) -> Indices:
    """Return the left, top, right and bottom of each component, (n, 4). The ends are exclusive."""
    y, x = np.nonzero(components)
    found = components[y, x] - 1
    count = int(found.max(initial=-1)) + 1
    low, high = np.full((2, count), components.size), np.zeros((2, count), np.intp)
    for axis, places in enumerate((x, y)):
        np.minimum.at(low[axis], found, places)
        np.maximum.at(high[axis], found, places + 1)
    return np.concatenate([low, high]).T


def typical_height(heights: Indices) -> float:
    """Return the median height. Components count by their area, so specks hardly count."""
    heights = np.sort(heights).astype(float)
    weights = (heights**2).cumsum()
    return float(heights[np.searchsorted(weights, weights[-1] / 2)])


def fill_rectangles(components: Components, areas: Indices, share: float) -> Mask:
    """Return which components fill this share of the rectangle with the same second moments.

    The determinant of the covariance of a rectangle's points is the square of its area / 12.
    """
    rows, columns = np.nonzero(components)
    numbers = components[rows, columns]

    def mean(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return np.bincount(numbers, values, len(areas)) / areas.clip(1)

    y, x = rows - mean(rows)[numbers], columns - mean(columns)[numbers]
    determinant = mean(y * y) * mean(x * x) - mean(x * y) ** 2
    return areas > share * 12 * np.sqrt(determinant.clip(0))


def touching_border(mask: Mask) -> Mask:
    """Return the connected components of the mask that touch the border of the picture."""
    components = label_components(mask)
    return mask & np.isin(components, border(components))


def border(picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the pixels at the border of a picture."""
    return np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])


def dilate(mask: Mask, radius: int) -> Mask:
    """Return the pixels within a square around any pixel of the mask."""
    height, width = mask.shape
    padded = np.pad(mask, radius)
    tall = padded[:height].copy()
    for i in range(1, 2 * radius + 1):
        tall |= padded[i : i + height]
    wide = tall[:, :width].copy()
    for i in range(1, 2 * radius + 1):
        wide |= tall[:, i : i + width]
    return wide


def open_mask(mask: Mask, side: int) -> Mask:
    """Return the pixels of the squares that fit into the mask (morphological opening)."""
    radius = side // 2
    # Outside of the picture, there is paper.
    eroded = ~dilate(np.pad(~mask, radius, constant_values=True), radius)
    return dilate(eroded, radius)[radius:-radius, radius:-radius]


def open_grey(grey: GreyImage, side: int) -> GreyImage:
    """Return the greatest brightness of the squares that contain a pixel, for each pixel.

    The brightness of a square is that of its darkest pixel (morphological opening). A bright part
    that is narrower than `side`, an odd number, becomes as dark as the pixels around it. Outside of
    the picture, it is black.
    """
    for extreme in (np.min, np.max):
        for axis in (0, 1):
            margin = [(side // 2, side // 2) if axis == i else (0, 0) for i in (0, 1)]
            padded = np.pad(grey, margin)
            grey = extreme(sliding_window_view(padded, side, axis=axis), axis=-1)
    return grey


def coarsen(mask: Mask, cell: int) -> npt.NDArray[np.intp]:
    """Return how many pixels of the mask are in each square cell, `cell` pixels wide."""
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % cell), (0, -width % cell)))
    return np.asarray(padded.reshape(len(padded) // cell, cell, -1, cell).sum(axis=(1, 3)))
