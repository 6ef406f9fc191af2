"""`make audit`: known holes fail it once they are mended; being offline never does."""

import os
import subprocess
import sys

import audit
from site_under_test import ROOT

HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["2.1"], "aliases": [], "description": "..."}


def report(*holes):
    return [
        {"name": "django", "version": "2.0", "vulns": list(holes)},
        {"name": "ours", "skip_reason": "not known"},
    ]


def test_it_works(capsys):
    assert audit.tell(report(HOLE)) == 1
    assert "django 2.0: PYSEC-2026-1, mended in 2.1" in capsys.readouterr().out


def test_nothing_is_known(capsys):
    assert audit.tell(report()) == 0
    assert "2 dependencies, 0 known holes" in capsys.readouterr().out


def test_what_nobody_has_mended_is_only_told(capsys):
    assert audit.tell(report(HOLE | {"fix_versions": []})) == 0
    assert "mended in no version yet" in capsys.readouterr().out


def test_offline_it_is_left_out():
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "tests/audit.py"],
        cwd=ROOT,
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Left out: known holes in the dependencies.")
