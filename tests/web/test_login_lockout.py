"""Login lockout on /login/ and in the admin. Of an IP address, only a pseudonym is stored."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.utils import timezone
from rest_framework.settings import api_settings

from tests.support.factories import Visitor

pytestmark = pytest.mark.database

PASSWORD = "a long password"
PAGES = ("/login/", "/admin/login/")


@pytest.fixture(autouse=True)
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", password=PASSWORD, is_staff=True)


def log_in(password="wrong", name="ana", page="/login/", **options):
    body = {"username": name, "password": password}
    return Visitor().post(page, body, **options).status_code


def fail(times, **options):
    return [log_in(**options) for _ in range(times)]


@pytest.mark.parametrize("page", PAGES)
def test_locks_out_after_five_failures(page):
    assert fail(4, page=page) == [200] * 4
    assert fail(2, page=page) == [429] * 2
    assert [log_in(PASSWORD, page=page) for page in PAGES] == [429] * 2


def test_page_says_when_to_try_again():
    fail(5)
    page = Visitor().post("/login/", {"username": "ana", "password": PASSWORD})
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
    assert log_in(PASSWORD, REMOTE_ADDR="192.0.2.7") == 302


def test_locks_out_unknown_user_name_too():
    assert fail(5, name="nobody") == [200] * 4 + [429]


def test_lockout_ends_after_15_minutes():
    fail(5)
    log_in(PASSWORD)
    assert AccessAttempt.objects.count() == 1
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15))
    assert log_in(PASSWORD) == 302
    assert not AccessAttempt.objects.exists()


def test_attempts_during_lockout_do_not_extend_it():
    fail(5)
    started = AccessAttempt.objects.get().attempt_time
    fail(3)
    assert AccessAttempt.objects.get().attempt_time == started


def test_successful_login_resets_failures():
    fail(4)
    assert log_in(PASSWORD) == 302
    assert not AccessAttempt.objects.exists()
    assert fail(4) == [200] * 4


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


def test_stores_pseudonym_but_no_address_browser_or_password():
    log_in("my own secret", REMOTE_ADDR="192.0.2.7", headers={"User-Agent": "Firefox"})
    (row,) = AccessAttempt.objects.values()
    assert row.pop("username") == "ana"
    assert row.pop("path_info") == "/login/"
    assert row.pop("ip_address").startswith("fd")
    other_texts = {name: value for name, value in row.items() if isinstance(value, str) and value}
    assert other_texts == {}


def test_admin_does_not_list_attempts(reviewer_client):
    assert reviewer_client.get("/admin/axes/").status_code == 404
