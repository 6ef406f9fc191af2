"""List the addresses of the API."""

from typing import Final

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from recognizer.api.strict_requests import StrictRequestMixin

NAMES: Final = {  # of the URL patterns
    "recognize": "recognize",
    "recognize_batch": "recognize-batch",
    "recognize_number": "recognize-number",
    "recognize_page": "recognize-page",
    "submissions": "submission-list",
    "numbers": "numbers",
    "models": "model-list",
    "schema": "schema",
    "docs": "docs",
}


class RootView(StrictRequestMixin, APIView):
    """Link to the operations that need no id, to the schema and to the documentation."""

    @extend_schema(
        operation_id="root",
        summary="List the addresses of the API",
        responses=inline_serializer("Root", {key: serializers.URLField() for key in NAMES}),
    )
    def get(self, request: Request) -> Response:
        return Response({key: reverse(name, request=request) for key, name in NAMES.items()})
