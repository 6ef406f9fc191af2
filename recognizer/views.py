"""The pages for people."""

from typing import Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from recognizer import fates, owners, registry
from recognizer.models import Submission
from recognizer.recognition import png_data_url
from recognizer.words import DRAW_PAGE, named

MINE_PER_PAGE: Final = 24


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
    # The ids alone: the index has them, so that no row of an earlier page is opened.
    page = Paginator(own.values_list("pk", flat=True), MINE_PER_PAGE).get_page(
        request.GET.get("page")
    )
    rows = own.filter(pk__in=list(page)).select_related("learned_in")
    served = registry.serving_or_none()
    drawings = [
        {
            "submission": submission,
            "seen": png_data_url(submission.pixels),
            "read": named(submission.predicted_digit),
            "said": said if (said := submission.corrected_digit) is None else named(said),
            "fate": fates.in_words(submission, served),
        }
        for submission in rows.defer("image", "learned_in__card")
    ]
    return render(request, "recognizer/mine.html", {"page": page, "drawings": drawings})
