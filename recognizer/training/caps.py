"""Cap the number of drawings per owner, per label and per confusion."""

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from statistics import median
from typing import Final

from ml.runtime import load_base
from recognizer.models import Label
from recognizer.serving.stored_pixels import repredict
from recognizer.training.duplicates import with_pixels
from recognizer.training.rows import Row

CAP_TO_MEDIAN_RATIO: Final = 3  # The cap of a group is this multiple of the median group size.
MIN_CAP: Final = 50  # drawings; a cap per owner or per label is never lower
CONFUSION_SHARE: Final = 0.05  # of all drawings to train on
MIN_CONFUSION_CAP: Final = 10  # drawings; high enough to teach the site an unfamiliar shape


@dataclass(frozen=True)
class CappedConfusion:
    """A confusion with more drawings than the cap allows.

    The base predicts `predicted` for the drawings in `rows`, whose label is `label`. The rows are
    sorted, oldest first. The newest, up to the cap, are used.
    """

    predicted: Label
    label: Label
    rows: list[Row]
    cap: int

    @property
    def left_out(self) -> list[Row]:
        """Return the rows that are not used."""
        return self.rows[: -self.cap]

    def __str__(self) -> str:
        return (
            f"{len(self.rows)} drawings that the base predicts as {self.predicted.label} are "
            f"labelled as {self.label.label}. Only {self.cap} of them are used, with a low weight, "
            "until a reviewer confirms their labels."
        )


def cap_per_group(rows: list[Row], key: Callable[[Row], Hashable]) -> list[Row]:
    """Return the newest rows of each group, up to the cap. `rows` are sorted, oldest first.

    The cap is `CAP_TO_MEDIAN_RATIO` times the median group size, and at least `MIN_CAP`. The order
    of the rows stays the same.
    """
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    if not groups:
        return rows
    cap = max(MIN_CAP, int(CAP_TO_MEDIAN_RATIO * median(map(len, groups.values()))))
    kept = {row.id for group in groups.values() for row in group[-cap:]}
    return [row for row in rows if row.id in kept]


def cap_confusions(rows: list[Row]) -> tuple[list[Row], list[CappedConfusion]]:
    """Cap each confusion, and return the kept rows and the confusions that were too frequent.

    A confusion is a pair of a label and another label that the base predicts. Honest corrections
    are spread over many confusions. Many corrections of a single confusion can shift the border
    between two digits, so a few people could teach the site to misread a digit. The base decides,
    and not the live version, so that repeated training runs do not shift the border step by step.
    Labels that a reviewer has confirmed do not count.
    """
    cap = max(MIN_CONFUSION_CAP, int(CONFUSION_SHARE * len(rows)))
    too_many = [
        CappedConfusion(Label(predicted), Label(label), confused, cap)
        for (predicted, label), confused in _confusions(rows).items()
        if len(confused) > cap
    ]
    left_out = {row.id for confusion in too_many for row in confusion.left_out}
    return [row for row in rows if row.id not in left_out], too_many


def _confusions(rows: list[Row]) -> dict[tuple[int, int], list[Row]]:
    """Return the rows that the base predicts differently, by (predicted, label)."""
    base = load_base()
    confusions: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row, pixels in with_pixels(rows):
        predicted = repredict(pixels, base).label
        if predicted != row.effective_label and not row.label_confirmed:
            confusions[predicted, row.effective_label].append(row)
    return confusions
