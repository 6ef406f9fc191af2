"""The MNIST file: fetched when missing, checked by content, split for training."""

import hashlib
import os
import tempfile
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

URL: Final = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
ARRAYS: Final = ("x_train", "y_train", "x_test", "y_test")
DIGEST: Final = "2eb4d82c94e1e65af5a565df335e810e7cfbcdeb8ce2cf9674792583d7c4266b"
VALIDATION_SHARE: Final = 12  # one in so many training images, the last ones, is never trained on


class MnistError(Exception):
    """MNIST is missing, damaged or cannot be fetched; the message says what to do."""


@dataclass(frozen=True)
class Labelled:
    """Images (n, 28, 28) uint8 with their labels (n,) uint8, 0..9 or 10 for "not a digit"."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: npt.NDArray[np.intp]) -> "Labelled":
        return Labelled(self.images[chosen], self.labels[chosen])

    def __add__(self, other: "Labelled") -> "Labelled":
        return Labelled(
            np.concatenate([self.images, other.images]), np.concatenate([self.labels, other.labels])
        )


@dataclass(frozen=True)
class Mnist:
    """MNIST in three parts; `digest` is the SHA-256 over all of it."""

    training: Labelled
    validation: Labelled
    test: Labelled
    digest: str


def load(path: Path, digest: str = DIGEST) -> Mnist:
    """Read an .npz with Keras's four array names, whose content has this SHA-256.

    Raises `MnistError` when it is missing, damaged, or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            x_train, y_train, x_test, y_test = (file[name] for name in ARRAYS)
    except FileNotFoundError as error:
        raise MnistError(f"There is no MNIST at {path}.") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise MnistError(f"{path} is damaged ({error}). Delete it to fetch it anew.") from error
    found = content_digest(x_train, y_train, x_test, y_test)
    if found != digest:
        raise MnistError(
            f"{path} does not hold MNIST: its content has the SHA-256 {found}, "
            f"not {digest}. Delete it to fetch it anew."
        )
    held_out = len(x_train) // VALIDATION_SHARE
    return Mnist(
        training=Labelled(x_train[:-held_out], y_train[:-held_out]),
        validation=Labelled(x_train[-held_out:], y_train[-held_out:]),
        test=Labelled(x_test, y_test),
        digest=found,
    )


def content_digest(*arrays: npt.NDArray[np.uint8]) -> str:
    """SHA-256 over shape and bytes of each array: the same however the file was compressed."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def fetch(path: Path, digest: str = DIGEST) -> None:
    """Download MNIST to `path`, which appears only when its content is right.

    Raises `MnistError` when it cannot be fetched, stored, or is not MNIST.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            partial = Path(folder) / "mnist.npz"
            with urllib.request.urlopen(URL, timeout=60) as response:
                partial.write_bytes(response.read())
            load(partial, digest)
            os.replace(partial, path)
    except (urllib.error.URLError, OSError) as error:
        raise MnistError(
            f"MNIST cannot be fetched from {URL} ({error}). "
            f"Put the file at {path} by hand, or name another place in MNIST_PATH."
        ) from error
