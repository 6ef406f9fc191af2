"""Hooks for schemathesis. They supply valid images and strokes for the schema's formats."""

import base64

import numpy as np
import schemathesis
from hypothesis import strategies as st

from ml.preprocessing.decode import encode_png
from tests.support.synthetic_digits import draw, strokes_of

IMAGES = [encode_png(draw(strokes_of(n % 10, np.random.default_rng(n)))) for n in range(30)]

schemathesis.openapi.format("binary", st.sampled_from(IMAGES))
schemathesis.openapi.format(
    "base64-or-data-url", st.sampled_from([base64.b64encode(image).decode() for image in IMAGES])
)
schemathesis.openapi.format(
    "strokes", st.sampled_from(["[[[1, 2.5, 0], [30, 40, 16]], [[50, 60, 300]]]"])
)


@schemathesis.hook
def filter_case(context, case):
    """Skip requests whose validity the schema cannot express."""
    if not isinstance(case.body, dict):
        return True
    if case.media_type == "multipart/form-data":
        return [] not in case.body.values()  # A form cannot express an empty list.
    # Without an image, random strokes may be a blank drawing.
    return "image" in case.body or not isinstance(case.body.get("strokes"), list)
