"""requirements-web.txt: what a web host needs of requirements.txt, with the same pins."""

import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest
from site_under_test import ROOT


def pins(name):
    """{package: (version and platforms, hashes)} of a locked file."""
    found, package = {}, None
    for line in (ROOT / name).read_text().splitlines():
        if match := re.match(r"([a-z0-9-]+)(?:\[[a-z,]+\])?==([^\\]+?) *\\$", line):
            package = match[1]
            found[package] = (match[2], set())
        elif match := re.match(r"    --hash=(sha256:[0-9a-f]{64})(?: \\)?$", line):
            found[package][1].add(match[1])
        else:
            assert re.match(r" *#|$", line), f"neither pin nor hash: {line}"
    return found


@pytest.fixture(scope="module")
def everything():
    return pins("requirements.txt")


@pytest.fixture(scope="module")
def web():
    return pins("requirements-web.txt")


def chosen(name):
    lines = (ROOT / name).read_text().splitlines()
    return {re.match(r"[a-z0-9-]+", line)[0] for line in lines if line and line[0] not in "#-"}


def test_it_works(web, everything):
    """A web host has the same versions as everybody else, by the same hashes."""
    for package, (version, hashes) in web.items():
        number = version.partition(" ")[0]
        assert everything[package][0].partition(" ")[0] == number, package
        assert hashes == everything[package][1]
        assert hashes, package


def test_what_was_chosen_is_locked(web, everything):
    assert chosen("requirements-web.in") <= set(web)
    assert chosen("requirements.in") | chosen("requirements-web.in") <= set(everything)


def test_a_web_host_is_spared_the_rest(web):
    assert not {"tensorflow", "keras", "pytest", "playwright", "flask"} & set(web)
    assert not chosen("requirements.in") & set(web)


def test_the_site_runs_with_it_alone(tmp_path, web):
    """In a process where everything else cannot be imported: a drawing, the docs, the figures."""
    here = packages_distributions()
    ours = {"pip", "setuptools", *web}
    missing = [
        module
        for module, packages in here.items()
        if not any(re.sub("[-_.]+", "-", package).lower() in ours for package in packages)
    ]
    assert {"tensorflow", "requests", "flask"} <= set(missing)
    program = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
sys.modules.update(dict.fromkeys({missing!r}))  # from now on an ImportError
from digitsite.wsgi import application
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
from handwriting import draw, strokes_of
import io
import numpy as np
from PIL import Image
drawing = io.BytesIO()
Image.fromarray(draw(strokes_of(7, np.random.default_rng(0)))).save(drawing, "PNG")
drawing.seek(0)
drawing.name = "drawing.png"
client = Client(SERVER_NAME="localhost")
print(client.post("/api/v1/submissions/", {{"image": drawing}}).json()["digit"])
for page in ("/", "/mine/", "/readyz/", "/api/v1/docs/", "/api/v1/schema/", "/admin/login/"):
    assert client.get(page).status_code == 200, page
assert client.get("/metrics/").status_code == 401
call_command("check")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path), "DEBUG": "on"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[:1] == ["7"], done.stderr
    assert done.returncode == 0, done.stderr
