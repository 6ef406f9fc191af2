"""Find the edges of objects that reach into a photo, such as a thumb on the paper.

`flatten_light` takes the inside of a broad object for paper. The edge of the object is left. It
does not touch the border of the picture, so it can look like a stroke.
"""

import math
from typing import Final

import numpy as np
from PIL import Image

from ml.arrays import Field, GreyImage, Mask
from ml.preprocessing.connected_components import (
    border,
    coarsen,
    dilate,
    label_components,
    touching_border,
)
from ml.preprocessing.sheet import find_threshold

COARSE_SIDE: Final = 128  # cells along the longer side of the coarse picture
STROKE_RADIUS: Final = 4  # cells; half of the width of the broadest stroke at the border
MIN_CONTRAST: Final = 0.1  # of the strongest contrast; anything fainter is not part of an edge
MAX_SHARE: Final = 0.3  # of the picture; a larger area is the shadow of something
NEAR: Final = 1  # cells; the edge of an object reaches no farther outside of it
MIN_WITHIN: Final = 0.9  # share of an edge that is within the object, or near to it
# The cells of a mark along the edges of objects, per cell of its size. An edge has about two. A
# digit that touches the edge of a shadow has far fewer.
MIN_ALONG: Final = 1.0


def find_object_edges(grey: GreyImage, difference: Field) -> Mask:
    """Return the marks along the edges of the objects that reach over the border.

    `difference` is the result of `flatten_light` for the picture `grey`.
    """
    cell = math.ceil(max(grey.shape) / COARSE_SIDE)
    objects = _find_objects(np.asarray(Image.fromarray(grey).reduce(cell)))
    marks = coarsen(difference >= MIN_CONTRAST * difference.max(), cell) > 0
    components = label_components(marks)
    near = dilate(objects, NEAR)
    edge = dilate(objects, 1) & dilate(~objects, 1)
    numbers, along = np.unique(components[edge & marks], return_counts=True)
    chosen = [
        number
        for number in numbers[along > 2 * STROKE_RADIUS]
        if _is_edge(components == number, near, edge)
    ]
    cells = dilate(np.isin(components, chosen), 1)
    height, width = grey.shape
    return cells.repeat(cell, axis=0).repeat(cell, axis=1)[:height, :width]


def _find_objects(coarse: GreyImage) -> Mask:
    """Return the broad areas at the border that are unlike the paper, unless they are large."""
    unlike_paper = coarse <= find_threshold(coarse)
    if border(unlike_paper).mean() > 0.5:  # light ink on dark paper
        unlike_paper = ~unlike_paper
    # A stroke is too narrow for the square, so nothing is left of it (morphological opening).
    broad = dilate(~dilate(~unlike_paper, STROKE_RADIUS), STROKE_RADIUS)
    objects = touching_border(broad)
    return objects if objects.mean() <= MAX_SHARE else np.zeros_like(objects)


def _is_edge(mark: Mask, near: Mask, edge: Mask) -> bool:
    """Return whether the mark is within an object and runs along its edge."""
    size = max(np.ptp(positions) + 1 for positions in np.nonzero(mark))
    is_within = (mark & near).sum() >= MIN_WITHIN * mark.sum()
    return bool(is_within and (mark & edge).sum() >= MIN_ALONG * size)
