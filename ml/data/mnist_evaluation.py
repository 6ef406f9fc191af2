"""Recognize MNIST's images, so that no version is trained on those that evaluate it.

The digests of these images are part of the code, because a dataset can be imported on a host that
does not have MNIST.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.arrays import Images, Pixels
from ml.data.mnist import Mnist
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import normalize
from ml.runtime import BASE

DIGESTS: Final = BASE / "mnist_evaluation_digests.npy"  # sorted, (n,) uint64
DIGEST_SIZE: Final = 8  # bytes


def is_evaluation_digest(found: int) -> bool:
    """Return whether the digest is that of one of MNIST's held-out or test images."""
    return found in _stored_digests()


def digest(pixels: bytes) -> int:
    """Return a hash of a model input, 28×28 bytes. The hash has 64 bits."""
    return int.from_bytes(hashlib.blake2b(pixels, digest_size=DIGEST_SIZE).digest())


def compute_digests(mnist: Mnist) -> npt.NDArray[np.uint64]:
    """Return the digests of the calibration, validation and test images, sorted, (n,) uint64."""
    images = (mnist.calibration.images, mnist.validation.images, mnist.test.images)
    return np.array(sorted(digests_of(np.concatenate(images))), np.uint64)


def digests_of(images: Images) -> set[int]:
    """Return the digests of the images.

    Each image counts as it is and as `normalize` returns it, because the site stores an uploaded
    image normalized. This takes about 0.2 ms per image.
    """
    return {digest(form) for image in images for form in _forms(image)}


def _forms(image: Pixels) -> Iterator[bytes]:
    yield image.tobytes()
    try:
        yield normalize(255 - image).tobytes()
    except BadImageError:  # The site does not store such an image either.
        return


@cache
def _stored_digests() -> frozenset[int]:
    return frozenset(np.load(DIGESTS, allow_pickle=False).tolist())
