"""The server's threads serve the clients in turn, and no client gets more than its share."""

import threading
import time
from types import SimpleNamespace

import pytest

from recognizer.accounts import client_ip
from recognizer.ops import fair_queue
from recognizer.ops.fair_queue import FairDispatcher, FairQueue


def connection(client, service=lambda: None):
    return SimpleNamespace(client=client, service=service)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    """Let any number of requests start at the same time."""
    monkeypatch.setattr(fair_queue, "MAX_FAST", 99)


def queue(*clients, max_running=2):
    """Return a queue of one connection for each name, in this order."""
    made = FairQueue(lambda connection: connection.client, max_running, threading.Lock())
    for client in clients:
        made.append(connection(client))
    return made


def take_all(made):
    """Return the clients of the connections that may start now."""
    taken = []
    while made:
        taken.append(made.popleft())
    return taken


def clients(jobs):
    return "".join(job.connection.client for job in jobs)


def test_clients_take_turns():
    assert clients(take_all(queue(*"aaaabc", max_running=9))) == "abcaaa"


def test_one_client_gets_a_limited_number_of_threads():
    made = queue(*"aaaab")
    jobs = take_all(made)
    assert (clients(jobs), len(made)) == ("aba", 2)
    jobs[0].service()
    assert clients(take_all(made)) == "a"


def test_failed_request_releases_its_thread():
    made = queue("a", "a", max_running=1)
    made.popleft().finish(0)
    assert clients(take_all(made)) == "a"


def test_finished_clients_take_no_memory():
    made = queue(*"abc")
    for job in take_all(made):
        job.service()
    assert not made._waiting
    assert not made._running


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that stands still until `now` is changed."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(fair_queue.time, "monotonic", lambda: clock.now)
    return clock


def test_third_request_starts_when_one_of_two_turns_out_to_be_slow(clock, monkeypatch):
    monkeypatch.setattr(fair_queue, "MAX_FAST", 2)
    made = queue(*"abcd")
    jobs = take_all(made)
    assert clients(jobs) == "ab"
    clock.now += 1.01 * fair_queue.FAST_SECONDS
    assert (clients(take_all(made)), len(made)) == ("cd", 0)


def test_third_request_starts_when_one_of_two_has_ended(clock, monkeypatch):
    monkeypatch.setattr(fair_queue, "MAX_FAST", 2)
    made = queue(*"abcd")
    take_all(made)[0].service()
    assert (clients(take_all(made)), len(made)) == ("c", 1)


def use(made, client, seconds):
    """Execute a request that takes this much processor time."""
    made.append(connection(client))
    made.popleft().finish(seconds)


def test_client_that_used_its_share_waits_while_there_are_others(clock):
    made = queue()
    use(made, "b", 0.001)
    use(made, "a", fair_queue.BURST_SECONDS + 0.1)
    made.append(connection("a"))
    assert not made
    made.append(connection("b"))
    assert clients(take_all(made)) == "b"
    clock.now += 0.1 / fair_queue.SHARE + 0.001
    assert clients(take_all(made)) == "a"
    assert made.seconds_to_wait() is None, "nobody waits"


def test_client_has_one_running_request_while_there_are_others(clock):
    made = queue()
    for client in "ab":
        use(made, client, 0.001)
    for client in "aab":
        made.append(connection(client))
    jobs = take_all(made)
    assert (clients(jobs), len(made)) == ("ab", 1)
    jobs[0].service()
    assert clients(take_all(made)) == "a"


def test_second_request_starts_when_the_first_turns_out_to_be_slow(clock):
    made = queue(max_running=9)
    use(made, "b", 0.001)
    for _ in range(3):
        made.append(connection("a"))
    assert clients(take_all(made)) == "a"
    clock.now += 1.01 * fair_queue.FAST_SECONDS
    assert (clients(take_all(made)), len(made)) == ("a", 1)


def test_long_request_does_not_block_its_client_for_long(clock):
    made = queue()
    use(made, "a", 240)
    use(made, "b", 0.001)
    made.append(connection("a"))
    assert not made
    clock.now += fair_queue.MAX_LEVEL / fair_queue.SHARE
    made._usage.add("b", 0)
    assert clients(take_all(made)) == "a"


