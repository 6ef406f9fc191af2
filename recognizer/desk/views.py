"""The desk's pages: the queue, the overview, quality; the grid is in grid.py."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from recognizer import corrections
from recognizer.desk import decisions, history, queue, second_looks
from recognizer.desk import overview as figures
from recognizer.desk import quality as judged
from recognizer.desk.access import reviewers_only
from recognizer.desk.cards import cards, name
from recognizer.desk.forms import DecisionForm, complaints
from recognizer.models import AlreadyReviewedError, Answer, Submission


@reviewers_only
@require_safe
@ensure_csrf_cookie
def queue_page(request: HttpRequest) -> HttpResponse:
    """One after the other, one key a decision."""
    return render(request, "desk/queue.html", {"digits": range(10), "no_digit": Answer.NOT_A_DIGIT})


@reviewers_only
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """The next handful for the queue's page."""
    queue.read_anew()
    rows = queue.take(request.user, skipped="skipped" in request.POST)
    if rows:
        rows = second_looks.mixed_in(rows, request.user)
        return JsonResponse({"cards": cards(rows), "waiting": _waiting()})
    elsewhere, resting = queue.on_other_desks(request.user), queue.resting()
    return JsonResponse(
        {"cards": [], "waiting": _waiting(), "empty": _why_empty(elsewhere), "resting": resting}
    )


def _waiting() -> str:
    count = queue.waiting()
    if count == queue.MANY:
        return _("%(count)d or more are waiting") % {"count": count}
    return ngettext("%(count)d is waiting", "%(count)d are waiting", count) % {"count": count}


def _why_empty(elsewhere: int) -> str:
    if not elsewhere:
        return _("New drawings appear here by themselves.")
    return ngettext(
        "%(count)d lies on another reviewer’s desk, and comes back if it is left there.",
        "%(count)d lie on other reviewers’ desks, and come back if they are left there.",
        elsewhere,
    ) % {"count": elsewhere}


@reviewers_only
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """One decision of the queue's page; the same one sent twice counts once."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"detail": complaints(form)}, status=400)
    rows = Submission.objects.select_related("reviewed_by").defer("image", "pixels", "strokes")
    submission = rows.filter(pk=form.cleaned_data["id"]).first()
    if submission is None:
        return JsonResponse({"detail": _("Who drew it has deleted it.")}, status=410)
    try:
        with transaction.atomic():  # with its entry in the history, or not at all
            _do(form.cleaned_data["verb"], form.cleaned_data["label"], submission, request.user)
    except AlreadyReviewedError:
        return JsonResponse({"detail": _decided_by_another(submission)}, status=409)
    return JsonResponse({})


def _do(verb: str, label: int | None, submission: Submission, reviewer: Any) -> None:
    if verb == "skip":
        queue.put_aside(submission, reviewer)
    elif verb == "undo":
        if decisions.take_back(submission, reviewer):
            history.taken_back(reviewer, [submission])
    elif verb == "reject" or label is None:
        if decisions.decide(submission, reviewer, None):
            history.rejected(reviewer, [submission])
    elif decisions.decide(submission, reviewer, Answer(label)):
        history.approved(reviewer, [submission], Answer(label))


def _decided_by_another(submission: Submission) -> str:
    submission.refresh_from_db(fields=("review", "label", "reviewed_by"))
    words = {"who": submission.reviewed_by or _("Somebody")}
    if submission.label is None:
        return _("%(who)s has decided this one already: rejected.") % words
    words["label"] = name(submission.label)
    return _("%(who)s has decided this one already: approved as %(label)s.") % words


@reviewers_only
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """How it goes: what comes in, what waits, what the network takes for what."""
    return render(request, "desk/overview.html", figures.overview())


@reviewers_only
@require_safe
def next_training(request: HttpRequest) -> HttpResponse:
    """What the next retraining would learn; apart, because it compares every label with others."""
    context = {"counts": corrections.counts_for_a_page(), "many": corrections.MANY}
    return render(request, "desk/next_training.html", context)


@reviewers_only
@require_safe
def quality(request: HttpRequest) -> HttpResponse:
    """How well reviewers agree, and whose corrections are rejected."""
    return render(request, "desk/quality.html", judged.quality())
