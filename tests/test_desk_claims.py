"""Two reviewers never get the same submission, and never overwrite each other."""

import threading
from datetime import timedelta

import pytest
from desk import decide, ids, submissions, take, taken
from django.db import connection, connections
from django.utils import timezone
from kit import Visitor

from recognizer.desk import queue, second_looks
from recognizer.models import Answer, Submission


@pytest.fixture(autouse=True)
def _no_second_looks(monkeypatch):
    monkeypatch.setattr(second_looks, "OFTEN", 0)


@pytest.fixture
def ada(django_user_model):
    return django_user_model.objects.create_superuser("ada")


@pytest.fixture
def other_desk(ada):
    client = Visitor()
    client.force_login(ada)
    return client


@pytest.mark.django_db
def test_each_gets_others(desk, other_desk):
    rows = submissions(50)
    mine, theirs = taken(desk), taken(other_desk)
    assert len(mine) == len(theirs) == queue.AT_ONCE
    assert not set(mine) & set(theirs)
    assert set(mine) | set(theirs) <= set(ids(rows))


@pytest.mark.django_db
def test_who_asks_again_gets_what_lies_there(desk):
    submissions(50)
    assert taken(desk) == taken(desk)


@pytest.mark.django_db
def test_a_claim_ends(desk, other_desk):
    (row,) = submissions()
    taken(desk)
    empty = take(other_desk)
    assert empty["cards"] == []
    assert empty["empty"].startswith("1 lies on another reviewer’s desk")
    Submission.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert taken(other_desk) == [row.pk]


@pytest.mark.django_db
def test_a_decision_after_the_claim_has_ended_counts_while_nobody_else_has_decided(
    desk, other_desk, reviewer
):
    (row,) = submissions()
    taken(desk)
    Submission.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    taken(other_desk)
    assert decide(desk, row, "approve", 7).status_code == 200
    response = decide(other_desk, row, "reject")
    assert response.status_code == 409
    assert response.json()["detail"] == "rosa has decided this one already: approved as 7."
    row.refresh_from_db()
    assert (row.label, row.reviewed_by) == (7, reviewer)


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["undo", "reject"])
def test_nobody_undoes_what_another_has_decided(desk, ada, verb):
    (row,) = submissions()
    row.approve(ada, Answer.NOT_A_DIGIT)
    response = decide(desk, row, verb)
    assert response.status_code == 409
    assert response.json()["detail"].endswith("approved as not a digit.")
    row.refresh_from_db()
    assert row.label == Answer.NOT_A_DIGIT


@pytest.mark.django_db
def test_skipping_what_lies_on_another_desk_does_nothing(desk, other_desk):
    (row,) = submissions()
    taken(other_desk)
    assert decide(desk, row, "skip").status_code == 200
    assert taken(other_desk) == [row.pk]


@pytest.mark.django_db
def test_grid_and_queue_share_the_claims(desk, other_desk):
    submissions(3)
    assert len(desk.get("/desk/grid/7/").context["cards"]) == 3
    assert taken(other_desk) == []
    assert other_desk.get("/desk/grid/7/").context["cards"] == []


@pytest.mark.django_db(transaction=True)
def test_many_at_the_same_moment(django_user_model):
    submissions(100)
    users = [django_user_model.objects.create_superuser(f"user{i}") for i in range(6)]
    start, found = threading.Barrier(len(users)), {}

    def ask(user):
        start.wait()
        found[user] = ids(queue.take(user))
        connections.close_all()

    at_once(ask, users)
    everything = [pk for pks in found.values() for pk in pks]
    assert len(everything) == len(set(everything)) == 100


@pytest.mark.django_db(transaction=True)
def test_of_two_decisions_at_the_same_moment_one_counts(django_user_model):
    (row,) = submissions()
    users = [django_user_model.objects.create_superuser(f"user{i}") for i in range(4)]
    start, answers = threading.Barrier(len(users)), {}

    def review(user):
        client = Visitor()
        client.force_login(user)
        start.wait()
        answers[user] = decide(client, row, "approve", user.pk % 10).status_code
        connections.close_all()

    at_once(review, users)
    assert sorted(answers.values()) == [200, 409, 409, 409]
    row.refresh_from_db()
    assert answers[row.reviewed_by] == 200
    assert row.label == row.reviewed_by.pk % 10


def at_once(work, users):
    connection.close()
    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
