"""`make bench-ledger-million`: measure the training ledger with a million entries.

Each step runs in a separate process, which prints its time and how much its memory grew: writing
the entries of a version, counting the new drawings, rebuilding the training set for its SHA-256,
and exporting it. The database is shared with `make bench-retrain-million`.
"""

import os
import resource
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import django

from benchmarks.retrain_million import prepare_site

STEPS: Final = ("write", "count-new", "rebuild", "export")


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("var/retrain-million"))
    parser.add_argument("--step", choices=STEPS, help="run only this step, in DATA_DIR")
    options = parser.parse_args()
    if options.step:
        run_step(options.step)
        return
    environment = prepare_site(options.folder / str(options.count), options.count)
    print(f"{'step':<10}  {'took':>7}  {'more memory':>11}")
    for step in STEPS:
        command = [sys.executable, "-m", "benchmarks.ledger_million", "--step", step]
        subprocess.run(command, env=environment, check=True)


def run_step(step: str) -> None:
    """Run one step on the database in `DATA_DIR`, and print its time and memory."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digitsite.settings")
    django.setup()
    from django.db import transaction

    from recognizer.datasets.exporter import ExportSelection, export
    from recognizer.models import Label, LedgerEntry, ModelVersion
    from recognizer.training import ledger
    from recognizer.training.training_data import count_new, labelled_rows, training_set_sha256

    version = ModelVersion.objects.get(number=1)
    if step == "write":
        LedgerEntry.objects.all().delete()
        rows = list(labelled_rows(include_pending=False))
    started, before = time.monotonic(), peak_megabytes()
    if step == "write":
        with transaction.atomic():
            ledger.record(version, rows)
    elif step == "count-new":
        assert count_new(labelled_rows(include_pending=False)) == 0
    elif step == "rebuild":
        training_set_sha256(ledger.training_set(version))
    else:
        with TemporaryDirectory() as folder:
            selection = ExportSelection(list(Label), learned_by=version)
            export("npz", Path(folder) / "out", selection, by="the benchmark")
    seconds = time.monotonic() - started
    print(f"{step:<10}  {seconds:>5.0f} s  {peak_megabytes() - before:>8.0f} MB", flush=True)


def peak_megabytes() -> float:
    """Return the highest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
