"""All URLs of the site."""

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from django.views.i18n import set_language

admin.site.site_header = admin.site.site_title = "digitsite"


def view_on_site(request: HttpRequest, object_id: str) -> HttpResponse:
    """Answer 404. No object has a page of its own, and Django's view fails for odd UUIDs."""
    raise Http404(f"No object has a page: {object_id}")


urlpatterns = [
    path("api/v1/", include("recognizer.api.urls")),  # first, because it gets most requests
    path("", include("recognizer.urls")),
    path("language/", set_language, name="set_language"),
    path("review/", include("recognizer.review.urls")),
    path("admin/r/<path:object_id>", view_on_site),
    path("admin/", admin.site.urls),
]

handler400 = "recognizer.api.exceptions.bad_request"
handler404 = "recognizer.api.exceptions.not_found"
handler500 = "recognizer.api.exceptions.server_error"
