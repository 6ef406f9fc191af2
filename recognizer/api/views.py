"""The API. The site's own page uses nothing else."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ReadOnlyModelViewSet

from recognizer import owners, recognition
from recognizer.api import schema
from recognizer.api.errors import AlreadyReviewed
from recognizer.api.filters import SubmissionFilter
from recognizer.api.serializers import (
    CorrectionSerializer,
    ImageSerializer,
    ModelVersionSerializer,
    NewSubmissionSerializer,
    RecognitionSerializer,
    SubmissionSerializer,
    SubmissionWithStrokesSerializer,
)
from recognizer.models import (
    AlreadyReviewedError,
    ModelVersion,
    Submission,
    SubmissionQuerySet,
)


class RecognizeView(APIView):
    throttle_scope = "recognize"

    @extend_schema(
        summary="Read a digit without storing anything",
        request=schema.IMAGE_BODY,
        responses={200: RecognitionSerializer, **schema.BODY_ERRORS},
    )
    def post(self, request: Request) -> Response:
        body = ImageSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(
            RecognitionSerializer(recognition.recognize(body.validated_data["image"])).data
        )


class NewestFirst(CursorPagination):
    ordering: tuple[str, ...] = ("-created", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


@extend_schema_view(
    list=extend_schema(summary="Your submissions, newest first; for staff, everybody's"),
    retrieve=extend_schema(summary="One submission", responses=SubmissionWithStrokesSerializer),
    destroy=extend_schema(summary="Delete one of your submissions for good"),
)
class SubmissionViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet,
):
    """Everybody else's submission is 404, as if it did not exist."""

    queryset = Submission.objects.select_related("model_version", "learned_in").defer(
        "image", "strokes"
    )
    lookup_field = "id"
    lookup_value_converter = "uuid"
    pagination_class = NewestFirst
    filterset_class = SubmissionFilter

    @property
    def throttle_scope(self) -> str | None:
        return {"create": "submit", "correction": "correct"}.get(self.action)

    def get_queryset(self) -> SubmissionQuerySet:
        everybodys: SubmissionQuerySet = super().get_queryset()  # type: ignore[assignment]
        may_read_all = self.request.user.is_staff and self.action in ("list", "retrieve", "image")
        if may_read_all:
            return everybodys
        owner = owners.current(self.request)
        return everybodys.owned_by(owner) if owner else everybodys.none()

    def get_serializer_class(self) -> type[BaseSerializer]:
        return (
            SubmissionWithStrokesSerializer if self.action == "retrieve" else SubmissionSerializer
        )

    @extend_schema(
        summary="Read a digit and store it",
        description="The same image sent twice by the same owner is stored once: then 200.",
        request=schema.SUBMISSION_BODY,
        responses={
            201: SubmissionSerializer,
            200: OpenApiResponse(SubmissionSerializer, "It was stored before."),
            **schema.BODY_ERRORS,
        },
    )
    def create(self, request: Request) -> Response:
        body = NewSubmissionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        read = recognition.recognize(body.validated_data["image"])
        submission, is_new = recognition.store(
            read,
            owner=owners.ensure(request),
            source=body.validated_data["source"],
            strokes=body.validated_data["strokes"],
        )
        return Response(
            self.get_serializer(submission).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={
                "Location": reverse("submission-detail", args=[submission.pk], request=request)
            },
        )

    @extend_schema(
        summary="Say what one of your drawings is",
        request=CorrectionSerializer,
        responses={200: SubmissionSerializer, 409: schema.ERROR, **schema.BODY_ERRORS},
    )
    @action(detail=True, methods=["post"])
    def correction(self, request: Request, **kwargs: Any) -> Response:
        submission: Submission = self.get_object()
        body = CorrectionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            submission.correct(body.validated_data["digit"])
        except AlreadyReviewedError as error:
            raise AlreadyReviewed from error
        return Response(self.get_serializer(submission).data)

    @extend_schema(
        summary="The stored picture", responses={(200, "image/png"): OpenApiTypes.BINARY}
    )
    @action(detail=True)
    def image(self, request: Request, **kwargs: Any) -> HttpResponse:
        submission: Submission = self.get_object()
        # It never changes, but only its owner may see it: the browser keeps it, no proxy does.
        return HttpResponse(
            bytes(submission.image),
            content_type="image/png",
            headers={"Cache-Control": "private, max-age=31536000, immutable"},
        )


class HighestNumberFirst(NewestFirst):
    ordering = ("-number",)


@extend_schema_view(
    list=extend_schema(summary="All model versions, newest first"),
    retrieve=extend_schema(summary="One model version with its card"),
)
class ModelVersionViewSet(ReadOnlyModelViewSet):
    queryset = ModelVersion.objects.select_related("parent")
    serializer_class = ModelVersionSerializer
    lookup_field = "number"
    lookup_value_converter = "int"
    pagination_class = HighestNumberFirst
    filter_backends = ()
