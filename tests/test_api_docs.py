"""docs/api.md: its examples run as they stand there, and its table of errors is complete."""

import re
import shutil
import subprocess
import sys

import pytest
from kit import drawing
from site_under_test import ROOT, Site

from recognizer.api.errors import CODES

TEXT = (ROOT / "docs" / "api.md").read_text()
MAKE_A_KEY = """
from django.contrib.auth import get_user_model
from recognizer import keys
user = get_user_model().objects.create_user("ana")
print(keys.make(user, "docs", ["submit"], by=user)[1])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Site(tmp_path_factory.mktemp("site")) as running:
        yield running


def example(language, site):
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return found.replace("http://127.0.0.1:8000", site.url)


def run(command, folder):
    (folder / "seven.png").write_bytes(drawing(7))
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="left out: needs curl")
def test_curl(site, tmp_path):
    assert '"digit":7' in run(["sh", "-c", example("sh", site)], tmp_path)


def test_python(site, tmp_path):
    key = site.manage("shell", "-v0", "-c", MAKE_A_KEY).stdout.strip()
    program = f"KEY = {key!r}\n{example('python', site)}"
    assert run([sys.executable, "-c", program], tmp_path).startswith("7 ")


@pytest.mark.skipif(not shutil.which("node"), reason="left out: needs node")
def test_javascript(site, tmp_path):
    start = 'import { readFileSync } from "node:fs";\nconst picture = readFileSync("seven.png");\n'
    (tmp_path / "example.mjs").write_text(start + example("js", site))
    assert run(["node", "example.mjs"], tmp_path) == "7\n7\n"


def test_every_error_is_in_the_table():
    table = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert table == [(code, str(status), text) for code, (status, text) in CODES.items()]
