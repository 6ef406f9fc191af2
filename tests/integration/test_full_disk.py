"""On a full disk, the site predicts and reads, and stores again as soon as there is room."""

import os
import subprocess
import time

import numpy as np
import pytest
import requests

from tests.support.factories import drawing_png, png
from tests.support.live_site import Site, token

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "none", tmp_path]
    if os.name == "nt" or os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def fill(file):
    """Fill the disk to the last byte."""
    with open(file, "ab", buffering=0) as ballast:
        for size in (1_000_000, 1000, 1):
            try:
                while ballast.write(bytes(size)):
                    pass
            except OSError:
                continue


def post(site, path, image, session=requests):
    url = f"{site.url}/api/v1/{path}"
    response = session.post(url, files={"image": image}, timeout=10)
    return response.status_code, response.json()


def request_everything(site, session):
    # By default, Django writes files of more than 2.5 MB to the disk.
    photo = png(np.random.default_rng(1).integers(0, 256, (1100, 1100, 3), np.uint8))
    get = {path: session.get(site.url + path, timeout=10).status_code for path in PAGES}
    return get | {
        "recognize": post(site, "recognize/", drawing_png(), session)[0],
        "recognize a photo": post(site, "recognize/", photo, session),
    }


PAGES = ("/", "/mine/", "/healthz/", "/readyz/", "/privacy/", "/api/v1/submissions/")


def test_predicts_and_reads_on_a_full_disk_and_recovers(disk):
    environment = {"DATABASE_URL": "", "CACHE_URL": "", "TMPDIR": str(disk)}
    with Site(disk, **environment) as site:
        session = requests.Session()
        session.get(site.url, timeout=10)
        session.headers["X-CSRFToken"] = token(session)
        stored = post(site, "submissions/", drawing_png(1), session)[1]["id"]
        before = request_everything(site, session)
        fill(disk / "ballast")
        outcomes = [post(site, "submissions/", drawing_png(2, n), session) for n in range(100)]
        refused = [body["code"] for status, body in outcomes if status != 201]
        assert set(refused) == {"unavailable"}
        assert len(refused) > 50
        fill(disk / "ballast")
        assert request_everything(site, session) == before
        assert before.pop("recognize a photo")[0] < 500
        assert set(before.values()) == {200}
        assert post(site, "submissions/", drawing_png(3), session)[0] == 503
        (disk / "ballast").unlink()
        deadline = time.monotonic() + 5
        while post(site, "submissions/", drawing_png(4), session)[0] == 503:
            assert time.monotonic() < deadline
        url = f"{site.url}/api/v1/submissions/{stored}/"
        assert session.get(url, timeout=10).status_code == 200
        count = sum(status == 201 for status, _ in outcomes) + 2
        program = "from recognizer.models import Submission; print(Submission.objects.count())"
        assert int(site.manage("shell", "-v0", "-c", program).stdout) == count
