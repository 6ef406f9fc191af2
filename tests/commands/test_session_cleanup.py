"""The worker deletes expired sessions."""

import sqlite3
import subprocess
import sys
import time

import pytest

from tests.support.live_site import ROOT, Site

CREATE_SESSIONS = """
from datetime import timedelta
from django.contrib.sessions.models import Session
from django.utils import timezone
for name, days in {"expired": -1, "valid": 1}.items():
    expiry = timezone.now() + timedelta(days=days)
    Session.objects.create(session_key=name, session_data="", expire_date=expiry)
"""


@pytest.mark.slow
def test_worker_deletes_expired_sessions_only(tmp_path):
    site = Site(tmp_path, DATABASE_URL="")
    for arguments in (("migrate", "-v0"), ("shell", "-v0", "-c", CREATE_SESSIONS)):
        done = site.manage(*arguments)
        assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "digitsite.sqlite3") as database:
        assert keys(database) == ["expired", "valid"]
        command = [sys.executable, "manage.py", "worker"]
        worker = subprocess.Popen(command, cwd=ROOT, env=site.environment)
        deadline = time.monotonic() + 60
        while "expired" in keys(database) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert worker.poll() is None
        worker.terminate()
        assert worker.wait(timeout=60) == 0
        assert keys(database) == ["valid"]


def keys(database):
    rows = database.execute("SELECT session_key FROM django_session ORDER BY session_key")
    return [key for (key,) in rows]
