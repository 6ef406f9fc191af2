"""Find out why a picture cannot be read, so that the visitor can take a better one."""

from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from ml.arrays import GreyImage
from ml.preprocessing.connected_components import dilate
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import INK_LEVEL, extract_ink
from ml.preprocessing.pages import NO_ROWS, has_several_rows
from ml.preprocessing.picture_ink import BLUR, CleanedPicture
from ml.runtime import NOT_A_DIGIT, Prediction, Predictor

MIN_PIXELS: Final = 50_000  # a smaller picture has no room for rows, and no camera took it
DOUBTFUL: Final = 0.8  # confidence; several rows that are taken for one digit have less
MAX_CROSSED: Final = 8  # strokes; of a page of text, most lines cross more, in both directions
MIN_INK: Final = 0.125  # of the strongest ink; a pixel with less is paper
EDGE_WIDTH: Final = 3  # pixels around the ink where its edges are
STEEPEST: Final = 0.98  # this quantile of the slopes is that of the steepest edges
# The slope of the ink's edges, as a share of its contrast, per pixel. In focus, it is about 0.2.
MIN_SLOPE: Final = 0.08


def check_readable(
    picture: GreyImage,
    cleaned: CleanedPicture,
    predictions: list[Prediction],
    recognizer: Predictor,
) -> None:
    """Check a picture, given its handwriting `cleaned` and the predictions of its digits.

    Raises `BadImageError` with the code `several_rows` if one of the predictions is "not a digit"
    or doubtful, and with the codes `out_of_focus` and `no_sheet` if one is "not a digit". Raises it
    with the code `several_rows` or `no_rows` if digits are predicted although the picture is full
    of strokes, like a page of text.
    """
    if picture.size < MIN_PIXELS:
        return
    is_digit = all(each.label != NOT_A_DIGIT for each in predictions)
    is_sure = is_digit and min(each.confidence for each in predictions) >= DOUBTFUL
    is_full = is_digit and _crossed_strokes(cleaned.grey) > MAX_CROSSED
    if is_sure and not is_full:
        return
    paper = cleaned.transformed.grey if cleaned.transformed else picture
    if has_several_rows(paper, recognizer):
        raise BadImageError("several_rows", "The picture shows several rows of digits.")
    if is_full:
        raise BadImageError("no_rows", NO_ROWS)
    if not is_digit and _slope(paper, cleaned.grey) < MIN_SLOPE:
        raise BadImageError("out_of_focus", "The picture is out of focus.")
    if not is_digit and cleaned.lacks_sheet:
        raise BadImageError("no_sheet", "The picture does not show all four edges of the sheet.")


def _crossed_strokes(cleaned: GreyImage) -> float:
    """Return how many strokes the median line through the ink crosses.

    Of horizontal and vertical lines, those that cross fewer count. A digit has about two strokes,
    and a number has many only from left to right.
    """
    ink = extract_ink(cleaned) >= INK_LEVEL
    counts = [np.count_nonzero(mask[:, 1:] & ~mask[:, :-1], axis=1) for mask in (ink, ink.T)]
    return min(float(np.median(count[count > 0])) if count.any() else 0.0 for count in counts)


def _slope(picture: GreyImage, cleaned: GreyImage) -> float:
    """Return how steep the edges of the ink are, as a share of its contrast, per pixel."""
    amount = abs(cleaned - np.median(cleaned))
    ink = dilate(amount >= MIN_INK * amount.max(), EDGE_WIDTH)
    smooth = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(BLUR))
    grey = np.asarray(smooth, np.float32)
    slopes = np.hypot(*np.gradient(grey))[ink]
    return float(np.quantile(slopes, STEEPEST) / max(1.0, np.ptp(grey[ink])))
