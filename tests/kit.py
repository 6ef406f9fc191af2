"""What tests are made with: pictures, and visitors who send them."""

import io
import json
import os
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from handwriting import draw, strokes_of
from PIL import Image
from site_under_test import ROOT

from ml.runtime import CLASSES
from recognizer.keys import make
from recognizer.models import ModelFiles, ModelVersion, Review, State, Submission
from recognizer.registry import live_version

# What people wrote, where a copy is at hand; the project holds none.
REAL_DATA = Path(os.environ.get("REAL_DATA") or ROOT.parent / "shared" / "data")


def png(image, **options):
    """A picture as PNG bytes: of an array, or of a Pillow image."""
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = io.BytesIO()
    image.save(buffer, options.pop("format", "PNG"), **options)
    return buffer.getvalue()


def drawing(digit=7, seed=0, **how):
    """A drawn digit as a browser would send it, as PNG bytes."""
    return png(draw(strokes_of(digit, np.random.default_rng(seed)), **how))


def upload(data, name="drawing.png"):
    return SimpleUploadedFile(name, data, "application/octet-stream")


class Visitor(Client):
    """Somebody with a browser of their own, talking to the API."""

    def recognize(self, data):
        return self.post("/api/v1/recognize/", {"image": upload(data)})

    def submit(self, data=None, **more):
        image = upload(drawing() if data is None else data)
        return self.post("/api/v1/submissions/", {"image": image, **more})

    def correct(self, submission_id, digit):
        return self.post(
            f"/api/v1/submissions/{submission_id}/correction/",
            json.dumps({"digit": digit}),
            content_type="application/json",
        )

    def submitted(self, data=None, digit=..., **more):
        """A stored submission's row; corrected to `digit` where one is given."""
        found = self.submit(data, **more).json()["id"]
        if digit is not ...:
            assert self.correct(found, digit).status_code == 200
        return Submission.objects.get(pk=found)


def approved(owner, pixels, labels):
    """One person's approved submissions: pictures (n, 28, 28) as the network sees them."""
    rows = [
        Submission(
            owner=owner,
            image=b"",
            image_sha256=os.urandom(32),
            pixels=picture.tobytes(),
            predicted_digit=0,
            confidence=1,
            probabilities=[1.0] + [0.0] * 9,
            model_version=live_version(),
            review=Review.APPROVED,
            label=label,
        )
        for picture, label in zip(pixels, labels, strict=True)
    ]
    return Submission.objects.bulk_create(rows)


def new_version(parent, model=None, state=State.RETIRED, card=None, reason=""):
    """A stored version after all others, with its parent's model and card where none is given."""
    return ModelVersion.objects.store(
        number=ModelVersion.objects.latest("number").number + 1,
        parent=parent,
        state=state,
        reason=reason,
        card=card or parent.card,
        model=model or bytes(parent.files.model),
        weights=b"",
    )


def mixing_up(one, two, version):
    """The model of a sound version that answers `one` where `version` answers `two`, and back."""
    model = bytes(version.files.model)
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    (last_layer,) = (
        interpreter.get_tensor(tensor["index"])
        for tensor in interpreter.get_tensor_details()
        if len(tensor["shape"]) == 2 and tensor["shape"][0] == CLASSES
    )
    swapped = last_layer.copy()
    swapped[[one, two]] = last_layer[[two, one]]
    return model.replace(last_layer.tobytes(), swapped.tobytes())


def damage(version):
    """Flip a bit of one weight, in the middle of the file."""
    flipped = bytearray(version.files.model)
    flipped[len(flipped) // 2] ^= 0x40
    ModelFiles.objects.filter(pk=version.pk).update(model=bytes(flipped))
    version.refresh_from_db()


def delete_files(version):
    """As `manage.py models prune` does, to one version."""
    ModelFiles.objects.filter(pk=version.pk).delete()
    version.refresh_from_db()


def key_of(user, *scopes, **more):
    """A client that has nothing but a new key."""
    _, secret = make(user, "a program", scopes, by=user, **more)
    return Visitor(headers={"Authorization": f"Bearer {secret}"})
