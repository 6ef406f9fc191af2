"""requirements-web.txt pins a part of requirements.txt, and the site runs with it alone."""

import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.support.live_site import ROOT


def read_pins(name):
    """Return {package: (version and platforms, hashes)} of a locked file."""
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
def all_pins():
    return read_pins("requirements.txt")


@pytest.fixture(scope="module")
def web_pins():
    return read_pins("requirements-web.txt")


def direct_requirements(name):
    """Return the packages that a requirements*.in file names."""
    lines = (ROOT / name).read_text().splitlines()
    return {re.match(r"[a-z0-9-]+", line)[0] for line in lines if line and line[0] not in "#-"}


def test_web_pins_have_the_same_versions_and_hashes(web_pins, all_pins):
    for package, (version, hashes) in web_pins.items():
        number = version.partition(" ")[0]
        assert all_pins[package][0].partition(" ")[0] == number, package
        assert hashes == all_pins[package][1]
        assert hashes, package


def test_direct_requirements_are_pinned(web_pins, all_pins):
    web, others = map(direct_requirements, ("requirements-web.in", "requirements.in"))
    assert web <= set(web_pins)
    assert web | others <= set(all_pins)


def test_web_pins_leave_out_training_and_tests(web_pins):
    assert not {"tensorflow", "keras", "pytest", "playwright", "flask"} & set(web_pins)
    assert not direct_requirements("requirements.in") & set(web_pins)


PROGRAM = """
import io, sys
sys.modules.update(dict.fromkeys({missing!r}))  # an import of these raises ImportError
from digitsite.wsgi import application
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
from tests.support.synthetic_digits import draw, strokes_of
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


@pytest.mark.slow
def test_site_runs_with_the_web_requirements_alone(tmp_path, web_pins):
    """Predict a drawing and open some pages in a process that cannot import the other packages."""
    available = {"pip", "setuptools", *web_pins}
    missing = [
        module
        for module, packages in packages_distributions().items()
        if not any(re.sub("[-_.]+", "-", package).lower() in available for package in packages)
    ]
    assert {"tensorflow", "requests", "flask"} <= set(missing)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(missing=missing)],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path), "DATABASE_URL": "", "DEBUG": "on"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[:1] == ["7"], done.stderr
    assert done.returncode == 0, done.stderr
