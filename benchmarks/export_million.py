"""`make bench-export-million`: an export of a million drawings needs no more memory than of a few.

Memory at its highest, seconds and bytes for each format, on the database of
`make bench-retrain-million`.
"""

import os
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Final

from benchmarks.retrain_million import seeded

WHO: Final = "rosa"
FORMATS: Final = ("npz", "idx", "csv", "png", "ndjson")
ACCOUNT: Final = (
    f"from django.contrib.auth.models import User; User.objects.get_or_create(username={WHO!r})"
)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument("--folder", type=Path, default=Path("var/retrain-million"))
    options = parser.parse_args()
    print(f"{'drawings':>9}  {'format':<8}  {'took':>6}  {'memory':>7}  {'written':>8}")
    for count in options.counts:
        folder = options.folder / str(count)
        environment = seeded(folder, count)
        shell = [sys.executable, "manage.py", "shell", "-v0", "-c", ACCOUNT]
        subprocess.run(shell, env=environment, check=True)
        for name in FORMATS:
            print(f"{count:>9,}  {name:<8}  {exported(name, folder, environment)}", flush=True)


def exported(name: str, folder: Path, environment: dict[str, str]) -> str:
    """Export all in a process of its own: seconds, the memory at its highest, the bytes."""
    target = (folder / "export").resolve()
    command = [sys.executable, "manage.py", "export_dataset", name, str(target), "--by", WHO]
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
