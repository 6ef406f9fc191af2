"""Compare a candidate (a newly trained model) with the live version on every evaluation set."""

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

# The negatives are images that show no digit. A candidate may newly predict at most this fraction
# of them as one and the same digit. In the tests, candidates trained on correct labels stay below
# it, and candidates trained on scribbles that are labelled as a digit exceed it by far.
NEGATIVES_MARGIN: Final = 0.01
# Up to this many labels that are probably wrong do not stop retraining.
LABEL_NOISE_TOLERANCE: Final = 50
# Maximum number of training drawings to score, because scoring all of them could take too long.
TRAINING_SAMPLE_SIZE: Final = 10_000

# The accuracy (0 to 1) on each evaluation set, by the set's name. None: the set is empty.
Scores = dict[str, float | None]


@dataclass(frozen=True)
class CandidateEvaluation:
    """The scores of the live version (before) and of the candidate (after), and the verdict."""

    scores_before: Scores
    scores_after: Scores
    verdict: Verdict


@dataclass(frozen=True)
class EvaluationSet:
    """A set of images to score.

    The verdict depends only on sets with a `description`, which it quotes. On the other sets, the
    models are only scored.
    """

    name: str
    description: str
    data: LabelledImages


def load_recognizer(version: ModelVersion) -> Recognizer:
    return Recognizer(bytes(version.files.model))


def evaluate(
    live: ModelVersion, candidate: bytes, mnist: Mnist, selection: TrainingSelection
) -> CandidateEvaluation:
    """Score the live version and the candidate on all evaluation sets, and return the verdict.

    The verdict depends on MNIST's validation images, on images made from them, and on the held-out
    drawings. Neither model was trained on any of these. The candidate is accepted if it is not
    significantly worse on any set. On the negatives, it is compared with the base, and on the other
    sets with the live version.
    """
    recognizers = load_recognizer(live), Recognizer(candidate)
    before: Scores = {}
    after: Scores = {}
    verdicts = []
    for each in _evaluation_sets(mnist, selection):
        old, new = (predict_all(recognizer, each.data) for recognizer in recognizers)
        before[each.name], after[each.name] = accuracy(old, each.data), accuracy(new, each.data)
        if each.name == "negatives":
            # Each candidate is compared with the base, not with the live version. Otherwise, losses
            # within the margin would add up from one training run to the next.
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
    sample = selection.training[:: 1 + len(selection.training) // TRAINING_SAMPLE_SIZE]
    held_out = LabelledImages(*to_arrays(selection.held_out))
    return [
        EvaluationSet("mnist_validation", "MNIST validation images", validation),
        EvaluationSet("restyled", "restyled MNIST validation images", restyled_set(validation)),
        EvaluationSet("negatives", "negative images", negative_set(validation)),
        EvaluationSet("held_out_corrections", "held-out drawings", held_out),
        EvaluationSet("learned_corrections", "", LabelledImages(*to_arrays(sample))),
        EvaluationSet("mnist_test", "", mnist.test),
    ]


def check_label_noise(
    drawings: LabelledImages, live: ModelVersion, on_message: Callable[[str], None]
) -> npt.NDArray[np.bool_]:
    """Return a mask of the labels that are probably wrong, (n,) bool, and report their number.

    The trainer gives these labels a low weight. Raises `RetrainError` if more than half of the
    labels, and more than `LABEL_NOISE_TOLERANCE`, are probably wrong.
    """
    label_noise = flag_label_noise(drawings, load_recognizer(live))
    count = int(label_noise.sum())
    summary = f"{count} of {len(drawings)} labels are probably wrong according to {live}."
    if count > max(LABEL_NOISE_TOLERANCE, len(drawings) / 2):
        raise RetrainError(f"{summary} Undo the wrong approvals, then retrain.")
    if count:
        on_message(f"{summary} They get a low weight. Review the approved drawings again.")
    return label_noise
