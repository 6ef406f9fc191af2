"""A site whose processes are killed at random moments, and SQL to see what they left behind."""

import hashlib
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import psycopg

from tests.support.live_site import ROOT, Site


class KillableSite(Site):
    """A site on SQLite, or on the PostgreSQL database of `DATABASE_URL`."""

    def __init__(self, folder, rng, **environment):
        super().__init__(folder, **environment)
        self.folder, self.rng, self.server = folder, rng, None
        self.seconds = {}  # how long each command takes without a kill

    def query(self, statement):
        """Execute a statement, and return its rows."""
        if url := self.environment["DATABASE_URL"]:
            opened = psycopg.connect(url)
        else:
            opened = sqlite3.connect(self.folder / "digitsite.sqlite3", timeout=60)
        with closing(opened) as connection:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
        return rows

    def value(self, statement):
        ((value,),) = self.query(statement)
        return value

    def entries(self, message, after=0):
        """Return (id, object_id, message) of the audit entries whose message starts like this."""
        return self.query(
            "SELECT id, object_id, change_message FROM django_admin_log "
            f"WHERE change_message LIKE '{message}%' AND id > {after} ORDER BY id"
        )

    def newest_entry(self):
        return self.value("SELECT coalesce(max(id), 0) FROM django_admin_log")

    def live(self):
        """Return (id, number) of the only live version, and check the hashes of its files."""
        ((pk, number, *hashes, model, weights),) = self.query(
            "SELECT version.id, number, sha256, weights_sha256, model, weights "
            "FROM recognizer_modelversion version "
            "JOIN recognizer_modelfiles files ON files.version_id = version.id "
            "WHERE state = 'live'"
        )
        assert [hashlib.sha256(file).hexdigest() for file in (model, weights)] == hashes
        return pk, number

    def run_script(self, script):
        done = self.manage("shell", "-v0", "-c", script)
        assert done.returncode == 0, done.stderr

    def kill_server(self):
        self.server.kill()
        assert self.server.wait() == -signal.SIGKILL
        self.server = None

    def kill_command(self, *arguments, prepare=lambda: None, statuses=(0,)):
        """Run a command until it is killed at a random moment.

        `prepare` is called before each start. The first run of each command is not killed, because
        its duration tells when to kill the next ones.
        """
        name = arguments[0]
        for _ in range(20):
            prepare()
            started = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            # Every second kill comes near the end. Before 0.4, the process loads Django.
            moment = self.rng.uniform(self.rng.choice([0.4, 0.85]), 1.05)
            try:
                _, log = process.communicate(
                    timeout=moment * self.seconds[name] if name in self.seconds else None
                )
            except subprocess.TimeoutExpired:
                process.kill()
                _, log = process.communicate()
            if process.returncode == -signal.SIGKILL:
                return
            assert process.returncode in statuses, log.decode()
            self.seconds[name] = time.monotonic() - started
        raise AssertionError(f"{name} always ended before the kill")
