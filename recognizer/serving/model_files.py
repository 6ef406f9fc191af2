"""Load the stored files of model versions, and check them.

A damaged file of the base is repaired with the file that ships with the code.
"""

import hashlib
import logging
from typing import Final

from django.db import Error, transaction

from ml import runtime
from ml.runtime import BASE, CorruptModelError, Recognizer
from recognizer.models import BASE_NUMBER, ModelFiles, ModelVersion

SHIPPED_FILES: Final = {"model": BASE / "model.tflite", "weights": BASE / "weights.npz"}

log = logging.getLogger(__name__)


class ModelFilesPrunedError(CorruptModelError):
    """Raised for a version whose files were deleted. It can never be loaded again."""


def load(version: ModelVersion) -> Recognizer:
    """Check the files of any version, and return a recognizer that is ready to predict.

    A damaged model of the base is repaired first.

    The recognizer is not cached, because loading takes only milliseconds, and a cache would hide
    that the files have become corrupt.

    Raises `ModelFilesPrunedError` if the files were deleted.
    Raises `CorruptModelError` if the hash is wrong or the model does not pass the smoke test.
    """
    stored = bytes(_files(version).model)
    return runtime.load(_intact(version, "model", stored, version.sha256), version.sha256)


def load_weights(version: ModelVersion) -> bytes:
    """Check the weights of a version, and return them. Damaged ones of the base are repaired first.

    Raises `ModelFilesPrunedError` if the files were deleted.
    Raises `CorruptModelError` if the hash is wrong.
    """
    stored = bytes(_files(version).weights)
    weights = _intact(version, "weights", stored, version.weights_sha256)
    if hashlib.sha256(weights).hexdigest() != version.weights_sha256:
        raise CorruptModelError(
            f"the weights of {version} do not match the stored SHA-256. Train with --from-scratch."
        )
    return weights


def _files(version: ModelVersion) -> ModelFiles:
    try:
        return version.files
    except ModelFiles.DoesNotExist:
        raise ModelFilesPrunedError("files deleted") from None


def _intact(version: ModelVersion, name: str, stored: bytes, sha256: str) -> bytes:
    """Return `stored`, or the intact file if `stored` is a damaged file of the base.

    `name` is the name of the field in `ModelFiles`. The base of an earlier release cannot be
    repaired, because the code ships other files.
    """
    if version.number != BASE_NUMBER or _has_hash(stored, sha256):
        return stored
    shipped = SHIPPED_FILES[name].read_bytes()
    if not _has_hash(shipped, sha256):
        return stored
    try:
        # A failure must not end a transaction of the caller.
        with transaction.atomic():
            ModelFiles.objects.filter(pk=version.pk).update(**{name: shipped})
    except Error as error:
        result = f"It is replaced in memory only, because it cannot be stored: {error}"
    else:
        result = "It was repaired with the file that ships with the code."
    log.warning(
        "The file “%s” of %s was damaged. %s Check the database's disk.", name, version, result
    )
    return shipped


def _has_hash(content: bytes, sha256: str) -> bool:
    return hashlib.sha256(content).hexdigest() == sha256
