"""List and return model versions. Everybody may read them."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from recognizer.api.pagination import ModelVersionPagination
from recognizer.api.strict_requests import StrictRequestMixin
from recognizer.models import ModelVersion


class ModelVersionSerializer(serializers.ModelSerializer):
    """A model version with its card."""

    predecessor = serializers.IntegerField(
        source="predecessor.number",
        read_only=True,
        allow_null=True,
        help_text="The number of the version that was live when this one was trained.",
    )
    card = serializers.DictField(
        read_only=True, help_text="The training data and the scores of the version."
    )

    class Meta:
        model = ModelVersion
        fields = ("number", "state", "created", "predecessor", "reason", "sha256", "card")
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(summary="List the model versions, newest first"),
    retrieve=extend_schema(summary="Get one model version with its card"),
)
class ModelVersionViewSet(StrictRequestMixin, ReadOnlyModelViewSet):
    """Model versions are public: no login or API key is needed."""

    queryset = ModelVersion.objects.select_related("predecessor")
    serializer_class = ModelVersionSerializer
    lookup_field = "number"
    lookup_value_converter = "int"
    pagination_class = ModelVersionPagination
    filter_backends = ()
