"""The pages for people, and the health check."""

from django.urls import path

from recognizer import views

urlpatterns = [
    path("", views.draw, name="draw"),
    path("healthz/", views.healthz, name="healthz"),
]
