"""What its owner deletes is gone; who had learned from it is named; the trail says no more."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from kit import Visitor, drawing, key_of, new_version

from recognizer import registry
from recognizer.corrections import collect
from recognizer.models import Answer, State, Submission

LIST = "/api/v1/submissions/"


@pytest.fixture
def learned(visitor, reviewer):
    """A drawing that version 2 learned; 3 was trained on from 2, and 4, refused, from 1."""
    row = visitor.submitted(drawing(7), digit=7)
    row.approve(reviewer, Answer.SEVEN)
    base = registry.live_version()
    second = new_version(base)
    new_version(second)
    new_version(base, state=State.REFUSED)
    Submission.objects.filter(pk=row.pk).update(learned_in=second)
    return row


def trail():
    return [entry.change_message for entry in LogEntry.objects.order_by("pk")]


def test_it_works(visitor, learned):
    answer = visitor.delete(f"{LIST}{learned.pk}/")
    assert answer.status_code == 200
    assert answer.json()["learned_in"] == [2, 3]
    assert answer.json()["detail"].startswith("Deleted for good. Versions 2, 3 had learned from")
    assert not Submission.objects.exists()


def test_what_nobody_has_learned(visitor):
    row = visitor.submitted()
    answer = visitor.delete(f"{LIST}{row.pk}/")
    assert (answer.status_code, answer.content) == (204, b"")


def test_all_at_once(visitor, learned):
    visitor.submitted(drawing(3))
    Visitor().submitted()
    assert visitor.delete(LIST).json()["learned_in"] == [2, 3]
    assert Submission.objects.count() == 1
    assert trail() == ["Deleted by who drew them: 2. Learned by version 2, version 3."]


def test_the_next_training_does_without(visitor, learned):
    assert len(collect(include_pending=True).learned) == 1
    visitor.delete(f"{LIST}{learned.pk}/")
    assert collect(include_pending=True).learned == []


def test_in_the_visitors_language(visitor, learned):
    answer = visitor.delete(LIST, headers={"Accept-Language": "fr"})
    assert "versions 2, 3" in answer.json()["detail"]
    assert not answer.json()["detail"].startswith("Deleted")


def test_the_trail_says_nothing_of_whose_it_was(visitor, desk):
    row = visitor.submitted()
    visitor.delete(f"{LIST}{row.pk}/")
    (line,) = LogEntry.objects.values()
    assert line["change_message"] == "Deleted by who drew them: 1."
    assert line["object_id"] is None
    assert str(row.pk) not in str(line)
    assert "Deleted by who drew them: 1." in desk.get("/admin/admin/logentry/").content.decode()


def test_nor_of_who_was_logged_in(django_user_model):
    ana = django_user_model.objects.create_user("ana")
    program = key_of(ana, "submit")
    LogEntry.objects.all().delete()
    program.delete(f"{LIST}{program.submit().json()['id']}/")
    assert LogEntry.objects.get().user.username == "a visitor"


def test_nobody_logs_in_as_a_visitor(visitor):
    visitor.submitted()
    visitor.delete(LIST)
    account = get_user_model().objects.get(username="a visitor")
    assert not account.is_active
    assert not account.has_usable_password()


def test_what_does_not_happen_leaves_no_trail(visitor):
    row = visitor.submitted()
    assert Visitor().delete(f"{LIST}{row.pk}/").status_code == 404
    assert Visitor().delete(LIST).status_code == 204
    assert trail() == []
