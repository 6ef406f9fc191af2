"""Files that are made to take much memory or time to decode cost little of both."""

import json
import resource
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ml.preprocessing.decode import BadImageError, decode
from ml.preprocessing.decode_cost import MAX_PIXELS, estimate
from tests.fuzz.corpus import encoded, pictures
from tests.fuzz.largest import MODES, SCANS, largest, square
from tests.support.live_site import ROOT


def run(module, *arguments):
    """Run a module of tests/fuzz. Return the completed process."""
    command = [sys.executable, "-m", f"tests.fuzz.{module}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def error_code(data):
    """Return the code of the error, or None if the file is decoded."""
    try:
        decode(data)
    except BadImageError as error:
        return error.code
    return None


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory use from /proc")
@pytest.mark.slow
def test_bombs_cost_little_memory_and_time():
    completed = run("bombs", "250")
    assert completed.returncode == 0, completed.stderr
    assert completed.stderr == "", "the decoder must not log anything"
    report = json.loads(completed.stdout)
    assert report["memory_growth"] <= 8  # megabytes
    assert max(report["slowest"].values()) < 1, report  # seconds


@pytest.mark.slow
def test_fuzzed_files_are_decoded_or_rejected():
    """Fuzz the decoder for five seconds. `make fuzz-images` does the same for longer."""
    pytest.importorskip("atheris", reason="needs atheris (Linux on x86-64)")
    completed = run("images", "5")
    assert completed.returncode == 0, completed.stderr
    assert "Done" in completed.stderr


# Fuzzing found some of the following cases.


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


def test_applies_the_orientation_despite_an_invalid_exif_tag():
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "turned"
    data = encoded(Image.new("L", (30, 20)), "JPEG", exif=exif)
    # This changes the tag of the text to XPosition (0x011E), which must be a number. Pillow reads
    # such a tag, but cannot write it, as ImageOps.exif_transpose() would.
    invalid = data.replace(b"\x01\x0e\x00\x02", b"\x01\x1e\x00\x02")
    assert invalid != data
    # Pillow's size (30, 20) is the array shape (20, 30). The orientation swaps them.
    assert decode(invalid).shape == decode(data).shape == (30, 20)


def test_rejects_a_gif_frame_larger_than_its_screen():
    """Pillow would allocate the frame before its size could be checked."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 12, 12, 0, 0, 0)
    # Disposal method 2: the frame is replaced by the background.
    graphic_control = b"!\xf9\x04" + bytes([2 << 2, 0, 0, 0, 0])
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = screen + graphic_control + frame + b"\x02\x01\x00\x00;"
    assert error_code(data) == "image_too_large"
    memory_growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert memory_growth < 20_000  # kilobytes on Linux, bytes on macOS


def test_rejects_a_jpeg_with_too_many_scans():
    data = encoded(Image.new("L", (30, 30), 255), "JPEG", progressive=True)
    last_scan = data[data.rindex(b"\xff\xc4") : -2]
    assert error_code(data[:-2] + last_scan * 30 + data[-2:]) is None
    assert error_code(data[:-2] + last_scan * 60 + data[-2:]) == "damaged_image"


def test_ignores_a_preview_after_a_jpeg():
    """Many cameras store one, and the index of a multi-picture file."""
    photo = Image.linear_gradient("L").resize((3000, 2000)).convert("RGB")
    preview = photo.resize((600, 400))
    data = encoded(photo, "MPO", save_all=True, append_images=[preview])
    assert data.count(b"\xff\xd8\xff") == 2
    assert (decode(data) == decode(encoded(photo, "JPEG"))).all()


def jpeg_with_exif(segment, count):
    data = encoded(Image.new("L", (30, 30), 255), "JPEG")
    content = b"Exif\0\0" + segment
    return (
        data[:2] + (b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content) * count + data[2:]
    )


def test_rejects_a_jpeg_with_too_many_exif_segments():
    """Pillow joins them, and copies all earlier ones for each segment."""
    assert error_code(jpeg_with_exif(bytes(130), 100)) is None
    assert error_code(jpeg_with_exif(bytes(130), 1000)) == "damaged_image"


def test_accepts_a_jpeg_with_much_other_metadata():
    """Some phones store a depth map in many segments."""
    data = encoded(Image.new("L", (30, 30), 255), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", 65_000) + b"http://ns.adobe.com/xmp/extension/\0"
    assert error_code(data[:2] + segment.ljust(65_002, b"x") * 100 + data[2:]) is None


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_ignores_exif_data_with_too_many_entries(format):
    entries = b"".join(struct.pack(">HHII", tag, 3, 1, 6 << 16) for tag in range(65_535))
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + entries + bytes(4)
    data = encoded(Image.new("L", (30, 20), 255), format, exif=exif)
    assert decode(data).shape == (20, 30), "not turned, so the EXIF data was not parsed"


def test_estimates_the_time_for_exif_data_in_a_jpeg():
    assert estimate(jpeg_with_exif(bytes(65_000), 12)).microseconds > 170_000


@pytest.mark.parametrize("size", [(1, 65_536), (65_536, 1)])
def test_rejects_images_with_a_very_long_side(size):
    """Pillow takes 600 MB for millions of rows with one pixel each."""
    assert error_code(encoded(Image.new("RGBA", size), "PNG")) == "image_too_large"
    shorter = Image.new("L", tuple(min(side, 65_535) for side in size))
    assert error_code(encoded(shorter, "PNG")) is None


def test_ignores_data_after_a_jpeg():
    """Some phones store a video after the image."""
    data = encoded(Image.new("L", (30, 30), 255), "JPEG")
    assert error_code(data + b"\xff\xda" * 500) is None


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of the memory use differs")
@pytest.mark.parametrize("format", MODES)
def test_largest_accepted_files_take_at_most_64_megabytes(format, tmp_path):
    paths = []
    for name, make in largest().items():
        if name.endswith(format):
            paths.append(tmp_path / name)
            paths[-1].write_bytes(make())
    completed = run("largest", *map(str, paths))
    assert completed.returncode == 0, completed.stderr
    growth = dict(zip(paths, map(float, completed.stdout.split()), strict=True))
    assert max(growth.values()) <= 64, growth


@pytest.mark.parametrize("format", MAX_PIXELS)
def test_rejects_images_with_too_many_pixels_for_their_format(format):
    image = square("RGB" if format == "WEBP" else "L", MAX_PIXELS[format], extra=1)
    assert error_code(encoded(image, format)) == "image_too_large"


@pytest.mark.parametrize("name", SCANS)
def test_rejects_jpegs_whose_scans_would_take_too_much_memory(name):
    mode, subsampling, pixels = SCANS[name]
    image = square(mode, 1.1 * pixels)
    options = {"quality": 75, "subsampling": subsampling}
    assert error_code(encoded(image, "JPEG", **options)) is None
    assert error_code(encoded(image, "JPEG", progressive=True, **options)) == "image_too_large"


@pytest.mark.parametrize("size", [(4032, 3024), (8064, 6048), (8192, 6144)])
def test_decodes_photos_of_phones(size):
    gradient = Image.linear_gradient("L").resize(size).convert("RGB")
    photo = encoded(gradient, "JPEG", quality=85)
    assert error_code(photo) is None
    assert max(decode(photo).shape) == 512


@pytest.mark.parametrize("format", MAX_PIXELS)
def test_estimates_the_pixels_of_each_file(format):
    for options in ({}, {"lossless": True}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}):
        assert estimate(encoded(Image.new("RGB", (128, 64)), format, **options)).pixels == 8192


def test_rejects_a_png_with_a_second_header():
    """Pillow uses the size in the last header."""
    data = encoded(Image.new("L", (10, 10)), "PNG")
    small, large = data[8:33], encoded(Image.new("L", (900, 900)), "PNG")[8:33]
    assert error_code(data[:8] + small + large + data[33:]) == "damaged_image"


def test_shrinks_in_strips_as_in_one_piece():
    noise = Image.effect_noise((3000, 2100), 90)
    whole = np.asarray(noise.reduce(2).resize((512, 358), Image.Resampling.BOX))
    assert np.abs(decode(encoded(noise, "PNG")).astype(int) - whole).max() <= 1
