"""The progress and the result of a training run.

Web processes import this module, so it imports neither TensorFlow nor the code that makes training
images.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml.training.calibration import Calibration


@dataclass(frozen=True)
class Progress:
    """The progress of a training run after a step, or during the evaluation after all steps.

    `epoch` counts from 1. `share`, in 0..1, is the share of all steps that are done. `loss` is None
    during the evaluation. `seconds_left`, until the end of the evaluation, is None until it can be
    estimated.
    """

    epoch: int
    epochs: int
    share: float
    loss: float | None
    seconds_left: float | None


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training run.

    The next run can continue from `weights`, with `network.load_weights`. `model` is the LiteRT
    file to serve.
    """

    weights: bytes
    model: bytes
    calibration: "Calibration"
    epochs: int
    label_noise_count: int  # people's drawings whose labels are probably wrong
