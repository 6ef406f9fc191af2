"""Predict the digit in a model input, with a LiteRT model."""

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from ml.arrays import EMBEDDING_SIZE, IMAGE_SIDE, Embedding, Pixels, Probabilities
from ml.native_messages import native_messages_hidden

DIGIT_COUNT: Final = 10
NOT_A_DIGIT: Final = 10  # the label of the eleventh output class
CLASS_COUNT: Final = DIGIT_COUNT + 1

BASE: Final = Path(__file__).with_name("base")  # the folder of the version that ships with the code
# One MNIST training image of each digit, in order, (10, 28, 28) uint8. The SHA-256 of a model shows
# that its bytes are intact. The predictions for these images show that this machine computes
# correctly with the model.
SMOKE_TEST_DIGITS: Final = BASE / "smoke_test_digits.npy"
MIN_SMOKE_TEST_CORRECT: Final = 8  # of ten


class CorruptModelError(Exception):
    """A stored model, or its weights, cannot be used. The message says why."""


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image.

    `label` is 0..9 or `NOT_A_DIGIT`. `confidence`, in 0..1, is the calibrated probability of that
    label. `probabilities` contains the probability of each of the ten digits, given that the image
    is a digit, so they sum to 1.
    """

    label: int
    confidence: float
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Outputs:
    """The outputs of the model for one image.

    `background`, (10,) float32, is the support of MNIST's training images for each digit. See
    `ml.personalization`.
    """

    probabilities: Probabilities
    embedding: Embedding
    background: npt.NDArray[np.float32]


class Predictor(Protocol):
    """Predicts the digit in a model input."""

    def predict(self, pixels: Pixels) -> Prediction:
        """Return the prediction for one model input, (28, 28) uint8."""

    def predict_proba(self, pixels: Pixels) -> Probabilities:
        """Return the calibrated probabilities of the eleven classes."""


class Recognizer:
    """A loaded model. It is thread-safe."""

    def __init__(self, model: bytes) -> None:
        """Load `model`, the bytes of a LiteRT file. Raises `CorruptModelError` if that fails."""
        try:
            # Load from bytes, because LiteRT maps a file into memory, and the process would crash
            # if the file were truncated.
            with native_messages_hidden():
                self._interpreter = Interpreter(model_content=model, num_threads=1)
                self._interpreter.allocate_tensors()
            [self._input] = (tensor["index"] for tensor in self._interpreter.get_input_details())
        except (ValueError, RuntimeError) as error:
            raise CorruptModelError(f"LiteRT cannot load the model: {error}") from error
        self._outputs = [tensor["index"] for tensor in self._interpreter.get_output_details()]
        # A LiteRT interpreter is not thread-safe.
        self._lock = threading.Lock()

    def predict(self, pixels: Pixels) -> Prediction:
        """Return the prediction for one model input, (28, 28) uint8."""
        return to_prediction(self.predict_proba(pixels))

    def predict_proba(self, pixels: Pixels) -> Probabilities:
        """Return the calibrated probabilities of the eleven classes."""
        return self._run(pixels)[CLASS_COUNT]

    @property
    def has_embedding(self) -> bool:
        """Return whether the model computes embeddings. Older models do not."""
        return len(self._outputs) > 1

    def outputs(self, pixels: Pixels) -> Outputs:
        """Return all outputs for one model input.

        Only a model with `has_embedding` can do this.
        """
        outputs = self._run(pixels)
        return Outputs(outputs[CLASS_COUNT], outputs[EMBEDDING_SIZE], outputs[DIGIT_COUNT])

    def _run(self, pixels: Pixels) -> dict[int, npt.NDArray[np.float32]]:
        """Return the outputs of the model by their size."""
        image = (pixels.astype(np.float32) / 255).reshape(1, IMAGE_SIDE, IMAGE_SIDE, 1)
        with self._lock:
            self._interpreter.set_tensor(self._input, image)
            self._interpreter.invoke()
            outputs = [self._interpreter.get_tensor(index) for index in self._outputs]
        return {output.size: output[0] for output in outputs}


def load(model: bytes, sha256: str) -> Recognizer:
    """Load a model and verify it.

    Raises `CorruptModelError` if the SHA-256 of `model` is not `sha256`, if LiteRT cannot load it,
    or if the smoke test fails.
    """
    if hashlib.sha256(model).hexdigest() != sha256:
        raise CorruptModelError("the model's bytes do not match the stored SHA-256")
    recognizer = Recognizer(model)
    images = np.load(SMOKE_TEST_DIGITS, allow_pickle=False)
    correct = sum(recognizer.predict(pixels).label == digit for digit, pixels in enumerate(images))
    if correct < MIN_SMOKE_TEST_CORRECT:
        raise CorruptModelError(
            f"the model predicts only {correct} of the {DIGIT_COUNT} smoke test digits correctly"
        )
    return recognizer


def load_base() -> Recognizer:
    """Return the recognizer of the base, the version that ships with the code."""
    return Recognizer((BASE / "model.tflite").read_bytes())


def to_prediction(probabilities: Probabilities) -> Prediction:
    """Convert the probabilities of the eleven classes, (11,), to a prediction.

    The label is `NOT_A_DIGIT` if its probability exceeds 0.5, and otherwise the most likely digit.
    """
    exact = probabilities.astype(np.float64)
    digits = exact[:DIGIT_COUNT] / max(exact[:DIGIT_COUNT].sum(), 1e-12)
    label = NOT_A_DIGIT if exact[NOT_A_DIGIT] > 0.5 else int(digits.argmax())
    return Prediction(label, float(exact[label]), tuple(digits.tolist()))


def to_text(predictions: Iterable[Prediction]) -> str | None:
    """Return the predicted digits as text, such as "007", or None if one is "not a digit"."""
    labels = [prediction.label for prediction in predictions]
    return None if NOT_A_DIGIT in labels else "".join(map(str, labels))
