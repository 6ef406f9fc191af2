"""Every URL of the site."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "digitsite"

urlpatterns = [
    path("", include("recognizer.urls")),
    path("api/v1/", include("recognizer.api.urls")),
    path("admin/", admin.site.urls),
]
