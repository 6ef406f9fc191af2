"""Every way to write a client address gives the same client, for rate limits and for lockouts."""

import pytest
from django.http import HttpRequest
from rest_framework.settings import api_settings

from recognizer.accounts.client_ip import client_network, wider_network
from tests.support.factories import Visitor


def predict(**options):
    return Visitor().post("/api/v1/recognize/", **options).status_code


def log_in(page):
    def send(**options):
        body = {"username": "ana", "password": "wrong"}
        return Visitor().post(page, body, **options).status_code

    return send


# Each entry point: a function that sends a request, and how many requests of one client it allows.
ENTRY_POINTS = {
    "rate limit": (predict, 2),
    "login": (log_in("/login/"), 4),
    "admin login": (log_in("/admin/login/"), 4),
}


@pytest.fixture(params=ENTRY_POINTS)
def entry_point(request, settings, db):
    settings.QUOTAS = {"recognize": 2}
    return ENTRY_POINTS[request.param]


@pytest.fixture
def _behind_a_proxy(monkeypatch):
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)


def address_of(text):
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = text
    return client_network(request)


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:5678", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:5678", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("[2001:db8::1]:5678", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[::1]:5678", "::/64"),
        ("", ""),
        ("unix:", "unix:"),
        ("[", "["),
    ],
)
def test_normalizes_the_address(text, client):
    assert address_of(text) == client


def test_ipv4_clients_of_a_dual_stack_server_are_different(entry_point):
    send, allowed = entry_point
    for _ in range(allowed):
        assert send(REMOTE_ADDR="::ffff:192.0.2.1") != 429
    assert send(REMOTE_ADDR="::ffff:192.0.2.1") == 429
    assert send(REMOTE_ADDR="192.0.2.1") == 429
    assert send(REMOTE_ADDR="::ffff:192.0.2.2") != 429


@pytest.mark.usefixtures("_behind_a_proxy")
@pytest.mark.parametrize("chain", ["10.0.0.{0}:1, 192.0.2.1:{0}", "[2001:db8::1]:{0}"])
def test_ports_do_not_make_a_new_client(entry_point, chain):
    send, allowed = entry_point
    ports = range(1000, 1000 + allowed + 1)
    statuses = [send(headers={"X-Forwarded-For": chain.format(port)}) for port in ports]
    assert statuses[-1] == 429
    assert 429 not in statuses[:-1]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:77:1::1", "2001:db8:77::/48"),
        ("2001:db8:77:ffff::1", "2001:db8:77::/48"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
        ("", ""),
    ],
)
def test_wider_network_is_that_of_a_provider_s_customer(address, network):
    assert wider_network(address_of(address)) == network
