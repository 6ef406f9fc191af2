"""The progress and the result of a training.

Web processes import this module, so it imports neither TensorFlow nor the code that makes images.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml.training.calibration import Calibration


@dataclass(frozen=True)
class Progress:
    """The progress of a training.

    `share` is the share of all steps in 0..1, and `seconds_left` is None until it is known.
    """

    epoch: int
    epochs: int
    share: float
    loss: float
    seconds_left: float | None


@dataclass(frozen=True)
class TrainingResult:
    """The weights for the next training, and the LiteRT model to serve."""

    weights: bytes
    model: bytes
    calibration: "Calibration"
    epochs: int
    label_noise_count: int  # corrections whose label is probably wrong; they were not repeated
