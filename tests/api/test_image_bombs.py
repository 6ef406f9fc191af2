"""Files that are made to cost memory or time are cheap to reject."""

import json
import resource
import struct
import subprocess
import sys

import pytest
from PIL import Image

from ml.preprocessing.decode import BadImageError, decode
from tests.fuzz.corpus import encoded, pictures
from tests.support.live_site import ROOT


def run(module, *arguments):
    command = [sys.executable, "-m", f"tests.fuzz.{module}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def error_code(data):
    """Return the code of the error, or None if the file is decoded."""
    try:
        decode(data)
    except BadImageError as error:
        return error.code
    return None


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory from Linux")
@pytest.mark.slow
def test_thousand_bombs_cost_little_memory_and_time():
    done = run("bombs", "1000")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "the decoder must not log anything"
    found = json.loads(done.stdout)
    assert found["grown"] <= 8
    assert max(found["slowest"].values()) < 1, found


@pytest.mark.slow
def test_fuzzed_files_are_decoded_or_rejected():
    """`make fuzz-images` runs the same for longer."""
    pytest.importorskip("atheris", reason="needs atheris (Linux on x86-64)")
    done = run("images", "10")
    assert done.returncode == 0, done.stderr
    assert "Done" in done.stderr


# ---- Found by fuzzing ----
@pytest.mark.parametrize("name", pictures())
def test_truncated_file_is_decoded_or_rejected(name):
    data = pictures()[name]
    for length in range(0, len(data), 3):
        error_code(data[:length])


def test_rejects_a_missing_palette():
    data = pictures()["P.PNG"]
    begin = data.index(b"PLTE") - 4
    end = begin + 12 + int.from_bytes(data[begin : begin + 4])
    assert error_code(data[:begin] + data[end:]) == "damaged_image"


def test_ignores_invalid_exif_data():
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "turned"
    data = encoded(Image.new("L", (30, 20)), "JPEG", exif=exif)
    # A tag with numbers becomes a text, which Pillow cannot write again.
    strange = data.replace(b"\x01\x0e\x00\x02", b"\x01\x1e\x00\x02")
    assert strange != data
    assert decode(strange).shape == decode(data).shape == (30, 20)


def test_rejects_a_gif_frame_larger_than_its_screen():
    """Pillow allocates the frame before its size can be checked."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 12, 12, 0, 0, 0)
    leaves_paper = b"!\xf9\x04" + bytes([2 << 2, 0, 0, 0, 0])
    picture = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert error_code(screen + leaves_paper + picture + b"\x02\x01\x00\x00;") == "image_too_large"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000  # kilobytes on Linux, bytes elsewhere


def test_rejects_a_jpeg_with_too_many_scans():
    data = encoded(Image.new("L", (30, 30), 255), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xc4") : -2]
    assert error_code(data[:-2] + last * 30 + data[-2:]) is None
    assert error_code(data[:-2] + last * 60 + data[-2:]) == "damaged_image"


def test_ignores_data_after_a_jpeg():
    """Some phones store a video there."""
    data = encoded(Image.new("L", (30, 30), 255), "JPEG")
    assert error_code(data + b"\xff\xda" * 500) is None


def test_accepts_large_images():
    noise = Image.effect_noise((3600, 3600), 90)
    assert {error_code(encoded(noise, format)) for format in ("PNG", "JPEG", "GIF")} == {None}
