"""Find a sheet of paper on a table, and show it from above."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ml.arrays import Box, GreyImage, Mask
from ml.preprocessing.connected_components import (
    border,
    dilate,
    label_components,
    open_grey,
    touching_border,
)
from ml.preprocessing.light import shrink

Points = npt.NDArray[np.float64]  # (n, 2), x and y in pixels

COARSE_SIDE: Final = 128  # pixels, the longer side of the image in which the sheet is found
SMOOTHING: Final = 5  # pixels of the coarse image; removes thin strokes and noise
PATTERN_SIDE: Final = 13  # pixels of the coarse image; the bright parts of a pattern are narrower
SHEET_AREA: Final = (0.04, 0.95)  # range, as a share of the picture
MAX_TABLE_BRIGHTNESS: Final = 0.72  # of the sheet's brightness; a table is darker than that
# Of the difference in brightness between sheet and table. At the edge of a sheet, the brightness
# drops by at least this share. At the edge of a lamp's light, it drops slowly.
MIN_EDGE_CONTRAST: Final = 0.48
EDGE_WIDTH: Final = 4  # pixels of the coarse image, on each side of the edge
MAX_LIT: Final = 0.9  # share of a sheet in the shadow that is lit
MIN_COMMON_EDGE: Final = 0.3  # share of the lit part's outline that is the edge of the sheet
MIN_TABLE_BORDER: Final = 0.6  # share of the picture's border where the table is seen
# The same if the sheet reaches into a corner of the picture. A bright area in the corner is more
# often the part of the paper that no shadow covers.
MIN_TABLE_BORDER_AT_CORNER: Final = 0.75
MIN_COMPONENT: Final = 0.1  # of the largest component; a smaller one is not part of the sheet
MIN_FILLED: Final = 0.6  # share of the sheet's outline that is paper, and not ink
MIN_QUAD_FILL: Final = 0.85  # share of the sheet's outline that its four corners cover
MIN_SHEET_WIDTH: Final = 44  # pixels of the coarse image; a digit by a broad pen is narrower
MIN_STRIP_WIDTH: Final = 30  # the same for a sheet with four corners
MIN_SOLIDITY: Final = 0.84  # area of the sheet, as a share of its convex hull
MIN_PAPER: Final = 0.7  # share of the sheet that has no ink
TABLE_MARGIN: Final = 2  # pixels of the coarse image; the width of the sheet's blurred edge
INSET: Final = 0.015  # share of the sheet's sides that is left out, because its edge is blurred


@dataclass(frozen=True)
class TransformedPicture:
    """A sheet as seen from above, or a picture with a margin, and its transform to the original.

    `matrix` is (3, 3) and takes (x, y, 1) in pixels of `grey` to the original picture, in
    homogeneous coordinates. `size` is the original picture's width and height.
    """

    grey: GreyImage
    matrix: npt.NDArray[np.float64]
    size: tuple[int, int]

    @property
    def is_wide(self) -> bool:
        """Return whether both sides are longer than the width of a stroke of a broad pen."""
        return min(self.grey.shape) >= MIN_STRIP_WIDTH / COARSE_SIDE * max(self.size)

    def to_original(self, box: Box) -> Box:
        """Take a box in shares of `grey` to shares of the original picture."""
        left, top, width, height = box
        rows, columns = self.grey.shape
        corners = [(left + i * width, top + j * height, 1.0) for i in (0, 1) for j in (0, 1)]
        x, y, scale = self.matrix @ np.diag((columns, rows, 1)) @ np.array(corners).T
        x, y = ((p / scale / side).clip(0, 1) for p, side in zip((x, y), self.size, strict=True))
        return float(x.min()), float(y.min()), float(np.ptp(x)), float(np.ptp(y))


def find_sheet(grey: GreyImage) -> TransformedPicture | None:
    """Return the sheet if all of its four edges are seen in front of something darker.

    If the table has a pattern, only the dark parts of the pattern have to be darker.
    """
    coarse, bright = _coarse(grey)
    region = _largest_component(bright)
    shaded = _find_shaded_sheet(coarse, bright, region)
    sheet = None if shaded is None else _rectify(grey, coarse, shaded)
    if sheet is None and border(bright).any():
        sheet = _find_sheet_on_pattern(grey, coarse)
    if sheet is not None:
        return sheet
    return _rectify(grey, coarse, region) if _is_on_a_table(bright, region) else None


def _find_shaded_sheet(coarse: GreyImage, bright: Mask, lit: Mask) -> Mask | None:
    """Return the whole sheet if a shadow falls on a part of it, otherwise None.

    Only the lit part `lit` is among the bright pixels. It has edges in common with the whole sheet.
    A sheet on something less bright, such as a place mat, has none in common with that.
    """
    brighter = coarse > find_threshold(coarse[~bright])
    sheet = _largest_component(brighter)
    table = touching_border(~sheet)
    if lit.sum() >= MAX_LIT * sheet.sum() or not _is_on_a_table(brighter, sheet):
        return None
    outline = lit & dilate(touching_border(~lit), 1)
    common = outline & dilate(table, EDGE_WIDTH)
    return sheet if common.sum() >= MIN_COMMON_EDGE * outline.sum() else None


def _find_sheet_on_pattern(grey: GreyImage, coarse: GreyImage) -> TransformedPicture | None:
    """Return the sheet if nothing else is broad and bright."""
    opened = open_grey(coarse, PATTERN_SIDE)
    threshold = max(find_threshold(opened), find_threshold(coarse))
    region = _large_components(opened > threshold)
    if _is_in_corner(region) or not _is_on_a_table(region, region):
        return None
    sheet = _rectify(grey, opened, region)
    return sheet if sheet is not None and sheet.is_wide else None


def cover_table(grey: GreyImage) -> GreyImage | None:
    """Return the picture with the grey of the paper instead of the table around the sheet.

    This is for a sheet whose four edges are not seen, for example because a hand lies on a corner.
    Return None if there is no such sheet.
    """
    coarse, bright = _coarse(grey)
    paper = _largest_component(bright)
    table = touching_border(~paper)
    if not (
        _is_on_a_table(bright, paper)
        and _is_sheet(paper, ~table)
        and _stands_out(coarse, paper, table)
    ):
        return None
    mask = Image.fromarray(dilate(table, TABLE_MARGIN)).resize((grey.shape[1], grey.shape[0]))
    return np.where(np.asarray(mask), np.median(coarse[paper]), grey).astype(np.uint8)


def _coarse(grey: GreyImage) -> tuple[GreyImage, Mask]:
    """Return the picture in low resolution, without thin strokes, and its bright pixels."""
    small = shrink(Image.fromarray(grey), COARSE_SIDE)
    coarse = np.asarray(small.filter(ImageFilter.MedianFilter(SMOOTHING)))
    return coarse, coarse > find_threshold(coarse)


def find_threshold(grey: GreyImage) -> int:
    """Return the threshold that separates the dark from the bright pixels best (N. Otsu, 1979)."""
    count = np.bincount(grey.ravel(), minlength=256).astype(float)
    weight, total = count.cumsum(), (count * np.arange(256)).cumsum()
    below = total / weight.clip(1)
    above = (total[-1] - total) / (weight[-1] - weight).clip(1)
    return int((weight * (weight[-1] - weight) * (above - below) ** 2).argmax())


def _is_on_a_table(bright: Mask, paper: Mask) -> bool:
    """Return whether something dark is seen along enough of the picture's border."""
    needed = MIN_TABLE_BORDER_AT_CORNER if _is_in_corner(paper) else MIN_TABLE_BORDER
    return bool((~border(bright)).mean() >= needed)


