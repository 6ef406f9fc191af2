"""A site of its own in an empty folder: people through its API, and `manage.py retrain`."""

import io
import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import django
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from PIL import Image

from benchmarks.pen import Canvas
from ml.evaluation import read_all
from ml.mnist import Labelled

ROOT: Final = Path(__file__).parents[1]
PEOPLE: Final = uuid.UUID("6f1d0a52-4b5e-4f0c-9b57-0d6c1c9ad0b1")  # names people the same always


def set_up(folder: Path, mnist: Path, **environment: str) -> None:
    """Make this process, and those it starts, work for a new site in `folder`."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "digitsite.settings",
        "DATA_DIR": str(folder),
        "MNIST_PATH": str(mnist.resolve()),
        "RATE_LIMITS": "off",
        **environment,
    }
    django.setup()
    empty()


def empty() -> None:
    """Nobody has drawn anything, and the base is live."""
    call_command("migrate", verbosity=0)
    call_command("flush", interactive=False, verbosity=0)


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, name: str) -> None:
        from recognizer import owners

        self._client = Client(SERVER_NAME="localhost")
        session = self._client.session
        # By name, so that the same people are held out in each run.
        session[owners.KEY] = str(uuid.uuid5(PEOPLE, name))
        session.save()

    def correct(self, canvas: Canvas, digit: int | None) -> str:
        """Draw, and say what it is; returns the submission's id."""
        drawing = SimpleUploadedFile("drawing.png", _png(canvas), "image/png")
        stored = self._client.post("/api/v1/submissions/", {"image": drawing})
        number = _checked(stored)["id"]
        _checked(
            self._client.post(
                f"/api/v1/submissions/{number}/correction/",
                {"digit": digit},
                content_type="application/json",
            )
        )
        return str(number)

    def read(self, canvas: Canvas) -> int | None:
        """What the live version says it is."""
        drawing = SimpleUploadedFile("drawing.png", _png(canvas), "image/png")
        answer = _checked(self._client.post("/api/v1/recognize/", {"image": drawing}))
        digit: int | None = answer["digit"]
        return digit


def approve(submission: str) -> None:
    """A reviewer says that the visitor is right, and does not look."""
    from django.contrib.auth.models import User

    from recognizer.models import Answer, Submission

    reviewer, _ = User.objects.get_or_create(username="reviewer", is_staff=True)
    row = Submission.objects.get(pk=submission)
    assert row.corrected_digit is not None
    row.approve(reviewer, Answer(row.corrected_digit))


@dataclass(frozen=True)
class Retraining:
    """What `manage.py retrain --json` printed, its time, and its memory at the highest."""

    outcome: dict[str, Any]
    seconds: float
    megabytes: float


def retrain(*options: str) -> Retraining:
    """Run it to its end; raises where it neither stored a version nor said why not."""
    command = [sys.executable, "manage.py", "retrain", "--json", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if not printed:
        raise RuntimeError(f"retrain ended with status {process.returncode}")
    outcome = json.loads(printed)
    return Retraining(outcome, outcome["seconds"], usage.ru_maxrss / 1000)


def read_rightly(data: Labelled) -> float:
    """The share of these that the live version reads rightly, in 0..1."""
    from recognizer import registry

    answers = read_all(registry.load(registry.live_version()), data)
    return float((answers == data.labels).mean())


def _png(canvas: Canvas) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(canvas).save(buffer, "PNG")
    return buffer.getvalue()


def _checked(response: Any) -> dict[str, Any]:
    if response.status_code not in (200, 201):
        raise RuntimeError(f"{response.status_code}: {response.content!r}")
    answer: dict[str, Any] = response.json()
    return answer
