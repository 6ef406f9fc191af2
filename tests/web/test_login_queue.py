"""One login is checked, and the one with the fewest failures waits. All others are refused."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from itertools import islice

import pytest

from recognizer.accounts.login_queue import LoginQueue, LoginRefusedError

TIMEOUT_SECONDS = 20


def attempt(queue, failures):
    """Return the failures if the login is admitted, or None if it is refused."""
    try:
        with queue.turn(failures):
            return failures
    except LoginRefusedError:
        return None


def results(queue, failures, refused):
    """Start the logins at once while another one is checked. It ends when so many are refused."""
    start = threading.Barrier(len(failures))

    def log_in(count):
        start.wait()
        return attempt(queue, count)

    with ThreadPoolExecutor(len(failures)) as pool:
        with queue.turn(0):
            futures = [pool.submit(log_in, count) for count in failures]
            done = list(islice(as_completed(futures, timeout=TIMEOUT_SECONDS), refused))
            assert {future.result() for future in done} <= {None}
        return [future.result() for future in futures]


def test_login_with_the_fewest_failures_waits():
    queue = LoginQueue()
    for _ in range(20):
        failures = random.sample(range(100), 12)
        admitted = [count for count in results(queue, failures, 11) if count is not None]
        assert admitted == [min(failures)]


def test_one_of_several_logins_without_failures_waits():
    queue = LoginQueue()
    for _ in range(20):
        assert sorted(map(str, results(queue, [0] * 12, 11))) == ["0"] + ["None"] * 11


def test_nobody_overtakes_the_login_that_waits():
    """Guesses arrive all the time, also at the moment when a turn ends."""
    queue, stop, admitted = LoginQueue(), threading.Event(), []

    def log_in(failures):
        with suppress(LoginRefusedError), queue.turn(failures):
            admitted.append(failures)

    def guess():
        while not stop.is_set():
            log_in(1)

    with ThreadPoolExecutor(5) as pool:
        for _ in range(4):
            pool.submit(guess)
        try:
            for _ in range(50):
                with queue.turn(0):
                    admitted.clear()
                    waiting = pool.submit(log_in, 0)
                    while queue._waiting is None or queue._waiting.failures:
                        time.sleep(0.001)
                waiting.result()
                assert admitted[0] == 0
        finally:
            stop.set()


def test_one_login_is_checked_at_a_time():
    queue, checking, most = LoginQueue(), [], []

    def log_in(failures):
        with suppress(LoginRefusedError), queue.turn(failures):
            checking.append(failures)
            most.append(len(checking))
            time.sleep(0.001)
            checking.pop()

    with ThreadPoolExecutor(8) as pool:
        for failures in range(400):
            pool.submit(log_in, failures % 3)
    assert set(most) == {1}


def test_an_error_during_the_check_ends_the_turn():
    queue = LoginQueue()
    for error in (ValueError, LoginRefusedError):
        with pytest.raises(error), queue.turn(0):
            raise error(1)
    assert attempt(queue, 0) == 0
