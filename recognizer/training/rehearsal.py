"""The dress rehearsal: what a candidate would have predicted for the newest drawings."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from ml.arrays import IMAGE_SIDE
from ml.runtime import Recognizer
from recognizer.models import Submission

DRAWING_LIMIT: Final = 1000


@dataclass(frozen=True)
class ChangedPrediction:
    """A drawing that the live version (before) and the candidate (after) predict differently."""

    submission: str
    before: int
    after: int


@dataclass(frozen=True)
class Rehearsal:
    """The number of drawings that both versions predicted, and those with another prediction."""

    drawing_count: int
    changed: list[ChangedPrediction]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def rehearse(live: Recognizer, candidate: Recognizer) -> Rehearsal:
    """Predict the newest drawings, with and without a label, with both versions.

    The result does not affect whether the candidate is accepted.
    """
    newest = Submission.objects.values_list("id", "pixels")[:DRAWING_LIMIT]
    changed = []
    for pk, pixels in newest:
        image = np.frombuffer(pixels, np.uint8).reshape(IMAGE_SIDE, IMAGE_SIDE)
        before, after = live.predict(image).label, candidate.predict(image).label
        if before != after:
            changed.append(ChangedPrediction(str(pk), before, after))
    return Rehearsal(len(newest), changed)
