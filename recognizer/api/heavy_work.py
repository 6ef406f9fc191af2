"""Limit how many threads work on requests that take long, such as those with large images."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import BoundedSemaphore
from typing import Final

from rest_framework.request import Request

from recognizer.accounts.deletion import BATCH_SIZE
from recognizer.api import exceptions, throttling
from recognizer.ops import native_memory
from recognizer.serving import prediction, work_estimates

LARGE_BODY_BYTES: Final = 1_000_000
HEAVY_MILLISECONDS: Final = 40  # more than a drawing of 280 x 280 pixels takes
MAX_WAIT_SECONDS: Final = 5.0
GIVE_WAY_SECONDS: Final = 0.002  # Without a pause, the same thread would be the next one again.
# Two threads predict large images or wait for that. At most half of the processors do it. If you
# change a number of threads, change `THREADS` of recognizer/ops/http_server.py as well.
_heavy_requests: Final = BoundedSemaphore(2)
_download: Final = BoundedSemaphore(1)  # One thread writes a long download.
_deletion: Final = BoundedSemaphore(1)  # One thread deletes many drawings.
_busy_processors: Final = BoundedSemaphore(max(1, min(2, (os.cpu_count() or 1) // 2)))


@contextmanager
def admitted(
    request: Request, *drawings: prediction.Drawing, extra: int = 0
) -> Iterator[Callable[[], None]]:
    """Allow the block to predict the drawings, if the client and the server have the capacity.

    `extra` is the estimated time of what else the block does, in milliseconds. The block calls the
    function that it gets before each drawing of a batch, and before each number of a page. The
    function counts the time that was not estimated, and lets another request use the processor. It
    raises `Throttled` and `Busy`, too.

    Raises `Throttled` if the client does not have enough processor time left, `BatchTooLarge` if
    the images have too many pixels in total, and `Busy` if too many other requests take long.
    """
    work = [work_estimates.estimate_work(drawing) for drawing in drawings]
    if len(drawings) > 1 and sum(each.pixels for each in work) > work_estimates.MAX_BATCH_PIXELS:
        raise exceptions.BatchTooLarge
    milliseconds = extra + sum(each.milliseconds for each in work)
    if milliseconds < HEAVY_MILLISECONDS:
        yield lambda: None
        return
    throttling.prepay(request, milliseconds)
    with _entered(_heavy_requests), ExitStack() as processor:
        processor.enter_context(_entered(_busy_processors, MAX_WAIT_SECONDS))
        started = last_pause = time.thread_time()

        def pause() -> None:
            nonlocal last_pause
            now = time.thread_time()
            if now - last_pause < HEAVY_MILLISECONDS / 1000:
                return
            last_pause = now
            throttling.prepay_excess(request, now - started)
            processor.close()
            time.sleep(GIVE_WAY_SECONDS)
            processor.enter_context(_entered(_busy_processors, MAX_WAIT_SECONDS))

        try:
            yield pause
        finally:
            native_memory.return_freed()


def require_free_thread(body_bytes: int) -> None:
    """Raise `Busy` if the request body is large, and if it could not be predicted anyway.

    Parsing a large body stops all other threads for many milliseconds.
    """
    if body_bytes > LARGE_BODY_BYTES:
        with _entered(_heavy_requests):
            pass


@contextmanager
def admitted_download(request: Request, milliseconds: int) -> Iterator[None]:
    """Allow the block to write a download, if the client and the server have the capacity.

    Raises `Throttled` and `Busy`, as `admitted` does.
    """
    if milliseconds < HEAVY_MILLISECONDS:
        yield
        return
    throttling.prepay(request, milliseconds)
    with _entered(_download):
        yield


@contextmanager
def admitted_deletion(count: int) -> Iterator[None]:
    """Allow the block to delete `count` drawings. Raises `Busy` if another deletion takes long."""
    if count <= BATCH_SIZE:
        yield
        return
    with _entered(_deletion):
        yield


@contextmanager
def _entered(semaphore: BoundedSemaphore, max_wait: float = 0.0) -> Iterator[None]:
    """Hold the semaphore. Raises `Busy` if others hold it for longer than `max_wait` seconds."""
    if not semaphore.acquire(timeout=max_wait):
        raise exceptions.Busy
    try:
        yield
    finally:
        semaphore.release()
