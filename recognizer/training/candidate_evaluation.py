"""Compare a candidate (a newly trained model) with earlier versions on every evaluation set."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from ml.arrays import Labels
from ml.data.mnist import LabelledImages, Mnist
from ml.evaluation.model_comparison import (
    Comparison,
    Owners,
    Verdict,
    accuracy,
    compare,
    compare_labels,
    compare_negatives,
    predict_all,
)
from ml.runtime import CorruptModelError, Recognizer
from recognizer.models import ModelVersion
from recognizer.serving import model_registry
from recognizer.training.training_data import Drawings

log = logging.getLogger(__name__)

# The tolerated losses, as shares of the images. docs/design.md gives the error rates.
DIGITS_MARGIN: Final = 0.005
LABEL_MARGIN: Final = 0.02  # of the images of one digit
NEGATIVES_MARGIN: Final = 0.02
NEGATIVES_DIGIT_MARGIN: Final = 0.01  # of the negatives, predicted as one and the same digit
HELD_OUT_MARGIN: Final = 0.01
BEST_BY: Final = "all_styles"  # the set on which the best earlier version is chosen
TIMING_SAMPLE_SIZE: Final = 300  # predictions to time
# These sets share no image. "all_styles" contains "mnist_validation".
INDEPENDENT_SETS: Final = (BEST_BY, "negatives", "held_out_corrections")
MAX_REASONS: Final = 3  # comparisons that the reason of a rejected version names
# Maximum number of training drawings to score, because scoring all of them could take too long.
TRAINING_SAMPLE_SIZE: Final = 10_000


@dataclass(frozen=True)
class SetResult:
    """The scores of the live version and the candidate on one evaluation set, in 0..1.

    The comparisons are with the live version and, if an earlier version is better, with the best.
    There are none if the candidate is only scored.
    """

    name: str
    title: str
    size: int
    owner_count: int | None
    before: float | None
    after: float | None
    comparisons: list[Comparison]


@dataclass(frozen=True)
class CandidateEvaluation:
    """The results on all evaluation sets, and whether the candidate may go live."""

    results: list[SetResult]

    @property
    def comparisons(self) -> list[Comparison]:
        return [each for result in self.results for each in result.comparisons]

    @property
    def accepted(self) -> bool:
        """Return whether the candidate is worse in no comparison."""
        return all(each.verdict != Verdict.WORSE for each in self.comparisons)

    @property
    def reason(self) -> str:
        """Return in one sentence why the candidate is accepted or rejected."""
        independent = [each for each in self.results if each.name in INDEPENDENT_SETS]
        # The first comparison of a set is with the live version, on all images.
        first = [result.comparisons[0] for result in independent if result.comparisons]
        size = sum(each.size for each in first)
        counts = (
            f"{sum(each.fixed for each in first)} fixed, {sum(each.broken for each in first)} "
            f"broken of {size:,} evaluation images"
        )
        if not any(each.owner_count for each in first):
            counts += ", none of them by visitors"
        return f"{counts}; {self._decision}."

    @property
    def _decision(self) -> str:
        worse = [str(each) for each in self.comparisons if each.verdict == Verdict.WORSE]
        if not worse:
            return "accepted because no evaluation set shows a loss beyond its margin"
        others = len(worse) - MAX_REASONS
        more = f"; and {others} more" if others > 0 else ""
        return f"rejected because of {'; '.join(worse[:MAX_REASONS])}{more}"

    @property
    def scores(self) -> dict[str, float | None]:
        """Return the candidate's accuracy (0 to 1) on each set, by the name of the set."""
        return {result.name: result.after for result in self.results}

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(result) for result in self.results]


@dataclass(frozen=True)
class EvaluationSet:
    """A set of images to score.

    If the verdict depends on the set, `margin` is the tolerated loss, and `label_margin` the
    tolerated loss on the images of one label or, for negatives, with one predicted digit. On the
    other sets, the models are only scored.
    """

    name: str
    title: str
    data: LabelledImages
    margin: float | None = None
    label_margin: float | None = None
    owners: Owners | None = None


class _Predictor:
    """Predicts whole sets, and reports the seconds that the remaining predictions will take."""

    def __init__(self, total: int, on_seconds_left: Callable[[float], None]) -> None:
        self._left = total
        self._on_seconds_left = on_seconds_left

    def predict(self, recognizer: Recognizer, data: LabelledImages) -> Labels:
        started = time.monotonic()
        predicted = predict_all(recognizer, data)
        self._left -= len(data)
        if len(data):
            seconds = (time.monotonic() - started) / len(data)
            self._on_seconds_left(max(self._left, 0) * seconds)
        return predicted


def evaluate(
    live: ModelVersion,
    candidate: bytes,
    sets: list[EvaluationSet],
    on_seconds_left: Callable[[float], None],
) -> CandidateEvaluation:
    """Score the live version and the candidate on all evaluation sets, and compare them.

    The verdict depends on the sets with a margin. No version was trained on their images. On each
    set, the candidate is compared with the live version and with the best earlier version.
    Otherwise, small losses could add up from one training run to the next.

    Raises `CorruptModelError` if the live version or the candidate cannot be loaded.
    """
    new, versions = (
        Recognizer(candidate),
        {live: model_registry.load(live), **_earlier_versions(live)},
    )
    total = _count_predictions(len(versions), sets)
    predictor = _Predictor(total, on_seconds_left)
    best = _best_version(versions, sets, predictor)
    reference = None if best == live else (best, versions[best])
    return CandidateEvaluation(
        [evaluate_set(each, new, versions[live], reference, predictor.predict) for each in sets]
    )


