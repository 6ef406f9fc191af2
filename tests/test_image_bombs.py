"""Files that are made to cost memory or time cost little: a thousand of them, and the strangest."""

import json
import os
import resource
import struct
import subprocess
import sys

import pytest
from fuzz.corpus import encoded, pictures
from PIL import Image
from site_under_test import ROOT

from ml.decode import BadImageError, decode

PATHS = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'fuzz'}"}


def run(script, *arguments):
    command = [sys.executable, f"tests/fuzz/{script}", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | PATHS, capture_output=True, text=True, check=False
    )


def refused(data):
    """Why; None where it is read."""
    try:
        decode(data)
    except BadImageError as error:
        return error.code
    return None


@pytest.mark.skipif(sys.platform != "linux", reason="left out: asks Linux for its memory")
def test_a_thousand_bombs():
    done = run("bombs.py", "1000")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "they fill the log"
    found = json.loads(done.stdout)
    assert found["grown"] <= 8
    assert max(found["slowest"].values()) < 1, found


def test_stranger_and_stranger_files():
    """`make fuzz-images` asks for longer."""
    pytest.importorskip("atheris", reason="left out: needs atheris (Linux on x86-64)")
    done = run("images.py", "10")
    assert done.returncode == 0, done.stderr
    assert "Done" in done.stderr


# ---- What was found so ----
@pytest.mark.parametrize("name", pictures())
def test_a_file_cut_anywhere(name):
    data = pictures()[name]
    for length in range(0, len(data), 3):
        refused(data[:length])


def test_a_palette_that_is_missing():
    data = pictures()["P.PNG"]
    begin = data.index(b"PLTE") - 4
    end = begin + 12 + int.from_bytes(data[begin : begin + 4])
    assert refused(data[:begin] + data[end:]) == "damaged_image"


def test_a_note_of_the_camera_that_makes_no_sense():
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "turned"
    data = encoded(Image.new("L", (30, 20)), "JPEG", exif=exif)
    # A place in numbers becomes a text: it cannot be written again.
    strange = data.replace(b"\x01\x0e\x00\x02", b"\x01\x1e\x00\x02")
    assert strange != data
    assert decode(strange).shape == decode(data).shape == (30, 20)


def test_a_gif_whose_picture_is_far_larger_than_it_says_first():
    """Pillow makes room for what the picture leaves behind before anybody sees its size."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 12, 12, 0, 0, 0)
    leaves_paper = b"!\xf9\x04" + bytes([2 << 2, 0, 0, 0, 0])
    picture = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused(screen + leaves_paper + picture + b"\x02\x01\x00\x00;") == "image_too_large"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000  # kilobytes on Linux, bytes elsewhere


def test_a_jpeg_that_is_scanned_over_and_over():
    data = encoded(Image.new("L", (30, 30), 255), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xc4") : -2]
    assert refused(data[:-2] + last * 30 + data[-2:]) is None
    assert refused(data[:-2] + last * 60 + data[-2:]) == "damaged_image"


def test_what_follows_a_jpeg_is_not_looked_at():
    """Some phones put a film there."""
    data = encoded(Image.new("L", (30, 30), 255), "JPEG")
    assert refused(data + b"\xff\xda" * 500) is None


def test_large_pictures_have_few_enough_parts():
    noise = Image.effect_noise((3600, 3600), 90)
    assert {refused(encoded(noise, format)) for format in ("PNG", "JPEG", "GIF")} == {None}
