"""A login moves the drawings of the browser to the account. A logout leaves none behind."""

import pytest
from django.contrib.admin.models import LogEntry

from recognizer.accounts import ownership
from recognizer.models import BlindReview, Label, Submission
from tests.support.factories import Visitor, client_with_key, drawing_png, upload

pytestmark = pytest.mark.database

LIST = "/api/v1/submissions/"
PASSWORD = "a long password"


@pytest.fixture
def ana(django_user_model):
    return django_user_model.objects.create_user("ana", password=PASSWORD)


@pytest.fixture
def account(ana):
    """A program that stores drawings for Ana."""
    return client_with_key(ana, "submit", "read")


def log_in(visitor):
    response = visitor.post("/login/", {"username": "ana", "password": PASSWORD})
    assert response.status_code == 302
    return response


def only_row(ana):
    """Return the only submission, which must belong to Ana."""
    row = Submission.objects.get()
    assert row.owner == ownership.owner_for_user(ana)
    return row


def messages():
    return list(LogEntry.objects.filter(user__username="a visitor").values_list("change_message"))


def test_login_moves_the_drawings_and_deletes_the_cookie(visitor, ana, account):
    row = visitor.submit_and_get()
    assert log_in(visitor).cookies["owner"]["max-age"] == 0
    assert only_row(ana) == row
    assert visitor.get(f"{LIST}{row.pk}/").status_code == 200
    assert account.get(f"{LIST}{row.pk}/").status_code == 200


def test_logout_leaves_nothing_to_the_next_visitor(visitor, ana):
    visitor.submit_and_get()
    log_in(visitor)
    visitor.submit_and_get(drawing_png(3))
    visitor.post("/logout/")
    assert visitor.get(LIST).json()["results"] == []
    assert visitor.get("/mine/").context["drawings"] == []
    visitor.submit_and_get(drawing_png(4))
    assert len(visitor.get(LIST).json()["results"]) == 1


def test_cookie_set_during_a_login_is_merged_later(visitor, ana):
    """A drawing that is sent while the visitor logs in in another tab sets the cookie again."""
    visitor.submit_and_get()
    cookie = visitor.cookies["owner"].value
    log_in(visitor)
    late = Visitor()
    late.cookies["owner"] = cookie
    late.submit_and_get(drawing_png(3))
    visitor.cookies["owner"] = late.cookies["owner"].value
    assert len(visitor.get(LIST).json()["results"]) == 2
    assert visitor.cookies["owner"]["max-age"] == 0


def test_logout_merges_a_cookie_that_is_left(visitor, ana):
    other = Visitor()
    other.submit_and_get()
    log_in(visitor)
    visitor.cookies["owner"] = other.cookies["owner"].value
    assert visitor.post("/logout/").cookies["owner"]["max-age"] == 0
    only_row(ana)


def test_session_of_an_earlier_release_is_moved(visitor, ana):
    other = Visitor().submit_and_get()
    session = visitor.session
    session[ownership.SESSION_KEY] = str(other.owner)
    session.save()
    log_in(visitor)
    assert only_row(ana) == other
    assert ownership.SESSION_KEY not in visitor.session


def test_other_images_are_kept_and_pending_copies_deleted_once(visitor, ana, account):
    first = account.submit_and_get(drawing_png(7))
    visitor.submit_and_get(drawing_png(7))
    third = visitor.submit_and_get(drawing_png(3))
    log_in(visitor)
    assert set(Submission.objects.all()) == {first, third}
    assert set(Submission.objects.values_list("owner", flat=True)) == {first.owner}
    assert messages() == [("Deleted when a visitor logged in who had the same images: 1.",)]


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_reviewed_drawing_replaces_a_pending_copy(visitor, ana, account, reviewer, decision):
    account.submit_and_get(digit=1)
    reviewed = visitor.submit_and_get(digit=7)
    reviewed.approve(reviewer, Label.SEVEN) if decision == "approve" else reviewed.reject(reviewer)
    log_in(visitor)
    kept = only_row(ana)
    assert (kept.pk, kept.review, kept.label) == (reviewed.pk, reviewed.review, reviewed.label)
    assert kept.reviewed_by == reviewer
    assert messages() == [("Deleted when a visitor logged in who had the same images: 1.",)]


def test_reviewed_drawing_of_the_account_stays(visitor, ana, account, reviewer):
    reviewed = account.submit_and_get()
    reviewed.approve(reviewer, Label.SEVEN)
    visitor.submit_and_get(digit=1)
    log_in(visitor)
    assert only_row(ana) == reviewed


def test_corrected_drawing_replaces_an_uncorrected_copy(visitor, ana, account):
    account.submit_and_get()
    corrected = visitor.submit_and_get(digit=1)
    log_in(visitor)
    assert only_row(ana) == corrected


def test_if_both_are_reviewed_the_copy_of_the_account_stays(visitor, ana, account, reviewer):
    kept, deleted = account.submit_and_get(), visitor.submit_and_get()
    kept.approve(reviewer, Label.SEVEN)
    deleted.reject(reviewer)
    log_in(visitor)
    assert only_row(ana) == kept
    assert messages() == [("Deleted when a visitor logged in who had the same images: 1.",)]


def test_blind_reviews_of_the_kept_drawing_stay(visitor, ana, account, reviewer):
    account.submit_and_get()
    reviewed = visitor.submit_and_get()
    reviewed.approve(reviewer, Label.SEVEN)
    BlindReview.objects.create(submission=reviewed, reviewer=reviewer, label=Label.SEVEN)
    log_in(visitor)
    assert BlindReview.objects.get().submission == only_row(ana)


def send(sender, digit, key):
    body = {"image": upload(drawing_png(digit))}
    return sender.post("/api/v1/submissions/", body, headers={"Idempotency-Key": key})


def test_idempotency_key_still_counts_after_the_login(visitor, ana):
    assert send(visitor, 7, "k2").status_code == 201
    log_in(visitor)
    assert send(visitor, 7, "k2").status_code == 200
    response = send(visitor, 3, "k2")
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    only_row(ana)


def test_idempotency_key_of_the_account_stays_at_a_login(visitor, ana, account):
    for sender, digit, key in ((account, 7, "k2"), (visitor, 3, "k2"), (visitor, 4, "k3")):
        assert send(sender, digit, key).status_code == 201
    log_in(visitor)
    rows = Submission.objects.filter(owner=ownership.owner_for_user(ana))
    assert set(rows.values_list("idempotency_key", flat=True)) == {None, "k2", "k3"}
    assert send(visitor, 7, "k2").status_code == 200


@pytest.mark.database
@pytest.mark.parametrize("key", ['"aaaaaaaa\\000bbb"', "a" * 10_000, "../../etc"])
def test_ignores_an_odd_session_cookie(visitor, key):
    response = visitor.get("/keys/", headers={"Cookie": f"sessionid={key}"})
    assert response.status_code == 302
