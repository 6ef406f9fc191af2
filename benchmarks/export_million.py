"""`make bench-export-million`: measure the export of many drawings, against the export of few.

The memory must not grow with the number of drawings. The command prints the peak memory, the
seconds and the bytes of each format, on the database of `make bench-retrain-million`.
"""

import os
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Final

from benchmarks.retrain_million import prepare_site

USERNAME: Final = "rosa"
FORMATS: Final = ("npz", "idx", "csv", "png", "ndjson")
CREATE_USER: Final = (
    "from django.contrib.auth.models import User; "
    f"User.objects.get_or_create(username={USERNAME!r})"
)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--folder", type=Path, default=Path("var/retrain-million"))
    options = parser.parse_args()
    print(f"{'drawings':>9}  {'format':<8}  {'took':>6}  {'memory':>7}  {'written':>8}")
    for count in options.counts:
        folder = options.folder / str(count)
        environment = prepare_site(folder, count)
        shell = [sys.executable, "manage.py", "shell", "-v0", "-c", CREATE_USER]
        subprocess.run(shell, env=environment, check=True)
        for name in FORMATS:
            row = measure_export(name, folder, environment)
            print(f"{count:>9,}  {name:<8}  {row}", flush=True)


def measure_export(name: str, folder: Path, environment: dict[str, str]) -> str:
    """Export everything in a separate process; return seconds, peak memory and bytes as text."""
    target = (folder / "export").resolve()
    command = [sys.executable, "manage.py", "export_dataset", name, str(target), "--by", USERNAME]
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"export_dataset ended with status {process.returncode}")
    seconds = time.monotonic() - started
    written = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    shutil.rmtree(target)
    return f"{seconds:>4.0f} s  {usage.ru_maxrss * 1024 / 1e6:>4.0f} MB  {written / 1e6:>5.0f} MB"


if __name__ == "__main__":
    main()
