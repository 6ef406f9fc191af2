"""The usual way: the Keras documentation's simple MNIST convnet behind a plain resize.

Source: https://keras.io/examples/vision/mnist_convnet/ (two convolutions, 34,826 weights, Adam,
batches of 128, 15 epochs, a tenth of the training images held out).
"""

import time
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.mnist import Mnist
from ml.normalize import SIDE

EPOCHS = 15
TARGET = 0.992  # of MNIST's test images

Pictures = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Baseline:
    """The trained network, and how long it took: `to_target` is None where it never got there."""

    network: keras.Model
    seconds: float
    seconds_to_target: float | None
    best: float

    def probabilities(self, pictures: Pictures) -> Probabilities:
        """(n, 28, 28) uint8 to (n, 10)."""
        answers = self.network.predict(_scaled(pictures), batch_size=500, verbose=0)
        return np.asarray(answers, np.float64)


def train(mnist: Mnist, seed: int) -> Baseline:
    """Train as the documentation does; the clock stands still while the test set is scored."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
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
    whole = mnist.training + mnist.validation
    images = _scaled(whole.images)
    test = _scaled(mnist.test.images)
    seconds, reached, best = 0.0, None, 0.0
    for _ in range(EPOCHS):
        started = time.monotonic()
        network.fit(images, whole.labels, batch_size=128, validation_split=0.1, verbose=0)
        seconds += time.monotonic() - started
        answers = network.predict(test, batch_size=500, verbose=0).argmax(axis=1)
        accuracy = float((answers == mnist.test.labels).mean())
        best = max(best, accuracy)
        if reached is None and accuracy >= TARGET:
            reached = seconds
    return Baseline(network, seconds, reached, best)


def plain_resize(grey: Pictures) -> Pictures:
    """What most demos do with a canvas: shrink all of it to 28x28 and invert it."""
    shrunk = Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return 255 - np.asarray(shrunk)


def _scaled(images: Pictures) -> npt.NDArray[np.float32]:
    return np.asarray(images[..., None] / 255, np.float32)
