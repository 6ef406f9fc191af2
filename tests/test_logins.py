"""Passwords cannot be tried at will, neither at /login/ nor at the admin's; no address is kept."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.utils import timezone
from kit import Visitor
from rest_framework.settings import api_settings

RIGHT = "a long password"
PAGES = ("/login/", "/admin/login/")


@pytest.fixture(autouse=True)
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", password=RIGHT, is_staff=True)


def attempt(password="wrong", name="ana", page="/login/", **more):
    body = {"username": name, "password": password}
    return Visitor().post(page, body, **more).status_code


def fail(times, **more):
    return [attempt(**more) for _ in range(times)]


@pytest.mark.parametrize("page", PAGES)
def test_it_works(page):
    assert fail(4, page=page) == [200] * 4
    assert fail(2, page=page) == [429] * 2
    assert [attempt(RIGHT, page=page) for page in PAGES] == [429] * 2


def test_the_page_says_what_to_do():
    fail(5)
    page = Visitor().post("/login/", {"username": "ana", "password": RIGHT})
    assert "Try again in 15 minutes" in page.content.decode()
    assert page["Retry-After"] == "900"


def test_both_pages_count_together():
    assert [attempt(page=PAGES[turn % 2]) for turn in range(5)] == [200] * 4 + [429]


def test_another_name_is_let_in(django_user_model):
    django_user_model.objects.create_user("bo", password=RIGHT)
    fail(5)
    assert attempt(RIGHT, "bo") == 302


def test_nobody_locks_out_who_sits_elsewhere():
    fail(5)
    assert attempt(RIGHT, REMOTE_ADDR="192.0.2.7") == 302


def test_a_name_that_does_not_exist_is_treated_alike():
    assert fail(5, name="nobody") == [200] * 4 + [429]


def test_after_a_quarter_of_an_hour_again():
    fail(5)
    attempt(RIGHT)
    assert AccessAttempt.objects.count() == 1
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15))
    assert attempt(RIGHT) == 302
    assert not AccessAttempt.objects.exists()


def test_waiting_is_not_prolonged_by_trying():
    fail(5)
    since = AccessAttempt.objects.get().attempt_time
    fail(3)
    assert AccessAttempt.objects.get().attempt_time == since


def test_the_right_password_begins_anew():
    fail(4)
    assert attempt(RIGHT) == 302
    assert not AccessAttempt.objects.exists()
    assert fail(4) == [200] * 4


def test_a_rotating_forwarded_for_does_not_help():
    answers = [attempt(headers={"X-Forwarded-For": f"10.0.0.{turn}"}) for turn in range(5)]
    assert answers == [200] * 4 + [429]


def test_behind_a_proxy_the_address_is_the_one_that_it_adds(monkeypatch):
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    chains = [f"10.0.0.{turn}, 192.0.2.1" for turn in range(5)]
    answers = [attempt(headers={"X-Forwarded-For": chain}) for chain in chains]
    assert answers == [200] * 4 + [429]
    assert attempt(RIGHT, headers={"X-Forwarded-For": "10.0.0.0, 192.0.2.2"}) == 302


def test_addresses_of_one_ipv6_network_count_together():
    answers = [attempt(REMOTE_ADDR=f"2001:db8::{turn}") for turn in range(5)]
    assert answers == [200] * 4 + [429]


def test_neither_address_nor_browser_nor_password_is_stored():
    attempt("my own secret", REMOTE_ADDR="192.0.2.7", headers={"User-Agent": "Firefox"})
    (row,) = AccessAttempt.objects.values()
    assert row.pop("username") == "ana"
    assert row.pop("path_info") == "/login/"
    assert row.pop("ip_address").startswith("fd")
    kept = {name: value for name, value in row.items() if isinstance(value, str) and value}
    assert kept == {}


def test_the_admin_shows_none_of_it(desk):
    assert desk.get("/admin/axes/").status_code == 404
