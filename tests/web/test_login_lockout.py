"""Login lockout on /login/ and in the admin. Of an IP address, only a keyed hash is stored."""

import os
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from itertools import islice

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.settings import api_settings

from recognizer.accounts import login_lockout
from tests.support.factories import Visitor
from tests.support.threads import run_at_once, with_own_connection

pytestmark = pytest.mark.database

PASSWORD = "a long password"
PAGES = ("/login/", "/admin/login/")
ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture(autouse=True)
def ana(django_user_model, db):
    return django_user_model.objects.create_user("ana", password=PASSWORD, is_staff=True)


@pytest.fixture
def tried(monkeypatch):
    """Return the list of the passwords that were compared with a stored one."""
    passwords, verify = [], login_lockout.ModelBackend.authenticate

    def recording(self, request, username=None, password=None, **kwargs):
        passwords.append(password)
        time.sleep(0.02)  # as long as a real hash takes, all simultaneous requests arrive
        return verify(self, request, username, password, **kwargs)

    monkeypatch.setattr(login_lockout.ModelBackend, "authenticate", recording)
    return passwords


def post(password="wrong", name="ana", page="/login/", **options):
    return Visitor().post(page, {"username": name, "password": password}, **options)


def log_in(*arguments, **options):
    return post(*arguments, **options).status_code


def fail(times, **options):
    return [log_in(**options) for _ in range(times)]


def fail_with_random_names(times):
    return [log_in(name=f"name {turn}") for turn in range(times)]


@pytest.mark.parametrize("page", PAGES)
def test_locks_out_after_five_failures(page):
    assert fail(4, page=page) == [200] * 4
    assert fail(2, page=page) == [429] * 2
    assert [log_in(PASSWORD, page=page) for page in PAGES] == [429] * 2


def test_page_says_when_to_try_again():
    fail(5)
    page = post(PASSWORD)
    assert "Try again in 15 minutes" in page.content.decode()
    assert page["Retry-After"] == "900"


def test_failures_on_both_pages_count_together():
    assert [log_in(page=PAGES[turn % 2]) for turn in range(5)] == [200] * 4 + [429]


def test_other_user_at_same_address_can_log_in(django_user_model):
    django_user_model.objects.create_user("bo", password=PASSWORD)
    fail(5)
    assert log_in(PASSWORD, "bo") == 302


def test_same_user_at_other_address_can_log_in():
    fail(5)
    assert log_in(PASSWORD, **ELSEWHERE) == 302


def test_locks_out_unknown_user_name_too():
    assert fail(5, name="nobody") == [200] * 4 + [429]


def test_spellings_of_a_name_that_unicode_normalizes_count_together():
    names = ("ana", "ａna", "aｎa", " ana", "anａ")
    assert [log_in(name=name) for name in names] == [200] * 4 + [429]


@pytest.mark.parametrize("page", PAGES)
def test_locks_out_an_address_after_thirty_failures_with_any_names(page, tried):
    assert fail_with_random_names(29) == [200] * 29
    assert log_in(name="name 29", page=page) == 429
    assert [log_in(PASSWORD, page=page) for page in PAGES] == [429] * 2
    assert len(tried) == 30
    assert log_in(PASSWORD, **ELSEWHERE) == 302


def test_successful_logins_do_not_count_for_the_address():
    assert [log_in(PASSWORD) for _ in range(31)] == [302] * 31


def test_lockout_ends_after_15_minutes(monkeypatch):
    now = time.time()
    monkeypatch.setattr(login_lockout, "LOCKOUT_SECONDS", 1)
    fail(5)
    assert log_in(PASSWORD) == 429
    time.sleep(max(0, now + 2.1 - time.time()))
    assert log_in(PASSWORD) == 302


def test_attempts_during_lockout_do_not_extend_it(monkeypatch):
    monkeypatch.setattr(login_lockout, "LOCKOUT_SECONDS", 2)
    fail(5)
    end = time.time() + 2.1
    while time.time() < end:
        assert log_in() in (200, 429)
        time.sleep(0.4)
    assert log_in(PASSWORD) == 302


def test_successful_login_resets_failures():
    fail(4)
    assert log_in(PASSWORD) == 302
    assert fail(4) == [200] * 4


