"""Adjust predictions to their owner: remember the owner's drawings and their labels.

Once the owner has corrected a drawing, the owner's newest uncorrected drawings count, too. The
embeddings of these drawings are computed from the stored model inputs, and each process keeps
them in memory. Before each use, one query tells whether the owner's drawings have changed, so a
correction, a review or a deletion counts at once in every process.
"""

import hashlib
import logging
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ml.arrays import EMBEDDING_SIZE, Pixels
from ml.personalization import Memory, StoredEmbeddings, personalize, to_stored
from ml.runtime import Prediction, to_prediction
from recognizer.models import Submission, remembered_drawings, remembered_state
from recognizer.serving.model_registry import (
    DATABASE_OUTAGES,
    LoadedVersion,
    database_answered,
)
from recognizer.serving.stored_pixels import to_array

MAX_NEIGHBOURS: Final = 3
# Each process keeps at most this many drawings of all owners, about 80 bytes each. The other
# data of an owner count as `DRAWINGS_PER_OWNER` drawings.
MAX_CACHED_DRAWINGS: Final = 40_000
DRAWINGS_PER_OWNER: Final = 15

Ids = npt.NDArray[np.void]  # (n,), the 16 bytes of each UUID: a tenth of the size of UUID objects


@dataclass(frozen=True)
class PersonalPrediction:
    """A prediction that the owner's memory has adjusted.

    `network` is the network's own prediction. `neighbours` are the owner's drawings that support
    `prediction` most, most similar first.
    """

    network: Prediction
    prediction: Prediction
    neighbours: tuple[uuid.UUID, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the value for `Submission.personal_prediction`."""
        return {
            "label": self.prediction.label,
            "confidence": self.prediction.confidence,
            "probabilities": self.prediction.probabilities,
            "neighbours": [str(pk) for pk in self.neighbours],
        }


@dataclass(frozen=True)
class OwnerMemory:
    """An owner's memory for one version.

    `digest` is the SHA-256 of what `remembered_state` returns until the drawings change.
    """

    version: LoadedVersion
    digest: bytes
    ids: Ids
    memory: Memory

    def predict(self, pixels: Pixels) -> PersonalPrediction:
        """Return the prediction for a model input, adjusted by the owner's drawings."""
        outputs = self.version.recognizer.outputs(pixels)
        similarity = self.memory.similarity(outputs.embedding)
        prediction = to_prediction(personalize(outputs, similarity, self.memory.labels))
        indices = self.memory.nearest(similarity, prediction.label, MAX_NEIGHBOURS)
        neighbours = tuple(uuid.UUID(bytes=self.ids[i].tobytes()) for i in indices)
        return PersonalPrediction(to_prediction(outputs.probabilities), prediction, neighbours)


log = logging.getLogger(__name__)
_lock = threading.Lock()
_cache: OrderedDict[uuid.UUID, OwnerMemory] = OrderedDict()  # the least recently used comes first


def memory_of(owner: uuid.UUID | None, version: LoadedVersion) -> OwnerMemory | None:
    """Return the owner's memory.

    Return None if `owner` is None, if the owner has not corrected a drawing, if the version
    computes no embeddings, or if the database does not answer.
    """
    if owner is None or not version.recognizer.has_embedding or not database_answered():
        return None
    try:
        return _current_memory(owner, version)
    except DATABASE_OUTAGES as error:
        log.error("the database does not answer, so a prediction is not personal: %s", error)
        return None


def _current_memory(owner: uuid.UUID, version: LoadedVersion) -> OwnerMemory | None:
    state = remembered_state(owner)
    with _lock:
        cached = _cache.get(owner) if state else _cache.pop(owner, None)
        if state and cached:
            _cache.move_to_end(owner)
    if state is None:
        return None
    digest = hashlib.sha256(state.encode()).digest()
    if cached is None or (cached.version.pk, cached.digest) != (version.pk, digest):
        known = cached if cached and cached.version.pk == version.pk else None
        cached = _load(state, digest, version, known)
        _keep(owner, cached)
    return cached if len(cached.ids) else None


def _load(
    state: str, digest: bytes, version: LoadedVersion, known: OwnerMemory | None
) -> OwnerMemory:
    """Return the memory that `state` describes. Compute only the embeddings not in `known`."""
    drawings = remembered_drawings(state)
    embeddings = _known_embeddings(known)
    missing = [drawing.pk for drawing in drawings if drawing.pk.bytes not in embeddings]
    pixels = Submission.objects.filter(pk__in=missing).values_list("pk", "pixels")
    for pk, stored in pixels:
        embeddings[pk.bytes] = to_stored(version.recognizer.outputs(to_array(stored)).embedding)
    # A drawing that was deleted meanwhile has no embedding. The next request sees a new state.
    drawings = [drawing for drawing in drawings if drawing.pk.bytes in embeddings]
    ids = np.array([drawing.pk.bytes for drawing in drawings], "V16")
    labels = np.array([drawing.label for drawing in drawings], np.uint8)
    stacked = np.array([embeddings[drawing.pk.bytes] for drawing in drawings], np.int8)
    corrected_count = sum(drawing.is_corrected for drawing in drawings)
    memory = Memory(labels, stacked.reshape(-1, EMBEDDING_SIZE), corrected_count)
    return OwnerMemory(version, digest, ids, memory)


def _known_embeddings(known: OwnerMemory | None) -> dict[bytes, StoredEmbeddings]:
    if known is None:
        return {}
    return {pk.tobytes(): row for pk, row in zip(known.ids, known.memory.embeddings, strict=True)}


def _keep(owner: uuid.UUID, memory: OwnerMemory) -> None:
    """Cache the memory, and drop the least recently used ones if the cache is full.

    Also drop the memories of other versions, because they keep these versions loaded.
    """
    with _lock:
        for other in [key for key, each in _cache.items() if each.version.pk != memory.version.pk]:
            del _cache[other]
        _cache[owner] = memory
        _cache.move_to_end(owner)
        total = sum(map(_size, _cache.values()))
        while total > MAX_CACHED_DRAWINGS:
            total -= _size(_cache.popitem(last=False)[1])


def _size(memory: OwnerMemory) -> int:
    """Return how many drawings take as much memory as this."""
    return DRAWINGS_PER_OWNER + len(memory.ids)
