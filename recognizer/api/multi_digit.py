"""Predict the digits in an image with several digits, and store each as a separate submission."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer.accounts import ownership
from recognizer.api import drawings, personal, schema, storage_quotas
from recognizer.api.prediction_serializers import MultiDigitResultSerializer
from recognizer.api.request_serializers import NewSubmissionSerializer, RecognizeRequestSerializer
from recognizer.api.strict_requests import StrictRequestMixin
from recognizer.api.submission_serializers import StoredDigitsSerializer
from recognizer.models import Scope
from recognizer.serving import storage


class RecognizeNumberView(StrictRequestMixin, APIView):
    """Predict the digits in one image. Nothing is stored."""

    throttle_scope = "recognize"

    @extend_schema(
        summary="Predict the digits that stand side by side in an image, without storing it",
        request=schema.RECOGNIZE_BODY,
        responses={200: MultiDigitResultSerializer, **schema.BODY_ERRORS},
    )
    def post(self, request: Request) -> Response:
        body = RecognizeRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        result = drawings.predict_number(request, body.validated_data)
        return Response(MultiDigitResultSerializer(result).data)


class StoreNumberView(StrictRequestMixin, APIView):
    """Predict the digits in one image, and store each digit as a separate submission."""

    throttle_scope = "submit"
    accepted_scopes = (Scope.SUBMIT,)

    @extend_schema(
        summary="Predict the digits in an image and store one submission for each",
        description="An image with a single digit is stored as if it were sent to POST "
        "submissions/. A digit that is already stored is not stored again. If all digits are "
        "already stored, the status is 200.",
        request=schema.SUBMISSION_BODY,
        responses={
            201: StoredDigitsSerializer,
            200: OpenApiResponse(StoredDigitsSerializer, "All digits were already stored."),
            **schema.BODY_ERRORS,
        },
    )
    def post(self, request: Request) -> Response:
        body = NewSubmissionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        result = drawings.predict_number(request, body.validated_data)
        owner = ownership.get_or_create_owner(request)
        new = storage.new_submissions(
            result,
            owner=owner,
            source=body.validated_data["source"],
            strokes=body.validated_data["strokes"],
        )
        stored = storage_quotas.store(request, owner, new)
        submissions = [submission for submission, _ in stored]
        is_new = [is_new for _, is_new in stored]
        number = {
            "number": result.text,
            "submissions": submissions,
            "is_new": is_new,
            "incomplete": result.is_incomplete,
        }
        response = Response(
            StoredDigitsSerializer(number, context={"request": request}).data,
            status=status.HTTP_201_CREATED if any(is_new) else status.HTTP_200_OK,
        )
        personal.set_no_corrections_cookie(request, response, submissions[0])
        return response
