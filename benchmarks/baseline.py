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
TARGET = 0.992  # of MNIST's test images; to see how long it takes to read so many ...
LONGEST = 60  # ... it goes on for so many epochs at most

Pictures = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Baseline:
    """The network after `EPOCHS`; then how long it went on, and how good it ever was.

    `seconds_to_target` is None where it never got there.
    """

    network: keras.Model
    seconds: float
    seconds_to_target: float | None
    best: float

    def probabilities(self, pictures: Pictures) -> Probabilities:
        """(n, 28, 28) uint8 to (n, 10)."""
        answers = self.network.predict(_scaled(pictures), batch_size=500, verbose=0)
        return np.asarray(answers, np.float64)


def train(mnist: Mnist, seed: int) -> Baseline:
    """Train as the documentation does, and go on, for the clock only, until it reaches the target.

    The clock stands still while the test set is scored.
    """
    keras.utils.set_random_seed(seed)
    network = _network()
    whole = mnist.training + mnist.validation
    images, test = _scaled(whole.images), _scaled(mnist.test.images)
    weights, seconds, best, reached = network.get_weights(), 0.0, 0.0, None
    for epoch in range(1, LONGEST + 1):
        started = time.monotonic()
        network.fit(images, whole.labels, batch_size=128, validation_split=0.1, verbose=0)
        seconds += time.monotonic() - started
        answers = network.predict(test, batch_size=500, verbose=0).argmax(axis=1)
        best = max(best, float((answers == mnist.test.labels).mean()))
        if reached is None and best >= TARGET:
            reached = seconds
        if epoch == EPOCHS:
            weights = network.get_weights()
        if epoch >= EPOCHS and reached is not None:
            break
    network.set_weights(weights)
    return Baseline(network, seconds, reached, best)


def _network() -> keras.Model:
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
    return network


def plain_resize(grey: Pictures) -> Pictures:
    """What most demos do with a canvas: shrink all of it to 28x28 and invert it."""
    shrunk = Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return 255 - np.asarray(shrunk)


def _scaled(images: Pictures) -> npt.NDArray[np.float32]:
    return np.asarray(images[..., None] / 255, np.float32)
