"""`python tests/fuzz/images.py SECONDS`: ever stranger files for the image decoder, with atheris.

What is no picture must be refused with `BadImageError`, within a second of work. What breaks this
is left in var/fuzz/, and ends it; give the file instead of SECONDS to see it again.
"""

import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["PIL", "ml"]):
    from ml.decode import BadImageError, decode
    from ml.normalize import normalize

from corpus import pictures, with_right_sums

FOUND = Path(__file__).parent.parent.parent / "var" / "fuzz"
MOST_SECONDS = 1.0


def read(data):
    # Of work: others who use the machine do not count.
    started = time.process_time()
    with suppress(BadImageError):
        normalize(decode(data))
    took = time.process_time() - started
    if took > MOST_SECONDS:
        raise TimeoutError(f"{took:.1f} s for {len(data)} bytes")


def change(data, most, seed):
    changed = atheris.Mutate(data, most)
    is_png = changed.startswith(b"\x89PNG")
    return with_right_sums(changed)[:most] if is_png and seed % 4 else changed


def highest_memory():
    """In MB: the peak of whoever started this process is kept across exec, and counts here."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def main(seconds, folder):
    FOUND.mkdir(parents=True, exist_ok=True)
    for name, data in pictures().items():
        Path(folder, name).write_bytes(data)
    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={FOUND}/",
        f"-rss_limit_mb={1500 + highest_memory()}",
        *("-timeout=60", "-max_len=4096", "-print_final_stats=1"),
    ]
    atheris.Setup([sys.argv[0], *options, folder], read, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    if Path(sys.argv[1]).is_file():
        read(Path(sys.argv[1]).read_bytes())
    else:
        with TemporaryDirectory() as folder:
            main(int(sys.argv[1]), folder)
