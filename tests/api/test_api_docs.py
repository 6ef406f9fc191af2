"""docs/api.md: the examples work, and the table of error codes is complete."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from recognizer.api.exceptions import CODES
from tests.support.factories import drawing_png, upload
from tests.support.live_site import ROOT

TEXT = (ROOT / "docs" / "api.md").read_text()
CREATE_A_KEY = """
from django.contrib.auth import get_user_model
from recognizer.accounts.api_keys import create_key
user = get_user_model().objects.create_user("ana")
print(create_key(user, "docs", ["submit"], by=user)[1])
"""


def example(language, site):
    """Return the only example in this language, with the URL of the test site."""
    (source,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return source.replace("http://127.0.0.1:8000", site.url)


def run(command, folder):
    """Run a command in a folder that contains seven.png. Return its output."""
    (folder / "seven.png").write_bytes(drawing_png(7))
    completed = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_example_runs(live_site, tmp_path):
    assert '"digit":7' in run(["sh", "-c", example("sh", live_site)], tmp_path)


@pytest.mark.slow
def test_python_example_runs(live_site, tmp_path):
    key = live_site.manage("shell", "-v0", "-c", CREATE_A_KEY).stdout.strip()
    program = f"KEY = {key!r}\n{example('python', live_site)}"
    assert run([sys.executable, "-c", program], tmp_path).startswith("7 ")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_javascript_example_runs(live_site, tmp_path):
    start = 'import { readFileSync } from "node:fs";\nconst picture = readFileSync("seven.png");\n'
    (tmp_path / "example.mjs").write_text(start + example("js", live_site))
    assert run(["node", "example.mjs"], tmp_path) == "7\n7\n"


SAMPLE = r"^`(\w+) (\S+)`, (\d+)[.:].*\n\n```json\n([^`]+)```"


def kind(value):
    """Return the names and types in a JSON value. A number may be whole or not."""
    if isinstance(value, dict):
        return {key: kind(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kind(value[0]), len(value)] if value else []
    return float if type(value) is int else type(value)


def test_sample_responses_have_the_fields_of_the_responses(visitor):
    samples = re.findall(SAMPLE, TEXT, re.MULTILINE)
    assert len(samples) == 6
    for method, path, status, sample in samples:
        image = "images" if "batch" in path else "image"
        body = {image: upload(drawing_png(7))} if method == "POST" else None
        response = getattr(visitor, method.lower())(f"/api/v1/{path}", body)
        assert response.status_code == int(status), path
        assert kind(response.json()) == kind(json.loads(sample)), path
        if "fields" in sample:
            assert response.json() == json.loads(sample)


def test_lists_every_error_code():
    table = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert table == [(code, str(status), text) for code, (status, text) in CODES.items()]
