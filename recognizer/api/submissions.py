"""Store, list, correct, review and delete submissions."""

import re
from typing import Any, Final

from django.contrib.admin.models import CHANGE
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from recognizer import audit
from recognizer.accounts import deletion, ownership
from recognizer.api import drawings, exceptions, heavy_work, personal, schema, storage_quotas
from recognizer.api.authentication import HasScope, IsReviewer, can_view_all
from recognizer.api.content_negotiation import FileNegotiation
from recognizer.api.filters import SubmissionFilter, with_filter_aliases
from recognizer.api.pagination import SubmissionPagination
from recognizer.api.parsers import JSONParser
from recognizer.api.request_serializers import (
    ApprovalSerializer,
    CorrectionSerializer,
    NewSubmissionSerializer,
    RejectionSerializer,
)
from recognizer.api.strict_requests import StrictRequestMixin
from recognizer.api.submission_serializers import (
    DeletionSerializer,
    StoredSubmissionSerializer,
    SubmissionSerializer,
    SubmissionWithStrokesSerializer,
)
from recognizer.models import (
    AlreadyReviewedError,
    Label,
    Review,
    Scope,
    Submission,
    SubmissionQuerySet,
    review_message,
)
from recognizer.serving import storage

REVIEW_ACTIONS: Final = ("approve", "reject")
DELETION_RESPONSES: Final[dict[int, Any]] = {
    204: None,
    200: OpenApiResponse(
        DeletionSerializer, "Deleted, but some model versions were trained on deleted drawings."
    ),
    409: schema.ERROR,
    503: schema.ERROR,
}


