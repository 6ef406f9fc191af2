"""`make audit` fails if a vulnerability has a fix, and is skipped without a connection."""

import os
import subprocess
import sys

from tests.support.audit_dependencies import print_report
from tests.support.live_site import ROOT

VULNERABILITY = {
    "id": "PYSEC-2026-1",
    "fix_versions": ["2.1"],
    "aliases": [],
    "description": "...",
}


def report(*vulnerabilities):
    return [
        {"name": "django", "version": "2.0", "vulns": list(vulnerabilities)},
        {"name": "ours", "skip_reason": "not known"},
    ]


def test_fails_on_a_vulnerability_with_a_fix(capsys):
    assert print_report(report(VULNERABILITY)) == 1
    assert "django 2.0: PYSEC-2026-1, fixed in 2.1" in capsys.readouterr().out


def test_passes_without_vulnerabilities(capsys):
    assert print_report(report()) == 0
    assert "2 dependencies, 0 known vulnerabilities" in capsys.readouterr().out


def test_only_reports_a_vulnerability_without_a_fix(capsys):
    assert print_report(report(VULNERABILITY | {"fix_versions": []})) == 0
    assert "fixed in no version yet" in capsys.readouterr().out


def test_is_skipped_without_a_connection():
    unreachable = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.audit_dependencies"],
        cwd=ROOT,
        env=os.environ | unreachable,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Skipped the check for vulnerabilities.")
