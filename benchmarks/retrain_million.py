"""`make bench-retrain-million`: what `manage.py retrain` needs, with a million approved labels.

Memory at its highest, the time until the first training step, and how long the rest takes as the
command itself estimates it. It is interrupted then, unless `--whole` asks for an epoch to its end.
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

from ml import mnist as mnist_file

if TYPE_CHECKING:
    from recognizer.models import Submission

CHUNK: Final = 2000  # in a transaction
BUSY: Final = uuid.UUID(int=7)  # drew one in a hundred; the others some twenty each
DONE: Final = 0, 3  # exit statuses of a training that came to its end


@dataclass(frozen=True)
class Retraining:
    """One row of the table; seconds and bytes, None where it did not come so far."""

    labels: int
    until_first_step: float | None
    estimate: str
    whole: float | None
    peak: int


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--folder", type=Path, default=Path("var/retrain-million"))
    parser.add_argument("--whole", action="store_true", help="one epoch, to its end")
    parser.add_argument("--prepare", action="store_true", help="only the database of DATA_DIR")
    options = parser.parse_args()
    if options.prepare:
        prepare(options.counts[0])
        return
    print(f"{'labels':>9}  {'first step after':>16}  {'whole run':>10}  {'memory':>8}  estimate")
    for count in options.counts:
        print(line(measured(options.folder / str(count), count, options.whole)), flush=True)


def measured(folder: Path, count: int, whole: bool) -> Retraining:
    """Retrain in a process of its own, with a database of so many labels, none learned yet."""
    environment = seeded(folder, count)
    command = [sys.executable, "manage.py", "retrain", *(["--epochs=1"] if whole else [])]
    started, first, estimate = time.monotonic(), None, ""
    with subprocess.Popen(
        command, env=environment, stdout=sys.stderr, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for said in process.stderr:
            print(said, end="", file=sys.stderr, flush=True)
            if said.startswith("epoch") and first is None:
                first = time.monotonic() - started
            if not estimate and said.rstrip().endswith(" left"):
                estimate = said.rpartition("  ")[2].strip()
                if not whole:
                    process.terminate()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (DONE if whole else (130,)):
        raise RuntimeError(f"retrain ended with status {process.returncode}")
    seconds = time.monotonic() - started if whole else None
    return Retraining(count, first, estimate, seconds, 1024 * usage.ru_maxrss)


def seeded(folder: Path, count: int) -> dict[str, str]:
    """The environment of a site in this folder, with so many approved labels."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"DATA_DIR": str(folder), "DATABASE_URL": ""}
    environment.setdefault("MNIST_PATH", str(Path("var/mnist.npz").resolve()))
    seed = [sys.executable, "-m", "benchmarks.retrain_million", "--prepare", str(count)]
    subprocess.run(seed, env=environment, check=True)
    return environment


def line(found: Retraining) -> str:
    """For people."""
    first, whole = (
        "" if seconds is None else f"{seconds:.0f} s"
        for seconds in (found.until_first_step, found.whole)
    )
    memory = f"{found.peak / 1e9:.2f} GB"
    return f"{found.labels:>9,}  {first:>16}  {whole:>10}  {memory:>8}  {found.estimate}"


def prepare(count: int) -> None:
    """Store what lacks of so many approved labels, and forget all earlier retrainings."""
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
    for start in range(Submission.objects.count(), count, CHUNK):
        rows = _approved(range(start, min(start + CHUNK, count)), count, digits, rng)
        Submission.objects.bulk_create(rows)
        print(f"\r{start + CHUNK:,} stored", end="", file=sys.stderr, flush=True)


def _approved(
    numbers: range, of: int, digits: mnist_file.Labelled, rng: np.random.Generator
) -> Iterator["Submission"]:
    """MNIST's digits, moved and faded so that few are the same, by as many people as need be."""
    from recognizer import registry
    from recognizer.models import Review, Submission

    live = registry.live_version()
    chosen = rng.integers(0, len(digits), len(numbers))
    strength = rng.integers(100, 256, (len(numbers), 1, 1))
    moved = np.roll(digits.images[chosen], rng.integers(-2, 3, 2), (1, 2))
    pictures = (moved * strength // 255).astype(np.uint8)
    owners = rng.integers(0, max(of // 20, 1), len(numbers))
    for number, label, picture, owner in zip(
        numbers, digits.labels[chosen], pictures, owners, strict=True
    ):
        pixels = picture.tobytes()
        yield Submission(
            created=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
            owner=BUSY if number % 100 == 0 else uuid.UUID(int=1000 + int(owner)),
            image=pixels,  # no PNG, but about as long as one
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
