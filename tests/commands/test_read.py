"""`manage.py read` reads the digits in picture files, row by row."""

import csv
import io
import os

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from recognizer.models import Submission
from recognizer.serving import model_registry
from tests.fuzz.corpus import encoded
from tests.support.factories import corrupt, drawing_png, png
from tests.support.live_site import Site
from tests.support.synthetic_pages import draw_page, photo

pytestmark = pytest.mark.database


@pytest.fixture
def scans(db, tmp_path):
    (tmp_path / "a.png").write_bytes(png(draw_page()))
    (tmp_path / "b.JPG").write_bytes(photo(draw_page(((5, 6),), cell=220), 1))
    (tmp_path / "c.heic").write_bytes(encoded(draw_page(((7, 8),)), "HEIC"))
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


def test_refuses_pipes_devices_and_huge_files(db, tmp_path, capsys):
    os.mkfifo(tmp_path / "1.png")
    (tmp_path / "2.png").write_bytes(b"")
    os.truncate(tmp_path / "2.png", 10**12)
    (tmp_path / "3.png").write_bytes(drawing_png(7))
    with pytest.raises(CommandError, match=r"3 of 4 pictures could not be read\."):
        call_command("read", str(tmp_path), "/dev/zero")
    printed = capsys.readouterr()
    assert printed.out == f"{tmp_path}/3.png: 7\n"
    assert "1.png: not a regular file" in printed.err
    assert "2.png: more than 100 MB" in printed.err
    assert "/dev/zero: not a regular file" in printed.err


def test_rejects_a_file_name_that_is_too_long(db):
    with pytest.raises(CommandError, match="too long"):
        call_command("read", "x" * 5000)


@pytest.mark.slow
def test_escapes_a_file_name_that_is_not_utf_8(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in (b"a\xff.png", b"b.png"):
        (folder / os.fsdecode(name)).write_bytes(drawing_png(7))
    site = Site(tmp_path / "site", DATABASE_URL="", PYTHONIOENCODING="utf-8:strict")
    site.prepare()
    for options in ([], ["--csv"]):
        done = site.manage("read", str(folder), *options)
        assert done.returncode == 0, done.stderr
        assert "a\\udcff.png" in done.stdout
        assert "b.png" in done.stdout
