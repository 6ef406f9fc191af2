"""The API's paths, below /api/v1/."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from recognizer.api.views import ModelVersionViewSet, RecognizeView, SubmissionViewSet

router = SimpleRouter(use_regex_path=False)
router.register("submissions", SubmissionViewSet)
router.register("models", ModelVersionViewSet, basename="model")

urlpatterns = [
    path("recognize/", RecognizeView.as_view(), name="recognize"),
    path("", include(router.urls)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]
