"""Predict digits without storing anything."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer.api import exceptions, schema, throttling
from recognizer.api.fields import image_bytes
from recognizer.api.serializers import (
    BatchRequestSerializer,
    BatchResponseSerializer,
    PredictionResultSerializer,
    PredictRequestSerializer,
)
from recognizer.serving import prediction


class RecognizeView(APIView):
    """Predict one image."""

    throttle_scope = "recognize"

    @extend_schema(
        summary="Predict the digit in an image, without storing it",
        request=schema.PREDICT_BODY,
        responses={200: PredictionResultSerializer, **schema.BODY_ERRORS},
    )
    def post(self, request: Request) -> Response:
        body = PredictRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        result = prediction.predict_image(body.validated_data["image"])
        context = {"explain": body.validated_data["explain"], "version": result.version}
        return Response(PredictionResultSerializer(result, context=context).data)


class RecognizeBatchView(APIView):
    """Predict several images."""

    throttle_scope = "recognize"

    @extend_schema(
        summary="Predict the digits in up to 64 images, without storing them",
        description="The results are in the order of the images. An invalid image gets an error "
        "of its own and does not affect the others.",
        request=schema.IMAGES_BODY,
        responses={200: BatchResponseSerializer, **schema.BODY_ERRORS},
        examples=[schema.RESULTS_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        body = BatchRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        images = body.validated_data["images"]
        # The throttle of the view has already counted one image.
        throttling.consume(request, self.throttle_scope, len(images) - 1)
        return Response({"results": [_predict_item(image) for image in images]})


def _predict_item(image: Any) -> dict[str, Any]:
    try:
        result = prediction.predict_image(image_bytes(image))
    except prediction.BadImageError as error:
        return {"prediction": None, "error": exceptions.error_body(exceptions.BadImage(error))}
    return {"prediction": PredictionResultSerializer(result).data, "error": None}
