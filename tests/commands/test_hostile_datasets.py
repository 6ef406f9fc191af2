"""A dataset from a stranger is refused with a message, and never fills the memory."""

import base64
import gzip
import json
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from recognizer.datasets import DatasetError, Row
from recognizer.datasets.formats import FORMATS
from recognizer.datasets.idx_format import IMAGES
from recognizer.datasets.importer import ImportCounts, load
from recognizer.models import Submission
from recognizer.models.strokes import MAX_POINTS, MAX_STROKES
from recognizer.serving.storage import MAX_STORED_BYTES
from tests.support.factories import png

PIXELS = base64.b64encode(bytes(784)).decode()
VALID = {"label": 3, "pixels": PIXELS}
HUGE = 100_000_000  # bytes


def import_dataset(name, path):
    call_command("import_dataset", name, str(path), "--by=rosa")


def import_line(tmp_path, line):
    path = tmp_path / "drawings.ndjson"
    path.write_text(line)
    import_dataset("ndjson", path)


@pytest.mark.parametrize(
    "fields",
    [
        {"strokes": "a line"},
        {"strokes": [[[1, 2]]]},
        {"strokes": [[[1, 2, None]]]},
        {"strokes": [[[1e9, 2, 3]]]},
        {"strokes": [[[float("nan"), 2, 3]]]},
        {"strokes": [[]] * (MAX_STROKES + 1)},
        {"strokes": [[[1, 2, 3]] * (MAX_POINTS + 1)]},
        {"label": 7.9},
        {"label": "7"},
        {"label": True},
        {"writer": ["ana"]},
        {"writer": "\ud800"},
        {"writer": "x" * 1001},
        {"id": 5},
        {"created": "9999-12-31T23:59:59-23:59"},
        {"image": PIXELS},
    ],
    ids=lambda fields: str(fields)[:50],
)
def test_rejects_a_row_that_the_api_would_not_store(reviewer, tmp_path, fields):
    with pytest.raises(CommandError, match=r"line 1|image of"):
        import_line(tmp_path, json.dumps(VALID | fields))
    assert not Submission.objects.exists()


@pytest.mark.parametrize("year", ["0001", "1899", "3000", "9999"])
def test_rejects_a_year_in_which_nobody_drew(reviewer, tmp_path, year):
    line = json.dumps(VALID | {"created": f"{year}-12-31T23:59:59+00:00"})
    with pytest.raises(CommandError, match=r"line 1.* between 1900 and 2999"):
        import_line(tmp_path, line)
    assert not Submission.objects.exists()


def test_accepts_valid_strokes(reviewer, tmp_path):
    import_line(tmp_path, json.dumps(VALID | {"strokes": [[[1, 2.5, 3]], []], "writer": "ana"}))
    assert Submission.objects.get().strokes == [[[1, 2.5, 3]], []]


CSV_HEADER = ",".join(["label", *(f"pixel{n}" for n in range(784))])
TWO_LINES = {
    "csv": [CSV_HEADER, ",".join(["3", *["0"] * 784])],
    "ndjson": [json.dumps(VALID), json.dumps(VALID | {"label": 4})],
}


@pytest.mark.parametrize("name", TWO_LINES)
@pytest.mark.parametrize("end", ["\n", "\n\n", "\r\n \r\n\r\n"])
def test_skips_blank_lines_at_the_end(tmp_path, name, end):
    path = tmp_path / "drawings"
    path.write_text("\n".join(TWO_LINES[name]))
    complete = list(FORMATS[name].read(path))
    path.write_bytes(("\n".join(TWO_LINES[name]) + end).encode())
    assert list(FORMATS[name].read(path)) == complete != []


@pytest.mark.parametrize("name", TWO_LINES)
def test_rejects_a_blank_line_between_drawings(tmp_path, name):
    path = tmp_path / "drawings"
    path.write_text("\n\n\n".join(TWO_LINES[name]))
    with pytest.raises(DatasetError, match="drawings, line 2 is empty"):
        list(FORMATS[name].read(path))


def test_rejects_deeply_nested_json(reviewer, tmp_path):
    with pytest.raises(CommandError, match="line 1"):
        import_line(tmp_path, "[" * 200_000)


def long_ndjson_line(folder):
    with gzip.open(folder / "drawings.ndjson.gz", "wb", compresslevel=1) as file:
        write_huge(file, b'{"label": 3, "pixels": "', b"A")
    return folder


def long_csv_line(folder):
    header = ",".join(["label", *(f"pixel{n}" for n in range(784))])
    with open(folder / "train.csv", "wb") as file:
        write_huge(file, f"{header}\n".encode(), b"0")
    return folder / "train.csv"


def image_of_false_size(folder):
    """Write a ZIP file that announces 100 bytes for an image of 100 MB."""
    path = folder / "digits.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("train/3/a.png", "w") as member:
            write_huge(member, b"", b"\0")
        size = struct.pack("<I", archive.getinfo("train/3/a.png").file_size)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<I", 100)))
    return path


def image_in_bzip2(folder):
    """Write a ZIP file whose image has 100 MB, in a method that zipfile reads without a limit."""
    path = folder / "digits.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive,
        archive.open("train/3/a.png", "w") as member,
    ):
        write_huge(member, b"", b"\0")
    return folder


