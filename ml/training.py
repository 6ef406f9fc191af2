"""Train the network: the knobs first, then the trainer, read from top to bottom."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ml import network
from ml.augment import STRONGEST, augment
from ml.epoch import Epoch, Places, once
from ml.mislabelled import Mask
from ml.mnist import Labelled, Mnist
from ml.outliers import outliers
from ml.restroke import restroked
from ml.runtime import NOT_A_DIGIT
from ml.styles import styled

EPOCHS_FROM_SCRATCH: Final = 10
EPOCHS_FROM_LIVE: Final = 2
RATE_FROM_SCRATCH: Final = 1e-2  # of Muon
RATE_FROM_LIVE: Final = 1e-3  # of AdamW
WARMUP: Final = 0.1  # share of the steps in which the rate rises, before it falls as a cosine
WEIGHT_DECAY: Final = 1e-3
BATCH: Final = 128
OUTLIER_SHARE: Final = 0.15  # "not a digit", for each MNIST image
# Of the drawings that people make, so many are no digit; training and calibration see more.
OUTLIERS_IN_USE: Final = 0.02
OUTLIERS_TO_CALIBRATE: Final = 0.2  # for each validation digit
BIASES: Final = np.linspace(-6, 1, 71).round(1).tolist()
TEMPERATURES: Final = np.geomspace(0.5, 4, 40).tolist()
RESTROKED_SHARE: Final = 0.3  # of MNIST is shown to the live version with another pen as well
CORRECTION_REPEATS: Final = 75  # a correction that is one of few is shown so often in an epoch ...
CORRECTION_WEIGHT: Final = 640  # ... and one of n so often as this divided by the root of n
NEW_SHARE: Final = 0.8  # of the weights after the training; the rest is the live version's
PACE_STEPS: Final = 50  # after so many it is known how long the others take

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Progress:
    """How far a training is: `share` in 0..1 of all steps, and the seconds that the rest takes.

    None as long as these are not known.
    """

    epoch: int
    epochs: int
    share: float
    loss: float
    seconds_left: float | None


@dataclass(frozen=True)
class Trained:
    """The result: weights to train on from, and the LiteRT model to serve."""

    weights: bytes
    model: bytes
    calibration: network.Calibration
    epochs: int
    mislabelled: int  # how many corrections are likely wrong, and were shown but once


def train(
    mnist: Mnist,
    corrections: Labelled,
    *,
    mislabelled: Mask,
    start: bytes | None,
    epochs: int | None,
    seed: int,
    report: Callable[[Progress], None],
) -> Trained:
    """Train on MNIST's training part, other styles and pens, made-up outliers, and corrections.

    `mislabelled`, (n,) bool, says which corrections are not to be repeated. `start` holds weights
    to go on from; None starts from random ones. `epochs` None takes the default for either. The
    same arguments on the same libraries give the same weights.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    rng = np.random.default_rng(seed)
    model = network.build()
    if start is not None:
        network.load_weights(model, start)
    epochs = epochs or (EPOCHS_FROM_SCRATCH if start is None else EPOCHS_FROM_LIVE)
    digits = mnist.training
    made = digits + styled(digits, rng) + _outliers(digits, rng, OUTLIER_SHARE)
    parts = [once(made), (corrections, _repeated(corrections, mislabelled))]
    if start is not None:
        parts.append(once(restroked(digits, RESTROKED_SHARE, rng)))
    data = Epoch(*parts)
    optimizer = from_scratch if start is None else _from_live
    fit(model, data, optimizer, epochs, rng, report)
    if start is not None:
        network.mix_weights(model, start, NEW_SHARE)
    calibration = calibrate(model, mnist.validation)
    return Trained(
        weights=network.weights_to_bytes(model),
        model=network.to_litert(model, calibration),
        calibration=calibration,
        epochs=epochs,
        mislabelled=int(mislabelled.sum()),
    )


