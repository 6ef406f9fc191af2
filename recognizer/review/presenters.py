"""Present submissions to reviewers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
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

from recognizer.models import Label, Submission
from recognizer.serving.prediction import png_data_url
from recognizer.training.training_data import NEAR_DUPLICATE_CORRELATION, unit_vector

# Near duplicates are searched among the owner's drawings this long before and after.
SESSION_WINDOW: Final = timedelta(hours=1)
COMPARISON_LIMIT: Final = 2000  # drawings to compare, for all cards together
MAX_PERCENT: Final = 99  # no prediction is shown as 100% sure


def to_cards(submissions: list[Submission]) -> list[dict[str, Any]]:
    """Return what the pages show of each submission, ready for a template or JSON."""
    duplicates = count_near_duplicates(submissions)
    return [_card(submission, duplicates[submission.pk]) for submission in submissions]


def short_label(label: int) -> str:
    """Return the label without an article, translated: "4" or "not a digit"."""
    return _("not a digit") if label == Label.NOT_A_DIGIT else str(label)


def _card(submission: Submission, duplicates: int) -> dict[str, Any]:
    return {
        "id": str(submission.pk),
        "image": reverse("submission-image", args=[submission.pk]),
        "model_input": png_data_url(submission.pixels),
        "suggested_label": submission.suggested_label,
        "label_name": short_label(submission.suggested_label),
        "summary": summarize(submission),
        "notes": list(_notes(submission, duplicates)),
        "admin": reverse("admin:recognizer_submission_change", args=[submission.pk]),
    }


def summarize(submission: Submission) -> str:
    """Return a sentence with the prediction and the visitor's correction."""
    predicted, corrected = submission.predicted_digit, submission.corrected_digit
    values = {
        "prediction": short_label(predicted),
        "percent": min(MAX_PERCENT, round(100 * submission.confidence)),
    }
    if corrected is None:
        text = _("Prediction: %(prediction)s (%(percent)d%% sure). No correction.")
    elif corrected == predicted:
        text = _("Prediction: %(prediction)s (%(percent)d%% sure). The visitor agrees.")
    else:
        text = _("Correction: %(correction)s. Prediction: %(prediction)s (%(percent)d%% sure).")
        values["correction"] = short_label(corrected)
    return text % values


def _notes(submission: Submission, duplicates: int) -> Iterator[str]:
    """Yield the reasons for a closer look, apart from an uncertain prediction."""
    if submission.flagged:
        yield _("Flagged in a bulk review")
    if submission.corrected_digit not in (None, submission.predicted_digit):
        yield _("The correction disagrees with the prediction")
    if submission.live_prediction not in (None, submission.predicted_digit):
        yield _versions_disagree(submission)
    if duplicates:
        yield ngettext(
            "Near duplicate of %(count)d drawing by the same person",
            "Near duplicate of %(count)d drawings by the same person",
            duplicates,
        ) % {"count": duplicates}


def _versions_disagree(submission: Submission) -> str:
    # The prediction and its version are always stored together.
    assert submission.live_prediction is not None
    assert submission.live_prediction_version is not None
    return _("Versions disagree: version %(number)d predicts %(label)s") % {
        "number": submission.live_prediction_version.number,
        "label": short_label(submission.live_prediction),
    }


def count_near_duplicates(submissions: list[Submission]) -> dict[UUID, int]:
    """Count the near duplicates of each submission by the same owner within `SESSION_WINDOW`.

    A training run learns only one of several near duplicates.
    """
    vectors = _session_vectors(submissions)
    counts = {}
    for submission in submissions:
        similar = _count_similar(submission, vectors.get(submission.owner))
        counts[submission.pk] = max(0, similar - 1)  # without the submission itself
    return counts


def _count_similar(submission: Submission, vectors: npt.NDArray[np.float32] | None) -> int:
    if vectors is None:  # `COMPARISON_LIMIT` has cut off all drawings of this owner
        return 0
    correlations = vectors @ unit_vector(bytes(submission.pixels))
    return int((correlations > NEAR_DUPLICATE_CORRELATION).sum())


def _session_vectors(submissions: Iterable[Submission]) -> dict[UUID, npt.NDArray[np.float32]]:
    """Return the drawings near in time of each owner as unit vectors, shape (n, 784)."""
    sessions = [
        Q(
            owner=row.owner,
            created__range=(row.created - SESSION_WINDOW, row.created + SESSION_WINDOW),
        )
        for row in submissions
    ]
    if not sessions:
        return {}
    nearby = Submission.objects.filter(reduce(or_, sessions)).order_by()
    vectors = defaultdict(list)
    for owner, pixels in nearby.values_list("owner", "pixels")[:COMPARISON_LIMIT]:
        vectors[owner].append(unit_vector(bytes(pixels)))
    return {owner: np.stack(drawings) for owner, drawings in vectors.items()}
