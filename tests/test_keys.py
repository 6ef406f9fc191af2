"""Keys of the API: who has one acts as its owner, as far as its scopes reach."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from kit import Visitor, drawing, key_of

from recognizer import keys
from recognizer.keys import Key
from recognizer.models import Answer, Submission

LIST = "/api/v1/submissions/"


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", password="a long password")


def code(response):
    return response.status_code, response.json().get("code")


def test_it_works(ana):
    program = key_of(ana, "submit", "read")
    sent = program.submit(drawing(7))
    assert sent.status_code == 201
    assert program.correct(sent.json()["id"], 1).status_code == 200
    assert [row["id"] for row in program.get(LIST).json()["results"]] == [sent.json()["id"]]
    assert program.cookies == {}
    assert program.delete(f"{LIST}{sent.json()['id']}/").status_code == 204


def test_what_is_sent_with_any_key_is_the_users(ana):
    sent = key_of(ana, "submit").submit(drawing(7)).json()["id"]
    browser = Visitor()
    browser.force_login(ana)
    for client in (browser, key_of(ana, "read")):
        assert client.get(f"{LIST}{sent}/").status_code == 200
    assert Visitor().get(f"{LIST}{sent}/").status_code == 404


def test_a_retry_with_a_key_needs_no_cookie(ana):
    program = key_of(ana, "submit")
    assert [program.submit(drawing(7)).status_code for _ in range(2)] == [201, 200]


def test_it_is_stored_hashed(ana):
    _, secret = keys.make(ana, "a program", ["read"], by=ana)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {Key._meta.db_table}")
        stored = " ".join(str(value) for value in cursor.fetchone())
    assert secret not in stored
    assert secret[20:] not in stored


def test_reading_needs_the_scope(ana):
    assert code(key_of(ana, "submit").get(LIST)) == (403, "permission_denied")


def test_storing_correcting_and_deleting_need_the_scope(ana):
    program = key_of(ana, "read", "review")
    mine = f"{LIST}{key_of(ana, 'submit').submit().json()['id']}/"
    assert code(program.submit(drawing(3))) == (403, "permission_denied")
    assert code(program.post(f"{mine}correction/")) == (403, "permission_denied")
    assert code(program.delete(mine)) == (403, "permission_denied")
    assert Submission.objects.count() == 1


def test_recognizing_needs_none(ana):
    assert key_of(ana).recognize(drawing(7)).json()["digit"] == 7


@pytest.mark.parametrize("header", ["dgs_" + "0" * 64, "x", "ü", "\x00", "%00", "a b", ""])
def test_no_key(db, header):
    client = Visitor(headers={"Authorization": f"Bearer {header}"})
    response = client.get(LIST)
    assert code(response) == (401, "authentication_failed")
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_withdrawn_key(ana):
    program = key_of(ana, "read")
    assert program.get(LIST).status_code == 200
    keys.withdraw(Key.objects.get(), by=ana)
    assert code(program.get(LIST)) == (401, "authentication_failed")


def test_an_expired_key(ana):
    program = key_of(ana, "read", expires=timezone.now() + timedelta(hours=1))
    assert program.get(LIST).status_code == 200
    Key.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert code(program.get(LIST)) == (401, "authentication_failed")


def test_a_user_who_was_locked_out(ana):
    program = key_of(ana, "read")
    ana.is_active = False
    ana.save()
    assert code(program.get(LIST)) == (401, "authentication_failed")


def test_staff_see_everybodys_only_with_a_key_that_may_review(visitor, reviewer):
    row = visitor.submitted()
    assert key_of(reviewer, "read").get(f"{LIST}{row.id}/").status_code == 404
    assert key_of(reviewer, "read", "review").get(f"{LIST}{row.id}/").status_code == 200


def test_a_key_that_may_review_does_not_make_a_reviewer(visitor, ana):
    row = visitor.submitted(digit=7)
    program = key_of(ana, "read", "review")
    assert program.get(f"{LIST}{row.id}/").status_code == 404
    assert code(program.post(f"{LIST}{row.id}/approve/")) == (403, "permission_denied")


def test_each_key_has_its_own_quota(ana, settings):
    settings.QUOTAS = {"read": 1}
    one, other = key_of(ana, "read"), key_of(ana, "read")
    assert [one.get(LIST).status_code for _ in range(2)] == [200, 429]
    assert other.get(LIST).status_code == 200
    assert Visitor().get(LIST).status_code == 200


def test_a_csrf_token_is_for_sessions(ana):
    program = key_of(ana, "submit")
    program.handler.enforce_csrf_checks = True
    assert program.submit().status_code == 201


def test_what_was_drawn_before_logging_in_is_the_users(visitor, ana):
    row = visitor.submitted(drawing(7), digit=1)
    visitor.force_login(ana)
    visitor.get(LIST)
    assert key_of(ana, "read").get(f"{LIST}{row.id}/").status_code == 200
    visitor.logout()
    assert visitor.get(f"{LIST}{row.id}/").status_code == 404


def test_the_same_picture_drawn_before_logging_in_is_there_once(visitor, ana):
    first = key_of(ana, "submit").submit(drawing(7)).json()["id"]
    visitor.submitted(drawing(7))
    visitor.submitted(drawing(3))
    visitor.force_login(ana)
    assert len(visitor.get(LIST).json()["results"]) == 2
    assert Submission.objects.filter(pk=first).exists()
    assert len(set(Submission.objects.values_list("owner", flat=True))) == 1


def test_a_key_beside_a_strangers_session_takes_nothing(visitor, ana):
    row = visitor.submitted()
    program = key_of(ana, "read", "submit")
    program.cookies.update(visitor.cookies)
    assert program.get(f"{LIST}{row.id}/").status_code == 404
    assert visitor.get(f"{LIST}{row.id}/").status_code == 200


def test_reviewed_by(visitor, reviewer):
    row = visitor.submitted(digit=7)
    key_of(reviewer, "review").post(f"{LIST}{row.id}/approve/", {}, content_type="application/json")
    row.refresh_from_db()
    assert (row.label, row.reviewed_by) == (Answer.SEVEN, reviewer)
