"""The site as an operator runs it: a real server in its own processes, by default with SQLite."""

import os
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from shutil import copyfile, copytree
from tempfile import TemporaryDirectory

import requests

ROOT = Path(__file__).parents[2]
DATABASE = "digitsite.sqlite3"
# The environment of a site whose training runs take a moment.
FAST_TRAINER = {"DJANGO_SETTINGS_MODULE": "tests.support.fast_trainer_settings"}
COMMANDS_WITH_CHECKS = {
    *("backup", "createsuperuser", "dumpdata", "migrate", "models", "restore", "retrain"),
}


class Site:
    """Serve the site on a free port: `with Site(folder) as site:`."""

    ready_path = "/readyz/"  # returns 200 as soon as the server is ready

    def __init__(self, data_dir, stderr=None, **environment):
        self.stderr = stderr  # a file for the log of the server
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        test_variables = ("DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE")
        inherited = {key: value for key, value in os.environ.items() if key not in test_variables}
        self.environment = inherited | {
            "DATA_DIR": str(data_dir),
            "PORT": str(port),
            **environment,
        }

    def manage(self, *arguments, **environment):
        """Run `manage.py` and return the finished process with its output.

        The system checks have tests of their own. They take a second, because they load all views.
        """
        command, *rest = arguments
        options = ["--skip-checks"] if command in COMMANDS_WITH_CHECKS else []
        return subprocess.run(
            [sys.executable, "manage.py", command, *options, *rest],
            cwd=ROOT,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def prepare(self):
        """Migrate the database. A new SQLite file is a copy of one that was migrated before."""
        file = Path(self.environment["DATA_DIR"], DATABASE)
        if not self.environment.get("DATABASE_URL") and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            copyfile(Path(migrated().name, DATABASE), file)
        else:
            done = self.manage("migrate", "--no-input")
            assert done.returncode == 0, done.stderr
        self.copy_static_files()

    def copy_static_files(self):
        static = Path(self.environment["DATA_DIR"], "static")
        copytree(Path(collected().name, "static"), static, dirs_exist_ok=True)

    def __enter__(self):
        self.prepare()
        self.start()
        return self

    def start(self):
        """Start the server of a prepared site, and wait until it is ready."""
        with open(self.stderr, "w") if self.stderr else nullcontext() as log:
            self.server = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=self.environment,
                stderr=log,
            )
        try:
            self._wait_until_ready()
        except AssertionError:
            self.__exit__()
            raise

    def _wait_until_ready(self):
        deadline = time.monotonic() + 60
        while self.server.poll() is None and time.monotonic() < deadline:
            try:
                if requests.get(self.url + self.ready_path, timeout=10).status_code == 200:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.1)
        raise AssertionError("the site did not start")

    def __exit__(self, *error):
        self.server.terminate()
        self.server.wait(timeout=20)

    def log_in(self, name, password):
        """Log in to the admin with the login form, and return the session."""
        session = requests.Session()
        login = f"{self.url}/admin/login/"
        session.get(login)
        body = {"username": name, "password": password, "csrfmiddlewaretoken": token(session)}
        assert session.post(login, body, allow_redirects=False).status_code == 302
        return session


@cache
def collected():
    """Run `collectstatic` once, because that takes long, and return its temporary DATA_DIR."""
    return _folder_after("collectstatic")


@cache
def migrated():
    """Run `migrate` on SQLite once, because that takes long, and return its temporary DATA_DIR."""
    return _folder_after("migrate", DATABASE_URL="")


def _folder_after(command, **environment):
    folder = TemporaryDirectory()
    done = Site(folder.name, **environment).manage(command, "--no-input")
    assert done.returncode == 0, done.stderr
    return folder


def token(session):
    return session.cookies["csrftoken"]
