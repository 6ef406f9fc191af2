"""What the tests of the desk are made with: many submissions at once, and reviewers."""

import uuid

import numpy as np

from recognizer import registry
from recognizer.models import Submission

rng = np.random.default_rng(2026)


def submissions(number=1, **fields):
    """Stored submissions, each of somebody else and unlike the others, read as a sure 7."""
    live = registry.live_version()
    made = [
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
                "latest_digit": fields.get("predicted_digit", 7),
                "latest_version": live,
            }
            | fields
        )
        for _ in range(number)
    ]
    return Submission.objects.bulk_create(made)


def take(client, **more):
    response = client.post("/desk/take/", more)
    assert response.status_code == 200
    return response.json()


def taken(client, **more):
    """The ids on the reviewer's desk, first one first."""
    return [uuid.UUID(card["id"]) for card in take(client, **more)["cards"]]


def decide(client, row, verb, label=None):
    body = {"id": str(row.pk), "verb": verb}
    return client.post("/desk/decide/", body if label is None else body | {"label": str(label)})


def ids(rows):
    return [row.pk for row in rows]
