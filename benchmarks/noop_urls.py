"""The site's URLs, and the URL of a view that does nothing."""

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class NoopView(APIView):
    def post(self, request: Request) -> Response:
        return Response({})


urlpatterns = [path("noop/", NoopView.as_view()), path("", include("digitsite.urls"))]
