"""The desk's pages, and what its pages ask."""

from django.urls import path

from recognizer.desk import grid, views

app_name = "desk"
urlpatterns = [
    path("", views.queue_page, name="queue"),
    path("take/", views.take, name="take"),
    path("decide/", views.decide, name="decide"),
    path("grid/", grid.most, name="grid"),
    path("grid/<int:answer>/", grid.grid, name="grid_of"),
    path("grid/take-back/", grid.take_back, name="take_back"),
    path("overview/", views.overview, name="overview"),
    path("overview/next-training/", views.next_training, name="next_training"),
    path("quality/", views.quality, name="quality"),
]
