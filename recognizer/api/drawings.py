"""Predict the drawing in the body of a request.

The memory of its owner adjusts the prediction.
"""

from dataclasses import replace
from typing import Any

from rest_framework.request import Request

from recognizer.api import heavy_work
from recognizer.api.personal import memory_owner
from recognizer.serving import prediction, work_estimates


def predict_image(request: Request, data: dict[str, Any]) -> prediction.PredictionResult:
    """Predict the digit. `data` is the validated data of a `DrawingSerializer`.

    If `data` contains `explain` and it is true, the result has an explanation.

    Raises `BadImageError`, and the exceptions of `heavy_work.admitted`.
    """
    drawing = data["drawing"]
    with heavy_work.admitted(request, drawing):
        result = prediction.predict_image(drawing, memory_owner(request, data["personal"]))
        return prediction.explained(result) if data.get("explain") else result


def predict_number(request: Request, data: dict[str, Any]) -> prediction.MultiDigitResult:
    """Predict all digits. The argument and the exceptions are those of `predict_image`."""
    drawing, strokes = data["drawing"], data["strokes"]
    extra = work_estimates.estimate_segmentation_milliseconds(strokes)
    with heavy_work.admitted(request, drawing, extra=extra):
        owner = memory_owner(request, data["personal"])
        result = prediction.predict_number(drawing, owner, strokes)
        if data.get("explain"):
            result = replace(result, digits=[prediction.explained(each) for each in result.digits])
        return result
