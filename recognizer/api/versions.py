"""The model versions, as far as a stranger may see them."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.viewsets import ReadOnlyModelViewSet

from recognizer.api import schema
from recognizer.api.filters import ChecksFields
from recognizer.api.pages import HighestNumberFirst
from recognizer.api.serializers import ModelVersionSerializer
from recognizer.models import ModelVersion


@extend_schema_view(
    list=extend_schema(
        summary="All model versions, newest first",
        parameters=[schema.fields_of(ModelVersionSerializer)],
    ),
    retrieve=extend_schema(
        summary="One model version with its card",
        parameters=[schema.fields_of(ModelVersionSerializer)],
    ),
)
class ModelVersionViewSet(ChecksFields, ReadOnlyModelViewSet):
    queryset = ModelVersion.objects.select_related("parent")
    serializer_class = ModelVersionSerializer
    lookup_field = "number"
    lookup_value_converter = "int"
    pagination_class = HighestNumberFirst
    filter_backends = ()