def long_array_header(folder):
    with zipfile.ZipFile(folder / "mnist.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("y_train.npy", b"")
        with archive.open("x_train.npy", "w") as member:
            write_huge(member, b"\x93NUMPY\x02\x00" + struct.pack("<I", HUGE), b" ")
    return folder


def write_huge(file, start, byte):
    file.write(start)
    for _ in range(HUGE // 1_000_000):
        file.write(byte * 1_000_000)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("ndjson", long_ndjson_line),
        ("csv", long_csv_line),
        ("png", image_of_false_size),
        ("png", image_in_bzip2),
        ("npz", long_array_header),
    ],
)
def test_huge_member_does_not_fill_the_memory(tmp_path, name, make):
    path = make(tmp_path)
    tracemalloc.start()
    with pytest.raises(DatasetError):
        list(FORMATS[name].read(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.6 * HUGE


def test_large_images_are_imported_in_small_batches(reviewer, monkeypatch):
    monkeypatch.setattr("recognizer.datasets.importer.CHUNK_BYTES", 100_000)
    strokes, ends = [[[1, 2, 3]] * 200], []
    noise = np.random.default_rng(0).integers(0, 256, (5, 784), np.uint8)
    rows = [Row(pixels.tobytes(), 3, strokes=strokes) for pixels in noise]

    def report(counts: ImportCounts):
        ends.append(counts.read)

    load(rows, by=reviewer, report=report)
    assert ends == [2, 4, 5]


def test_large_image_is_stored_with_fewer_pixels(reviewer, tmp_path):
    image = png(Image.effect_noise((512, 512), 90))
    line = json.dumps({**VALID, "image": base64.b64encode(image).decode()})
    import_line(tmp_path, line)
    row = Submission.objects.get()
    assert len(image) > MAX_STORED_BYTES >= len(row.image)
    import_line(tmp_path, line)
    assert Submission.objects.count() == 1


def test_damaged_compression_is_reported(reviewer, tmp_path):
    content = bytearray(gzip.compress(json.dumps(VALID).encode() * 2000))
    content[50] ^= 0xFF
    (tmp_path / "drawings.ndjson.gz").write_bytes(content)
    with pytest.raises(CommandError):
        import_dataset("ndjson", tmp_path)


def test_encrypted_file_is_refused(reviewer, tmp_path):
    path = tmp_path / "digits.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train/3/a.png", b"secret")
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(CommandError, match="not encrypted"):
        import_dataset("png", path)


def write_zip(path, name):
    """Write a ZIP file with a drawing, or with the arrays of a dataset, for the format `name`."""
    with zipfile.ZipFile(path, "w") as archive:
        if name == "png":
            archive.writestr("train/3/a.png", b"not read")
        else:
            for array in ("x_train", "y_train", "x_test", "y_test"):
                archive.writestr(f"{array}.npy", b"not read")


@pytest.mark.parametrize("name", ["png", "npz"])
@pytest.mark.parametrize(
    ("offset", "value"),
    [(6, 99), (8, 1 << 5), (8, 1 << 6)],
    ids=["version 9.9", "patch data", "strong encryption"],
)
def test_unsupported_feature_of_zip_is_refused(reviewer, tmp_path, name, offset, value):
    path = tmp_path / "data.zip"
    write_zip(path, name)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + offset] |= value
    path.write_bytes(content)
    with pytest.raises(CommandError, match=r"is not a valid NPZ file|is not a ZIP file"):
        import_dataset(name, path)


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': " + 3 * b"'",
        b" {'descr': 1\n  , 2",
        b"if 1:\n2",
        b"{1: 2, 'a': 3}",
        b"{[]: 1}",
        b"{'descr': [()], 'fortran_order': False, 'shape': (1,)}",
        b"{'descr': (), 'fortran_order': False, 'shape': (1,)}",
        b"{'descr': {}, 'fortran_order': False, 'shape': (1,)}",
        b"{'descr': '|u9', 'fortran_order': False, 'shape': (1,)}",
        b"(" * 9000,
        b"-" * 9000 + b"1",
        b"1+" * 4000 + b"1",
        b"\0",
        b"\xff",
    ],
    ids=lambda header: repr(header[:30]),
)
def test_hostile_array_header_is_refused(reviewer, tmp_path, header):
    path = tmp_path / "mnist.npz"
    with zipfile.ZipFile(path, "w") as archive:
        start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
        for array in ("x_train", "y_train"):
            archive.writestr(f"{array}.npy", start + header)
    with pytest.raises(CommandError, match=r"is not valid|must contain|not a valid NPZ"):
        import_dataset("npz", path)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("npz", ""),
        ("npz", "mnist.npz"),
        ("csv", ""),
        ("csv", "train.csv"),
        ("png", ""),
        ("png", "digits.zip"),
        ("ndjson", ""),
        ("ndjson", "drawings.ndjson.gz"),
        ("idx", ""),
    ],
)
def test_pipe_is_refused(reviewer, tmp_path, name, path):
    for file in ("mnist.npz", "train.csv", "digits.zip", "drawings.ndjson.gz", IMAGES["train"]):
        os.mkfifo(tmp_path / file)
    with pytest.raises(CommandError, match="is not a regular file"):
        import_dataset(name, tmp_path / path)