def fit(
    model: keras.Model,
    data: Labelled | Epoch,
    optimizer: Callable[[int], keras.Optimizer],
    epochs: int,
    rng: np.random.Generator,
    report: Callable[[Progress], None],
    strongest: float = STRONGEST,
) -> None:
    """Show `model` every image once an epoch (a few twice), each time drawn anew.

    `optimizer` makes one for so many steps; `strongest` is that of `augment`.
    """
    steps = math.ceil(len(data) / BATCH)
    model.compile(
        optimizer(epochs * steps),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    # Or TensorFlow traces the first step twice, as the optimizer would make its variables in it.
    model.optimizer.build(model.trainable_variables)
    done, started = 0, 0.0
    for epoch in range(epochs):
        # The last batch is filled up, as TensorFlow compiles the step anew for another size.
        order = np.resize(rng.permutation(len(data)), steps * BATCH)
        for step in range(steps):
            batch = data[order[step * BATCH : (step + 1) * BATCH]]
            loss = model.train_on_batch(
                augment(batch.images, rng, strongest)[..., None], batch.labels
            )
            done += 1
            if done == 1:  # it takes far longer than the others
                started = time.monotonic()
            left = _seconds_left(time.monotonic() - started, done, epochs * steps)
            report(Progress(epoch + 1, epochs, done / (epochs * steps), float(loss), left))


def from_scratch(steps: int) -> keras.Optimizer:
    """What learns most in so few steps."""
    return Muon(_schedule(RATE_FROM_SCRATCH, steps))


def _from_live(steps: int) -> keras.Optimizer:
    return keras.optimizers.AdamW(_schedule(RATE_FROM_LIVE, steps), weight_decay=WEIGHT_DECAY)


class Muon(keras.optimizers.Muon):
    """Steps whose directions all count alike, for the kernels of convolutions; AdamW for the rest.

    K. Jordan et al., "Muon: An Optimizer for Hidden Layers in Neural Networks", 2024: a kernel
    (3, 3, in, out) is a matrix of 9 in x out. Keras takes only those of dense layers for matrices.
    A step is as large as AdamW's would be (J. Liu et al., "Muon Is Scalable for LLM Training",
    2025, section 2.2).
    """

    def __init__(self, rate: keras.optimizers.schedules.LearningRateSchedule) -> None:
        super().__init__(
            rate,
            weight_decay=WEIGHT_DECAY,
            adam_weight_decay=WEIGHT_DECAY,
            adam_beta_2=0.99,
            rms_rate=None,  # it would look at the kernel's first sides
        )

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) != 4

    def zeropower_via_newtonschulz5(self, x: tf.Tensor, steps: int) -> tf.Tensor:
        matrix = tf.reshape(x, (-1, x.shape[-1]))
        size = 0.2 * math.sqrt(max(matrix.shape))
        return tf.reshape(size * super().zeropower_via_newtonschulz5(matrix, steps), x.shape)


def _seconds_left(seconds: float, done: int, steps: int) -> float | None:
    """Of so many steps, where those after the first one took so long until now."""
    if done < min(PACE_STEPS, steps):
        return None
    return seconds / max(done - 1, 1) * (steps - done)


def _outliers(digits: Labelled, rng: np.random.Generator, share: float) -> Labelled:
    made = outliers(round(share * len(digits)), digits.images, digits.labels, rng)
    return Labelled(made, np.full(len(made), NOT_A_DIGIT, np.uint8))


def _repeated(corrections: Labelled, mislabelled: Mask) -> Places:
    """Which corrections an epoch shows. Few are shown often, or MNIST would drown them.

    The more there are, the less each counts by itself, so that a wrong one does little harm; and
    what is likely wrong is shown once.
    """
    times = round(CORRECTION_WEIGHT / math.sqrt(max(len(corrections), 1)))
    times = min(max(times, 1), CORRECTION_REPEATS)
    return np.repeat(np.arange(len(corrections)), np.where(mislabelled, 1, times))


def _schedule(rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    warmup = round(WARMUP * steps)
    return keras.optimizers.schedules.CosineDecay(
        rate / 10, max(1, steps - warmup), warmup_target=rate, warmup_steps=warmup
    )


def calibrate(model: keras.Model, digits: Labelled) -> network.Calibration:
    """Make the probabilities those of the drawings that people make.

    Bias and temperature are those at which they fit best on validation digits, in MNIST's style
    and the others, and on outliers that weigh as much as people draw of them.
    """
    rng = np.random.default_rng(0)  # the same pictures each time, so that versions can be compared
    data = digits + styled(digits, rng)
    data += _outliers(data, rng, OUTLIERS_TO_CALIBRATE)
    none = data.labels == NOT_A_DIGIT
    weight = np.where(
        none, OUTLIERS_IN_USE / none.mean(), (1 - OUTLIERS_IN_USE) / (1 - none.mean())
    )
    images = (data.images.astype(np.float32) / 255)[..., None]
    logits = model.predict(images, batch_size=500, verbose=0).astype(np.float64)

    def loss(calibration: network.Calibration) -> float:
        biased = logits.copy()
        biased[:, NOT_A_DIGIT] += calibration.outlier_bias
        return float(weight @ _surprise(biased / calibration.temperature, data.labels))

    return min((network.Calibration(b, t) for b in BIASES for t in TEMPERATURES), key=loss)


def _surprise(logits: Floats, labels: npt.NDArray[np.uint8]) -> Floats:
    """The negative log likelihood of each label, (n,)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return np.asarray(log_sum - shifted[np.arange(len(labels)), labels])
