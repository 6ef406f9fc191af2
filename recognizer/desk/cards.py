"""What a reviewer sees of a submission."""

from collections import defaultdict
from collections.abc import Iterable
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

from recognizer.corrections import ALIKE, direction
from recognizer.models import Answer, Submission
from recognizer.recognition import png_data_url

SITTING: Final = timedelta(hours=1)  # copies are looked for among what the same person drew then
COMPARED: Final = 2000  # drawings, for all cards together


def cards(rows: list[Submission]) -> list[dict[str, Any]]:
    """One for each, ready to be shown."""
    copies = near_copies(rows)
    return [_card(row, copies[row.pk]) for row in rows]


def name(answer: int) -> str:
    """An answer in the reader's language."""
    return _("not a digit") if answer == Answer.NOT_A_DIGIT else str(answer)


def _card(row: Submission, copies: int) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "image": reverse("submission-image", args=[row.pk]),
        "seen": png_data_url(row.pixels),
        "proposed": row.proposed_digit,
        "name": name(row.proposed_digit),
        "said": said(row),
        "marks": list(_marks(row, copies)),
        "admin": reverse("admin:recognizer_submission_change", args=[row.pk]),
    }


def said(row: Submission) -> str:
    """What the network and the visitor say, in a sentence."""
    words = {
        "network": name(row.predicted_digit),
        "percent": min(99, round(100 * row.confidence)),  # nobody is 100 % sure
    }
    if row.corrected_digit is None:
        return _("The network says %(network)s (%(percent)d %% sure), the visitor nothing.") % words
    if row.corrected_digit == row.predicted_digit:
        return _("The network says %(network)s (%(percent)d %% sure), the visitor agrees.") % words
    words["visitor"] = name(row.corrected_digit)
    return _("The visitor says %(visitor)s, the network %(network)s (%(percent)d %% sure).") % words


def _marks(row: Submission, copies: int) -> Iterable[str]:
    """Why it is worth a look, beside the network's doubt."""
    if row.found_odd:
        yield _("Found odd in a grid")
    if row.corrected_digit not in (None, row.predicted_digit):
        yield _("Contradicts the network")
    if row.latest_digit not in (None, row.predicted_digit):
        assert row.latest_version is not None  # the two are stored together
        yield _("Versions disagree: version %(number)d reads %(answer)s") % {
            "number": row.latest_version.number,
            "answer": name(row.latest_digit),
        }
    if copies:
        yield ngettext(
            "Near copy of %(count)d drawing by the same person",
            "Near copy of %(count)d drawings by the same person",
            copies,
        ) % {"count": copies}


def near_copies(rows: list[Submission]) -> dict[UUID, int]:
    """For each, how many other drawings of the same person, of the same hour, are alike.

    Alike is what a training would count once.
    """
    if not rows:
        return {}
    same_sitting = reduce(
        or_,
        (
            Q(owner=row.owner, created__range=(row.created - SITTING, row.created + SITTING))
            for row in rows
        ),
    )
    near = Submission.objects.filter(same_sitting).order_by().values_list("owner", "pixels")
    drawn = defaultdict(list)
    for owner, pixels in near[:COMPARED]:
        drawn[owner].append(direction(bytes(pixels)))
    stacks = {owner: np.stack(drawings) for owner, drawings in drawn.items()}
    # Each is alike to itself.
    return {row.pk: int((stacks[row.owner] @ _seen(row) > ALIKE).sum()) - 1 for row in rows}


def _seen(row: Submission) -> npt.NDArray[np.float32]:
    return direction(bytes(row.pixels))
