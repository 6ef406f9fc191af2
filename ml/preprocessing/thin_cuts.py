"""Cut ink at its thin places."""

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import Indices, Mask
from ml.preprocessing.segmented_digit import columns

# Shares of the height of the number.
CUT_SPACING: Final = 0.1  # each interval of this width gets at most one cut
MAX_CUT_INK: Final = 0.25  # a cut may cross at most this much ink
MIN_PART_WIDTH: Final = 0.15  # a cut is at least this far from both sides of the ink

MIN_PART_SHARE: Final = 0.05  # of the ink that is cut; minimum ink of a part
SLANT_COST: Final = 0.1  # of moving a cut one column sideways; crossing a pixel of ink costs 1


def cut_where_thin(mask: Mask, height: int) -> list[Mask]:
    """Cut the ink from top to bottom along paths that cross little ink.

    Returns the parts, from left to right. `height` is the height of the number in pixels.
    """
    paths, costs = _cheapest_paths(mask)
    left, right = columns(mask)
    min_width, step = round(MIN_PART_WIDTH * height), max(1, round(CUT_SPACING * height))
    column = np.arange(mask.shape[1])
    cuts = np.zeros(mask.shape, np.int32)
    for start in range(left + min_width, right - min_width, step):
        path = paths[start + int(costs[start : start + step].argmin())]
        if costs[path[-1]] > MAX_CUT_INK * height:
            continue
        last = mask & (cuts == cuts.max())  # the ink to the right of the previous cut
        is_right = column >= path[:, None]
        if min((last & is_right).sum(), (last & ~is_right).sum()) > MIN_PART_SHARE * mask.sum():
            cuts += is_right
    return [mask & (cuts == number) for number in range(cuts.max() + 1)]


def _cheapest_paths(mask: Mask) -> tuple[Indices, npt.NDArray[np.float64]]:
    """Return the cheapest path from the top to each column at the bottom, and its cost.

    A path costs 1 for each pixel of ink and `SLANT_COST` for each step sideways. The algorithm is
    dynamic programming (Viterbi).
    """
    height, width = mask.shape
    total = np.zeros(width)
    costs = np.full((3, width), np.inf)  # of coming from above, from the left, and from the right
    steps, position = np.array([0, -1, 1]), np.arange(width)
    came_from = np.zeros((height, width), np.intp)
    for row in range(height):
        costs[0] = total
        costs[1, 1:] = total[:-1] + SLANT_COST
        costs[2, :-1] = total[1:] + SLANT_COST
        came_from[row] = position + steps[costs.argmin(axis=0)]
        total = costs.min(axis=0) + mask[row]
    paths = np.zeros((width, height), np.intp)  # for each path, one column index per row
    for row in reversed(range(height)):
        paths[:, row] = position
        position = came_from[row][position]
    return paths, total
