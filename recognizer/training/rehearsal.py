"""Compare the predictions of the live version and a candidate for the newest drawings."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from ml.runtime import Recognizer
from recognizer.models import Submission
from recognizer.serving.stored_pixels import repredict

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
        before, after = repredict(pixels, live).label, repredict(pixels, candidate).label
        if before != after:
            changed.append(ChangedPrediction(str(pk), before, after))
    return Rehearsal(len(newest), changed)
