"""Reads a 28x28 picture with a LiteRT model: digit, confidence, probabilities."""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from ml.normalize import SIDE, Pixels

DIGITS: Final = 10
NOT_A_DIGIT: Final = 10  # the eleventh class
CLASSES: Final = DIGITS + 1

BASE: Final = Path(__file__).with_name("base")  # the version that ships with the code
# One MNIST training image of each digit, in order, (10, 28, 28) uint8. SHA-256 says that the
# bytes are the right ones; reading these says that this machine computes with them as it should.
KNOWN_DIGITS: Final = BASE / "known_digits.npy"
KNOWN_DIGITS_NEEDED: Final = 8


class DamagedModelError(Exception):
    """A stored model that must not be served; the message says why."""


@dataclass(frozen=True)
class Reading:
    """What a network answers about one picture.

    `answer` is 0..9 or `NOT_A_DIGIT`; `confidence` (0..1) is the calibrated probability of that
    answer; `probabilities` are those of the ten digits, given that it is one: they sum to 1.
    """

    answer: int
    confidence: float
    probabilities: tuple[float, ...]


class Recognizer:
    """One model, ready to read; safe to share between threads."""

    def __init__(self, model: bytes) -> None:
        """Raises `DamagedModelError` when LiteRT cannot load `model`."""
        self._model = model
        # A LiteRT interpreter raises when two threads use it, so each thread has its own.
        self._local = threading.local()
        self._interpreter()

    def read(self, pixels: Pixels) -> Reading:
        """Read one normalized picture, (28, 28) uint8."""
        return to_reading(self.probabilities(pixels))

    def probabilities(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """The calibrated probabilities of the eleven classes, (11,) float32."""
        interpreter = self._interpreter()
        image = (pixels.astype(np.float32) / 255).reshape(1, SIDE, SIDE, 1)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
        interpreter.invoke()
        output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        return np.asarray(output[0], np.float32)

    def _interpreter(self) -> Interpreter:
        if not hasattr(self._local, "interpreter"):
            try:
                # By content, not by path: LiteRT maps files, and dies when one is truncated.
                interpreter = Interpreter(model_content=self._model, num_threads=1)
                interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise DamagedModelError(f"LiteRT cannot load the model: {error}") from error
            self._local.interpreter = interpreter
        found: Interpreter = self._local.interpreter
        return found


def load(model: bytes, sha256: str) -> Recognizer:
    """A recognizer to serve; raises `DamagedModelError` unless hash and known digits are right."""
    if hashlib.sha256(model).hexdigest() != sha256:
        raise DamagedModelError("the model's bytes do not have the SHA-256 they were stored with")
    recognizer = Recognizer(model)
    known = np.load(KNOWN_DIGITS, allow_pickle=False)
    right = sum(recognizer.read(pixels).answer == digit for digit, pixels in enumerate(known))
    if right < KNOWN_DIGITS_NEEDED:
        raise DamagedModelError(f"the model reads only {right} of the {DIGITS} known digits")
    return recognizer


def to_reading(probabilities: npt.NDArray[np.float32]) -> Reading:
    """Decide: "not a digit" where that is likelier than not, else the likeliest digit."""
    exact = probabilities.astype(np.float64)
    digits = exact[:DIGITS] / max(exact[:DIGITS].sum(), 1e-12)
    answer = NOT_A_DIGIT if exact[NOT_A_DIGIT] > 0.5 else int(digits.argmax())
    return Reading(answer, float(exact[answer]), tuple(digits.tolist()))
