"""Predict images with several digits, and store each digit as a submission of its own."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer.accounts import ownership
from recognizer.api import schema
from recognizer.api.serializers import (
    MultiDigitResultSerializer,
    NewSubmissionSerializer,
    PredictRequestSerializer,
    StoredDigitsSerializer,
)
from recognizer.models import Scope
from recognizer.serving import prediction


class RecognizeNumberView(APIView):
    """Predict the digits of an image without storing it."""

    throttle_scope = "recognize"

    @extend_schema(
        summary="Predict the digits that stand side by side in an image, without storing it",
        request=schema.PREDICT_BODY,
        responses={200: MultiDigitResultSerializer, **schema.BODY_ERRORS},
    )
    def post(self, request: Request) -> Response:
        body = PredictRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        result = prediction.predict_number(body.validated_data["image"])
        context = {"explain": body.validated_data["explain"], "version": result.version}
        return Response(MultiDigitResultSerializer(result, context=context).data)


class NumberView(APIView):
    """Predict the digits of an image and store each of them."""

    throttle_scope = "submit"
    needed_scope = Scope.SUBMIT

    @extend_schema(
        summary="Predict the digits in an image and store one submission for each",
        description="An image with a single digit is stored as by POST submissions/. A digit that "
        "is already stored is not stored again. If all of them are, the status is 200.",
        request=schema.SUBMISSION_BODY,
        responses={
            201: StoredDigitsSerializer,
            200: OpenApiResponse(StoredDigitsSerializer, "All digits were stored before."),
            **schema.BODY_ERRORS,
        },
    )
    def post(self, request: Request) -> Response:
        body = NewSubmissionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        result = prediction.predict_number(body.validated_data["image"])
        submissions, is_new = prediction.store_digits(
            result,
            owner=ownership.get_or_create_owner(request),
            source=body.validated_data["source"],
            strokes=body.validated_data["strokes"],
        )
        stored = {"number": result.text, "submissions": submissions}
        return Response(
            StoredDigitsSerializer(stored, context={"request": request}).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )
