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
from recognizer.models import ModelVersion, State

__all__ = ["DamagedModelError", "Served", "live_version", "promote", "serving"]

FOLLOW_SECONDS: Final = 1.0  # how old a worker's knowledge of what is live may be

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Served:
    """A version that is loaded. Whoever reads with it keeps it, so answer and number agree."""

    live_pk: int  # what was live when this was loaded; differs from `pk` if that was damaged
    pk: int
    number: int
    recognizer: Recognizer


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


def live_version() -> ModelVersion:
    """The live version's row; on an empty database the base becomes it first."""
    return ModelVersion.objects.live().first() or _install_base()


def promote(version: ModelVersion) -> None:
    """Put a sound version live, in one transaction; raises `DamagedModelError` otherwise."""
    _load(version)
    with transaction.atomic():
        ModelVersion.objects.live().update(state=State.RETIRED)
        version.state = State.LIVE
        version.save(update_fields=("state",))


def _follow(served: Served | None) -> Served:
    live_pk = ModelVersion.objects.live().values_list("pk", flat=True).first()
    if served is not None and served.live_pk == live_pk:
        return served
    live = live_version()
    version: ModelVersion | None = live
    while version is not None:
        try:
            recognizer = _load(version)
        except DamagedModelError as error:
            log.error("%s is not served: %s", version, error)
            if served is not None:
                return Served(live.pk, served.pk, served.number, served.recognizer)
            version = version.parent
        else:
            log.info("serving %s", version)
            return Served(live.pk, version.pk, version.number, recognizer)
    raise DamagedModelError(
        "No stored version can be served; the log says what is wrong with each."
    )


def _load(version: ModelVersion) -> Recognizer:
    return runtime.load(bytes(version.files.model), version.sha256)


def _install_base() -> ModelVersion:
    try:
        return ModelVersion.objects.store(
            number=1,
            state=State.LIVE,
            reason="The base, shipped with the code.",
            card=json.loads((BASE / "card.json").read_text()),
            model=(BASE / "model.tflite").read_bytes(),
            weights=(BASE / "weights.npz").read_bytes(),
        )
    except IntegrityError:  # another process was faster
        return ModelVersion.objects.get(number=1)
