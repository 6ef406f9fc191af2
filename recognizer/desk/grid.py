"""The grid: a hundred that seem to be the same digit, approved at one go but for the odd ones."""

from datetime import datetime
from typing import Final

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recognizer.desk import decisions, history, queue
from recognizer.desk.access import reviewers_only
from recognizer.desk.cards import cards, name
from recognizer.desk.forms import SweepForm, complaints
from recognizer.models import Answer, Review, Submission

SWEPT_AT: Final = "swept_at"  # in the session: the grid that can be taken back


@reviewers_only
@require_safe
def most(request: HttpRequest) -> HttpResponse:
    """The grid of what most are waiting for; an empty one where nothing waits."""
    counts = _counts()
    return redirect("desk:grid_of", max(counts, key=lambda answer: counts[answer]))


@reviewers_only
@require_http_methods(["GET", "HEAD", "POST"])
def grid(request: HttpRequest, answer: int) -> HttpResponse:
    """Shows a hundred; decides about those that were shown."""
    if answer not in Answer:
        raise Http404
    if request.method == "POST":
        return _decide(request, Answer(answer))
    rows = queue.take_alike(request.user, Answer(answer))
    context = {
        "answer": answer,
        "name": name(answer),
        "cards": cards(rows),
        "many": queue.MANY,
        "tabs": [(other, name(other), count) for other, count in _counts().items()],
        "may_take_back": SWEPT_AT in request.session,
    }
    return render(request, "desk/grid.html", context)


def _counts() -> dict[Answer, int]:
    """How many wait, `queue.MANY` of each at most."""
    waiting = Submission.objects.pending()
    return {answer: queue.count(waiting.filter(proposed_digit=answer)) for answer in Answer}


def _decide(request: HttpRequest, label: Answer) -> HttpResponse:
    form = SweepForm(request.POST)
    if not form.is_valid():
        messages.error(request, complaints(form))
        return redirect("desk:grid_of", label)
    shown, odd = form.cleaned_data["shown"], form.cleaned_data["odd"]
    reject, now = form.cleaned_data["ticked"] == "reject", timezone.now()
    with transaction.atomic():  # with their entries in the history, or not at all
        approved, set_apart = decisions.sweep(
            label, shown, odd & shown, reject=reject, reviewer=request.user, at=now
        )
        decided = Submission.objects.filter(reviewed_by=request.user.pk, reviewed_at=now)
        decided = decided.only("predicted_digit")
        history.approved(request.user, decided.filter(review=Review.APPROVED), label)
        history.rejected(request.user, decided.filter(review=Review.REJECTED))
    request.session[SWEPT_AT] = now.isoformat()
    _say(request, label, approved, set_apart, len(shown) - approved - set_apart, reject)
    return redirect("desk:grid_of", label)


def _say(
    request: HttpRequest, label: Answer, approved: int, set_apart: int, others: int, reject: bool
) -> None:
    said = [
        ngettext("%(count)d approved as %(label)s.", "%(count)d approved as %(label)s.", approved)
        % {"count": approved, "label": name(label)}
    ]
    if set_apart and reject:
        said.append(_("%(count)d rejected.") % {"count": set_apart})
    elif set_apart:
        said.append(_("%(count)d come first in the queue.") % {"count": set_apart})
    if others:
        said.append(_("%(count)d were decided or deleted meanwhile.") % {"count": others})
    messages.success(request, " ".join(said))


@reviewers_only
@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """Undo the last grid."""
    at = request.session.pop(SWEPT_AT, None)
    with transaction.atomic():
        rows = decisions.take_back_sweep(request.user, datetime.fromisoformat(at)) if at else []
        history.taken_back(request.user, rows)
    taken_back = ngettext("%(count)d taken back.", "%(count)d taken back.", len(rows))
    messages.success(request, taken_back % {"count": len(rows)})
    return redirect("desk:grid")
