"""Compare a candidate with the live version on every evaluation set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.data.label_noise import flag_label_noise
from ml.data.mnist import LabelledImages, Mnist
from ml.evaluation.model_comparison import (
    Verdict,
    accuracy,
    compare,
    compare_negatives,
    predict_all,
)
from ml.runtime import BASE, Recognizer
from recognizer.models import ModelVersion
from recognizer.training.run_lifecycle import RetrainError
from recognizer.training.training_data import TrainingSelection, to_arrays

# The share of negatives that a candidate may newly predict as one digit. Honest trainings differ by
# less. A training on scribbles that are labelled as a digit differs by far more.
NEGATIVES_MARGIN: Final = 0.01
LABEL_NOISE_TOLERANCE: Final = 50  # labels; up to this number, a training is never stopped
LEARNED_SAMPLE_SIZE: Final = 10_000  # learned corrections that are scored, at most

Scores = dict[str, float | None]


@dataclass(frozen=True)
class CandidateEvaluation:
    """The accuracies (0 to 1) of the live version and of the candidate, and the verdict."""

    scores_before: Scores
    scores_after: Scores
    verdict: Verdict


@dataclass(frozen=True)
class EvaluationSet:
    """One set of images. A set without a `description` is scored, but has no verdict."""

    name: str
    description: str
    data: LabelledImages


def load_recognizer(version: ModelVersion) -> Recognizer:
    return Recognizer(bytes(version.files.model))


def evaluate(
    live: ModelVersion, candidate: bytes, mnist: Mnist, selection: TrainingSelection
) -> CandidateEvaluation:
    """Score both models on all sets, and compare them on the sets that neither was trained on."""
    recognizers = load_recognizer(live), Recognizer(candidate)
    before: Scores = {}
    after: Scores = {}
    verdicts = []
    for each in _evaluation_sets(mnist, selection):
        old, new = (predict_all(recognizer, each.data) for recognizer in recognizers)
        before[each.name], after[each.name] = accuracy(old, each.data), accuracy(new, each.data)
        if each.name == "negatives":
            # The comparison with the base keeps small losses from adding up over retrainings.
            base = predict_all(Recognizer((BASE / "model.tflite").read_bytes()), each.data)
            verdicts.append(compare_negatives(base, new, NEGATIVES_MARGIN, each.description))
        elif each.description and len(each.data):
            verdicts.append(compare(old, new, each.data.labels, each.description))
    rejections = [verdict for verdict in verdicts if not verdict.accepted]
    reason = "; ".join(verdict.reason for verdict in rejections or verdicts)
    return CandidateEvaluation(before, after, Verdict(not rejections, f"{reason}."))


def _evaluation_sets(mnist: Mnist, selection: TrainingSelection) -> list[EvaluationSet]:
    # The import is here because the admin imports this module and must not load Pillow's fonts.
    from ml.evaluation.evaluation_sets import negative_set, restyled_set

    validation = mnist.validation
    sample = selection.learned[:: 1 + len(selection.learned) // LEARNED_SAMPLE_SIZE]
    held_out = LabelledImages(*to_arrays(selection.held_out))
    return [
        EvaluationSet("mnist_validation", "MNIST validation images", validation),
        EvaluationSet("restyled", "restyled MNIST validation images", restyled_set(validation)),
        EvaluationSet("negatives", "negative images", negative_set(validation)),
        EvaluationSet("held_out_corrections", "held-out corrections", held_out),
        EvaluationSet("learned_corrections", "", LabelledImages(*to_arrays(sample))),
        EvaluationSet("mnist_test", "", mnist.test),
    ]


def check_label_noise(
    learned: LabelledImages, live: ModelVersion, on_message: Callable[[str], None]
) -> npt.NDArray[np.bool_]:
    """Return which labels are probably wrong, (n,) bool. They get a low weight in the training.

    Raises `RetrainError` if most of more than `LABEL_NOISE_TOLERANCE` labels are.
    """
    label_noise = flag_label_noise(learned, load_recognizer(live))
    count = int(label_noise.sum())
    summary = f"{count} of {len(learned)} labels are probably wrong according to {live}."
    if count > max(LABEL_NOISE_TOLERANCE, len(learned) / 2):
        raise RetrainError(f"{summary} Nothing is learned until the wrong approvals are undone.")
    if count:
        on_message(f"{summary} They get a low weight. Review what was approved again.")
    return label_noise
