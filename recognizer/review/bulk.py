"""Bulk review: up to a hundred submissions with the same suggested label, approved together."""

from datetime import datetime
from typing import Final

from django.contrib import messages
from django.contrib.admin.models import CHANGE
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from recognizer import audit
from recognizer.models import Label, Review, Submission, review_message
from recognizer.review import decisions, queue
from recognizer.review.decisions import BulkResult
from recognizer.review.decorators import reviewers_only
from recognizer.review.forms import BulkReviewForm, error_summary
from recognizer.review.presenters import short_label, to_cards

# The session stores the time of the last bulk review under this key. Undo uses the time to find
# the reviews.
LAST_BULK_SESSION_KEY: Final = "last_bulk_review"
# The session stores the label of the last bulk review under this key.
LAST_LABEL_SESSION_KEY: Final = "last_bulk_label"
# The session stores `BulkResult.previous_rounds` of the last bulk review under this key.
LAST_ROUNDS_SESSION_KEY: Final = "last_bulk_rounds"


@reviewers_only
@require_safe
def largest_label(request: HttpRequest) -> HttpResponse:
    """Redirect to the suggested label with the most submissions to review."""
    counts = queue.count_similar(request.user)
    return redirect("review:bulk_label", max(counts, key=lambda label: counts[label]))


@reviewers_only
@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: HttpRequest, label: int) -> HttpResponse:
    """On GET, show submissions with one suggested label. On POST, store the decisions."""
    if label not in Label:
        raise Http404
    if request.method == "POST":
        return _decide(request, Label(label))
    submissions = queue.claim_similar(request.user, Label(label))
    counts = queue.count_similar(request.user)
    context = {
        "label": label,
        "label_name": short_label(label),
        "cards": to_cards(submissions),
        "count_limit": queue.COUNT_LIMIT,
        "tabs": [(tab, short_label(tab), count) for tab, count in counts.items()],
        "can_undo": LAST_BULK_SESSION_KEY in request.session,
    }
    return render(request, "review/bulk.html", context)


def _decide(request: HttpRequest, label: Label) -> HttpResponse:
    form = BulkReviewForm(request.POST)
    if form.is_valid():
        _store(request, label, form)
    else:
        messages.error(request, error_summary(form))
    return redirect("review:bulk_label", label)


def _store(request: HttpRequest, label: Label, form: BulkReviewForm) -> None:
    shown, excluded = form.cleaned_data["shown"], form.cleaned_data["excluded"]
    reject, now = form.cleaned_data["excluded_action"] == "reject", timezone.now()
    with transaction.atomic():  # Store no decision without its audit entry.
        result = decisions.bulk_approve(
            label, shown, excluded & shown.keys(), reject=reject, reviewer=request.user, at=now
        )
        reviewed = Submission.objects.filter(reviewed_by=request.user.pk, reviewed_at=now)
        reviewed = reviewed.only("predicted_digit")
        approved = reviewed.filter(review=Review.APPROVED)
        rejected = reviewed.filter(review=Review.REJECTED)
        audit.record_each(request.user, approved, CHANGE, review_message(Review.APPROVED, label))
        audit.record_each(request.user, rejected, CHANGE, review_message(Review.REJECTED))
    # The same form, sent again by a double click, changes nothing. Undo must still find the review.
    if result.can_be_undone:
        request.session[LAST_BULK_SESSION_KEY] = now.isoformat()
        request.session[LAST_LABEL_SESSION_KEY] = label
        request.session[LAST_ROUNDS_SESSION_KEY] = result.previous_rounds
    unchanged = len(shown) - result.approved - result.rejected - result.flagged
    messages.success(request, _report(label, result, unchanged))


def _report(label: Label, result: BulkResult, unchanged: int) -> str:
    values = {"count": result.approved, "label": short_label(label)}
    text = ngettext(
        "%(count)d approved as %(label)s.", "%(count)d approved as %(label)s.", result.approved
    )
    sentences = [text % values]
    if result.rejected:
        sentences.append(_("%(count)d rejected.") % {"count": result.rejected})
    if result.flagged:
        text = _("%(count)d flagged and moved to the front of the queue.")
        sentences.append(text % {"count": result.flagged})
    if unchanged:
        text = _("%(count)d unchanged: corrected, flagged, reviewed or deleted in the meantime.")
        sentences.append(text % {"count": unchanged})
    return " ".join(sentences)


@reviewers_only
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_undo(request: HttpRequest) -> HttpResponse:
    """On POST, undo the last bulk review of this session, and show its label again."""
    if request.method != "POST":  # The login redirects here if the session expired before the POST.
        return redirect("review:bulk")
    at = request.session.pop(LAST_BULK_SESSION_KEY, None)
    label = request.session.pop(LAST_LABEL_SESSION_KEY, None)
    previous_rounds = request.session.pop(LAST_ROUNDS_SESSION_KEY, {})
    with transaction.atomic():
        reopened = decisions.undo_bulk(request.user, datetime.fromisoformat(at)) if at else []
        audit.record_each(request.user, reopened, CHANGE, review_message(Review.PENDING))
        unflagged = decisions.unflag(previous_rounds)
    messages.success(request, _undo_report(len(reopened), unflagged))
    return redirect("review:bulk") if label is None else redirect("review:bulk_label", label)


def _undo_report(reopened: int, unflagged: int) -> str:
    sentences = []
    if reopened or not unflagged:
        text = ngettext("%(count)d review undone.", "%(count)d reviews undone.", reopened)
        sentences.append(text % {"count": reopened})
    if unflagged:
        text = ngettext("%(count)d flag removed.", "%(count)d flags removed.", unflagged)
        sentences.append(text % {"count": unflagged})
    return " ".join(sentences)
