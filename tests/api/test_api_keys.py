"""API keys: a program acts as the owner of its key, within the scopes of the key."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recognizer.accounts import api_keys
from recognizer.models import ApiKey, Label, Submission
from tests.support.factories import Visitor, client_with_key, drawing_png, status_and_code

pytestmark = pytest.mark.database

LIST = "/api/v1/submissions/"


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", password="a long password")


def test_program_stores_corrects_lists_and_deletes_without_cookies(ana):
    program = client_with_key(ana, "submit", "read")
    sent = program.submit(drawing_png(7))
    assert sent.status_code == 201
    assert program.correct(sent.json()["id"], 1).status_code == 200
    assert [row["id"] for row in program.get(LIST).json()["results"]] == [sent.json()["id"]]
    assert program.cookies == {}
    assert program.delete(f"{LIST}{sent.json()['id']}/").status_code == 204


def test_submission_with_a_key_belongs_to_the_user(ana):
    sent = client_with_key(ana, "submit").submit(drawing_png(7)).json()["id"]
    browser = Visitor()
    browser.force_login(ana)
    for client in (browser, client_with_key(ana, "read")):
        assert client.get(f"{LIST}{sent}/").status_code == 200
    assert Visitor().get(f"{LIST}{sent}/").status_code == 404


def test_retry_with_a_key_needs_no_cookie(ana):
    program = client_with_key(ana, "submit")
    assert [program.submit(drawing_png(7)).status_code for _ in range(2)] == [201, 200]


def test_stores_only_a_hash_of_the_key(ana):
    _, secret = api_keys.create_key(ana, "a program", ["read"], by=ana)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {ApiKey._meta.db_table}")
        stored = " ".join(str(value) for value in cursor.fetchone())
    assert secret not in stored
    # Of the secret itself, only the first characters are stored, to identify the key.
    assert secret[20:] not in stored


def test_list_needs_the_scope_read(ana):
    assert status_and_code(client_with_key(ana, "submit").get(LIST)) == (403, "permission_denied")


def test_changes_need_the_scope_submit(ana):
    program = client_with_key(ana, "read", "review")
    mine = f"{LIST}{client_with_key(ana, 'submit').submit().json()['id']}/"
    assert status_and_code(program.submit(drawing_png(3))) == (403, "permission_denied")
    assert status_and_code(program.post(f"{mine}correction/")) == (403, "permission_denied")
    assert status_and_code(program.delete(mine)) == (403, "permission_denied")
    assert Submission.objects.count() == 1


def test_prediction_needs_no_scope(ana):
    assert client_with_key(ana).recognize(drawing_png(7)).json()["digit"] == 7


@pytest.mark.parametrize("header", ["dgs_" + "0" * 64, "x", "ü", "\x00", "%00", "a b", ""])
def test_rejects_an_invalid_key(db, header):
    client = Visitor(headers={"Authorization": f"Bearer {header}"})
    response = client.get(LIST)
    assert status_and_code(response) == (401, "authentication_failed")
    assert response["WWW-Authenticate"] == "Bearer"


def test_rejects_a_revoked_key(ana):
    program = client_with_key(ana, "read")
    assert program.get(LIST).status_code == 200
    api_keys.revoke(ApiKey.objects.get(), by=ana)
    assert status_and_code(program.get(LIST)) == (401, "authentication_failed")


def test_rejects_an_expired_key(ana):
    program = client_with_key(ana, "read", expires=timezone.now() + timedelta(hours=1))
    assert program.get(LIST).status_code == 200
    ApiKey.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert status_and_code(program.get(LIST)) == (401, "authentication_failed")


def test_rejects_the_key_of_an_inactive_user(ana):
    program = client_with_key(ana, "read")
    ana.is_active = False
    ana.save()
    assert status_and_code(program.get(LIST)) == (401, "authentication_failed")


def test_reviewers_need_the_scope_review_to_see_all_submissions(visitor, reviewer):
    row = visitor.submit_and_get()
    assert client_with_key(reviewer, "read").get(f"{LIST}{row.id}/").status_code == 404
    assert client_with_key(reviewer, "review").get(f"{LIST}{row.id}/").status_code == 200


def test_scope_review_does_not_make_a_reviewer(visitor, ana):
    row = visitor.submit_and_get(digit=7)
    program = client_with_key(ana, "read", "review")
    assert program.get(f"{LIST}{row.id}/").status_code == 404
    assert status_and_code(program.post(f"{LIST}{row.id}/approve/")) == (403, "permission_denied")


def test_all_keys_of_a_user_share_a_rate_limit(ana, reviewer, settings):
    settings.QUOTAS = {"read": 1}
    one, other = client_with_key(ana, "read"), client_with_key(ana, "read")
    assert [one.get(LIST).status_code, other.get(LIST).status_code] == [200, 429]
    assert client_with_key(reviewer, "read").get(LIST).status_code == 200
    assert Visitor().get(LIST).status_code == 200


def test_key_needs_no_csrf_token(ana):
    program = client_with_key(ana, "submit")
    program.handler.enforce_csrf_checks = True
    assert program.submit().status_code == 201


def test_key_does_not_take_over_submissions_of_the_cookie(visitor, ana):
    row = visitor.submit_and_get()
    program = client_with_key(ana, "read", "submit")
    program.cookies.update(visitor.cookies)
    assert program.get(f"{LIST}{row.id}/").status_code == 404
    assert visitor.get(f"{LIST}{row.id}/").status_code == 200


def test_approval_records_the_owner_of_the_key(visitor, reviewer):
    row = visitor.submit_and_get(digit=7)
    client_with_key(reviewer, "review").post(
        f"{LIST}{row.id}/approve/", {"digit": 7}, content_type="application/json"
    )
    row.refresh_from_db()
    assert (row.label, row.reviewed_by) == (Label.SEVEN, reviewer)
