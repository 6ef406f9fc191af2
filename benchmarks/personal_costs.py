"""Measure what the personal memory costs: time per request, and memory of the process."""

import gc
import os
import tracemalloc
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final

import numpy as np

from benchmarks import site
from benchmarks.stroke_rendering import Drawing, draw_at_random

REQUEST_COUNT: Final = 1000  # of each kind; the kinds alternate, so that all see the same machine
OWNER_COUNT: Final = 1000
DRAWINGS_PER_OWNER: Final = 50
SEED: Final = 5


@dataclass(frozen=True)
class Costs:
    """The median times of a request to `recognize/`, in ms, and the memory of a process, in MB.

    `newcomer` has stored a drawing, but corrected none. `full` corrected 249 drawings or more. The
    other two are the times of their requests with `personal` false.
    """

    newcomer: float
    newcomer_off: float
    full: float
    full_off: float
    megabytes: float


def measure_costs(drawings: Sequence[Drawing]) -> Costs:
    """Measure with one person's drawings. Adds submissions of a thousand other owners."""
    rng = np.random.default_rng(SEED)
    canvases = [draw_at_random(drawing.strokes, rng) for drawing in drawings]
    newcomer, full = site.Visitor("newcomer"), site.Visitor("full")
    newcomer.submit(canvases[0])
    for drawing, canvas in zip(drawings, canvases, strict=True):
        full.correct(canvas, int(drawing.label))
    kinds = [(newcomer, True), (newcomer, False), (full, True), (full, False)]
    times: list[list[float]] = [[] for _ in kinds]
    for i in range(REQUEST_COUNT):
        for (visitor, personal), found in zip(kinds, times, strict=True):
            start = perf_counter()
            visitor.predict(canvases[i % len(canvases)], personal=personal)
            found.append(1000 * (perf_counter() - start))
    newcomer_on, newcomer_off, full_on, full_off = (median(found) for found in times)
    return Costs(newcomer_on, newcomer_off, full_on, full_off, _measure_memory())


def _measure_memory() -> float:
    """Return how many megabytes the memories of many active owners take."""
    from recognizer.serving import model_registry, personal_memory

    owners = [uuid.uuid4() for _ in range(OWNER_COUNT)]
    for owner in owners:
        _store_corrected(owner)
    version = model_registry.loaded_version()
    personal_memory.memory_of(owners[0], version)
    tracemalloc.start()
    for owner in owners[1:]:
        assert personal_memory.memory_of(owner, version) is not None
    gc.collect()
    megabytes = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    return megabytes


def _store_corrected(owner: uuid.UUID) -> None:
    from django.utils import timezone

    from recognizer.models import Submission
    from recognizer.serving.model_registry import live_version

    Submission.objects.bulk_create(
        Submission(
            owner=owner,
            image=b"",
            image_sha256=os.urandom(32),
            pixels=os.urandom(784),
            predicted_digit=i % 10,
            confidence=0.9,
            probabilities=[0.1] * 10,
            model_version=live_version(),
            corrected_digit=i % 10,
            corrected_at=timezone.now(),
        )
        for i in range(DRAWINGS_PER_OWNER)
    )
