"""The queue, the dashboard and the agreement page.

Bulk review is in bulk.py, and the doubtful labels are in doubtful_labels.py.
"""

from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from recognizer import audit
from recognizer.models import (
    AlreadyReviewedError,
    CorrectionChangedError,
    Label,
    Submission,
    review_message,
)
from recognizer.review import agreement as agreement_data
from recognizer.review import blind_reviews, decisions, doubtful_labels
from recognizer.review import dashboard as dashboard_data
from recognizer.review import queue as review_queue
from recognizer.review.decorators import reviewers_only
from recognizer.review.forms import DecisionForm, error_summary
from recognizer.review.presenters import (
    changed_correction_text,
    deleted_text,
    existing_review_text,
    newer_decision_text,
    to_cards,
)
from recognizer.training import training_data


@reviewers_only
@require_safe
@ensure_csrf_cookie
def queue(request: HttpRequest) -> HttpResponse:
    """Show the page of the queue. Its script claims submissions and sends the decisions."""
    context = {
        "digits": range(10),
        "not_a_digit": Label.NOT_A_DIGIT,
        "doubtful_labels": doubtful_labels.count(),
        "count_limit": review_queue.COUNT_LIMIT,
    }
    return render(request, "review/queue.html", context)


@reviewers_only
@require_POST
def claim(request: HttpRequest) -> HttpResponse:
    """Claim submissions for the reviewer and return their cards as JSON."""
    review_queue.refresh_predictions()
    include_snoozed = "include_snoozed" in request.POST
    submissions = review_queue.claim(request.user, include_snoozed=include_snoozed)
    if not submissions:
        return JsonResponse(_empty_claim(request.user))
    submissions = blind_reviews.mix_in(submissions, request.user)
    return JsonResponse({"cards": to_cards(submissions), **_waiting()})


def _empty_claim(reviewer: Any) -> dict[str, Any]:
    return {
        "cards": [],
        **_waiting(),
        "empty": _empty_text(review_queue.count_claimed_by_others(reviewer)),
        "snoozed": review_queue.count_snoozed(),
    }


def _waiting() -> dict[str, Any]:
    """Return the number of pending submissions, and whether there may be more."""
    count = review_queue.count_pending()
    return {"waiting": count, "waiting_is_cut": count == review_queue.COUNT_LIMIT}


def _empty_text(claimed_by_others: int) -> str:
    if not claimed_by_others:
        return _("New drawings appear here automatically.")
    return ngettext(
        "Another reviewer has claimed %(count)d drawing. "
        "It returns to the queue if they do not decide.",
        "Other reviewers have claimed %(count)d drawings. "
        "They return to the queue if nobody decides.",
        claimed_by_others,
    ) % {"count": claimed_by_others}


@reviewers_only
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Perform one action: decide, skip or undo. It is idempotent, so the page can repeat it."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"detail": error_summary(form)}, status=400)
    rows = Submission.objects.select_related("reviewed_by").defer("image", "pixels", "strokes")
    submission = rows.filter(pk=form.cleaned_data["id"]).first()
    if submission is None:
        return JsonResponse({"detail": deleted_text()}, status=410)
    try:
        with transaction.atomic():  # Store no decision without its audit entry.
            decided_at = _perform(form, submission, request.user)
    except CorrectionChangedError:
        return _changed_correction(submission)
    except Submission.DoesNotExist:
        return JsonResponse({"detail": deleted_text()}, status=410)
    except AlreadyReviewedError:
        return JsonResponse({"detail": existing_review_text(submission)}, status=409)
    except decisions.NewerDecisionError:
        return JsonResponse({"detail": newer_decision_text()}, status=409)
    # The page sends the time back to undo this decision, so that a later one is not undone.
    return JsonResponse({"decided_at": decided_at.isoformat()} if decided_at else {})


def _changed_correction(submission: Submission) -> JsonResponse:
    """Return a sentence about the new correction, and the new card."""
    current = review_queue.for_cards(Submission.objects.filter(pk=submission.pk))
    if not current:
        return JsonResponse({"detail": deleted_text()}, status=410)
    body = {"detail": changed_correction_text(current[0]), "card": to_cards(current)[0]}
    return JsonResponse(body, status=409)


def _perform(form: DecisionForm, submission: Submission, reviewer: Any) -> datetime | None:
    """Perform the action. Return the time of the reviewer's decision, or None if there is none."""
    action, label = form.cleaned_data["action"], form.cleaned_data["label"]
    if action == "skip":
        review_queue.snooze(submission, reviewer)
        return None
    if action == "undo":
        decided_at = form.cleaned_data["decided_at"]
        is_changed = decisions.undo(submission, reviewer, decided_at=decided_at)
    else:
        corrected_at = form.cleaned_data["corrected_at"]
        label = None if action == "reject" else label
        is_changed = decisions.decide(submission, reviewer, label, corrected_at=corrected_at)
    if is_changed:
        message = review_message(submission.review, submission.label)
        audit.record(reviewer, submission, CHANGE, message)
    return decisions.time_of_decision(submission, reviewer)


@reviewers_only
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show recent submissions, corrections, confusions and the size of the queue."""
    return render(request, "review/dashboard.html", dashboard_data.dashboard())


@reviewers_only
@require_safe
def next_training(request: HttpRequest) -> HttpResponse:
    """Show the counts of training data for the next training run.

    The dashboard loads these counts separately, because comparing the approved drawings takes time.
    """
    context = {
        "selection": training_data.selection_for_page(),
        "count_limit": training_data.COUNT_LIMIT,
    }
    return render(request, "review/next_training.html", context)


@reviewers_only
@require_safe
def agreement(request: HttpRequest) -> HttpResponse:
    """Show how often reviewers agree, and whose corrections they did not accept."""
    return render(request, "review/agreement.html", agreement_data.agreement())