def _is_in_corner(paper: Mask) -> bool:
    return bool(paper[[0, 0, -1, -1], [0, -1, 0, -1]].any())


def _is_sheet(paper: Mask, sheet: Mask) -> bool:
    """Return whether a bright area is a sheet, and not the strokes of a broad pen.

    `sheet` is `paper` with its holes, which are the ink on it.
    """
    if dilate(~sheet, MIN_SHEET_WIDTH // 2).all() or paper.sum() < MIN_PAPER * sheet.sum():
        return False
    return bool(sheet.sum() >= MIN_SOLIDITY * _area(_convex_hull(_outline(sheet))))


def _stands_out(coarse: GreyImage, sheet: Mask, table: Mask) -> bool:
    """Return whether the table is darker than the sheet, and whether the sheet has sharp edges."""
    if not table.any():
        return False
    contrast = np.median(coarse[sheet]) - np.median(coarse[table])
    if contrast < (1 - MAX_TABLE_BRIGHTNESS) * np.median(coarse[sheet]):
        return False
    around = touching_border(~sheet)
    inside, outside = (dilate(side, EDGE_WIDTH) & ~side for side in (around, ~around))
    drop = np.median(coarse[inside]) - np.median(coarse[outside])
    return bool(drop >= MIN_EDGE_CONTRAST * contrast)


def _largest_component(mask: Mask) -> Mask:
    components = label_components(mask)
    sizes = np.bincount(components.ravel())
    sizes[0] = 0
    return np.asarray(components == sizes.argmax())


def _large_components(mask: Mask) -> Mask:
    """Return the largest component, and those that the strokes of digits separate from it."""
    components = label_components(mask)
    sizes = np.bincount(components.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= MIN_COMPONENT * sizes.max())[components] & mask)


