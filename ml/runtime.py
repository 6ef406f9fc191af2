"""Predict the digit of a 28x28 image with a LiteRT model."""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from ml.arrays import IMAGE_SIDE, Pixels

DIGITS: Final = 10
NOT_A_DIGIT: Final = 10  # the label of the eleventh class
CLASSES: Final = DIGITS + 1

BASE: Final = Path(__file__).with_name("base")  # the version that ships with the code
# One MNIST training image of each digit, in order, (10, 28, 28) uint8. The SHA-256 proves that
# the model's bytes are intact. Predicting these proves that this machine computes correctly.
SMOKE_TEST_DIGITS: Final = BASE / "smoke_test_digits.npy"
MIN_SMOKE_TEST_CORRECT: Final = 8  # of the ten digits


class CorruptModelError(Exception):
    """A stored model must not be served; the message gives the reason."""


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image.

    `label` is 0..9 or `NOT_A_DIGIT`. `confidence` (0..1) is the calibrated probability of that
    label. `probabilities` holds those of the ten digits under the assumption that the image is a
    digit, so they sum to 1.
    """

    label: int
    confidence: float
    probabilities: tuple[float, ...]


class Recognizer:
    """A loaded model. Several threads can share it."""

    def __init__(self, model: bytes) -> None:
        """Load `model`. Raises `CorruptModelError` if LiteRT cannot load it."""
        self._model = model
        # A LiteRT interpreter raises when two threads use it, so each thread has its own.
        self._local = threading.local()
        self._interpreter()

    def predict(self, pixels: Pixels) -> Prediction:
        """Return the prediction for one normalized image, (28, 28) uint8."""
        return to_prediction(self.predict_proba(pixels))

    def predict_proba(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Return the calibrated probabilities of the eleven classes, (11,) float32."""
        interpreter = self._interpreter()
        image = (pixels.astype(np.float32) / 255).reshape(1, IMAGE_SIDE, IMAGE_SIDE, 1)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
        interpreter.invoke()
        output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        return np.asarray(output[0], np.float32)

    def _interpreter(self) -> Interpreter:
        if not hasattr(self._local, "interpreter"):
            try:
                # From bytes, not from a path: LiteRT maps files, and a truncated file would
                # crash the process.
                interpreter = Interpreter(model_content=self._model, num_threads=1)
                interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise CorruptModelError(f"LiteRT cannot load the model: {error}") from error
            self._local.interpreter = interpreter
        found: Interpreter = self._local.interpreter
        return found


def load(model: bytes, sha256: str) -> Recognizer:
    """Return a recognizer that is safe to serve.

    Raises `CorruptModelError` if the hash differs or the smoke test fails.
    """
    if hashlib.sha256(model).hexdigest() != sha256:
        raise CorruptModelError("the model's bytes do not match the stored SHA-256")
    recognizer = Recognizer(model)
    images = np.load(SMOKE_TEST_DIGITS, allow_pickle=False)
    correct = sum(recognizer.predict(pixels).label == digit for digit, pixels in enumerate(images))
    if correct < MIN_SMOKE_TEST_CORRECT:
        raise CorruptModelError(
            f"the model predicts only {correct} of the {DIGITS} smoke test digits correctly"
        )
    return recognizer


def to_prediction(probabilities: npt.NDArray[np.float32]) -> Prediction:
    """Return "not a digit" if its probability exceeds 0.5, otherwise the most likely digit."""
    exact = probabilities.astype(np.float64)
    digits = exact[:DIGITS] / max(exact[:DIGITS].sum(), 1e-12)
    label = NOT_A_DIGIT if exact[NOT_A_DIGIT] > 0.5 else int(digits.argmax())
    return Prediction(label, float(exact[label]), tuple(digits.tolist()))
