"""Doubtful labels: approved drawings whose label is probably wrong, according to a training run."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.models import CHANGE
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from recognizer import audit
from recognizer.models import (
    Label,
    OutdatedError,
    Submission,
    SubmissionQuerySet,
    review_message,
)
from recognizer.review import decisions, queue
from recognizer.review.decorators import reviewers_only
from recognizer.review.forms import DoubtfulLabelForm, error_summary
from recognizer.review.presenters import deleted_text, existing_review_text, short_label, to_percent
from recognizer.serving import model_registry
from recognizer.serving.stored_pixels import png_data_url, repredict

PAGE_SIZE: Final = 24


@reviewers_only
@require_http_methods(["GET", "HEAD", "POST"])
def doubtful_labels(request: HttpRequest) -> HttpResponse:
    """On GET, list the doubtful labels. On POST, store one decision.

    The response to a POST is JSON if the request does not accept HTML.
    """
    if request.method == "POST":
        return _respond(request, *_decide(request))
    after = request.GET.get("after", "")
    submissions = _page_after(after)
    shown = submissions[:PAGE_SIZE]
    context = {
        "cards": _to_cards(shown),
        "count": count(),
        "count_limit": queue.COUNT_LIMIT,
        "digits": range(10),
        "not_a_digit": Label.NOT_A_DIGIT,
        "is_first_page": not after,
        "next": _position(shown[-1]) if len(submissions) > PAGE_SIZE else None,
    }
    return render(request, "review/doubtful_labels.html", context)


def doubtful() -> SubmissionQuerySet:
    """Return the approved submissions whose label is probably wrong, most probably wrong first."""
    # Runs with `--include-pending` also check pending corrections. Those have no label yet. With a
    # condition on `review`, SQLite would use an index of that field, and sort all approved rows.
    rows = Submission.objects.filter(label_noise__isnull=False, label__isnull=False)
    return rows.order_by("-label_noise", "id")


def count() -> int:
    """Count the doubtful labels, up to `queue.COUNT_LIMIT`."""
    return queue.bounded_count(doubtful())


def _page_after(position: str) -> list[Submission]:
    """Return up to `PAGE_SIZE` + 1 submissions that come after the position in the list.

    Return the start of the list if the position is not valid.
    """
    rows = doubtful().filter(is_after(position)).with_learned_in().select_related("reviewed_by")
    return list(rows.defer("image", "strokes")[: PAGE_SIZE + 1])


def _position(submission: Submission) -> str:
    return f"{submission.label_noise},{submission.pk}"


def is_after(position: str) -> Q:
    """Return the condition that a submission comes after the position in the list.

    A position is the label noise and the id of a submission, in case that submission has left the
    list. Every submission comes after a position that is not valid.
    """
    try:
        text, pk = position.split(",")
        noise, previous = float(text), UUID(pk)
    except ValueError:
        return Q()
    # The first condition is redundant, but the index can use it.
    return Q(label_noise__lte=noise) & (Q(label_noise__lt=noise) | Q(pk__gt=previous))


def _to_cards(submissions: list[Submission]) -> list[dict[str, Any]]:
    live = model_registry.loaded_version_or_none()
    return [_card(submission, live) for submission in submissions]


def _card(submission: Submission, live: model_registry.LoadedVersion | None) -> dict[str, Any]:
    assert submission.label is not None
    return {
        "submission": submission,
        "label_name": short_label(submission.label),
        "model_input": png_data_url(submission.pixels),
        "prediction": live and _prediction_text(submission, live),
        # Identifies the review that the reviewer saw, so that a later one is not overwritten.
        "seen_at": submission.reviewed_at and submission.reviewed_at.isoformat(),
    }


def _prediction_text(submission: Submission, live: model_registry.LoadedVersion) -> str:
    prediction = repredict(submission.pixels, live.recognizer)
    return _("Version %(number)d predicts %(label)s (%(percent)d%% sure)") % {
        "number": live.number,
        "label": short_label(prediction.label),
        "percent": to_percent(prediction.confidence),
    }


def _decide(request: HttpRequest) -> tuple[int, str]:
    """Store the decision, and return an HTTP status and a sentence about the result."""
    form = DoubtfulLabelForm(request.POST)
    if not form.is_valid():
        return 400, error_summary(form)
    rows = Submission.objects.select_related("reviewed_by").defer("image", "pixels", "strokes")
    submission = rows.filter(pk=form.cleaned_data["id"]).first()
    if submission is None:
        return 410, deleted_text()
    try:
        label, seen_at = form.cleaned_data["decision"], form.cleaned_data["seen_at"]
        return 200, _store(submission, request.user, label, seen_at)
    except OutdatedError:
        return 409, existing_review_text(submission)


def _store(
    submission: Submission, reviewer: Any, label: Label | None, seen_at: datetime | None
) -> str:
    """Store the decision and its audit entry. Return a sentence about the result."""
    # A repeated request to change the label finds the new label, which was not kept.
    is_first_request = submission.reviewed_at == seen_at
    is_kept = label == submission.label and (is_first_request or submission.label_confirmed)
    with transaction.atomic():  # Store no decision without its audit entry.
        if decisions.decide_doubtful_label(submission, reviewer, label, seen_at=seen_at):
            message = review_message(submission.review, submission.label)
            audit.record(reviewer, submission, CHANGE, "Label kept." if is_kept else message)
    return _result_text(label, is_kept=is_kept)


def _result_text(label: Label | None, *, is_kept: bool) -> str:
    """Return a sentence about the result of a decision."""
    if label is None:
        return _("Rejected.")
    if is_kept:
        return _("Label kept.")
    return _("Approved as {name}.").replace("{name}", short_label(label))


def _respond(request: HttpRequest, status: int, text: str) -> HttpResponse:
    if not request.accepts("text/html"):
        return JsonResponse({"detail": text}, status=status)
    messages.add_message(request, messages.SUCCESS if status == 200 else messages.ERROR, text)
    return redirect(request.get_full_path())