def _corners(region: Mask, coarse: GreyImage) -> Points | None:
    """Return the corners of the sheet, or None if the region does not look like a sheet."""
    if not region.any() or not region.any(axis=1).sum() > 1 < region.any(axis=0).sum():
        return None
    hull = _convex_hull(_outline(region))
    area = _area(hull)
    low, high = (share * region.size for share in SHEET_AREA)
    if not low <= area <= high or region.sum() < MIN_FILLED * area:
        return None
    if not _stands_out(coarse, region, ~dilate(region, 2)):
        return None
    quad = _simplify(hull)
    if len(quad) < 4 or _area(quad) < MIN_QUAD_FILL * area:
        return None
    # Start with the top left corner, then go on clockwise.
    return np.roll(quad, -int(quad.sum(axis=1).argmin()), axis=0)


def _outline(region: Mask) -> Points:
    """Return the corners of the first and the last pixel of each row."""
    rows = np.flatnonzero(region.any(axis=1))
    left = region[rows].argmax(axis=1)
    right = region.shape[1] - region[rows][:, ::-1].argmax(axis=1)
    both = [(left, rows), (left, rows + 1), (right, rows), (right, rows + 1)]
    return np.concatenate([np.stack(pair, axis=1) for pair in both]).astype(float)


def _convex_hull(points: Points) -> Points:
    """Return the convex hull, clockwise as seen on the screen (A. M. Andrew, 1979)."""
    ordered = np.unique(points, axis=0)
    hulls = []
    for side in (ordered, ordered[::-1]):
        hull: list[npt.NDArray[np.float64]] = []
        for point in side:
            while len(hull) > 1 and _turn(hull[-2], hull[-1], point) <= 0:
                hull.pop()
            hull.append(point)
        hulls += hull[:-1]
    return np.array(hulls)


def _turn(
    one: npt.NDArray[np.float64], two: npt.NDArray[np.float64], three: npt.NDArray[np.float64]
) -> float:
    """Return twice the area of the triangle, negative if it goes counter-clockwise."""
    (x, y), (u, v) = two - one, three - one
    return float(x * v - y * u)


def _area(polygon: Points) -> float:
    x, y = polygon.T
    return float(abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2)


def _simplify(polygon: Points) -> Points:
    """Remove the corners that cost the least area, until four are left."""
    while len(polygon) > 4:
        before, after = np.roll(polygon, 1, axis=0), np.roll(polygon, -1, axis=0)
        u, v = polygon - before, after - before
        polygon = np.delete(polygon, abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).argmin(), axis=0)
    return polygon


def _rectify(grey: GreyImage, coarse: GreyImage, region: Mask) -> TransformedPicture | None:
    """Return the region of the coarse picture as seen from above, or None if it is no sheet."""
    corners = _corners(region, coarse)
    if corners is None:
        return None
    corners = corners * (np.array(grey.shape[::-1]) / np.array(coarse.shape[::-1]))
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    width, height = (max(8, round(float(sides[i] + sides[i + 2]) / 2)) for i in (0, 1))
    u, v = INSET * width, INSET * height
    square = np.array([(-u, -v), (width + u, -v), (width + u, height + v), (-u, height + v)])
    matrix = _homography(square, corners)
    rectified = Image.fromarray(grey).transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        (matrix / matrix[2, 2]).ravel()[:8].tolist(),
        Image.Resampling.BICUBIC,
    )
    return TransformedPicture(np.asarray(rectified), matrix, (grey.shape[1], grey.shape[0]))


def _homography(source: Points, target: Points) -> npt.NDArray[np.float64]:
    """Return the matrix (3, 3) that takes four points to four others."""
    equations = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        equations.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        equations.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solution = np.linalg.solve(np.array(equations), target.ravel())
    return np.append(solution, 1).reshape(3, 3)
