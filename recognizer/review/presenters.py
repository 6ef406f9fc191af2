"""Turn submissions into the texts and images that reviewers see."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recognizer.models import Label, Review, Submission
from recognizer.serving.stored_pixels import png_data_url
from recognizer.training.duplicates import NEAR_DUPLICATE_CORRELATION, unit_vector

# Near duplicates are searched among the owner's drawings made at most this long before or after.
SESSION_WINDOW: Final = timedelta(hours=1)
EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime.max.replace(tzinfo=UTC)
COMPARISON_LIMIT: Final = 2000  # drawings to compare, for all cards together
SURE: Final = 0.8  # confidence with which a contradiction of the visitor is strong
MAX_PERCENT: Final = 99  # Never show 100%: the network cannot be certain.


def to_cards(submissions: list[Submission]) -> list[dict[str, Any]]:
    """Return the cards of the submissions, as dictionaries that can be sent as JSON."""
    duplicate_counts = count_near_duplicates(submissions)
    return [_card(submission, duplicate_counts[submission.pk]) for submission in submissions]


def short_label(label: int) -> str:
    """Return the translated label without an article: "4" or "not a digit"."""
    return _("not a digit") if label == Label.NOT_A_DIGIT else str(label)


def to_percent(confidence: float) -> int:
    """Return a confidence in percent, at most `MAX_PERCENT`."""
    return min(MAX_PERCENT, round(100 * confidence))


def deleted_text() -> str:
    """Return a sentence for a reviewer whose decision came too late: the drawing is deleted."""
    return _("The visitor has deleted this drawing.")


def existing_review_text(submission: Submission) -> str:
    """Return a sentence for a reviewer whose decision came too late: another review is stored."""
    try:
        submission.refresh_from_db(fields=("review", "label", "reviewed_by"))
    except Submission.DoesNotExist:
        return deleted_text()
    values = {"reviewer": submission.reviewed_by or _("Another reviewer")}
    if submission.review == Review.PENDING:
        return _("The review was undone. The drawing is waiting for review again.")
    if submission.label is None:
        return _("%(reviewer)s has already rejected this drawing.") % values
    values["label"] = short_label(submission.label)
    return _("%(reviewer)s has already approved this drawing as %(label)s.") % values


def newer_decision_text() -> str:
    """Return a sentence for a reviewer who has made another decision on this drawing."""
    return _("You have made another decision on this drawing. That decision is kept.")


def changed_correction_text(submission: Submission) -> str:
    """Return a sentence for a reviewer whose decision came too late: the correction is new."""
    values = {"label": short_label(submission.suggested_label)}
    return _("The visitor has changed the label to “%(label)s” in the meantime.") % values


def _card(submission: Submission, duplicate_count: int) -> dict[str, Any]:
    return {
        "id": str(submission.pk),
        "image": reverse("submission-image", args=[submission.pk]),
        "model_input": png_data_url(submission.pixels),
        # The page sends the time back, so that a later correction is not overlooked.
        "corrected_at": submission.corrected_at.isoformat() if submission.corrected_at else "",
        "suggested_label": submission.suggested_label,
        "label_name": short_label(submission.suggested_label),
        "choices": choices(submission),
        "summary": summarize(submission),
        "notes": list(_notes(submission, duplicate_count)),
        "admin": reverse("admin:recognizer_submission_change", args=[submission.pk]),
    }


def choices(submission: Submission) -> list[dict[str, Any]]:
    """Return the two labels to choose from if visitor and network disagree strongly.

    The list is empty if they do not. Only then can the reviewer accept the suggested label with
    Enter. Otherwise, it would be easy to approve a doubtful label by pressing Enter in a rhythm.
    """
    if not _disagree_strongly(submission):
        return []
    labels = {
        submission.suggested_label: _("the visitor"),
        _network_label(submission): _("the network"),
    }
    return [
        {"label": label, "text": f"{short_label(label)} – {source}"}
        for label, source in labels.items()
    ]


def _network_label(submission: Submission) -> int:
    live = submission.live_prediction
    return submission.predicted_digit if live is None else live


def _disagree_strongly(submission: Submission) -> bool:
    """Return whether the visitor's label contradicts a network that is sure of its prediction.

    The confidence is that of the first prediction, because that of the live one is not stored.
    """
    is_sure = submission.confidence >= SURE
    return is_sure and submission.corrected_digit not in (None, _network_label(submission))


def summarize(submission: Submission) -> str:
    """Return a sentence with the prediction and the visitor's correction."""
    predicted, corrected = submission.predicted_digit, submission.corrected_digit
    values = {
        "prediction": short_label(predicted),
        "percent": to_percent(submission.confidence),
    }
    if corrected is None:
        text = _("Prediction: %(prediction)s (%(percent)d%% sure). No correction.")
    elif corrected == predicted:
        text = _("Prediction: %(prediction)s (%(percent)d%% sure). The visitor agrees.")
    else:
        text = _("Correction: %(correction)s. Prediction: %(prediction)s (%(percent)d%% sure).")
        values["correction"] = short_label(corrected)
    return text % values


