"""Load and promote model versions. Processes load a promoted version without a restart."""

import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.admin.models import CHANGE
from django.db import (
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    transaction,
)

from ml.runtime import BASE, CorruptModelError, Recognizer
from recognizer import audit
from recognizer.models import BASE_NUMBER, ModelFiles, ModelVersion, VersionState
from recognizer.serving.model_files import ModelFilesPrunedError, load, load_weights

__all__ = [
    "DATABASE_OUTAGES",
    "CorruptModelError",
    "LoadedVersion",
    "ModelFilesPrunedError",
    "Recognizer",
    "RejectedVersionError",
    "database_answered",
    "live_version",
    "load",
    "load_weights",
    "loaded_version",
    "loaded_version_or_none",
    "lock_versions",
    "outdated_reason",
    "promote",
    "prune",
]

# Minimum seconds between two queries of a process for the live version.
REFRESH_SECONDS: Final = 1.0
# InternalError means a read-only PostgreSQL, such as a standby, or damaged files of PostgreSQL.
DATABASE_OUTAGES: Final = (OperationalError, InterfaceError, InternalError)

log = logging.getLogger(__name__)


class RejectedVersionError(Exception):
    """Raised when a rejected version or an outdated candidate is promoted without force.

    The message gives the reason.
    """


@dataclass(frozen=True)
class LoadedVersion:
    """A version that is ready to predict.

    `live_pk` is the primary key of the version that was live at the last check. It differs from
    `pk` if that version is corrupt. Use one instance for a whole request, so that the request
    stores the version that predicted.
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
_database_answered = True


def loaded_version() -> LoadedVersion:
    """Return the live version, ready to predict.

    If the live version is corrupt, the process keeps using the version that it loaded before. A new
    process loads the nearest ancestor that is not corrupt. Both cases are logged. While the
    database does not answer, the process keeps using its version, too.

    Raises `CorruptModelError` if no version can be loaded. Raises one of `DATABASE_OUTAGES` if the
    database does not answer and no version is loaded.
    """
    global _checked_at
    current = _loaded
    # During an outage, the query of another thread takes seconds. Do not wait for it.
    if not _lock.acquire(blocking=current is None) and current is not None:
        return current
    try:
        if _loaded is None or time.monotonic() - _checked_at >= REFRESH_SECONDS:
            loaded = _refresh(_loaded)
            _checked_at = time.monotonic()
            return loaded
        return _loaded
    finally:
        _lock.release()


def _refresh(current: LoadedVersion | None) -> LoadedVersion:
    """Load the live version if it is another one. During an outage, return `current`."""
    global _loaded, _database_answered
    try:
        _loaded = _load_live(current)
    except DATABASE_OUTAGES as error:
        _database_answered = False
        if current is None:
            raise
        log.error("the database does not answer, so %s stays in use: %s", current.row, error)
        return current
    _database_answered = True
    return _loaded


def database_answered() -> bool:
    """Return whether the database answered the last check of `loaded_version`.

    During an outage, each query can take seconds, so predictions should do without it.
    """
    return _database_answered


def loaded_version_or_none() -> LoadedVersion | None:
    """Return `loaded_version()`, or None if no version can be loaded.

    Pages that can work without a version use this.
    """
    try:
        return loaded_version()
    except CorruptModelError:
        return None


def live_version() -> ModelVersion:
    """Return the database row of the live version. On an empty database, store the base first."""
    return ModelVersion.objects.live().first() or _install_base()


def lock_versions() -> None:
    """Let no other transaction promote, prune or number versions until this transaction ends.

    Call this before the transaction locks other rows. All callers lock the same row first, so they
    cannot deadlock. The row is that of the base, because the base is never deleted, and is the same
    row whichever version is live. On SQLite, a transaction excludes other writers anyway.
    """
    live_version()  # stores the base on an empty database
    # `no_key` lets other transactions store submissions that refer to the base.
    ModelVersion.objects.select_for_update(no_key=True).get(number=BASE_NUMBER)


def promote(version: ModelVersion, *, by: Any, force: bool = False) -> ModelVersion:
    """Make `version` the live version, and return the replaced version.

    If another process has promoted `version` meanwhile, nothing changes, and it is returned itself.
    The log and the audit trail name `by`, which is as in `audit.record`.

    Raises `CorruptModelError` if the version cannot be loaded.
    Raises `RejectedVersionError` if the version was rejected, or is a candidate that was compared
    with another version than the live one, unless `force` is true.
    """
    with transaction.atomic():
        lock_versions()
        version.refresh_from_db()
        load(version)
        if version.state == VersionState.LIVE:
            return version
        objection = outdated_reason(version)
        if version.state == VersionState.REJECTED:
            objection = f"{version} was rejected: {version.reason}"
        if objection:
            if not force:
                raise RejectedVersionError(objection)
            version.reason += " Promoted by force."
        replaced = _replace_live(version, by)
        audit.record(by, version, CHANGE, f"Promoted. It replaces {replaced}.")
        return replaced


def outdated_reason(version: ModelVersion) -> str:
    """Return why a candidate was compared with the wrong version, or an empty string."""
    if version.state != VersionState.CANDIDATE or version.predecessor == live_version():
        return ""
    return f"{version} was compared with {version.predecessor}, which is not live any more."


def prune(keep: int, *, by: Any) -> list[ModelVersion]:
    """Delete the files of the versions that `prunable()` returns, and return these versions.

    Their rows stay, because submissions and later versions refer to them. The audit trail names
    `by`, which is as in `audit.record`.

    Raises `CorruptModelError` if the live version is corrupt. Another version is then in use, and
    its files must stay.
    """
    with transaction.atomic():
        lock_versions()
        load(live_version())
        pruned = list(ModelVersion.objects.prunable(keep))
        ModelFiles.objects.filter(version__in=pruned).delete()
        audit.record_each(by, pruned, CHANGE, "Files deleted.")
    return pruned


def _replace_live(version: ModelVersion, by: Any) -> ModelVersion:
    previous = live_version()
    ModelVersion.objects.live().update(state=VersionState.RETIRED)
    version.state = VersionState.LIVE
    version.save(update_fields=("state", "reason"))
    # Retraining promotes inside a larger transaction, which may still be rolled back.
    transaction.on_commit(
        lambda: log.info("%s is live instead of %s, promoted by %s", version, previous, by)
    )
    return previous


def _load_live(current: LoadedVersion | None) -> LoadedVersion:
    """Return the live version, or `current` or an ancestor if the live version is corrupt."""
    live_pk = ModelVersion.objects.live().values_list("pk", flat=True).first()
    if current is not None and current.live_pk == live_pk:
        return current
    live = live_version()
    if recognizer := _try_to_load(live):
        return LoadedVersion(live.pk, live, recognizer)
    if current is not None:
        # With the new `live_pk`, the next call does not try to load the corrupt version again.
        return LoadedVersion(live.pk, current.row, current.recognizer)
    return _load_ancestor(live)


def _load_ancestor(live: ModelVersion) -> LoadedVersion:
    """Return the nearest ancestor that can be loaded. Raises `CorruptModelError` if none can."""
    version = live.predecessor
    while version is not None:
        if recognizer := _try_to_load(version):
            return LoadedVersion(live.pk, version, recognizer)
        version = version.predecessor
    raise CorruptModelError("No stored version can be loaded; the log gives the reason for each.")


def _try_to_load(version: ModelVersion) -> Recognizer | None:
    """Return a recognizer. If the version cannot be loaded, log the error and return None."""
    try:
        recognizer = load(version)
    except CorruptModelError as error:
        log.error("%s is not served: %s", version, error)
        return None
    log.info("serving %s", version)
    return recognizer


def _install_base() -> ModelVersion:
    """Store the base version as the live version, and return its row."""
    try:
        return ModelVersion.objects.store(
            number=BASE_NUMBER,
            state=VersionState.LIVE,
            reason="The base, shipped with the code.",
            card=json.loads((BASE / "card.json").read_text()),
            model=(BASE / "model.tflite").read_bytes(),
            weights=(BASE / "weights.npz").read_bytes(),
        )
    except IntegrityError:
        # Another process stored the base at the same moment.
        return ModelVersion.objects.get(number=BASE_NUMBER)
