"""The pages for people."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from recognizer import fates, owners, registry
from recognizer.api.pages import NewestFirst
from recognizer.models import Submission
from recognizer.recognition import png_data_url
from recognizer.words import DRAW_PAGE, named

COUNTED: Final = 1000  # drawings of one visitor; of more it says so


class MyPages(NewestFirst):
    def get_page_size(self, request: Request) -> int:
        return 24


@require_safe
@ensure_csrf_cookie
def draw(request: HttpRequest) -> HttpResponse:
    """Draw a digit, see what the site reads, say what it is."""
    # Before the first drawing is sent: were its answer lost on the way, and the cookie with it,
    # the retry would come from somebody else, and be stored twice.
    owners.ensure(request)
    return render(request, "recognizer/draw.html", {"words": DRAW_PAGE})


@require_safe
@ensure_csrf_cookie
def mine(request: HttpRequest) -> HttpResponse:
    """A visitor's own drawings, newest first, and what has become of each."""
    own = Submission.objects.owned_by(owners.ensure(request))
    rows = own.select_related("learned_in").defer("image", "learned_in__card")
    pages = MyPages()
    try:
        shown = pages.paginate_queryset(rows, Request(request))
    except NotFound:
        shown = None
    if not shown and request.GET:  # no page of ours, or all that was on it is deleted
        return redirect("mine")
    served = registry.serving_or_none()
    drawings = [
        {
            "submission": submission,
            "seen": png_data_url(submission.pixels),
            "read": named(submission.predicted_digit),
            "said": said if (said := submission.corrected_digit) is None else named(said),
            "fate": fates.in_words(submission, served),
        }
        for submission in shown or ()
    ]
    context = {
        "drawings": drawings,
        "number": own[: COUNTED + 1].count(),
        "counted": COUNTED,
        "newer": pages.get_previous_link(),
        "older": pages.get_next_link(),
    }
    return render(request, "recognizer/mine.html", context)