@extend_schema_view(
    list=extend_schema(summary="List your own submissions, newest first (reviewers: all)"),
    retrieve=extend_schema(
        summary="Get one submission, with its strokes", responses=SubmissionWithStrokesSerializer
    ),
    destroy=extend_schema(summary="Delete one of your submissions", responses=DELETION_RESPONSES),
)
class SubmissionViewSet(
    StrictRequestMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    GenericViewSet,
):
    """Visitors can read, correct and delete their own submissions.

    Requests for another visitor's submission get a 404, as if it did not exist. Reviewers can also
    read, approve and reject all submissions. `recognizer.accounts.rights` has the rules.
    """

    queryset = (
        Submission.objects.select_related("model_version")
        .with_learned_in()
        .defer("image", "strokes", "model_version__card")
    )
    lookup_field = "id"
    lookup_value_converter = "uuid"
    pagination_class = SubmissionPagination
    filterset_class = SubmissionFilter

    @property
    def throttle_scope(self) -> str | None:
        """Return the key in `settings.QUOTAS`, or None for the default (`read`)."""
        return {"create": "submit", "correction": "correct"}.get(self.action)

    @property
    def accepted_scopes(self) -> tuple[Scope, ...]:
        """Return the scopes that allow the action. An API key needs one of them."""
        if self.action in REVIEW_ACTIONS:
            return (Scope.REVIEW,)
        if self.request.method in SAFE_METHODS:
            return (Scope.READ, Scope.REVIEW)
        return (Scope.SUBMIT,)

    def get_queryset(self) -> SubmissionQuerySet:
        """Return the submissions that the request may see or change."""
        submissions: SubmissionQuerySet = super().get_queryset()  # type: ignore[assignment]
        if self.action in REVIEW_ACTIONS:
            return submissions
        if self.request.method in SAFE_METHODS and can_view_all(self.request):
            return with_filter_aliases(submissions, has_one_owner=False)
        owner = ownership.current_owner(self.request)
        own = submissions.owned_by(owner) if owner else submissions.none()
        return with_filter_aliases(own, has_one_owner=True)

    def get_serializer_class(self) -> type[BaseSerializer]:
        return (
            SubmissionWithStrokesSerializer if self.action == "retrieve" else SubmissionSerializer
        )

    @extend_schema(
        summary="Predict the digit in an image and store a submission",
        description="Each owner's image is stored only once. Sending it again returns the existing "
        "submission with status 200.",
        parameters=[schema.IDEMPOTENCY_KEY],
        request=schema.SUBMISSION_BODY,
        responses={
            201: StoredSubmissionSerializer,
            200: OpenApiResponse(StoredSubmissionSerializer, "The image was already stored."),
            409: schema.ERROR,
            **schema.BODY_ERRORS,
        },
    )
    def create(self, request: Request) -> Response:
        body = NewSubmissionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        result = drawings.predict_image(request, body.validated_data)
        owner = ownership.get_or_create_owner(request)
        new = storage.new_submission(
            result,
            owner=owner,
            source=body.validated_data["source"],
            strokes=body.validated_data["strokes"],
            idempotency_key=_idempotency_key(request),
        )
        try:
            [(submission, is_new)] = storage_quotas.store(request, owner, [new])
        except storage.IdempotencyConflictError as error:
            raise exceptions.IdempotencyConflict from error
        context = {**self.get_serializer_context(), "incomplete": result.is_incomplete}
        response = Response(
            StoredSubmissionSerializer(submission, context=context).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={
                "Location": reverse("submission-detail", args=[submission.pk], request=request)
            },
        )
        personal.set_no_corrections_cookie(request, response, submission)
        return response

    @extend_schema(
        operation_id="submissions_destroy_all",
        summary="Delete all of your submissions",
        filters=False,
        responses=DELETION_RESPONSES,
    )
    def destroy_all(self, request: Request) -> Response:
        _check_owner(request)
        return _deletion_response(self.get_queryset())

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            submission: Submission = self.get_object()
        except Http404:
            # The drawing may still exist. A login moves it to the account, and it is found.
            _check_owner(request)
            raise
        return _deletion_response(self.get_queryset().filter(pk=submission.pk))

    @extend_schema(
        summary="Correct the prediction of one of your submissions, or confirm it",
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
            raise exceptions.AlreadyReviewed from error
        response = Response(self.get_serializer(submission).data)
        personal.delete_no_corrections_cookie(request, response)
        return response

    @extend_schema(
        summary="For reviewers: approve the submission with a label",
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
        return self._review(body.validated_data, body.validated_data["digit"])

    @extend_schema(
        summary="For reviewers: reject the submission",
        request=RejectionSerializer,
        responses={200: SubmissionSerializer, 409: schema.ERROR, **schema.BODY_ERRORS},
    )
    @action(
        detail=True,
        methods=["post"],
        parser_classes=[JSONParser],
        permission_classes=[HasScope, IsReviewer],
    )
    def reject(self, request: Request, **kwargs: Any) -> Response:
        body = RejectionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return self._review(body.validated_data, None)

    def _review(self, body: dict[str, Any], label: Label | None) -> Response:
        """Approve a pending submission as `label`, or reject it if `label` is None.

        The review and its audit entry are stored in one transaction. Raises `AlreadyReviewed` if
        the submission is not pending, and `CorrectionChanged` if the body contains another time of
        the correction.
        """
        with transaction.atomic():
            locked = self.get_queryset().select_for_update(of=("self",))
            submission: Submission = get_object_or_404(locked, id=self.kwargs["id"])
            if submission.review != Review.PENDING:
                raise exceptions.AlreadyReviewed
            if body.get("corrected_at", submission.corrected_at) != submission.corrected_at:
                raise exceptions.CorrectionChanged
            if label is None:
                submission.reject(self.request.user)
            else:
                submission.approve(self.request.user, label)
            message = review_message(submission.review, submission.label)
            audit.record(self.request.user, submission, CHANGE, message)
        return Response(self.get_serializer(submission).data)

    @extend_schema(
        summary="Get the stored image", responses={(200, "image/png"): OpenApiTypes.BINARY}
    )
    @action(detail=True, content_negotiation_class=FileNegotiation)
    def image(self, request: Request, **kwargs: Any) -> HttpResponse:
        submission: Submission = self.get_object()
        # The image never changes, so browsers cache it. Proxies must not, because it is private.
        return HttpResponse(
            bytes(submission.image),
            content_type="image/png",
            headers={"Cache-Control": "private, max-age=31536000, immutable"},
        )


def _check_owner(request: Request) -> None:
    """Raise `OwnerChanged` if the request comes from a page that was made for another owner."""
    if not ownership.is_expected_owner(request):
        raise exceptions.OwnerChanged(request.user.is_authenticated)


def _deletion_response(submissions: SubmissionQuerySet) -> Response:
    with heavy_work.admitted_deletion(submissions.count()):
        version_numbers = deletion.delete_in_batches(submissions)
    if not version_numbers:
        return Response(status=status.HTTP_204_NO_CONTENT)
    body = {"learned_in": version_numbers, "detail": deletion.describe(version_numbers)}
    return Response(DeletionSerializer(body).data)


def _idempotency_key(request: Request) -> str | None:
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch(schema.IDEMPOTENCY_KEY_PATTERN, key):
        message = gettext("Must be 1 to 64 visible ASCII characters.")
        raise ValidationError({"Idempotency-Key": message})
    return key
