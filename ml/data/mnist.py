"""Download MNIST, verify its content, and split its images by their use."""

import hashlib
import os
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import IMAGE_SIDE, Images, Indices, Labels, Pixels
from ml.preprocessing.normalize import INK_LEVEL
from ml.runtime import DIGIT_COUNT

URL: Final = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
ARRAYS: Final = ("x_train", "y_train", "x_test", "y_test")  # the names in Keras's .npz file
# The `content_digest` of MNIST's arrays, in this order.
DIGEST: Final = "2eb4d82c94e1e65af5a565df335e810e7cfbcdeb8ce2cf9674792583d7c4266b"
# The last twelfth of MNIST's training images is not used for training. Of these images, the first
# two fifths calibrate a network, and the others evaluate it.
HELD_OUT_DIVISOR: Final = 12
CALIBRATION_SHARE: Final = 0.4
TIMEOUT_SECONDS: Final = 60
REPLACE: Final = (
    "If you have set MNIST_PATH, replace the file. Otherwise, delete it to download it again."
)


class MnistError(Exception):
    """MNIST is missing, damaged, or cannot be downloaded. The message says what is wrong."""


@dataclass(frozen=True)
class LabelledImages:
    """A data set: images, (n, 28, 28) uint8, and their labels, (n,) uint8."""

    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: Indices) -> "LabelledImages":
        return LabelledImages(self.images[chosen], self.labels[chosen])

    def __add__(self, other: "LabelledImages") -> "LabelledImages":
        return LabelledImages(
            np.concatenate([self.images, other.images]), np.concatenate([self.labels, other.labels])
        )


def stack(images: Sequence[Pixels]) -> Images:
    """Return the images as one array, (n, 28, 28), also if there are none."""
    return np.stack(images) if images else np.empty((0, IMAGE_SIDE, IMAGE_SIDE), np.uint8)


@dataclass(frozen=True)
class Mnist:
    """MNIST, split into four sets. `digest` is the `content_digest` of all its arrays."""

    training: LabelledImages
    calibration: LabelledImages
    validation: LabelledImages
    test: LabelledImages
    digest: str


def load(path: Path, digest: str = DIGEST) -> Mnist:
    """Load MNIST from an .npz file in Keras's format.

    Raises `MnistError` if the file is missing or damaged, if its content does not have the digest
    `digest`, or if it is another data set that versions cannot be trained on.
    """
    x_train, y_train, x_test, y_test = _read_arrays(path)
    found = content_digest(x_train, y_train, x_test, y_test)
    if found != digest:
        raise MnistError(
            f"{path} does not contain MNIST: the SHA-256 of its content is {found}, "
            f"not {digest}. {REPLACE}"
        )
    _check_format(path, x_train, y_train)
    _check_format(path, x_test, y_test)
    start = len(x_train) - len(x_train) // HELD_OUT_DIVISOR
    middle = start + round(CALIBRATION_SHARE * (len(x_train) - start))
    mnist = Mnist(
        training=LabelledImages(x_train[:start], y_train[:start]),
        calibration=LabelledImages(x_train[start:middle], y_train[start:middle]),
        validation=LabelledImages(x_train[middle:], y_train[middle:]),
        test=LabelledImages(x_test, y_test),
        digest=found,
    )
    for name in ("training", "calibration", "validation"):
        _check_digits(path, name, getattr(mnist, name))
    return mnist


def _read_arrays(path: Path) -> list[npt.NDArray[np.uint8]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[name] for name in ARRAYS]
    except FileNotFoundError as error:
        raise MnistError(f"There is no MNIST at {path}.") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise MnistError(
            f"{path} is damaged, or it is not an .npz file with the arrays {', '.join(ARRAYS)}. "
            f"{REPLACE}"
        ) from error


def _check_format(path: Path, images: npt.NDArray, labels: npt.NDArray) -> None:
    """Raise `MnistError` if the arrays are not images and labels in MNIST's format."""
    is_valid = (
        images.dtype == labels.dtype == np.uint8
        and labels.ndim == 1
        and images.shape == (len(labels), IMAGE_SIDE, IMAGE_SIDE)
        and labels.max(initial=0) < DIGIT_COUNT
    )
    if not is_valid:
        raise MnistError(
            f"{path} is not in MNIST's format: images of the shape (n, {IMAGE_SIDE}, {IMAGE_SIDE}) "
            f"and n labels from 0 to {DIGIT_COUNT - 1}, both of the type uint8. {REPLACE}"
        )


def _check_digits(path: Path, name: str, data: LabelledImages) -> None:
    """Raise `MnistError` if a digit has no image with ink. Negatives are made from each digit."""
    has_ink = data.images.max(axis=(1, 2), initial=0) >= INK_LEVEL
    missing = set(range(DIGIT_COUNT)) - set(data.labels[has_ink].tolist())
    if missing:
        digits = ", ".join(map(str, sorted(missing)))
        raise MnistError(
            f"The {name} images of {path} do not show these digits: {digits}. {REPLACE}"
        )


def content_digest(*arrays: npt.NDArray[np.uint8]) -> str:
    """Return one SHA-256 of all arrays. It does not depend on how the file is compressed."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def fetch(path: Path) -> None:
    """Download MNIST to `path`.

    The file is moved to `path` only after its content was verified. Raises `MnistError` if the
    file cannot be downloaded or stored, or if it is not MNIST.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            partial = Path(folder) / "mnist.npz"
            with urllib.request.urlopen(URL, timeout=TIMEOUT_SECONDS) as response:
                partial.write_bytes(response.read())
            load(partial)
            os.replace(partial, path)
    except (OSError, HTTPException, MnistError) as error:
        # The message of a `MnistError` names the temporary file.
        reason = "the answer is not MNIST" if isinstance(error, MnistError) else error
        raise MnistError(
            f"MNIST cannot be downloaded from {URL} ({reason}). "
            f"Put the file at {path} yourself, or set MNIST_PATH to another path."
        ) from error
