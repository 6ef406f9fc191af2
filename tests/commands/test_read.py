"""`manage.py read` reads the digits in picture files, row by row."""

import csv
import io

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from recognizer.models import Submission
from recognizer.serving import model_registry
from tests.api.test_pages import page, photo
from tests.fuzz.corpus import encoded
from tests.support.factories import corrupt, drawing_png, png

pytestmark = pytest.mark.database


@pytest.fixture
def scans(db, tmp_path):
    (tmp_path / "a.png").write_bytes(png(page()))
    (tmp_path / "b.JPG").write_bytes(photo(page(((5, 6),), cell=220), 1))
    (tmp_path / "c.heic").write_bytes(encoded(page(((7, 8),)), "HEIC"))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_prints_a_line_for_each_row(scans, capsys):
    call_command("read", str(scans))
    a, b = scans / "a.png", scans / "b.JPG"
    lines = capsys.readouterr().out.splitlines()
    c = scans / "c.heic"
    assert lines == [f"{a}: 420", f"{a}: 73", f"{a}: 186", f"{b}: 5 6", f"{c}: 78"]
    assert not Submission.objects.exists()


def test_csv_has_a_line_for_each_number(scans, capsys):
    call_command("read", str(scans / "b.JPG"), str(scans / "a.png"), "--csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["row"], row["column"], row["number"]) for row in rows] == [
        ("1", "1", "5"), ("1", "2", "6"), ("1", "1", "420"), ("2", "1", "73"), ("3", "1", "186")
    ]  # fmt: skip
    assert all(0 < float(row["confidence"]) <= 1 for row in rows)
    assert 0 < float(rows[0]["left"]) < float(rows[1]["left"]) < 1


def test_reads_the_other_pictures_after_a_bad_one(db, tmp_path, capsys):
    (tmp_path / "1.png").write_bytes(b"no picture")
    (tmp_path / "2.png").write_bytes(png(np.full((99, 99), 255, np.uint8)))
    (tmp_path / "3.png").write_bytes(drawing_png(7))
    with pytest.raises(CommandError, match=r"2 of 3 pictures could not be read\."):
        call_command("read", str(tmp_path))
    printed = capsys.readouterr()
    assert printed.out == f"{tmp_path}/3.png: 7\n"
    assert "1.png: This file is not a supported image." in printed.err
    assert "2.png: The image is blank." in printed.err


def test_reports_that_no_version_can_be_loaded(scans):
    corrupt(model_registry.live_version())
    with pytest.raises(CommandError, match=r"^No stored version can be loaded.*models verify$"):
        call_command("read", str(scans))


def test_rejects_missing_files_and_folders_without_pictures(db, tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        call_command("read", str(tmp_path / "missing.png"))
    with pytest.raises(CommandError, match="contains no PNG, JPEG, WebP, GIF, HEIC or AVIF file"):
        call_command("read", str(tmp_path))
