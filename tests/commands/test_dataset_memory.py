"""Writing and reading a dataset needs little memory.

The formats do not depend on the database, so these tests do not have the marker `database`.
"""

import tracemalloc

import numpy as np
import pytest

from recognizer.datasets import Row
from recognizer.datasets.formats import FORMATS


@pytest.mark.parametrize(
    ("name", "rows", "limit"),
    [(name, *((1000, 0.6e6) if name == "csv" else (2000, 1.2e6))) for name in FORMATS],
)
@pytest.mark.slow
def test_memory_use_is_bounded(tmp_path, name, rows, limit, monkeypatch):
    """The limit in bytes is below the size of all pixels, which have 784 bytes per row.

    The lower of two peaks counts, because a server of an earlier test may run in another thread.
    """
    monkeypatch.setattr("recognizer.datasets.png_format.MEMBERS_PER_ARCHIVE", 100)
    folders = tmp_path / "1", tmp_path / "2"
    assert any(peak_of_writing_and_reading(folder, name, rows) < limit for folder in folders)


def peak_of_writing_and_reading(folder, name, rows):
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, 784 * 10, np.uint8).tobytes()
    tracemalloc.start()
    with FORMATS[name].Writer(folder) as writer:
        for number in range(rows):
            start = 784 * (number % 10)
            writer.write(Row(pixels[start : start + 784], number % 10))
    count = sum(1 for _ in FORMATS[name].read(folder))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == rows
    return peak
