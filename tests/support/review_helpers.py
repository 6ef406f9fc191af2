"""Helpers for tests of the review pages: store submissions in bulk, claim and decide."""

import uuid

import numpy as np
from django.utils import timezone

from recognizer.models import Review, Submission
from recognizer.serving import model_registry

rng = np.random.default_rng(2026)


def submissions(number=1, **fields):
    """Store submissions of different owners with random pixels, predicted as a 7 with 99%."""
    live = model_registry.live_version()
    rows = [
        Submission(
            **{
                "owner": uuid.uuid4(),
                "image": b"",
                "image_sha256": rng.bytes(32),
                "pixels": rng.integers(0, 256, 784, np.uint8).tobytes(),
                "predicted_digit": 7,
                "confidence": 0.99,
                "probabilities": [0.1] * 10,
                "model_version": live,
                "live_prediction": fields.get("predicted_digit", 7),
                "live_prediction_version": live,
            }
            | fields
        )
        for _ in range(number)
    ]
    return Submission.objects.bulk_create(rows)


def doubtful_labels(number=1, **fields):
    """Store approved submissions whose label 1 is doubtful, the surest first."""
    rows = []
    for i in range(number):
        values = {"review": Review.APPROVED, "label": 1, "label_noise": 0.99 - i / 1000}
        values["reviewed_at"] = timezone.now()
        rows += submissions(**values | fields)
    return rows


def claim(client, **fields):
    response = client.post("/review/claim/", fields)
    assert response.status_code == 200
    return response.json()


def claimed_ids(client, **fields):
    """Claim, and return the ids in the order of the cards."""
    return [uuid.UUID(card["id"]) for card in claim(client, **fields)["cards"]]


def decide(client, row, action, label=None):
    """Send a decision about a row, as a page that showed the row in this state."""
    body = {"id": str(row.pk), "action": action, "corrected_at": isoformat(row.corrected_at)}
    return client.post("/review/decide/", body if label is None else body | {"label": str(label)})


def undo(client, row, decided_at=""):
    """Send the undo of the decision that was made at the time `decided_at`, or of a skip."""
    body = {"id": str(row.pk), "action": "undo", "decided_at": decided_at}
    return client.post("/review/decide/", body)


def isoformat(time):
    return time.isoformat() if time else ""


def shown(rows):
    """Return the values of bulk review's field `shown` for the rows."""
    return [f"{row.pk}={isoformat(row.corrected_at)}" for row in rows]


def ids(rows):
    return [row.pk for row in rows]
