"""Hooks for schemathesis. They supply valid images and strokes for the schema's formats."""

import base64

import numpy as np
import schemathesis
from hypothesis import strategies as st

from ml.preprocessing.png import encode_png
from tests.support.synthetic_digits import draw, strokes_of

IMAGES = [encode_png(draw(strokes_of(n % 10, np.random.default_rng(n)))) for n in range(30)]

schemathesis.openapi.format("binary", st.sampled_from(IMAGES))
schemathesis.openapi.format(
    "base64-or-data-url", st.sampled_from([base64.b64encode(image).decode() for image in IMAGES])
)
schemathesis.openapi.format(
    "strokes", st.sampled_from(["[[[1, 2.5, 0], [30, 40, 16]], [[50, 60, 300]]]"])
)
# "r=1" in base64: the last page.
schemathesis.openapi.format("cursor", st.sampled_from(["", "cj0x"]))


@schemathesis.hook
def filter_case(context, case):
    """Skip requests whose validity the schema cannot express."""
    if not isinstance(case.body, dict):
        return True
    if any(map(_may_be_valid, getattr(case.meta.phase.data, "mutations", ()))):
        return False
    if case.media_type == "multipart/form-data":
        return [] not in case.body.values()  # A form cannot express an empty list.
    # Without an image, random strokes may be a blank drawing.
    return "image" in case.body or not isinstance(case.body.get("strokes"), list)


def _may_be_valid(mutation):
    """Return whether a request with this mutation may still be valid.

    A body that violates one branch of `anyOf` may satisfy the other one. The tool does not know
    which values violate the format of strokes.
    """
    of_strokes = mutation.schema_pointer.endswith("/strokes")
    return mutation.schema_pointer.startswith("/anyOf/") or (
        of_strokes and any(keyword.startswith("format") for keyword in mutation.keywords)
    )
