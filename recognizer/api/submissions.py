"""Submissions: stored, listed, corrected, reviewed, deleted."""

import re
from collections.abc import Callable
from typing import Any, Final

from django.contrib.admin.models import CHANGE
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from recognizer import audit, deleting, owners, recognition
from recognizer.api import errors, schema
from recognizer.api.authentication import HasScope, IsReviewer, sees_all
from recognizer.api.filters import ChecksFields, SubmissionFilter, filterable
from recognizer.api.pages import NewestFirst
from recognizer.api.serializers import (
    ApprovalSerializer,
    CorrectionSerializer,
    DeletionSerializer,
    NewSubmissionSerializer,
    SubmissionSerializer,
    SubmissionWithStrokesSerializer,
)
from recognizer.keys import Scope
from recognizer.models import (
    AlreadyReviewedError,
    Answer,
    Review,
    Submission,
    SubmissionQuerySet,
)

REVIEWING: Final = ("approve", "reject")
DELETED: Final[dict[int, Any]] = {
    204: None,
    200: OpenApiResponse(DeletionSerializer, "Some versions had learned from it."),
}


@extend_schema_view(
    list=extend_schema(
        summary="Your submissions, newest first; for staff, everybody's",
        parameters=[schema.fields_of(SubmissionSerializer)],
    ),
    retrieve=extend_schema(
        summary="One submission",
        parameters=[schema.fields_of(SubmissionWithStrokesSerializer)],
        responses=SubmissionWithStrokesSerializer,
    ),
    destroy=extend_schema(summary="Delete one of your submissions for good", responses=DELETED),
)
class SubmissionViewSet(
    ChecksFields,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    GenericViewSet,
):
    """Everybody else's submission is 404, as if it did not exist."""

    queryset = Submission.objects.select_related("model_version", "learned_in").defer(
        "image", "strokes", "model_version__card", "learned_in__card"
    )
    lookup_field = "id"
    lookup_value_converter = "uuid"
    pagination_class = NewestFirst
    filterset_class = SubmissionFilter

    @property
    def throttle_scope(self) -> str | None:
        return {"create": "submit", "correction": "correct"}.get(self.action)

    @property
    def needed_scope(self) -> Scope:
        """Of a key."""
        if self.action in REVIEWING:
            return Scope.REVIEW
        return Scope.READ if self.request.method in SAFE_METHODS else Scope.SUBMIT

    def get_queryset(self) -> SubmissionQuerySet:
        everybodys: SubmissionQuerySet = super().get_queryset()  # type: ignore[assignment]
        if self.action in REVIEWING:
            return everybodys
        if self.request.method in SAFE_METHODS and sees_all(self.request):
            return filterable(everybodys, by_owner=False)
        owner = owners.current(self.request)
        own = everybodys.owned_by(owner) if owner else everybodys.none()
        return filterable(own, by_owner=True)

    def get_serializer_class(self) -> type[BaseSerializer]:
        return (
            SubmissionWithStrokesSerializer if self.action == "retrieve" else SubmissionSerializer
        )

    @extend_schema(
        summary="Read a digit and store it",
        description="The same image, or the same `Idempotency-Key`, sent twice by the same owner "
        "is stored once: then 200.",
        parameters=[schema.IDEMPOTENCY_KEY, schema.fields_of(SubmissionSerializer)],
        request=schema.SUBMISSION_BODY,
        responses={
            201: SubmissionSerializer,
            200: OpenApiResponse(SubmissionSerializer, "It was stored before."),
            409: schema.ERROR,
            **schema.BODY_ERRORS,
        },
    )
    def create(self, request: Request) -> Response:
        body = NewSubmissionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        read = recognition.recognize(body.validated_data["image"])
        try:
            submission, is_new = recognition.store(
                read,
                owner=owners.ensure(request),
                source=body.validated_data["source"],
                strokes=body.validated_data["strokes"],
                idempotency_key=_idempotency_key(request),
            )
        except recognition.KeyReusedError as error:
            raise errors.KeyReused from error
        return Response(
            self.get_serializer(submission).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={
                "Location": reverse("submission-detail", args=[submission.pk], request=request)
            },
        )

    @extend_schema(
        operation_id="submissions_destroy_all",
        summary="Delete all of your submissions for good",
        filters=False,
        responses=DELETED,
    )
    def destroy_all(self, request: Request) -> Response:
        return _deleted(self.get_queryset())

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        submission: Submission = self.get_object()
        return _deleted(self.get_queryset().filter(pk=submission.pk))

    @extend_schema(
        summary="Say what one of your drawings is",
        parameters=[schema.fields_of(SubmissionSerializer)],
        request=CorrectionSerializer,
        responses={200: SubmissionSerializer, 409: schema.ERROR, **schema.BODY_ERRORS},
    )
    @action(detail=True, methods=["post"], parser_classes=[JSONParser])
    def correction(self, request: Request, **kwargs: Any) -> Response:
        submission: Submission = self.get_object()
        body = CorrectionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            submission.correct(body.validated_data["digit"])
        except AlreadyReviewedError as error:
            raise errors.AlreadyReviewed from error
        return Response(self.get_serializer(submission).data)

    @extend_schema(
        summary="For reviewers: accept what it is, from now on it is learned",
        request=ApprovalSerializer,
        responses={200: SubmissionSerializer, 409: schema.ERROR, **schema.BODY_ERRORS},
    )
    @action(
        detail=True,
        methods=["post"],
        parser_classes=[JSONParser],
        permission_classes=[HasScope, IsReviewer],
    )
    def approve(self, request: Request, **kwargs: Any) -> Response:
        body = ApprovalSerializer(data=request.data)
        body.is_valid(raise_exception=True)

        def decide(submission: Submission) -> str:
            label = body.validated_data.get("digit", submission.corrected_digit)
            if label is None:
                raise errors.NoLabel
            submission.approve(request.user, Answer(label))
            return f"Approved as {Answer(label).label}."

        return self._review(decide)

    @extend_schema(
        summary="For reviewers: never learn it",
        request=None,
        responses={200: SubmissionSerializer, 409: schema.ERROR},
    )
    @action(detail=True, methods=["post"], permission_classes=[HasScope, IsReviewer])
    def reject(self, request: Request, **kwargs: Any) -> Response:
        def decide(submission: Submission) -> str:
            submission.reject(request.user)
            return "Rejected."

        return self._review(decide)

    def _review(self, decide: Callable[[Submission], str]) -> Response:
        """Decide about one that nobody has decided about; all or nothing, also its history."""
        with transaction.atomic():
            locked = self.get_queryset().select_for_update(of=("self",))
            submission: Submission = get_object_or_404(locked, id=self.kwargs["id"])
            if submission.review != Review.PENDING:
                raise errors.AlreadyReviewed
            sentence = decide(submission)
            audit.note(self.request.user, submission, CHANGE, sentence)
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


def _deleted(drawings: SubmissionQuerySet) -> Response:
    versions = deleting.delete(drawings)
    if not versions:
        return Response(status=status.HTTP_204_NO_CONTENT)
    body = {"learned_in": versions, "detail": deleting.in_words(versions)}
    return Response(DeletionSerializer(body).data)


def _idempotency_key(request: Request) -> str | None:
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(schema.KEY_PATTERN, key):
        complaint = gettext("Must be 1 to 64 visible ASCII characters.")
        raise ValidationError({"Idempotency-Key": complaint})
    return key
