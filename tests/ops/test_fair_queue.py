"""The server's threads serve the clients in turn, and at most half of them serve one client."""

import threading
import time
from types import SimpleNamespace

from recognizer.accounts import client_ip
from recognizer.ops.fair_queue import FairQueue


def queue(*clients, max_running=2):
    """Return a queue of one connection for each name, in this order."""
    made = FairQueue(lambda connection: connection.client, max_running, threading.Lock())
    for client in clients:
        made.append(SimpleNamespace(client=client, service=lambda: None))
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
    made.popleft().finish()
    assert clients(take_all(made)) == "a"


def test_finished_clients_take_no_memory():
    made = queue(*"abc")
    for job in take_all(made):
        job.service()
    assert not made._waiting
    assert not made._running


def test_flood_of_one_client_does_not_delay_another(monkeypatch):
    """One client sends many requests that take long. Another client is served at once."""
    from recognizer.ops.fair_queue import FairDispatcher

    served = threading.Event()
    dispatcher = FairDispatcher(4, lambda connection: connection.client)
    slow = SimpleNamespace(client="a", service=lambda: time.sleep(0.5))
    for _ in range(20):
        dispatcher.add_task(slow)
    dispatcher.add_task(SimpleNamespace(client="b", service=served.set))
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