def estimate_seconds(recognizer: Recognizer, sets: list[EvaluationSet]) -> float:
    """Return about how long `evaluate` takes, from the time of some predictions."""
    sample = sets[0].data[np.arange(min(TIMING_SAMPLE_SIZE, len(sets[0].data)))]
    started = time.monotonic()
    predict_all(recognizer, sample)
    seconds = (time.monotonic() - started) / max(len(sample), 1)
    version_count = 1 + ModelVersion.objects.gate_references().count()
    return seconds * _count_predictions(version_count, sets)


def _count_predictions(version_count: int, sets: list[EvaluationSet]) -> int:
    """Return how many predictions an evaluation needs: see `evaluate`."""
    digits = sum(len(each.data) for each in sets if each.name == BEST_BY)
    models = 2 if version_count == 1 else 3
    return version_count * digits + models * sum(len(each.data) for each in sets)


def _best_version(
    versions: dict[ModelVersion, Recognizer], sets: list[EvaluationSet], predictor: _Predictor
) -> ModelVersion:
    """Return the version with the most correct predictions of digits. The first one wins a tie."""
    digits = next(each.data for each in sets if each.name == BEST_BY)
    return max(
        versions, key=lambda v: (predictor.predict(versions[v], digits) == digits.labels).sum()
    )


def _earlier_versions(live: ModelVersion) -> dict[ModelVersion, Recognizer]:
    """Return the base and the newest versions that were live, if they can be loaded."""
    found = {}
    for version in ModelVersion.objects.gate_references().exclude(pk=live.pk):
        try:
            found[version] = model_registry.load(version)
        except CorruptModelError as error:
            log.warning("%s is not compared with the candidate: %s", version, error)
    return found


def evaluate_set(
    each: EvaluationSet,
    candidate: Recognizer,
    live: Recognizer,
    best: tuple[ModelVersion, Recognizer] | None = None,
    predict: Callable[[Recognizer, LabelledImages], Labels] = predict_all,
) -> SetResult:
    """Compare the candidate with the live version and, if it is another one, the best version."""
    before, after = predict(live, each.data), predict(candidate, each.data)
    comparisons = []
    if each.margin is not None and len(each.data):
        comparisons = compare_all(each, "", before, after)
        if best is not None:
            version, recognizer = best
            predicted = predict(recognizer, each.data)
            comparisons += compare_all(each, f", compared with {version}", predicted, after)
    return SetResult(
        each.name,
        each.title,
        len(each.data),
        None if each.owners is None else len(np.unique(each.owners)),
        accuracy(before, each.data),
        accuracy(after, each.data),
        comparisons,
    )


def compare_all(
    each: EvaluationSet, title_suffix: str, reference: Labels, candidate: Labels
) -> list[Comparison]:
    """Return the comparison on all images, and those on single labels that reject the candidate."""
    assert each.margin is not None
    title, labels = each.title + title_suffix, each.data.labels
    overall = compare(reference, candidate, labels, title, each.margin, each.owners)
    parts = []
    if each.name == "negatives" and each.label_margin is not None:
        parts = compare_negatives(reference, candidate, title, each.label_margin)
    elif each.label_margin is not None:
        parts = compare_labels(reference, candidate, labels, title, each.label_margin)
    return [overall, *(part for part in parts if part.verdict == Verdict.WORSE)]


def evaluation_sets(mnist: Mnist, held_out: Drawings, learned: Drawings) -> list[EvaluationSet]:
    """Return all evaluation sets.

    No version was trained on MNIST's validation images or on `held_out`. `learned` is the
    candidate's training set.
    """
    # The import is here because the admin imports this module and must not load Pillow's fonts.
    from ml.evaluation.evaluation_sets import negative_set, restyled_set

    validation = mnist.validation
    restyled, negatives = restyled_set(validation), negative_set(validation)
    # Compare the labels on both sets together, because each has only about 300 images per label.
    title, both = "MNIST validation images in all styles", validation + restyled
    sample = slice(None, None, 1 + len(learned.rows) // TRAINING_SAMPLE_SIZE)
    seen = LabelledImages(learned.pixels[sample], learned.labels[sample])
    return [
        EvaluationSet("mnist_validation", "MNIST validation images", validation, DIGITS_MARGIN),
        EvaluationSet(BEST_BY, title, both, DIGITS_MARGIN, LABEL_MARGIN),
        EvaluationSet(
            "negatives", "negative images", negatives, NEGATIVES_MARGIN, NEGATIVES_DIGIT_MARGIN
        ),
        held_out_set(held_out),
        EvaluationSet("learned_corrections", "drawings trained on", seen),
        EvaluationSet("mnist_test", "MNIST test images", mnist.test),
    ]


def held_out_set(held_out: Drawings) -> EvaluationSet:
    """Return the evaluation set of the held-out drawings."""
    owners = np.unique([str(row.owner) for row in held_out.rows], return_inverse=True)[1]
    data = LabelledImages(held_out.pixels, held_out.labels)
    return EvaluationSet(
        "held_out_corrections", "held-out drawings", data, HELD_OUT_MARGIN, owners=owners
    )
