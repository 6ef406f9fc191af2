"""Build the network, save and load its weights, and export it to LiteRT."""

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Final

import numpy as np

from ml.arrays import EMBEDDING_SIZE, IMAGE_SIDE
from ml.personalization import SHARPNESS
from ml.runtime import CLASS_COUNT, DIGIT_COUNT, NOT_A_DIGIT, CorruptModelError
from ml.training.calibration import Calibration
from ml.training.embedding import EmbeddingHead
from ml.training.libraries import keras, tf

# Channels, stride and padding of each 3x3 convolution. The stride of the first convolution saves
# most of the computation. The last two convolutions need no padding, because the border of the 7x7
# feature map covers hardly any ink.
CONVOLUTIONS: Final = (
    (32, 2, "same"),
    (48, 1, "same"),
    (64, 2, "same"),
    (96, 1, "valid"),
    (128, 1, "valid"),
)
# The exported network averages over copies of the image that are shifted by this number of pixels,
# down and right. Each copy adds the time of one prediction.
SHIFTS: Final = (0, 1, -1)


def build() -> keras.Model:
    """Return a small CNN. It takes (n, 28, 28, 1) float32 in 0..1 and returns (n, 11) logits."""
    layers = keras.layers
    x = inputs = keras.Input((IMAGE_SIDE, IMAGE_SIDE, 1))
    for channels, stride, padding in CONVOLUTIONS:
        x = layers.Conv2D(channels, 3, strides=stride, padding=padding, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation("relu")(x)
    return keras.Model(inputs, layers.Dense(CLASS_COUNT)(layers.Flatten()(x)))


def weights_to_bytes(network: keras.Model) -> bytes:
    """Return the weights as an .npz file. Unlike a pickle, it cannot contain code."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, *network.get_weights())
    return buffer.getvalue()


def load_weights(network: keras.Model, data: bytes) -> None:
    """Set the weights to `data`, which `weights_to_bytes` returned.

    Raises `CorruptModelError` if `data` is damaged or belongs to another architecture.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            network.set_weights([arrays[name] for name in arrays.files])
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise CorruptModelError(
            f"The live version's weights do not fit ({error}). Train with --from-scratch."
        ) from error


def interpolate_weights(network: keras.Model, earlier: bytes, share: float) -> None:
    """Set each weight to `share` * the current one + (1 - `share`) * the one in `earlier`.

    `share` is in 0..1. The result keeps nearly everything that the network has just learned, and
    forgets hardly anything that it knew before (M. Wortsman et al., "Robust Fine-Tuning of
    Zero-Shot Models", 2022). Raises `CorruptModelError` as `load_weights` does.
    """
    trained = network.get_weights()
    load_weights(network, earlier)
    pairs = zip(trained, network.get_weights(), strict=True)
    network.set_weights([share * new + (1 - share) * old for new, old in pairs])


def hidden_layer(network: keras.Model) -> keras.Model:
    """Return a model that computes the last hidden layer of `network`, (n, features) float32.

    The layer is averaged over copies of the image with the shifts in `SHIFTS`. The output layer is
    linear, so this averages the logits, too (test-time augmentation: A. Krizhevsky et al.,
    "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 4.1).
    """
    layers = keras.layers
    hidden = keras.Model(network.input, network.layers[-1].input)
    inputs = keras.Input((IMAGE_SIDE, IMAGE_SIDE, 1))
    margin = max(map(abs, SHIFTS))
    padded = layers.ZeroPadding2D(margin)(inputs)
    crops = [((margin - shift, margin + shift),) * 2 for shift in SHIFTS]
    copies = [layers.Cropping2D(crop)(padded) for crop in crops]
    return keras.Model(inputs, layers.Average()([hidden(copy, training=False) for copy in copies]))


def to_litert(network: keras.Model, calibration: Calibration, head: EmbeddingHead) -> bytes:
    """Export the network as a LiteRT model that predicts calibrated probabilities.

    The exported model takes (1, 28, 28, 1) float32 in 0..1. It returns (1, 11) float32 that sum to
    1; the embedding, (1, EMBEDDING_SIZE) float32 of length 1; and the support of the background
    for each digit, (1, 10) float32, as `ml.personalization` defines it.
    """
    inputs = keras.Input((IMAGE_SIDE, IMAGE_SIDE, 1), batch_size=1)
    hidden = hidden_layer(network)(inputs)
    bias = np.zeros(CLASS_COUNT, np.float32)
    bias[NOT_A_DIGIT] = calibration.outlier_bias
    logits = (network.layers[-1](hidden) + bias) / calibration.temperature
    outputs = [keras.layers.Softmax()(logits), *_compare(hidden, head)]
    exported = keras.Model(inputs, outputs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        exported.export(
            path,
            format="litert",
            verbose=False,
            optimizations=[tf.lite.Optimize.DEFAULT],  # quantizes the weights to 8 bits
        )
        return path.read_bytes()


def _compare(hidden: keras.KerasTensor, head: EmbeddingHead) -> list[keras.KerasTensor]:
    """Return the embedding of the hidden layer, and the support of the background."""
    layers = keras.layers
    project, compare = layers.Dense(EMBEDDING_SIZE), layers.Dense(len(head.background))
    add_up = layers.Dense(DIGIT_COUNT, use_bias=False)
    embedding = layers.UnitNormalization()(project(hidden))
    exponents = compare(embedding)
    support = add_up(layers.Activation("exponential")(exponents))
    project.set_weights([head.matrix, -head.mean @ head.matrix])
    ones = np.ones(len(head.background), np.float32)
    compare.set_weights([SHARPNESS * head.background.T, -SHARPNESS * ones])
    add_up.set_weights([np.eye(DIGIT_COUNT, dtype=np.float32)[head.labels]])
    return [embedding, support]
