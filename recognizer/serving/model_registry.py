"""Load and promote model versions. Every worker process follows the database without a restart."""

import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, transaction

from ml import runtime
from ml.runtime import BASE, CorruptModelError, Recognizer
from recognizer.models import BASE_NUMBER, ModelFiles, ModelVersion, VersionState

__all__ = [
    "CorruptModelError",
    "LoadedVersion",
    "ModelFilesPrunedError",
    "Recognizer",
    "RejectedVersionError",
    "live_version",
    "load",
    "loaded_version",
    "loaded_version_or_none",
    "promote",
    "prune",
]

# A worker asks the database at most this often which version is live.
REFRESH_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


class ModelFilesPrunedError(CorruptModelError):
    """Raised for a version whose files `prune()` has deleted: it can never be loaded again."""


class RejectedVersionError(Exception):
    """Raised for a version that training rejected; the message gives the reason."""


@dataclass(frozen=True)
class LoadedVersion:
    """A version that is ready to predict.

    A request keeps one instance, so that the prediction and the version number belong together.
    `live_pk` is the version that was live at loading. It differs from `pk` if that was corrupt.
    """

    live_pk: int
    row: ModelVersion
    recognizer: Recognizer

    @property
    def pk(self) -> int:
        """Return the primary key of the loaded version."""
        return self.row.pk

    @property
    def number(self) -> int:
        """Return the number of the loaded version."""
        return self.row.number


_lock = threading.Lock()
_loaded: LoadedVersion | None = None
_checked_at = -REFRESH_SECONDS


def loaded_version() -> LoadedVersion:
    """Return the live version, ready to predict.

    If the live version is corrupt, the version loaded before it stays in use. A new process loads
    the nearest ancestor that is not corrupt. The log reports both cases. Raise `CorruptModelError`
    if no version can be loaded.
    """
    global _loaded, _checked_at
    with _lock:
        if _loaded is None or time.monotonic() - _checked_at >= REFRESH_SECONDS:
            _loaded = _load_live(_loaded)
            _checked_at = time.monotonic()
        return _loaded


def loaded_version_or_none() -> LoadedVersion | None:
    """Return `loaded_version()`, or None if no version can be loaded.

    Pages that only show stored data use this, so that they work without a version.
    """
    try:
        return loaded_version()
    except CorruptModelError:
        return None


def live_version() -> ModelVersion:
    """Return the row of the live version. On an empty database, store the base version first."""
    return ModelVersion.objects.live().first() or _install_base()


def promote(version: ModelVersion, *, by: str, force: bool = False) -> None:
    """Make `version` the live version; `by` appears in the log.

    Raise `CorruptModelError` if the version cannot be loaded, and `RejectedVersionError` if it is
    rejected and `force` is not given.
    """
    # The transaction keeps another process from pruning the version's files after the check.
    with transaction.atomic():
        version.refresh_from_db()
        load(version)
        if version.state == VersionState.REJECTED:
            if not force:
                raise RejectedVersionError(f"{version} was rejected: {version.reason}")
            version.reason += " Promoted by force."
        _replace_live(version, by)


def prune(keep: int) -> list[ModelVersion]:
    """Delete the files of the versions that `prunable()` lists; return these versions.

    Their rows stay, because submissions and later trainings refer to them. Raise
    `CorruptModelError` if the live version is corrupt, because its ancestors are then in use.
    """
    with transaction.atomic():
        load(live_version())
        pruned = list(ModelVersion.objects.prunable(keep))
        ModelFiles.objects.filter(version__in=pruned).delete()
    return pruned


def load(version: ModelVersion) -> Recognizer:
    """Check the files of any version and return a recognizer that is ready to predict.

    Raise `ModelFilesPrunedError` if the files are deleted, and `CorruptModelError` if they are
    wrong. The result is not cached: loading takes milliseconds, and a cached recognizer would hide
    that the files have become corrupt.
    """
    try:
        files = version.files
    except ModelFiles.DoesNotExist:
        raise ModelFilesPrunedError("files deleted") from None
    return runtime.load(bytes(files.model), version.sha256)


def _replace_live(version: ModelVersion, by: str) -> None:
    previous = live_version()
    ModelVersion.objects.live().update(state=VersionState.RETIRED)
    version.state = VersionState.LIVE
    version.save(update_fields=("state", "reason"))
    # A retraining promotes inside a larger transaction, which may still fail.
    transaction.on_commit(
        lambda: log.info("%s is live instead of %s, promoted by %s", version, previous, by)
    )


def _load_live(current: LoadedVersion | None) -> LoadedVersion:
    live_pk = ModelVersion.objects.live().values_list("pk", flat=True).first()
    if current is not None and current.live_pk == live_pk:
        return current
    live = live_version()
    if recognizer := _try_to_load(live):
        return LoadedVersion(live.pk, live, recognizer)
    if current is not None:
        return LoadedVersion(live.pk, current.row, current.recognizer)
    return _load_ancestor(live)


def _load_ancestor(live: ModelVersion) -> LoadedVersion:
    version = live.parent
    while version is not None:
        if recognizer := _try_to_load(version):
            return LoadedVersion(live.pk, version, recognizer)
        version = version.parent
    raise CorruptModelError("No stored version can be loaded; the log gives the reason for each.")


def _try_to_load(version: ModelVersion) -> Recognizer | None:
    try:
        recognizer = load(version)
    except CorruptModelError as error:
        log.error("%s is not served: %s", version, error)
        return None
    log.info("serving %s", version)
    return recognizer


def _install_base() -> ModelVersion:
    try:
        return ModelVersion.objects.store(
            number=BASE_NUMBER,
            state=VersionState.LIVE,
            reason="The base, shipped with the code.",
            card=json.loads((BASE / "card.json").read_text()),
            model=(BASE / "model.tflite").read_bytes(),
            weights=(BASE / "weights.npz").read_bytes(),
        )
    except IntegrityError:  # Another process has stored it at the same moment.
        return ModelVersion.objects.get(number=BASE_NUMBER)
