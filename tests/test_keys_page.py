"""/keys/: somebody logged in makes and withdraws keys; staff do it for others in the admin."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from kit import Visitor, drawing

from recognizer import keys
from recognizer.keys import Key

SECRET = re.compile(r"dgs_[0-9a-f]{64}")
NEW = {"name": "import script", "scopes": ["read", "submit"], "lifetime": "30"}


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", password="a long password")


@pytest.fixture
def browser(ana):
    client = Visitor()
    client.force_login(ana)
    return client


def test_it_works(browser, ana):
    page = browser.post("/keys/", NEW)
    secret = SECRET.search(page.content.decode())[0]
    assert "no-store" in page["Cache-Control"]
    program = Visitor(headers={"Authorization": f"Bearer {secret}"})
    assert program.submit(drawing(7)).status_code == 201
    key = Key.objects.get()
    assert (key.user, key.name, key.scopes) == (ana, "import script", ["read", "submit"])
    assert (key.expiry - key.created).days in (29, 30)


def test_it_is_shown_once(browser):
    browser.post("/keys/", NEW)
    page = browser.get("/keys/").content.decode()
    assert "import script" in page
    assert not SECRET.search(page)


def test_withdraw(browser):
    secret = SECRET.search(browser.post("/keys/", NEW).content.decode())[0]
    where = f"/keys/{Key.objects.get().public_id}/withdraw/"
    page = browser.post(where, follow=True).content.decode()
    assert "is withdrawn" in page
    assert "You have none yet" in page
    program = Visitor(headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/api/v1/submissions/").status_code == 401


def test_the_trail(browser, ana):
    browser.post("/keys/", NEW)
    browser.post(f"/keys/{Key.objects.get().public_id}/withdraw/")
    trail = LogEntry.objects.order_by("pk")
    assert [entry.user for entry in trail] == [ana, ana]
    assert [entry.action_flag for entry in trail] == [1, 3]
    assert not any(SECRET.search(str(vars(entry))) for entry in trail)


def test_anothers_is_404(browser, reviewer):
    keys.make(reviewer, "theirs", ["read"], by=reviewer)
    assert "theirs" not in browser.get("/keys/").content.decode()
    assert browser.post(f"/keys/{Key.objects.get().public_id}/withdraw/").status_code == 404
    assert Key.objects.exists()


def test_withdrawing_is_a_post(browser, ana):
    key, _ = keys.make(ana, "mine", ["read"], by=ana)
    assert browser.get(f"/keys/{key.public_id}/withdraw/").status_code == 405
    assert Key.objects.exists()


@pytest.mark.parametrize("path", ["", "16a77309-69e2-4dae-84cb-44ae48414340/withdraw/"])
def test_only_after_logging_in(visitor, path):
    response = visitor.post(f"/keys/{path}", NEW)
    assert response["Location"].startswith("/login/?next=/keys/")
    assert not Key.objects.exists()


def test_log_in_and_out(visitor, ana):
    response = visitor.post(
        "/login/?next=/keys/", {"username": "ana", "password": "a long password"}
    )
    assert response["Location"] == "/keys/"
    assert b"logged in as ana" in visitor.get("/keys/").content
    visitor.post("/logout/")
    assert visitor.get("/keys/").status_code == 302


def test_log_in_leads_nowhere_else(visitor, ana):
    response = visitor.post(
        "/login/", {"username": "ana", "password": "a long password", "next": "//evil.example/"}
    )
    assert response["Location"] == "/keys/"


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 61}, "at most 60 characters"),
        ({"scopes": []}, "This field is required"),
        ({"scopes": ["review"]}, "Select a valid choice"),
        ({"lifetime": "-1"}, "Select a valid choice"),
    ],
)
def test_what_does_not_fit(browser, wrong, complaint):
    response = browser.post("/keys/", NEW | wrong)
    assert response.status_code == 400
    assert complaint in response.content.decode()
    assert not Key.objects.exists()


def test_a_reviewer_may_make_one_to_review_with(desk):
    assert desk.post("/keys/", NEW | {"scopes": ["review"]}).status_code == 200
    assert Key.objects.get().scopes == ["review"]


def test_ten_and_no_more(browser):
    assert [browser.post("/keys/", NEW).status_code for _ in range(11)] == [200] * 10 + [400]
    assert Key.objects.count() == 10


def test_staff_make_one_for_others(desk, ana):
    page = desk.post(
        "/admin/recognizer/key/add/",
        {"user": ana.pk, "name": "robot", "scopes": ["submit"]},
        follow=True,
    ).content.decode()
    secret = SECRET.search(page)[0]
    assert Visitor(headers={"Authorization": f"Bearer {secret}"}).submit().status_code == 201
    assert Key.objects.get().user == ana
    assert not SECRET.search(desk.get("/admin/recognizer/key/").content.decode())
    assert LogEntry.objects.count() == 1


def test_staff_withdraw_one(desk, ana, reviewer):
    key, _ = keys.make(ana, "robot", ["submit"], by=ana)
    desk.post(f"/admin/recognizer/key/{key.pk}/delete/", {"post": "yes"})
    assert not Key.objects.exists()
    assert LogEntry.objects.latest("pk").user == reviewer


def test_staff_cannot_change_one(desk, ana):
    key, _ = keys.make(ana, "robot", ["submit"], by=ana)
    where = f"/admin/recognizer/key/{key.pk}/change/"
    desk.post(where, {"user": ana.pk, "name": "robot", "scopes": ["review"]})
    assert Key.objects.get().scopes == ["submit"]
    assert desk.get(where).status_code == 200


def test_the_trail_is_read_only(desk, ana):
    keys.make(ana, "robot", ["submit"], by=ana)
    page = desk.get("/admin/admin/logentry/").content.decode()
    assert "Made with submit, for ana." in page
    entry = LogEntry.objects.get()
    for verb in ("change", "delete"):
        desk.post(f"/admin/admin/logentry/{entry.pk}/{verb}/", {"post": "yes"})
    assert LogEntry.objects.get() == entry
    assert desk.get("/admin/admin/logentry/add/").status_code == 403
