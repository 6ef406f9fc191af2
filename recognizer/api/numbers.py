"""Digits that stand side by side, each a submission of its own."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer import owners, recognition
from recognizer.api import schema
from recognizer.api.serializers import (
    LookSerializer,
    NewSubmissionSerializer,
    NumberSerializer,
    StoredNumberSerializer,
)
from recognizer.keys import Scope


class RecognizeNumberView(APIView):
    throttle_scope = "recognize"

    @extend_schema(
        summary="Read digits that stand side by side, without storing anything",
        request=schema.LOOK_BODY,
        responses={200: NumberSerializer, **schema.BODY_ERRORS},
    )
    def post(self, request: Request) -> Response:
        body = LookSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        number = recognition.recognize_number(body.validated_data["image"])
        context = {"why": body.validated_data["why"], "version": number.version}
        return Response(NumberSerializer(number, context=context).data)


class NumberView(APIView):
    throttle_scope = "submit"
    needed_scope = Scope.SUBMIT

    @extend_schema(
        summary="Read digits that stand side by side, and store each as a submission of its own",
        description="A single digit is stored as POST submissions/ does. What was stored before "
        "is not stored twice: where that is so for all, the answer is 200.",
        request=schema.SUBMISSION_BODY,
        responses={
            201: StoredNumberSerializer,
            200: OpenApiResponse(StoredNumberSerializer, "It was stored before."),
            **schema.BODY_ERRORS,
        },
    )
    def post(self, request: Request) -> Response:
        body = NewSubmissionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        number = recognition.recognize_number(body.validated_data["image"])
        submissions, is_new = recognition.store_number(
            number,
            owner=owners.ensure(request),
            source=body.validated_data["source"],
            strokes=body.validated_data["strokes"],
        )
        stored = {"number": number.text, "submissions": submissions}
        return Response(
            StoredNumberSerializer(stored, context={"request": request}).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )
