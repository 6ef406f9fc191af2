"""Small images of submissions, with links to their admin pages."""

from dataclasses import dataclass

from django.urls import reverse

from recognizer.models import Submission
from recognizer.serving.stored_pixels import png_data_url


@dataclass(frozen=True)
class Thumbnail:
    """A submission's model input as a data URL, with a caption and the submission's admin URL."""

    url: str
    src: str
    caption: str


def thumbnail(submission: Submission, caption: str) -> Thumbnail:
    """Return a thumbnail of the submission's model input."""
    url = reverse("admin:recognizer_submission_change", args=[submission.pk])
    return Thumbnail(url, png_data_url(submission.pixels), caption)