@pytest.mark.django_db(transaction=True)
def test_simultaneous_attempts_try_at_most_five_passwords(tried):
    for _ in range(3):
        statuses = run_at_once(*[partial(log_in, f"guess {n}") for n in range(24)])
        assert set(statuses) <= {200, 429}
    while log_in() != 429:
        pass
    assert len(tried) == 5


@pytest.mark.django_db(transaction=True)
def test_a_process_checks_one_password_at_a_time(monkeypatch):
    checking, most = [], []

    def count(self, request, username=None, password=None, **kwargs):
        checking.append(username)
        most.append(len(checking))
        time.sleep(0.02)
        checking.pop()

    monkeypatch.setattr(login_lockout.ModelBackend, "authenticate", count)
    run_at_once(*[partial(log_in, name=f"name {n}", REMOTE_ADDR=f"10.0.0.{n}") for n in range(12)])
    assert set(most) == {1}


def guess(number):
    """Guess a password from a /64 network of one /48 network, in a thread."""
    address = f"2001:db8:77:{number:x}::1"
    return with_own_connection(partial(log_in, name=f"name {number}", REMOTE_ADDR=address))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mistyped", [0, 1])
def test_one_host_with_many_addresses_keeps_nobody_from_logging_in(mistyped):
    """It guesses with eight connections, each time from a fresh /64 network."""
    fail(mistyped, **ELSEWHERE)
    assert [guess(number) for number in (1, 2)] == [200, 200]
    with ThreadPoolExecutor(9) as pool:
        with login_lockout._queue.turn(0):
            guesses = [pool.submit(guess, number) for number in range(3, 11)]
            list(islice(as_completed(guesses, timeout=60), 7))  # One waits, the others are refused.
            real = pool.submit(with_own_connection, partial(log_in, PASSWORD, **ELSEWHERE))
            assert [future.result(timeout=60) for future in guesses] == [429] * 8
        assert real.result() == 302


@contextmanager
def two_other_logins():
    """Let one login be checked and another one wait."""
    queue = login_lockout._queue

    def wait_for_turn():
        with queue.turn(0):
            pass

    with ThreadPoolExecutor(1) as pool, queue.turn(0):
        pool.submit(wait_for_turn)
        while queue._waiting is None:
            time.sleep(0.001)
        yield


def test_refusal_of_a_busy_site_is_no_failure():
    with two_other_logins():
        busy = [post() for _ in range(10)]
    assert {page.status_code for page in busy} == {429}
    assert {page["Retry-After"] for page in busy} == {"2"}
    assert "in a few seconds" in busy[0].content.decode()
    assert log_in(PASSWORD) == 302


def test_an_error_during_the_check_is_no_failure(monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(login_lockout.ModelBackend, "authenticate", lambda *_, **__: 1 / 0)
        for _ in range(6):
            with pytest.raises(ZeroDivisionError):
                log_in()
    assert log_in(PASSWORD) == 302


def test_ignores_forwarded_for_without_proxy():
    statuses = [log_in(headers={"X-Forwarded-For": f"10.0.0.{turn}"}) for turn in range(5)]
    assert statuses == [200] * 4 + [429]


def test_uses_address_added_by_proxy(monkeypatch):
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    chains = [f"10.0.0.{turn}, 192.0.2.1" for turn in range(5)]
    statuses = [log_in(headers={"X-Forwarded-For": chain}) for chain in chains]
    assert statuses == [200] * 4 + [429]
    assert log_in(PASSWORD, headers={"X-Forwarded-For": "10.0.0.0, 192.0.2.2"}) == 302


def test_addresses_of_one_ipv6_network_count_together():
    statuses = [log_in(REMOTE_ADDR=f"2001:db8::{turn}") for turn in range(5)]
    assert statuses == [200] * 4 + [429]


@pytest.mark.skipif("CACHE_URL" in os.environ, reason="reads the file of the SQLite cache")
def test_stores_no_address_user_name_or_password(settings):
    log_in("my own secret", "a certain name", **ELSEWHERE)
    folder = settings.CACHES["default"]["LOCATION"].parent
    stored = b"".join(file.read_bytes() for file in folder.glob("cache.sqlite3*"))
    assert stored.count(b"login:") >= 2
    for private in (b"my own secret", b"a certain name", b"192.0.2.7"):
        assert private not in stored


def test_failures_add_no_row():
    with CaptureQueriesContext(connection) as queries:
        fail(6)
    assert not [query for query in queries if not query["sql"].startswith("SELECT")]
