"""Read a picture with several rows of digits. Nothing is stored."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer.api import heavy_work, schema
from recognizer.api.prediction_serializers import PageResultSerializer
from recognizer.api.request_serializers import PageRequestSerializer
from recognizer.api.strict_requests import StrictRequestMixin
from recognizer.serving import prediction, work_estimates


class RecognizePageView(StrictRequestMixin, APIView):
    """Predict the numbers in the rows of one picture."""

    throttle_scope = "recognize"

    @extend_schema(
        summary="Predict the numbers in the rows of a picture, without storing it",
        request=schema.PAGE_BODY,
        responses={200: PageResultSerializer, **schema.BODY_ERRORS},
    )
    def post(self, request: Request) -> Response:
        body = PageRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        image = body.validated_data["image"]
        with heavy_work.admitted(request, image, extra=work_estimates.PAGE_MILLISECONDS) as pause:
            result = prediction.predict_page(image, pause)
        return Response(PageResultSerializer(result).data)