def test_refused_request_counts_as_more_than_it_uses(clock):
    """A client that ignores `Retry-After` would send many cheap requests otherwise."""
    made = queue()
    use(made, "b", 0.001)
    for _ in range(3):
        made.append(connection("a", lambda: True))
        made.popleft().service()
    assert made._usage.level("a") == pytest.approx(3 * fair_queue.REFUSAL_SECONDS, abs=0.01)


def test_running_request_counts_while_it_uses_the_processor(clock):
    made = queue(max_running=9)
    for _ in range(3):
        made.append(connection("a"))
    made._usage.add("b", 0)
    made.popleft()  # This thread executes it.
    clock.now += 1.01 * fair_queue.FAST_SECONDS
    assert made, "The request only waits until now."
    end = time.thread_time() + 1.1 * fair_queue.BURST_SECONDS
    while time.thread_time() < end:
        pass
    assert not made


def test_client_alone_has_the_whole_processor(clock):
    made = queue()
    use(made, "b", 0.001)
    clock.now += fair_queue.ACTIVE_SECONDS + 0.001
    use(made, "a", 9)
    made.append(connection("a"))
    assert clients(take_all(made)) == "a"


def test_usage_is_forgotten_when_it_has_been_paid_off(clock):
    made = queue()
    for client in "abc":
        use(made, client, 0.1)
    clock.now += 10
    for client in "dddd":
        use(made, client, 0)
    assert set(made._usage._buckets) == {"d"}


def test_waiting_client_is_served_when_its_time_has_come():
    """All threads sleep until then, so one of them must wake up by itself."""
    served = threading.Event()
    dispatcher = FairDispatcher(2, lambda connection: connection.client)
    dispatcher.queue._usage.add("b", 0)
    dispatcher.queue._usage.add("a", fair_queue.BURST_SECONDS + 0.3 * fair_queue.SHARE)
    dispatcher.add_task(connection("a", served.set))
    assert not served.wait(0.1)
    assert served.wait(5)
    dispatcher.shutdown()


def test_client_waits_no_longer_when_the_others_are_no_longer_active():
    served = threading.Event()
    dispatcher = FairDispatcher(8, lambda connection: connection.client)
    dispatcher.queue._usage.add("b", 0)
    dispatcher.queue._usage.add("a", 60)
    dispatcher.add_task(connection("a", served.set))
    assert served.wait(fair_queue.ACTIVE_SECONDS + 2)
    dispatcher.shutdown()


def test_thread_that_takes_a_request_wakes_another_for_the_next(monkeypatch):
    """One thread was woken for two requests. It takes the first one, which is slow."""
    monkeypatch.setattr(fair_queue, "LOOK_AGAIN_SECONDS", 600)
    served, end = threading.Event(), threading.Event()
    dispatcher = FairDispatcher(2, lambda connection: connection.client)
    with dispatcher.lock:
        dispatcher.queue.append(connection("a", end.wait))
        dispatcher.queue.append(connection("b", served.set))
        dispatcher.queue_cv.notify()
    assert served.wait(5)
    end.set()
    dispatcher.shutdown()


def test_flood_of_one_client_does_not_delay_another():
    """One client sends many requests that take long. Another client is served at once."""
    served = threading.Event()
    dispatcher = FairDispatcher(4, lambda connection: connection.client)
    slow = connection("a", lambda: time.sleep(0.5))
    for _ in range(20):
        dispatcher.add_task(slow)
    dispatcher.add_task(connection("b", served.set))
    assert served.wait(0.4)
    slow.service, slow.cancel = (lambda: None), (lambda: None)
    dispatcher.shutdown()


def test_queue_identifies_clients_as_the_rate_limits_do(settings, monkeypatch):
    from rest_framework.settings import api_settings

    def network(peer, **headers):
        request = SimpleNamespace(headers=headers)
        return client_ip.network_of_connection(SimpleNamespace(addr=(peer, 1), requests=[request]))

    assert network("::ffff:192.0.2.1", X_FORWARDED_FOR="10.0.0.1") == "192.0.2.1"
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    assert network("192.0.2.1", X_FORWARDED_FOR="10.0.0.1, 10.0.0.2:99") == "10.0.0.2"
