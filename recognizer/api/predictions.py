"""Predict digits without storing anything."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer.api import drawings, exceptions, heavy_work, schema, throttling
from recognizer.api.fields import read_image_bytes
from recognizer.api.personal import memory_owner
from recognizer.api.prediction_serializers import (
    PredictionResultSerializer,
    RecognizeBatchResponseSerializer,
)
from recognizer.api.request_serializers import (
    RecognizeBatchRequestSerializer,
    RecognizeRequestSerializer,
)
from recognizer.api.strict_requests import StrictRequestMixin
from recognizer.serving import prediction


class RecognizeView(StrictRequestMixin, APIView):
    """Predict the digit in one image."""

    throttle_scope = "recognize"

    @extend_schema(
        summary="Predict the digit in an image, without storing it",
        request=schema.RECOGNIZE_BODY,
        responses={200: PredictionResultSerializer, **schema.BODY_ERRORS},
    )
    def post(self, request: Request) -> Response:
        body = RecognizeRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        result = drawings.predict_image(request, body.validated_data)
        return Response(PredictionResultSerializer(result).data)


class RecognizeBatchView(StrictRequestMixin, APIView):
    """Predict the digits in several images, one digit per image."""

    throttle_scope = "recognize"

    @extend_schema(
        summary="Predict the digits in up to 64 images, without storing them",
        description="The results are in the order of the images. An invalid image gets its own "
        "error and does not affect the others.",
        request=schema.RECOGNIZE_BATCH_BODY,
        responses={200: RecognizeBatchResponseSerializer, **schema.BODY_ERRORS},
        examples=[schema.RECOGNIZE_BATCH_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        body = RecognizeBatchRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        images = body.validated_data["images"]
        # The view's throttle has already counted the request as one image.
        throttling.consume(request, {self.throttle_scope: len(images) - 1})
        items = [_read(image) for image in images]
        owner = memory_owner(request, body.validated_data["personal"])
        images = [item for item in items if isinstance(item, bytes)]
        results = []
        with heavy_work.admitted(request, *images) as pause:
            for item in items:
                pause()
                results.append(_predict_item(item, owner))
        return Response({"results": results})


def _read(image: Any) -> bytes | prediction.BadImageError:
    try:
        return read_image_bytes(image)
    except prediction.BadImageError as error:
        return error


def _predict_item(
    item: bytes | prediction.BadImageError, owner: uuid.UUID | None
) -> dict[str, Any]:
    try:
        if isinstance(item, prediction.BadImageError):
            raise item
        result = prediction.predict_image(item, owner)
    except prediction.BadImageError as error:
        return {"prediction": None, "error": exceptions.error_body(exceptions.BadImage(error))}
    return {"prediction": PredictionResultSerializer(result).data, "error": None}
