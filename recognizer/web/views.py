"""The draw page and the list of a visitor's own drawings."""

from typing import Any, Final

from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from recognizer.accounts import ownership
from recognizer.api.pagination import SubmissionPagination
from recognizer.models import Label, Review, Status, Submission
from recognizer.serving import model_registry
from recognizer.serving.stored_pixels import png_data_url
from recognizer.training.owner_split import will_be_held_out
from recognizer.web.memory_views import memory_context, memory_is_used
from recognizer.web.status_messages import describe_status
from recognizer.web.ui_strings import DRAW_PAGE_STRINGS, label_phrase

# Counting stops here: the page then shows "More than 1000 drawings". A full count may be slow.
COUNT_LIMIT: Final = 1000


class MyDrawingsPagination(SubmissionPagination):
    """The pagination of the API, but with a fixed page size."""

    def get_page_size(self, request: Request) -> int:
        return 24


@require_safe
@ensure_csrf_cookie
def draw(request: HttpRequest) -> HttpResponse:
    """Show the page where visitors draw a digit, see the prediction and correct it."""
    context = {
        "ui_strings": DRAW_PAGE_STRINGS,
        "remembers": memory_is_used(request, model_registry.loaded_version_or_none()),
        "owner_token": ownership.new_visitor_token(request),
    }
    return render(request, "recognizer/draw.html", context)


@require_safe
@ensure_csrf_cookie
def my_drawings(request: HttpRequest) -> HttpResponse:
    """List the visitor's own drawings, newest first, with the status of each."""
    owner = ownership.current_owner(request)
    own_submissions = Submission.objects.owned_by(owner) if owner else Submission.objects.none()
    rows = own_submissions.with_learned_in().defer("image")
    paginator = MyDrawingsPagination()
    try:
        submissions = paginator.paginate_queryset(rows, Request(request))
    except ValidationError:
        submissions = None
    # Return to the first page if the cursor is invalid, or if its drawings were deleted.
    if not submissions and request.GET:
        return redirect("mine")
    live = model_registry.loaded_version_or_none()
    has_approved = any(row.status == Status.APPROVED for row in submissions or ())
    is_held_out = owner is not None and has_approved and will_be_held_out(owner)
    notices = {message.extra_tags: message for message in get_messages(request)}
    context = {
        "owner": owner,
        "drawings": [
            _drawing_context(submission, live, is_held_out, notices.pop(str(submission.pk), None))
            for submission in submissions or ()
        ],
        "notices": notices.values(),
        "labels": Label,
        "memory": memory_context(request, owner, live),
        "count": own_submissions[: COUNT_LIMIT + 1].count(),
        "count_limit": COUNT_LIMIT,
        "newer": paginator.get_previous_link(),
        "older": paginator.get_next_link(),
    }
    return render(request, "recognizer/my_drawings.html", context)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect the programs that only know this path, and not the link in the pages."""
    return redirect(static("favicon.ico"))


def _drawing_context(
    submission: Submission,
    live: model_registry.LoadedVersion | None,
    is_held_out: bool,
    notice: Message | None,
) -> dict[str, Any]:
    corrected = submission.corrected_digit
    shown, network = submission.shown_digit, submission.predicted_digit
    return {
        "submission": submission,
        "model_input": png_data_url(submission.pixels),
        "prediction": label_phrase(shown),
        "network_prediction": None if network == shown else label_phrase(network),
        "correction": None if corrected is None else label_phrase(corrected),
        "can_correct": submission.review == Review.PENDING,
        "is_corrected": corrected is not None,
        "status_message": describe_status(submission, live, is_held_out=is_held_out),
        "notice": notice,
    }
