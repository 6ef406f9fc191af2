"""Claims: two reviewers get different submissions, and nobody overwrites another's decision."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from recognizer.models import Label, Submission
from recognizer.review import queue
from tests.support.factories import Visitor
from tests.support.review_helpers import claim, claimed_ids, decide, ids, submissions

pytestmark = pytest.mark.database


@pytest.fixture
def ada_client(ada):
    client = Visitor()
    client.force_login(ada)
    return client


@pytest.mark.django_db
def test_reviewers_claim_different_submissions(reviewer_client, ada_client):
    rows = submissions(50)
    mine, theirs = claimed_ids(reviewer_client), claimed_ids(ada_client)
    assert len(mine) == len(theirs) == queue.CLAIM_SIZE
    assert not set(mine) & set(theirs)
    assert set(mine) | set(theirs) <= set(ids(rows))


@pytest.mark.django_db
def test_second_claim_returns_same_submissions(reviewer_client):
    submissions(50)
    assert claimed_ids(reviewer_client) == claimed_ids(reviewer_client)


@pytest.mark.django_db
def test_expired_claim_returns_to_queue(reviewer_client, ada_client):
    (row,) = submissions()
    claimed_ids(reviewer_client)
    empty = claim(ada_client)
    assert empty["cards"] == []
    assert empty["empty"].startswith("Another reviewer has claimed 1 drawing.")
    Submission.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert claimed_ids(ada_client) == [row.pk]


@pytest.mark.django_db
def test_first_decision_counts_even_after_its_claim_has_expired(
    reviewer_client, ada_client, reviewer
):
    (row,) = submissions()
    claimed_ids(reviewer_client)
    Submission.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    claimed_ids(ada_client)
    assert decide(reviewer_client, row, "approve", 7).status_code == 200
    response = decide(ada_client, row, "reject")
    assert response.status_code == 409
    assert response.json()["detail"] == "rosa has already approved this drawing as 7."
    row.refresh_from_db()
    assert (row.label, row.reviewed_by) == (7, reviewer)


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["undo", "reject"])
def test_cannot_change_decision_of_another_reviewer(reviewer_client, ada, action):
    (row,) = submissions()
    row.approve(ada, Label.NOT_A_DIGIT)
    response = decide(reviewer_client, row, action)
    assert response.status_code == 409
    assert response.json()["detail"].endswith("approved this drawing as not a digit.")
    row.refresh_from_db()
    assert row.label == Label.NOT_A_DIGIT


@pytest.mark.django_db
def test_cannot_snooze_submission_claimed_by_another_reviewer(reviewer_client, ada_client):
    (row,) = submissions()
    claimed_ids(ada_client)
    assert decide(reviewer_client, row, "skip").status_code == 200
    assert claimed_ids(ada_client) == [row.pk]


@pytest.mark.django_db
def test_bulk_review_and_queue_share_claims(reviewer_client, ada_client):
    submissions(3)
    assert len(reviewer_client.get("/review/bulk/7/").context["cards"]) == 3
    assert claimed_ids(ada_client) == []
    assert ada_client.get("/review/bulk/7/").context["cards"] == []


@pytest.mark.django_db(transaction=True)
def test_simultaneous_claims_return_different_submissions(django_user_model):
    submissions(100)
    users = [django_user_model.objects.create_superuser(f"user{i}") for i in range(6)]
    start, claimed = threading.Barrier(len(users)), {}

    def claim_at_start(user):
        start.wait()
        claimed[user] = ids(queue.claim(user))
        connections.close_all()

    run_in_threads(claim_at_start, users)
    all_ids = [pk for pks in claimed.values() for pk in pks]
    assert len(all_ids) == len(set(all_ids)) == 100


@pytest.mark.django_db(transaction=True)
def test_one_of_several_simultaneous_decisions_counts(django_user_model):
    (row,) = submissions()
    users = [django_user_model.objects.create_superuser(f"user{i}") for i in range(4)]
    start, statuses = threading.Barrier(len(users)), {}

    def review(user):
        client = Visitor()
        client.force_login(user)
        start.wait()
        statuses[user] = decide(client, row, "approve", user.pk % 10).status_code
        connections.close_all()

    run_in_threads(review, users)
    assert sorted(statuses.values()) == [200, 409, 409, 409]
    row.refresh_from_db()
    assert statuses[row.reviewed_by] == 200
    assert row.label == row.reviewed_by.pk % 10


@pytest.mark.django_db(transaction=True)
def test_claim_does_not_wait_for_locked_submissions(reviewer):
    if connection.vendor != "postgresql":
        pytest.skip("needs a database with row locks")
    locked, free = submissions(2)

    def claim_in_thread():
        claimed = ids(queue.claim(reviewer))
        connections.close_all()
        return claimed

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Submission.objects.select_for_update().get(pk=locked.pk)
        assert pool.submit(claim_in_thread).result(timeout=10) == [free.pk]


def run_in_threads(work, users):
    connection.close()
    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
