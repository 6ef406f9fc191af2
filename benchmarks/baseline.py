"""The baseline: the simple MNIST convnet from the Keras documentation, with a plain resize.

Source: https://keras.io/examples/vision/mnist_convnet/ (two convolutions, 34,826 weights, Adam,
batches of 128, 15 epochs, a tenth of the training images for validation).
"""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.arrays import IMAGE_SIDE, GreyImage, Images, Pixels
from ml.data.mnist import Mnist
from ml.training.libraries import keras

EPOCHS: Final = 15
TARGET_ACCURACY: Final = 0.992  # on MNIST's test images
MAX_EPOCHS: Final = 60  # training ends here if the target was not reached before
BATCH_SIZE: Final = 128
PREDICT_BATCH_SIZE: Final = 500

Probabilities = npt.NDArray[np.float64]  # (n, 10)


@dataclass(frozen=True)
class Baseline:
    """The trained baseline and the measurements of its training.

    `network` has the weights after `EPOCHS`. The other fields are about the whole training run.
    `seconds_to_target` is None if the target accuracy was never reached.
    """

    network: keras.Model
    seconds: float
    seconds_to_target: float | None
    best_accuracy: float

    def predict_proba(self, images: Images) -> Probabilities:
        """Return the probabilities of the ten digits for each image."""
        probabilities = self.network.predict(
            _scale(images), batch_size=PREDICT_BATCH_SIZE, verbose=0
        )
        return np.asarray(probabilities, np.float64)


def train(mnist: Mnist, seed: int) -> Baseline:
    """Train as the documentation does, then continue until the target accuracy is reached.

    The measured time does not include the evaluation on the test images after each epoch.
    """
    keras.utils.set_random_seed(seed)
    network = _build()
    whole = mnist.training + mnist.calibration + mnist.validation
    images, test = _scale(whole.images), _scale(mnist.test.images)
    weights, seconds, best, seconds_to_target = network.get_weights(), 0.0, 0.0, None
    for epoch in range(1, MAX_EPOCHS + 1):
        started = time.monotonic()
        network.fit(images, whole.labels, batch_size=BATCH_SIZE, validation_split=0.1, verbose=0)
        seconds += time.monotonic() - started
        predicted = network.predict(test, batch_size=PREDICT_BATCH_SIZE, verbose=0).argmax(axis=1)
        best = max(best, float((predicted == mnist.test.labels).mean()))
        if seconds_to_target is None and best >= TARGET_ACCURACY:
            seconds_to_target = seconds
        if epoch == EPOCHS:
            weights = network.get_weights()
        if epoch >= EPOCHS and seconds_to_target is not None:
            break
    network.set_weights(weights)
    return Baseline(network, seconds, seconds_to_target, best)


def _build() -> keras.Model:
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((IMAGE_SIDE, IMAGE_SIDE, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    return network


def plain_resize(grey: GreyImage) -> Pixels:
    """Shrink the whole image to 28x28 pixels and invert it, as most demos do."""
    shrunk = Image.fromarray(grey).resize((IMAGE_SIDE, IMAGE_SIDE), Image.Resampling.BILINEAR)
    return 255 - np.asarray(shrunk)


def _scale(images: Images) -> npt.NDArray[np.float32]:
    return np.asarray(images[..., None] / 255, np.float32)
