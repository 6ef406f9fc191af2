"""The review queue is shared: nobody can fill it, and each drawing is shown at some time."""

import os
import uuid

import numpy as np
import pytest

from ml.runtime import Prediction
from recognizer.models import (
    LAST_ROUND,
    ROUND_SIZE,
    Label,
    Source,
    Submission,
    round_after,
    submission_queryset,
)
from recognizer.review import queue
from recognizer.serving import model_registry, prediction, storage
from tests.support.factories import Visitor, drawing_png
from tests.support.review_helpers import claim, claimed_ids, ids, submissions

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FLOOD = int(os.environ.get("FLOOD", 300))  # drawings
HONEST = 50
rng = np.random.default_rng(18)


def draw(owner=None, *, confidence=0.99, correction=None):
    """Store a random drawing that is predicted as a 7, and correct it."""
    grey = rng.integers(0, 256, (28, 28), np.uint8)
    predicted, version = Prediction(7, confidence, [0.1] * 10), model_registry.loaded_version()
    result = prediction.PredictionResult(grey, grey, predicted, None, version)
    new = storage.new_submission(
        result, strokes=None, owner=owner or uuid.uuid4(), source=Source.API
    )
    row, _ = storage.store(new)
    if correction is not None:
        row.correct(correction)
    return row


def flood():
    """Store drawings of one owner that need a closer look more than all others."""
    owner = uuid.uuid4()
    return [draw(owner, confidence=0.1, correction=Label.ONE) for _ in range(FLOOD)]


def decisions_until_all_shown(client, rows):
    """Decide on the drawings in the order in which the queue shows them, until it showed `rows`."""
    left, count = set(ids(rows)), 0
    while left:
        for card in claim(client)["cards"]:
            body = {"id": card["id"], "corrected_at": card["corrected_at"], "action": "reject"}
            assert client.post("/review/decide/", body).status_code == 200
            count += 1
            left.discard(uuid.UUID(card["id"]))
    return count


def test_one_owner_cannot_hide_the_drawings_of_others(reviewer_client):
    flood()
    honest = [draw() for _ in range(HONEST)]
    assert decisions_until_all_shown(reviewer_client, honest) <= 100


def test_one_owner_cannot_fill_bulk_review(reviewer_client):
    owner = uuid.uuid4()
    for _ in range(FLOOD):
        draw(owner, confidence=0.999)
    honest = [draw(confidence=0.8) for _ in range(HONEST)]
    cards = reviewer_client.get("/review/bulk/7/").context["cards"]
    assert {str(row.pk) for row in honest} <= {card["id"] for card in cards}


def test_each_drawing_is_shown_although_newer_ones_have_higher_priority(reviewer_client):
    oldest = [draw() for _ in range(4)]
    flood()
    left = set(ids(oldest))
    for _ in range(2):
        shown = claimed_ids(reviewer_client)
        left -= set(shown)
        Submission.objects.filter(pk__in=shown).delete()
        for _ in range(20):
            draw(confidence=0.1, correction=Label.ONE)
    assert not left


def test_rounds_of_one_owner_double(db):
    last = ROUND_SIZE << (LAST_ROUND - 1)
    assert [
        round_after(count) for count in (0, 29, 30, 59, 60, 119, 120, last - 1, last, 9999)
    ] == [*(0, 0, 1, 1, 2, 2, 3, LAST_ROUND - 1, LAST_ROUND, LAST_ROUND)]
    owner = uuid.uuid4()
    submissions(ROUND_SIZE - 1, owner=owner)
    assert [draw(owner).review_round for _ in range(2)] == [0, 1]
    assert draw().review_round == 0


def test_owners_of_one_address_share_rounds(settings, monkeypatch):
    settings.DAILY_QUOTAS = {"address-rows": 100}
    monkeypatch.setattr(submission_queryset, "ROUND_SIZE", 2)

    def round_of(seed, address):
        visitor = Visitor(REMOTE_ADDR=address)
        return visitor.submit_and_get(drawing_png(7, seed)).review_round

    # An address counts as four owners.
    assert [round_of(seed, "192.0.2.1") for seed in range(18)] == [0] * 8 + [1] * 8 + [2] * 2
    assert round_of(18, "192.0.2.2") == 0


def test_only_pending_drawings_count(reviewer):
    owner = uuid.uuid4()
    rows = submissions(ROUND_SIZE, owner=owner)
    assert draw(owner).review_round == 1
    for row in rows[:2]:
        row.reject(reviewer)
    assert draw(owner).review_round == 0


def test_order_within_a_round_is_by_priority(reviewer_client):
    (later_round,) = submissions(review_round=1, corrected_digit=1)
    (sure,) = submissions()
    (unsure,) = submissions(confidence=0.4)
    assert claimed_ids(reviewer_client) == ids([unsure, sure, later_round])


def test_flagged_drawing_of_a_later_round_comes_first(reviewer_client):
    submissions(30, corrected_digit=1)
    (late,) = submissions(review_round=LAST_ROUND)
    body = {"shown": [f"{late.pk}="], "excluded": [late.pk], "excluded_action": "flag"}
    reviewer_client.post("/review/bulk/7/", body)
    assert claimed_ids(reviewer_client)[0] == late.pk


def test_claim_returns_no_more_than_its_size(reviewer_client):
    submissions(queue.CLAIM_SIZE + 10)
    assert len(set(claimed_ids(reviewer_client))) == queue.CLAIM_SIZE
