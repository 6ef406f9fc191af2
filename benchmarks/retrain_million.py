"""`make bench-retrain-million`: measure `manage.py retrain` with a million approved drawings.

Prints the peak memory, the time until the first training step, and the command's own estimate of
the remaining time. Training is interrupted after the estimate. With `--whole`, training is not
interrupted and lasts one epoch.
"""

import os
import subprocess
import sys
import time
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import django
import numpy as np

from ml.data import mnist as mnist_file

if TYPE_CHECKING:
    from recognizer.models import Submission

CHUNK_SIZE: Final = 2000  # rows per transaction
DRAWINGS_PER_OWNER: Final = 20
BUSIEST_OWNER: Final = uuid.UUID(int=7)  # drew one in a hundred drawings
EXIT_FINISHED: Final = 0, 3  # exit statuses: the new version is live, or rejected
EXIT_INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Measurement:
    """One row of the table. A time is None if training was interrupted before it was known."""

    label_count: int
    seconds_to_first_step: float | None
    estimate: str
    seconds: float | None
    peak_bytes: int


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--folder", type=Path, default=Path("var/retrain-million"))
    parser.add_argument("--whole", action="store_true", help="train a whole epoch")
    parser.add_argument(
        "--prepare", action="store_true", help="only create the database in DATA_DIR"
    )
    options = parser.parse_args()
    if options.prepare:
        prepare(options.counts[0])
        return
    print(f"{'labels':>9}  {'first step after':>16}  {'whole run':>10}  {'memory':>8}  estimate")
    for count in options.counts:
        measurement = measure(options.folder / str(count), count, options.whole)
        print(line(measurement), flush=True)


def measure(folder: Path, count: int, whole: bool) -> Measurement:
    """Retrain in a separate process with `count` approved drawings.

    No version was trained on them. Raises `RuntimeError` if the command does not exit as expected.
    """
    environment = prepare_site(folder, count)
    command = [sys.executable, "manage.py", "retrain", *(["--epochs=1"] if whole else [])]
    started, first, estimate = time.monotonic(), None, ""
    with subprocess.Popen(
        command, env=environment, stdout=sys.stderr, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for message in process.stderr:
            print(message, end="", file=sys.stderr, flush=True)
            if message.startswith("epoch") and first is None:
                first = time.monotonic() - started
            if not estimate and message.rstrip().endswith(" left"):
                estimate = message.rpartition("  ")[2].strip()
                if not whole:
                    process.terminate()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (EXIT_FINISHED if whole else (EXIT_INTERRUPTED,)):
        raise RuntimeError(f"retrain exited with status {process.returncode}")
    seconds = time.monotonic() - started if whole else None
    return Measurement(count, first, estimate, seconds, 1024 * usage.ru_maxrss)


def prepare_site(folder: Path, count: int) -> dict[str, str]:
    """Create a site with `count` approved drawings in the folder. Return its environment."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"DATA_DIR": str(folder), "DATABASE_URL": ""}
    environment.setdefault("MNIST_PATH", str(Path("var/mnist.npz").resolve()))
    command = [sys.executable, "-m", "benchmarks.retrain_million", "--prepare", str(count)]
    subprocess.run(command, env=environment, check=True)
    return environment


def line(measurement: Measurement) -> str:
    """Return the measurement as a row of the table."""
    first, whole = (
        "" if seconds is None else f"{seconds:.0f} s"
        for seconds in (measurement.seconds_to_first_step, measurement.seconds)
    )
    memory = f"{measurement.peak_bytes / 1e9:.2f} GB"
    return (
        f"{measurement.label_count:>9,}  {first:>16}  {whole:>10}  {memory:>8}  "
        f"{measurement.estimate}"
    )


def prepare(count: int) -> None:
    """Add approved drawings until there are `count`. Delete training runs and their versions."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from recognizer.models import ModelVersion, Submission, TrainingRun

    call_command("migrate", verbosity=0)
    TrainingRun.objects.all().delete()
    ModelVersion.objects.filter(number__gt=1).delete()
    digits = mnist_file.load(settings.MNIST_PATH).training
    rng = np.random.default_rng(count)
    for start in range(Submission.objects.count(), count, CHUNK_SIZE):
        rows = _approved_submissions(
            range(start, min(start + CHUNK_SIZE, count)), count, digits, rng
        )
        Submission.objects.bulk_create(rows)
        print(f"\r{start + CHUNK_SIZE:,} stored", end="", file=sys.stderr, flush=True)


def _approved_submissions(
    numbers: range, total: int, digits: mnist_file.LabelledImages, rng: np.random.Generator
) -> Iterator["Submission"]:
    """Yield MNIST's digits by many owners, shifted and faded so that few are duplicates."""
    from recognizer.models import Review, Submission
    from recognizer.serving import model_registry

    live = model_registry.live_version()
    chosen = rng.integers(0, len(digits), len(numbers))
    strength = rng.integers(100, 256, (len(numbers), 1, 1))
    shifted = np.roll(digits.images[chosen], rng.integers(-2, 3, 2), (1, 2))
    pictures = (shifted * strength // 255).astype(np.uint8)
    owners = rng.integers(0, max(total // DRAWINGS_PER_OWNER, 1), len(numbers))
    for number, label, picture, owner in zip(
        numbers, digits.labels[chosen], pictures, owners, strict=True
    ):
        pixels = picture.tobytes()
        yield Submission(
            created=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
            owner=BUSIEST_OWNER if number % 100 == 0 else uuid.UUID(int=1000 + int(owner)),
            image=pixels,  # not a PNG, but about as long as one
            image_sha256=rng.bytes(32),
            pixels=pixels,
            predicted_digit=int(label),
            confidence=0.9,
            probabilities=[0.1] * 10,
            model_version=live,
            review=Review.APPROVED,
            label=int(label),
        )


if __name__ == "__main__":
    main()
