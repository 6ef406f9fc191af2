"""The network: its layers, its weights as plain arrays, and its export to LiteRT."""

import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras
import numpy as np
import tensorflow as tf

from ml.normalize import SIDE
from ml.runtime import CLASSES, NOT_A_DIGIT, DamagedModelError

# Channels, stride and padding of each 3x3 convolution. An early stride saves most of the work, and
# so does the end without padding: what goes past the edge of 7x7 there is paper anyway.
CONVOLUTIONS: Final = (
    (32, 2, "same"),
    (48, 1, "same"),
    (64, 2, "same"),
    (96, 1, "valid"),
    (128, 1, "valid"),
)


def build() -> keras.Model:
    """A small convolutional network: (n, 28, 28, 1) float32 in 0..1 to (n, 11) logits."""
    layers = keras.layers
    x = inputs = keras.Input((SIDE, SIDE, 1))
    for channels, stride, padding in CONVOLUTIONS:
        x = layers.Conv2D(channels, 3, strides=stride, padding=padding, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation("relu")(x)
    return keras.Model(inputs, layers.Dense(CLASSES)(layers.Flatten()(x)))


def weights_to_bytes(network: keras.Model) -> bytes:
    """All weights in order, as an .npz of plain arrays: no code travels with them."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, *network.get_weights())
    return buffer.getvalue()


def load_weights(network: keras.Model, data: bytes) -> None:
    """Set the weights from `weights_to_bytes`; raises `DamagedModelError` where they do not fit."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            network.set_weights([arrays[name] for name in arrays.files])
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise DamagedModelError(
            f"The live version's weights do not fit ({error}). Train with --from-scratch."
        ) from error


def mix_weights(network: keras.Model, earlier: bytes, share: float) -> None:
    """Keep `share`, in 0..1, of the network's weights and take the rest from `earlier`.

    What a network learned lately is nearly all kept, and what it knew before hardly forgotten (M.
    Wortsman et al., "Robust Fine-Tuning of Zero-Shot Models", 2022).
    """
    learned = network.get_weights()
    load_weights(network, earlier)
    pairs = zip(learned, network.get_weights(), strict=True)
    network.set_weights([share * new + (1 - share) * old for new, old in pairs])


@dataclass(frozen=True)
class Calibration:
    """What makes logits probabilities that can be believed.

    `outlier_bias` is added to the logit of "not a digit"; then `temperature` divides all of them
    (C. Guo et al., "On Calibration of Modern Neural Networks", 2017).
    """

    outlier_bias: float
    temperature: float


def to_litert(network: keras.Model, calibration: Calibration) -> bytes:
    """The network as a LiteRT model that answers with calibrated probabilities.

    Takes (1, 28, 28, 1) float32, returns (1, 11) float32 that sum to 1.
    """
    inputs = keras.Input((SIDE, SIDE, 1), batch_size=1)
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
