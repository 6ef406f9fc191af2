"""Run a new site in an empty folder, act as its visitors and its reviewer, and retrain."""

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

from benchmarks.stroke_rendering import Canvas
from ml.data.mnist import LabelledImages
from ml.evaluation.model_comparison import accuracy, predict_all

ROOT: Final = Path(__file__).parents[1]
OWNER_NAMESPACE: Final = uuid.UUID("6f1d0a52-4b5e-4f0c-9b57-0d6c1c9ad0b1")


def set_up(folder: Path, mnist: Path, **environment: str) -> None:
    """Create a new site in `folder`. This process and its children use it from now on."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "digitsite.settings",
        "DATA_DIR": str(folder),
        "MNIST_PATH": str(mnist.resolve()),
        "RATE_LIMITS": "off",
        **environment,
    }
    django.setup()
    reset()


def reset() -> None:
    """Delete all data. The base becomes the live version."""
    call_command("migrate", verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    from recognizer.serving import model_registry

    model_registry._loaded = None  # This process must not go on with a deleted version.


class Visitor:
    """A visitor with their own cookie."""

    def __init__(self, name: str) -> None:
        from recognizer.accounts import owner_cookie

        self._client = Client(SERVER_NAME="localhost")
        # The owner id depends only on the name, so the same visitors are held out in each run.
        self.owner = uuid.uuid5(OWNER_NAMESPACE, name)
        self._client.cookies[owner_cookie.COOKIE_NAME] = owner_cookie.signed(self.owner)

    def correct(self, canvas: Canvas, digit: int | None) -> str:
        """Submit a drawing and correct or confirm its prediction. Return the submission's id."""
        submission = str(self.submit(canvas)["id"])
        self.label(submission, digit)
        return submission

    def submit(self, canvas: Canvas) -> dict[str, Any]:
        """Submit a drawing, and return the stored submission."""
        data = {"image": _upload(canvas), "source": "canvas"}
        return self._post("/api/v1/submissions/", data)

    def label(self, submission: str, digit: int | None) -> None:
        """Correct or confirm the prediction of a submission, given by its id."""
        self._post(
            f"/api/v1/submissions/{submission}/correction/",
            {"digit": digit},
            content_type="application/json",
        )

    def predict(self, canvas: Canvas, *, personal: bool) -> int | None:
        """Return the prediction, or None for "not a digit".

        Without `personal`, it is the prediction of the live version alone.
        """
        data = {"image": _upload(canvas), "source": "canvas", "personal": str(personal).lower()}
        digit: int | None = self._post("/api/v1/recognize/", data)["digit"]
        return digit

    def _post(self, path: str, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        response = self._client.post(path, data, **options)
        if response.status_code not in (200, 201):
            raise RuntimeError(f"{response.status_code}: {response.content!r}")
        body: dict[str, Any] = response.json()
        return body


def approve(submission: str) -> None:
    """Approve the visitor's correction of a submission, given by its id, as a reviewer."""
    from django.contrib.auth.models import User

    from recognizer.models import Label, Submission

    reviewer, _ = User.objects.get_or_create(username="reviewer", is_staff=True)
    row = Submission.objects.get(pk=submission)
    assert row.corrected_digit is not None
    row.approve(reviewer, Label(row.corrected_digit))


@dataclass(frozen=True)
class RetrainResult:
    """The result of one `manage.py retrain --json`: its output, its time and its peak memory."""

    outcome: dict[str, Any]
    seconds: float
    megabytes: float


def retrain(*options: str) -> RetrainResult:
    """Run `manage.py retrain`. Raises `RuntimeError` if it prints no outcome."""
    command = [sys.executable, "manage.py", "retrain", "--json", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if not printed:
        raise RuntimeError(f"retrain exited with status {process.returncode}")
    outcome = json.loads(printed)
    return RetrainResult(outcome, outcome["seconds"], usage.ru_maxrss / 1000)


def live_accuracy(data: LabelledImages) -> float:
    """Return the live version's accuracy, in 0..1."""
    from recognizer.serving import model_registry

    recognizer = model_registry.load(model_registry.live_version())
    share = accuracy(predict_all(recognizer, data), data)
    assert share is not None
    return share


def _upload(canvas: Canvas) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.fromarray(canvas).save(buffer, "PNG")
    return SimpleUploadedFile("drawing.png", buffer.getvalue(), "image/png")
