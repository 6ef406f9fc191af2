"""`python -m tests.fuzz.images SECONDS`: fuzz the decoding of uploads with atheris.

Each file must be decoded, cleaned and normalized as an upload is, or raise `BadImageError` within a
second of processor time. At the first file for which this fails, the run ends, and the file is
written to var/fuzz/. To decode that file again, give its path instead of SECONDS.
"""

import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["PIL", "ml"]):
    from ml.preprocessing.decode import BadImageError, decode

# Atheris does not free what instrumented code compares, which are large arrays here.
from ml.preprocessing.normalize import normalize
from ml.preprocessing.picture_ink import clean
from tests.fuzz.corpus import fix_checksums, pictures

CRASHES = Path(__file__).parents[2] / "var" / "fuzz"
MAX_SECONDS = 1.0  # of processor time


def decode_quickly(data):
    """Decode a file as an upload. Raise `TimeoutError` if this takes too long."""
    # Measure processor time, because other processes must not affect the result.
    started = time.process_time()
    with suppress(BadImageError):
        normalize(clean(decode(data)).grey)
    seconds = time.process_time() - started
    if seconds > MAX_SECONDS:
        raise TimeoutError(f"{seconds:.1f} s for {len(data)} bytes")


def mutate(data, max_size, seed):
    """Mutate a file. Three out of four PNGs get correct checksums."""
    mutated = atheris.Mutate(data, max_size)
    is_png = mutated.startswith(b"\x89PNG")
    return fix_checksums(mutated)[:max_size] if is_png and seed % 4 else mutated


def peak_megabytes():
    """Return the peak memory of this process. It includes the memory before exec."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def main(seconds, folder):
    CRASHES.mkdir(parents=True, exist_ok=True)
    for name, data in pictures().items():
        Path(folder, name).write_bytes(data)
    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={CRASHES}/",
        f"-rss_limit_mb={1500 + peak_megabytes()}",
        *("-timeout=60", "-max_len=4096", "-print_final_stats=1"),
    ]
    atheris.Setup([sys.argv[0], *options, folder], decode_quickly, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    if Path(sys.argv[1]).is_file():
        decode_quickly(Path(sys.argv[1]).read_bytes())
    else:
        with TemporaryDirectory() as folder:
            main(int(sys.argv[1]), folder)
