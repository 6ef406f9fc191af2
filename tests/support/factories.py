"""Factories for images, visitors, submissions, model versions and API keys."""

import io
import json
import os
from functools import cache
from pathlib import Path

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Coalesce
from django.test import Client
from PIL import Image

from recognizer.accounts.api_keys import create_key
from recognizer.demo.versions import exchange_outputs
from recognizer.models import ModelFiles, ModelVersion, Review, Submission, VersionState
from recognizer.serving.model_registry import live_version
from recognizer.training import ledger
from tests.support.live_site import ROOT
from tests.support.synthetic_digits import draw, row_of, strokes_of

# Real handwriting. It is not part of the repository.
REAL_DATA = Path(os.environ.get("REAL_DATA") or ROOT.parent / "shared" / "data")


def png(image, **options):
    """Return an array or a Pillow image as PNG bytes."""
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = io.BytesIO()
    image.save(buffer, options.pop("format", "PNG"), **options)
    return buffer.getvalue()


@cache
def drawing_png(digit=7, seed=0, **options):
    """Return a drawn digit as a browser would send it, as PNG bytes."""
    return png(draw(strokes_of(digit, np.random.default_rng(seed)), **options))


def number_png(*digits, **options):
    """Return an image of the digits side by side, as PNG bytes."""
    return png(draw(row_of(*digits, **options), share=0.8, pen=14))


def upload(data):
    return SimpleUploadedFile("drawing.png", data, "application/octet-stream")


class Visitor(Client):
    """A test client for the API. Each instance has cookies, and so an owner, of its own."""

    def recognize(self, data):
        return self.post("/api/v1/recognize/", {"image": upload(data)})

    def submit(self, data=None, **fields):
        image = upload(drawing_png() if data is None else data)
        return self.post("/api/v1/submissions/", {"image": image, **fields})

    def correct(self, submission_id, digit):
        return self.post(
            f"/api/v1/submissions/{submission_id}/correction/",
            json.dumps({"digit": digit}),
            content_type="application/json",
        )

    def submit_and_get(self, data=None, digit=..., **fields):
        """Store a submission, correct it to `digit` if one is given, and return its row."""
        pk = self.submit(data, **fields).json()["id"]
        if digit is not ...:
            assert self.correct(pk, digit).status_code == 200
        return Submission.objects.get(pk=pk)


def status_and_code(response):
    """Return the status of a response of the API, and the code of its error or None."""
    return response.status_code, response.json().get("code")


def approved_submissions(owner, pixels, labels, **fields):
    """Store approved submissions of one owner. `pixels` are model inputs (n, 28, 28)."""
    rows = [
        Submission(
            owner=owner,
            image_sha256=os.urandom(32),
            pixels=image.tobytes(),
            predicted_digit=0,
            confidence=1,
            probabilities=[1.0] + [0.0] * 9,
            model_version=live_version(),
            review=Review.APPROVED,
            label=label,
            **{"image": b"", **fields},
        )
        for image, label in zip(pixels, labels, strict=True)
    ]
    return Submission.objects.bulk_create(rows)


def learn(version, *submissions):
    """Record in the ledger that the version was trained on the submissions."""
    rows = Submission.objects.filter(pk__in=[row.pk for row in submissions])
    labelled = rows.annotate(effective_label=Coalesce("label", "corrected_digit"))
    ledger.record(version, list(labelled))


def create_version(parent, model=None, state=VersionState.RETIRED, card=None, reason=""):
    """Store the next version. By default it has the model and the card of its parent."""
    return ModelVersion.objects.store(
        number=ModelVersion.objects.latest("number").number + 1,
        predecessor=parent,
        state=state,
        reason=reason,
        card=card or parent.card,
        model=model or bytes(parent.files.model),
        weights=b"",
    )


def promotion_form(version):
    """Return the hidden fields of the page that asks whether to promote the version."""
    stored = ModelVersion.objects.get(pk=version.pk)
    return {"live": live_version().number, "state": stored.state}


def model_with_swapped_labels(one, two, version):
    """Return the version's model, but with `one` predicted instead of `two` and the reverse."""
    return exchange_outputs(bytes(version.files.model), one, two)


def corrupt(version):
    """Damage the model of a version that the code does not ship, so that it cannot be repaired."""
    flip_bit(version)
    ModelVersion.objects.filter(pk=version.pk).update(sha256="0" * 64)
    version.refresh_from_db()


def flip_bit(version):
    """Flip a bit of one weight, in the middle of the model."""
    flipped = bytearray(version.files.model)
    flipped[len(flipped) // 2] ^= 0x40
    ModelFiles.objects.filter(pk=version.pk).update(model=bytes(flipped))
    version.refresh_from_db()


def prune_files(version):
    """Delete the files of one version, as `manage.py models prune` does."""
    ModelFiles.objects.filter(pk=version.pk).delete()
    version.refresh_from_db()


def client_with_key(user, *scopes, **options):
    """Return a client without a session that sends a new API key."""
    _, secret = create_key(user, "a program", scopes, by=user, **options)
    return Visitor(headers={"Authorization": f"Bearer {secret}"})
