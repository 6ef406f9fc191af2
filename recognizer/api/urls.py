"""The API's paths, below /api/v1/. The site's own page uses nothing else."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import Route, SimpleRouter

from recognizer.api.numbers import NumberView, RecognizeNumberView
from recognizer.api.recognize import RecognizeManyView, RecognizeView
from recognizer.api.submissions import SubmissionViewSet
from recognizer.api.versions import ModelVersionViewSet


class Router(SimpleRouter):
    """Also a list can be deleted, where its view says how."""

    _list, *_others = SimpleRouter.routes
    assert isinstance(_list, Route)
    routes = [_list._replace(mapping=_list.mapping | {"delete": "destroy_all"}), *_others]


router = Router(use_regex_path=False)
router.register("submissions", SubmissionViewSet)
router.register("models", ModelVersionViewSet, basename="model")

urlpatterns = [
    path("recognize/", RecognizeView.as_view(), name="recognize"),
    path("numbers/", NumberView.as_view(), name="numbers"),
    path("numbers/recognize/", RecognizeNumberView.as_view(), name="recognize-number"),
    path("recognize/batch/", RecognizeManyView.as_view(), name="recognize-many"),
    path("", include(router.urls)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", metadata_class=None),
        name="docs",
    ),
]
