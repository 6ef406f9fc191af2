"""The site as an operator runs it: processes of its own, a real server, a database file."""

import os
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import requests

ROOT = Path(__file__).parent.parent


class Site:
    """`with Site(folder) as site:` serves on a free port until the end of the block."""

    up = "/readyz/"  # answers with 200 when the server has started

    def __init__(self, data_dir, stderr=None, **environment):
        self.stderr = stderr  # a file for what the server logs
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.environment = os.environ | {
            "DATA_DIR": str(data_dir),
            "PORT": str(port),
            **environment,
        }
        for ours in ("DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"):
            self.environment.pop(ours, None)

    def manage(self, *arguments, **more):
        """Run `manage.py`; returns the finished process with its output."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def prepare(self):
        done = self.manage("migrate", "--no-input")
        assert done.returncode == 0, done.stderr
        static = Path(self.environment["DATA_DIR"], "static")
        copytree(Path(collected().name, "static"), static, dirs_exist_ok=True)

    def __enter__(self):
        self.prepare()
        with open(self.stderr, "w") if self.stderr else nullcontext() as log:
            self.server = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "digitsite.wsgi"],
                cwd=ROOT,
                env=self.environment,
                stderr=log,
            )
        try:
            self._wait_until_ready()
        except AssertionError:
            self.__exit__()
            raise
        return self

    def _wait_until_ready(self):
        deadline = time.monotonic() + 60
        while self.server.poll() is None and time.monotonic() < deadline:
            try:
                if requests.get(self.url + self.up, timeout=10).status_code == 200:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.1)
        raise AssertionError("the site did not start")

    def __exit__(self, *error):
        self.server.terminate()
        self.server.wait(timeout=20)

    def log_in(self, name, password):
        """A session that is logged in to the admin, as through the login form."""
        session = requests.Session()
        login = f"{self.url}/admin/login/"
        session.get(login)
        body = {"username": name, "password": password, "csrfmiddlewaretoken": token(session)}
        assert session.post(login, body, allow_redirects=False).status_code == 302
        return session


@cache
def collected():
    """A folder with what `collectstatic` makes: once, as it takes longer than a start."""
    folder = TemporaryDirectory()
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input"]
    environment = os.environ | {"DATA_DIR": folder.name}
    subprocess.run(collect, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    return folder


def token(session):
    return session.cookies["csrftoken"]
