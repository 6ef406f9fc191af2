"""URLs of the review pages."""

from django.urls import path

from recognizer.review import bulk, doubtful_labels, views

app_name = "review"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("claim/", views.claim, name="claim"),
    path("decide/", views.decide, name="decide"),
    path("bulk/", bulk.largest_label, name="bulk"),
    path("bulk/<int:label>/", bulk.bulk, name="bulk_label"),
    path("bulk/undo/", bulk.bulk_undo, name="bulk_undo"),
    path("doubtful/", doubtful_labels.doubtful_labels, name="doubtful"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/next-training/", views.next_training, name="next_training"),
    path("agreement/", views.agreement, name="agreement"),
]
