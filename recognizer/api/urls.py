"""Route the paths below /api/v1/. The pages of the site also use this API."""

from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.routers import Route, SimpleRouter

from recognizer.api.model_versions import ModelVersionViewSet
from recognizer.api.multi_digit import RecognizeNumberView, StoreNumberView
from recognizer.api.pages import RecognizePageView
from recognizer.api.predictions import RecognizeBatchView, RecognizeView
from recognizer.api.root import RootView
from recognizer.api.schema_view import SchemaView
from recognizer.api.submissions import SubmissionViewSet


class Router(SimpleRouter):
    """Also route DELETE on a list to the view's `destroy_all`, if it has one."""

    _list, *_others = SimpleRouter.routes
    assert isinstance(_list, Route)
    routes = [_list._replace(mapping=_list.mapping | {"delete": "destroy_all"}), *_others]


router = Router(use_regex_path=False)
router.register("submissions", SubmissionViewSet)
router.register("models", ModelVersionViewSet, basename="model")

urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("recognize/", RecognizeView.as_view(), name="recognize"),
    path("numbers/", StoreNumberView.as_view(), name="numbers"),
    path("numbers/recognize/", RecognizeNumberView.as_view(), name="recognize-number"),
    path("pages/recognize/", RecognizePageView.as_view(), name="recognize-page"),
    path("recognize/batch/", RecognizeBatchView.as_view(), name="recognize-batch"),
    path("", include(router.urls)),
    path("schema/", SchemaView.as_view(), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", metadata_class=None),
        name="docs",
    ),
]
