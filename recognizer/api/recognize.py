"""Reading digits without storing anything."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import recognition
from recognizer.api import errors, schema, throttles
from recognizer.api.fields import image_bytes
from recognizer.api.serializers import (
    ImagesSerializer,
    LookSerializer,
    RecognitionSerializer,
    ResultsSerializer,
)


class RecognizeView(APIView):
    throttle_scope = "recognize"

    @extend_schema(
        summary="Read a digit without storing anything",
        request=schema.LOOK_BODY,
        responses={200: RecognitionSerializer, **schema.BODY_ERRORS},
    )
    def post(self, request: Request) -> Response:
        body = LookSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        read = recognition.recognize(body.validated_data["image"])
        context = {"why": body.validated_data["why"], "version": read.version}
        return Response(RecognitionSerializer(read, context=context).data)


class RecognizeManyView(APIView):
    throttle_scope = "recognize"

    @extend_schema(
        summary="Read up to 64 digits without storing anything",
        description="The results are in the order of the images; a bad image has its own error.",
        request=schema.IMAGES_BODY,
        responses={200: ResultsSerializer, **schema.BODY_ERRORS},
        examples=[schema.RESULTS_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        body = ImagesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        images = body.validated_data["images"]
        throttles.charge(request, self.throttle_scope, len(images) - 1)
        return Response({"results": [_result(image) for image in images]})


def _result(image: Any) -> dict[str, Any]:
    try:
        read = recognition.recognize(image_bytes(image))
    except recognition.BadImageError as error:
        return {"answer": None, "error": errors.form(errors.BadImage(error))}
    return {"answer": RecognitionSerializer(read).data, "error": None}
