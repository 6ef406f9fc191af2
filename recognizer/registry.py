"""Which version is live: every worker follows the database, without a restart."""

import json
import logging
import threading
import time
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, transaction

from ml import runtime
from ml.runtime import BASE, DamagedModelError, Recognizer
from recognizer.models import BASE_NUMBER, ModelFiles, ModelVersion, State

__all__ = [
    "DamagedModelError",
    "FilesDeletedError",
    "Recognizer",
    "RefusedVersionError",
    "Served",
    "live_version",
    "load",
    "promote",
    "prune",
    "serving",
    "serving_or_none",
]

FOLLOW_SECONDS: Final = 1.0  # how old a worker's knowledge of what is live may be

log = logging.getLogger(__name__)


class FilesDeletedError(DamagedModelError):
    """`prune()` has deleted the version's files: it can never read again."""


class RefusedVersionError(Exception):
    """The version was judged worse than the one it should have followed; the message says how."""


@dataclass(frozen=True)
class Served:
    """A version that is loaded. Whoever reads with it keeps it, so answer and number agree."""

    live_pk: int  # what was live when this was loaded; differs from `pk` if that was damaged
    row: ModelVersion
    recognizer: Recognizer

    @property
    def pk(self) -> int:
        return self.row.pk

    @property
    def number(self) -> int:
        return self.row.number


_lock = threading.Lock()
_served: Served | None = None
_checked = -FOLLOW_SECONDS


def serving() -> Served:
    """The live version, ready to read; asks the database at most every `FOLLOW_SECONDS`.

    Where the live version is damaged, the one served before goes on, else its nearest sound
    ancestor, and the log says so. Raises `DamagedModelError` when there is none.
    """
    global _served, _checked
    with _lock:
        if _served is None or time.monotonic() - _checked >= FOLLOW_SECONDS:
            _served = _follow(_served)
            _checked = time.monotonic()
        return _served


def serving_or_none() -> Served | None:
    """As `serving()`, but None where no version can be served: people still see what is theirs."""
    try:
        return serving()
    except DamagedModelError:
        return None


def live_version() -> ModelVersion:
    """The live version's row; on an empty database the base becomes it first."""
    return ModelVersion.objects.live().first() or _install_base()


def promote(version: ModelVersion, *, by: str, force: bool = False) -> None:
    """Put a sound version live; `by` is for the log.

    Raises `DamagedModelError`, and unless `force` is given `RefusedVersionError`.
    """
    # Fetched and checked inside, so that its files are not pruned meanwhile.
    with transaction.atomic():
        version.refresh_from_db()
        load(version)
        if version.state == State.REFUSED:
            if not force:
                raise RefusedVersionError(f"{version} was refused: {version.reason}")
            version.reason += " Put live by force."
        before = live_version()
        ModelVersion.objects.live().update(state=State.RETIRED)
        version.state = State.LIVE
        version.save(update_fields=("state", "reason"))
        # Only then: the rest of a retraining's transaction may still fail.
        transaction.on_commit(
            lambda: log.info("%s is live instead of %s, put there by %s", version, before, by)
        )


def prune(keep: int) -> list[ModelVersion]:
    """Delete old versions' files, see `prunable()`; returns whose.

    Their rows stay: submissions name them, and who was trained on is known from them.
    Raises `DamagedModelError` where the live version is damaged, as its ancestors are needed then.
    """
    with transaction.atomic():
        load(live_version())
        pruned = list(ModelVersion.objects.prunable(keep))
        ModelFiles.objects.filter(version__in=pruned).delete()
    return pruned


def load(version: ModelVersion) -> Recognizer:
    """Check any version, live or not, and make it ready to read.

    Raises `FilesDeletedError`, and `DamagedModelError` for whatever else is wrong with it. Keeps
    nothing: loading takes milliseconds, and what is damaged must not look sound.
    """
    try:
        files = version.files
    except ModelFiles.DoesNotExist:
        raise FilesDeletedError("files deleted") from None
    return runtime.load(bytes(files.model), version.sha256)


def _follow(served: Served | None) -> Served:
    live_pk = ModelVersion.objects.live().values_list("pk", flat=True).first()
    if served is not None and served.live_pk == live_pk:
        return served
    live = live_version()
    version: ModelVersion | None = live
    while version is not None:
        try:
            recognizer = load(version)
        except DamagedModelError as error:
            log.error("%s is not served: %s", version, error)
            if served is not None:
                return Served(live.pk, served.row, served.recognizer)
            version = version.parent
        else:
            log.info("serving %s", version)
            return Served(live.pk, version, recognizer)
    raise DamagedModelError(
        "No stored version can be served; the log says what is wrong with each."
    )


def _install_base() -> ModelVersion:
    try:
        return ModelVersion.objects.store(
            number=BASE_NUMBER,
            state=State.LIVE,
            reason="The base, shipped with the code.",
            card=json.loads((BASE / "card.json").read_text()),
            model=(BASE / "model.tflite").read_bytes(),
            weights=(BASE / "weights.npz").read_bytes(),
        )
    except IntegrityError:  # another process was faster
        return ModelVersion.objects.get(number=BASE_NUMBER)
