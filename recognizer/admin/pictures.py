"""Stored drawings as small pictures, each leading to its submission's page."""

from dataclasses import dataclass

from django.urls import reverse

from recognizer.models import Submission
from recognizer.recognition import png_data_url


@dataclass(frozen=True)
class Picture:
    url: str
    src: str
    text: str


def picture(submission: Submission, text: str) -> Picture:
    """What the network saw; `text` says what it shows."""
    url = reverse("admin:recognizer_submission_change", args=[submission.pk])
    return Picture(url, png_data_url(submission.pixels), text)
