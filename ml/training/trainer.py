"""Train the network on MNIST, on generated images, and on people's drawings."""

import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from ml.arrays import Indices, Mask
from ml.data.augment import MAX_STRENGTH, augment
from ml.data.concat_dataset import ConcatDataset, all_of
from ml.data.digit_styles import restyle
from ml.data.mnist import LabelledImages, Mnist
from ml.data.negatives import make_negatives
from ml.data.restroking import restroke
from ml.runtime import Recognizer
from ml.training import network
from ml.training.calibration import UNCALIBRATED, Calibration, calibrate
from ml.training.embedding import fit_embedding
from ml.training.libraries import keras, tf
from ml.training.optimizer import adamw_optimizer, muon_optimizer
from ml.training.remaining_time import RemainingTime
from ml.training.results import Progress, TrainingResult

EPOCHS_FROM_SCRATCH: Final = 10
EPOCHS_FROM_LIVE: Final = 2
BATCH_SIZE: Final = 128
EXPORT_BATCH_SIZE: Final = 512
NEGATIVES_PER_DIGIT: Final = 0.15  # generated negatives per MNIST image
# Fraction of MNIST's images that also get a copy with another pen. Training from scratch uses no
# such copies.
RESTROKED_SHARE: Final = 0.3
# If there are n drawings by people, an epoch contains each of them DRAWING_WEIGHT / sqrt(n) times,
# rounded, at least once and at most MAX_DRAWING_REPEATS times. Drawings whose labels are probably
# wrong occur once.
DRAWING_WEIGHT: Final = 640
MAX_DRAWING_REPEATS: Final = 75
INTERPOLATION: Final = 0.8  # share of the new weights; the rest is the share of the old ones
# The duration of the export, in training steps: one for each EXPORT_IMAGES_PER_STEP of MNIST's
# images, and EXPORT_STEPS for the rest. Both come from recorded runs on two cores.
EXPORT_IMAGES_PER_STEP: Final = 256
EXPORT_STEPS: Final = 400


def train(
    mnist: Mnist,
    drawings: LabelledImages,
    *,
    label_noise: Mask,
    start: bytes | None,
    epochs: int | None,
    seed: int,
    on_progress: Callable[[Progress], None],
) -> TrainingResult:
    """Train a network, calibrate it, and export it.

    `drawings` are people's drawings. `label_noise`, (n,) bool, marks those that are not repeated,
    because their labels are probably wrong. `start` holds the weights to continue from. With
    `start` None, training starts from random weights. With `epochs` None, the default number of
    epochs depends on `start`. The same arguments, library versions, kind of processor and number
    of threads give the same weights. Raises `CorruptModelError` if the network cannot load `start`.
    """
    rng = _seed(seed)
    model = network.build()
    if start is not None:
        network.load_weights(model, start)
    optimizer = muon_optimizer if start is None else adamw_optimizer
    epochs = epochs or (EPOCHS_FROM_SCRATCH if start is None else EPOCHS_FROM_LIVE)
    data = _training_set(mnist.training, drawings, label_noise, start is not None, rng)
    export_steps = EXPORT_STEPS + len(mnist.training) / EXPORT_IMAGES_PER_STEP
    train_loop(model, data, optimizer, epochs, rng, on_progress, export_steps=export_steps)
    if start is not None:
        network.interpolate_weights(model, start, INTERPOLATION)
    calibration, litert = export(model, mnist)
    weights = network.weights_to_bytes(model)
    return TrainingResult(weights, litert, calibration, epochs, int(label_noise.sum()))


def export(model: keras.Model, mnist: Mnist) -> tuple[Calibration, bytes]:
    """Return the calibration of a trained network, and the network as a LiteRT file."""
    hidden = network.hidden_layer(model)
    # Keras's `predict` would need twice as much memory for the whole of MNIST.
    count = math.ceil(len(mnist.training) / EXPORT_BATCH_SIZE)
    batches = np.array_split(mnist.training.images, count)
    features = [hidden.predict_on_batch(batch[..., None] / np.float32(255)) for batch in batches]
    head = fit_embedding(np.concatenate(features), mnist.training.labels)
    # Calibrate the exported network, because its weights are quantized.
    uncalibrated = Recognizer(network.to_litert(model, UNCALIBRATED, head))
    calibration = calibrate(uncalibrated, mnist.calibration)
    return calibration, network.to_litert(model, calibration, head)


def _seed(seed: int) -> np.random.Generator:
    """Make TensorFlow deterministic, and return the generator for all other random numbers."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    return np.random.default_rng(seed)


def _training_set(
    digits: LabelledImages,
    drawings: LabelledImages,
    label_noise: Mask,
    with_restroked: bool,
    rng: np.random.Generator,
) -> ConcatDataset:
    """Return MNIST's digits, copies in other styles and pens, negatives, and people's drawings."""
    restyled = restyle(digits, rng)
    negatives = make_negatives(round(NEGATIVES_PER_DIGIT * len(digits)), digits, rng)
    parts = [
        all_of(digits + restyled + negatives),
        (drawings, _repeat_drawings(drawings, label_noise)),
    ]
    if with_restroked:
        parts.append(all_of(restroke(digits, RESTROKED_SHARE, rng)))
    return ConcatDataset(*parts)


def _repeat_drawings(drawings: LabelledImages, label_noise: Mask) -> Indices:
    """Return the indices of the drawings in an epoch. Repeated drawings occur several times.

    If there are few drawings, each is repeated often, because MNIST would outweigh them otherwise.
    If there are many, each is repeated less often, so that a wrong label does little harm. Drawings
    whose labels are probably wrong are not repeated.
    """
    repeats = round(DRAWING_WEIGHT / math.sqrt(max(len(drawings), 1)))
    repeats = min(max(repeats, 1), MAX_DRAWING_REPEATS)
    return np.repeat(np.arange(len(drawings)), np.where(label_noise, 1, repeats))


def train_loop(
    model: keras.Model,
    data: LabelledImages | ConcatDataset,
    optimizer: Callable[[int], keras.Optimizer],
    epochs: int,
    rng: np.random.Generator,
    on_progress: Callable[[Progress], None],
    max_strength: float = MAX_STRENGTH,
    export_steps: float = 0.0,
) -> None:
    """Train `model` on every image at least once per epoch, augmented differently each time.

    `optimizer` takes the total number of steps and returns an optimizer. `max_strength` is passed
    to `augment`, and `export_steps` to `RemainingTime`.
    """
    steps = math.ceil(len(data) / BATCH_SIZE)
    _compile(model, optimizer(epochs * steps))
    timer = RemainingTime(epochs * steps, export_steps)
    for epoch in range(epochs):
        for batch in _batches(data, steps, rng):
            images = augment(batch.images, rng, max_strength)[..., None]
            loss = model.train_on_batch(images, batch.labels)
            timer.count_step()
            left = timer.seconds_left()
            on_progress(Progress(epoch + 1, epochs, timer.share(), float(loss), left))


def _compile(model: keras.Model, optimizer: keras.Optimizer) -> None:
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    # Without this, the first step would create the optimizer's variables, and TensorFlow would
    # trace the step twice.
    model.optimizer.build(model.trainable_variables)


def _batches(
    data: LabelledImages | ConcatDataset, steps: int, rng: np.random.Generator
) -> Iterator[LabelledImages]:
    """Yield all images in random order, in batches.

    The last batch is filled up with images from the start of the order, because TensorFlow would
    trace the step again for a smaller batch.
    """
    order = np.resize(rng.permutation(len(data)), steps * BATCH_SIZE)
    for step in range(steps):
        yield data[order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]]
