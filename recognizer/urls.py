"""The pages for people, and what watches the site."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic import TemplateView

from recognizer import keys_page, monitoring, views

urlpatterns = [
    path("", views.draw, name="draw"),
    path("mine/", views.mine, name="mine"),
    path("privacy/", TemplateView.as_view(template_name="recognizer/privacy.html"), name="privacy"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("keys/", keys_page.keys, name="keys"),
    path("keys/<uuid:public_id>/withdraw/", keys_page.withdraw_key, name="withdraw-key"),
    path("healthz/", monitoring.healthz, name="healthz"),
    path("readyz/", monitoring.readyz, name="readyz"),
    path("metrics/", monitoring.metrics_page, name="metrics"),
]
