"""Predict the drawing in the body of a request.

The memory of its owner adjusts the prediction.
"""

from typing import Any

from rest_framework.request import Request

from recognizer.api import heavy_work
from recognizer.api.personal import memory_owner
from recognizer.serving import prediction, work_estimates


def predict_image(request: Request, data: dict[str, Any]) -> prediction.PredictionResult:
    """Predict the digit. `data` is the validated data of a `DrawingSerializer`.

    Raises `BadImageError`, and the exceptions of `heavy_work.admitted`.
    """
    drawing = data["drawing"]
    with heavy_work.admitted(request, drawing):
        return prediction.predict_image(drawing, memory_owner(request, data["personal"]))


def predict_number(request: Request, data: dict[str, Any]) -> prediction.MultiDigitResult:
    """Predict all digits. The argument and the exceptions are those of `predict_image`."""
    drawing, strokes = data["drawing"], data["strokes"]
    extra = work_estimates.estimate_segmentation_milliseconds(strokes)
    with heavy_work.admitted(request, drawing, extra=extra):
        owner = memory_owner(request, data["personal"])
        return prediction.predict_number(drawing, owner, strokes)