def _notes(submission: Submission, duplicate_count: int) -> Iterator[str]:
    """Yield what reviewers should know in addition to the summary."""
    if submission.flagged:
        yield _("Flagged in a bulk review")
    if submission.corrected_digit not in (None, submission.predicted_digit):
        yield _("The correction disagrees with the prediction")
    if submission.live_prediction not in (None, submission.predicted_digit):
        yield _versions_disagree(submission)
    if duplicate_count:
        yield ngettext(
            "Near duplicate of %(count)d drawing by the same person",
            "Near duplicate of %(count)d drawings by the same person",
            duplicate_count,
        ) % {"count": duplicate_count}


def _versions_disagree(submission: Submission) -> str:
    # These two fields are always stored together.
    assert submission.live_prediction is not None
    assert submission.live_prediction_version is not None
    return _("Versions disagree: version %(number)d predicts %(label)s") % {
        "number": submission.live_prediction_version.number,
        "label": short_label(submission.live_prediction),
    }


def count_near_duplicates(submissions: list[Submission]) -> dict[UUID, int]:
    """Count the near duplicates of each submission by the same owner within `SESSION_WINDOW`.

    Reviewers need not check each near duplicate: a training run uses only one of them.
    """
    vectors = _session_vectors(submissions)
    counts = {}
    for submission in submissions:
        similar = _count_similar(submission, vectors.get(submission.owner))
        counts[submission.pk] = max(0, similar - 1)  # The submission is similar to itself.
    return counts


def _count_similar(submission: Submission, vectors: npt.NDArray[np.float32] | None) -> int:
    # `COMPARISON_LIMIT` can leave out all drawings of an owner.
    if vectors is None:
        return 0
    correlations = vectors @ unit_vector(bytes(submission.pixels))
    return int((correlations > NEAR_DUPLICATE_CORRELATION).sum())


def _session_vectors(submissions: Iterable[Submission]) -> dict[UUID, npt.NDArray[np.float32]]:
    """Return, by owner, the drawings within `SESSION_WINDOW` of one of the owner's submissions.

    An owner's drawings are unit vectors, shape (n, 784).
    """
    sessions = [
        Q(owner=row.owner, created__range=_session_around(row.created)) for row in submissions
    ]
    if not sessions:
        return {}
    nearby = Submission.objects.filter(reduce(or_, sessions)).order_by()
    vectors = defaultdict(list)
    for owner, pixels in nearby.values_list("owner", "pixels")[:COMPARISON_LIMIT]:
        vectors[owner].append(unit_vector(bytes(pixels)))
    return {owner: np.stack(drawings) for owner, drawings in vectors.items()}


def _session_around(created: datetime) -> tuple[datetime, datetime]:
    """Return the first and the last moment of the session of a drawing.

    An imported drawing can have any time, even the first or the last one that a `datetime` can be.
    """
    first = max(created, EARLIEST + SESSION_WINDOW) - SESSION_WINDOW
    last = min(created, LATEST - SESSION_WINDOW) + SESSION_WINDOW
    return first, last
