"""The pages for visitors and users, and the endpoints for monitoring."""

from django.contrib.auth.views import LoginView, LogoutView, PasswordResetConfirmView
from django.urls import path, reverse_lazy
from django.views.generic import TemplateView

from recognizer.ops import health
from recognizer.web import api_key_views, correction_views, download_views, memory_views, views

urlpatterns = [
    path("", views.draw, name="draw"),
    path("mine/", views.my_drawings, name="mine"),
    path("mine/<uuid:id>/correction/", correction_views.correct, name="correct"),
    path("mine/download/", download_views.DownloadView.as_view(), name="download"),
    path("mine/memory/", memory_views.switch_memory, name="switch-memory"),
    path("mine/memory/forget/", memory_views.forget, name="forget"),
    path(
        "how-it-learns/",
        TemplateView.as_view(template_name="recognizer/how_it_learns.html"),
        name="how-it-learns",
    ),
    path("privacy/", TemplateView.as_view(template_name="recognizer/privacy.html"), name="privacy"),
    path(
        "password/<uidb64>/<token>/",
        PasswordResetConfirmView.as_view(
            template_name="registration/set_password.html",
            post_reset_login=True,
            success_url=reverse_lazy("review:queue"),
        ),
        name="set-password",
    ),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("keys/", api_key_views.api_keys, name="keys"),
    path("keys/<uuid:public_id>/revoke/", api_key_views.revoke_key, name="revoke-key"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("healthz/", health.healthz, name="healthz"),
    path("readyz/", health.readyz, name="readyz"),
    path("metrics/", health.metrics_view, name="metrics"),
]
