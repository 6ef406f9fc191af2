"""The network: its layers, its weights as plain arrays, and its export to LiteRT."""

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Final

import keras
import numpy as np
import tensorflow as tf

from ml.arrays import IMAGE_SIDE
from ml.runtime import CLASSES, NOT_A_DIGIT, CorruptModelError
from ml.training.calibration import Calibration

# Channels, stride and padding of each 3x3 convolution. The early stride saves most of the work.
# The last two need no padding, because the border of the 7x7 field shows only paper.
CONVOLUTIONS: Final = (
    (32, 2, "same"),
    (48, 1, "same"),
    (64, 2, "same"),
    (96, 1, "valid"),
    (128, 1, "valid"),
)


def build() -> keras.Model:
    """Return a small convolutional network: (n, 28, 28, 1) float32 in 0..1 to (n, 11) logits."""
    layers = keras.layers
    x = inputs = keras.Input((IMAGE_SIDE, IMAGE_SIDE, 1))
    for channels, stride, padding in CONVOLUTIONS:
        x = layers.Conv2D(channels, 3, strides=stride, padding=padding, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation("relu")(x)
    return keras.Model(inputs, layers.Dense(CLASSES)(layers.Flatten()(x)))


def weights_to_bytes(network: keras.Model) -> bytes:
    """Return all weights in order as an .npz of plain arrays, which cannot contain code."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, *network.get_weights())
    return buffer.getvalue()


def load_weights(network: keras.Model, data: bytes) -> None:
    """Set the weights from `weights_to_bytes`; raise `CorruptModelError` if they do not fit."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            network.set_weights([arrays[name] for name in arrays.files])
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise CorruptModelError(
            f"The live version's weights do not fit ({error}). Train with --from-scratch."
        ) from error


def interpolate_weights(network: keras.Model, earlier: bytes, share: float) -> None:
    """Keep `share`, in 0..1, of the network's weights and take the rest from `earlier`.

    This keeps nearly everything that the network has just learned, and it forgets hardly anything
    from before (M. Wortsman et al., "Robust Fine-Tuning of Zero-Shot Models", 2022).
    """
    learned = network.get_weights()
    load_weights(network, earlier)
    pairs = zip(learned, network.get_weights(), strict=True)
    network.set_weights([share * new + (1 - share) * old for new, old in pairs])


def to_litert(network: keras.Model, calibration: Calibration) -> bytes:
    """Return the network as a LiteRT model that predicts calibrated probabilities.

    Takes (1, 28, 28, 1) float32, returns (1, 11) float32 that sum to 1.
    """
    inputs = keras.Input((IMAGE_SIDE, IMAGE_SIDE, 1), batch_size=1)
    bias = np.zeros(CLASSES, np.float32)
    bias[NOT_A_DIGIT] = calibration.outlier_bias
    logits = (network(inputs, training=False) + bias) / calibration.temperature
    calibrated = keras.Model(inputs, keras.layers.Softmax()(logits))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        calibrated.export(
            path,
            format="litert",
            verbose=False,
            optimizations=[tf.lite.Optimize.DEFAULT],  # 8-bit weights
        )
        return path.read_bytes()
