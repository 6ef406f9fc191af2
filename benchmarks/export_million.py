"""`make bench-export-million`: compare the export of many drawings with the export of few.

Prints the time, the peak memory and the size of each format. The memory must not grow with the
number of drawings. The databases are shared with `make bench-retrain-million`.
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
    """Export all drawings in a separate process. Return the time, peak memory and size as text.

    Raises `RuntimeError` if the export fails.
    """
    target = (folder / "export").resolve()
    command = [sys.executable, "manage.py", "export_dataset", name, str(target), "--by", USERNAME]
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"export_dataset exited with status {process.returncode}")
    seconds = time.monotonic() - started
    written = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    shutil.rmtree(target)
    return f"{seconds:>4.0f} s  {usage.ru_maxrss * 1024 / 1e6:>4.0f} MB  {written / 1e6:>5.0f} MB"


if __name__ == "__main__":
    main()
