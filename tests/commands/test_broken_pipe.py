"""A command ends quietly when the program that reads its output has ended, such as `head`."""

import os
import subprocess
import sys

import pytest

from tests.support.factories import drawing_png
from tests.support.live_site import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "arguments", [["models", "list"], ["read", "7.png", "7.png"], ["read", "7.png", "bad.png"]]
)
def test_ends_quietly_without_a_reader(prepared_site, tmp_path, arguments):
    (tmp_path / "7.png").write_bytes(drawing_png(7))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as output:
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=tmp_path,
            env=prepared_site.environment,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 141
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr
