"""manage.py export_dataset and import_dataset: what goes out comes back the same."""

import csv as csv_module
import gzip
import hashlib
import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from kit import Visitor, drawing

from ml.decode import decode
from recognizer.corrections import collect
from recognizer.datasets import Row
from recognizer.datasets.exporting import FORMATS
from recognizer.models import Answer, Submission

NAMES = list(FORMATS)


@pytest.fixture
def approved(reviewer):
    """Twelve approved drawings of six people, one of them no digit; one more is pending."""
    for person in range(6):
        visitor = Visitor()
        for seed in range(2):
            row = visitor.submitted(
                drawing(person, 10 * person + seed), strokes=f"[[[{person}, {seed}, 0]]]"
            )
            row.approve(reviewer, Answer(person))
    row.approve(reviewer, Answer.NOT_A_DIGIT)
    Visitor().submitted(drawing(9), digit=9)
    return Submission.objects.filter(review="approved")


def export(name, folder, *more):
    call_command("export_dataset", name, str(folder), "--by=rosa", *more)
    return list(FORMATS[name].read(folder))


def load(name, path, capsys):
    capsys.readouterr()
    call_command("import_dataset", name, str(path), "--by=rosa", "--json")
    return json.loads(capsys.readouterr().out)


def same(rows):
    """What every format keeps."""
    return sorted((row.pixels, row.label) for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_an_export_read_back_gives_the_same_rows(approved, tmp_path, name):
    rows = export(name, tmp_path / "out", *(f"--label={n}" for n in range(10)), "--label=null")
    stored = [(bytes(row.pixels), row.label) for row in approved]
    assert same(rows) == sorted(stored)
    assert any(row.label == 10 for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_an_import_gives_the_same_labels(approved, tmp_path, capsys, name):
    before = same(export(name, tmp_path / "out"))
    Submission.objects.all().delete()
    assert load(name, tmp_path / "out", capsys) == {"read": 11, "stored": 11, "known": 0}
    rows = Submission.objects.all()
    assert sorted((bytes(row.pixels), row.label) for row in rows) == before
    assert {(row.review, row.source, row.reviewed_by.username) for row in rows} == {
        ("approved", "import", "rosa")
    }
    assert all(row.predicted_digit is not None and row.confidence > 0 for row in rows)
    assert collect(include_pending=False).learned
    assert load(name, tmp_path / "out", capsys) == {"read": 11, "stored": 0, "known": 11}


def test_ndjson_keeps_everything(approved, tmp_path, capsys):
    kept = ("id", "created", "image", "image_sha256", "pixels", "strokes", "label")
    before = list(approved.exclude(label=10).order_by("id").values_list(*kept))
    by_owner = {row.owner for row in approved.exclude(label=10)}
    rows = export("ndjson", tmp_path / "out")
    assert len({row.writer for row in rows}) == len(by_owner)
    assert not any(str(owner) in str(rows) for owner in by_owner)
    Submission.objects.all().delete()
    load("ndjson", tmp_path / "out", capsys)
    after = list(Submission.objects.order_by("id").values_list(*kept))
    assert [tuple(map(str, row)) for row in after] == [tuple(map(str, row)) for row in before]
    assert len(set(Submission.objects.values_list("owner", flat=True))) == len(by_owner)


def test_what_is_there_stays_as_it_is(approved, tmp_path, capsys, reviewer):
    export("ndjson", tmp_path / "out")
    row = approved.filter(label=3)[0]
    row.reopen()
    assert load("ndjson", tmp_path / "out", capsys)["stored"] == 0
    row.refresh_from_db()
    assert row.review == "pending"


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ([], {0, 1, 2, 3, 4, 5}),
        (["--label=3"], {3}),
        (["--label=3", "--label=null"], {3, 10}),
        (["--since=2100-01-01"], set()),
        (["--until=2100-01-01"], {0, 1, 2, 3, 4, 5}),
        (["--until=2020-01-01T10:00"], set()),
        (["--version-number=1"], {0, 1, 2, 3, 4, 5}),
        (["--version-number=2"], set()),
    ],
)
def test_by_label_date_and_version(approved, tmp_path, options, labels):
    assert {row.label for row in export("npz", tmp_path / "out", *options)} == labels


def test_nobody_is_in_both_parts(approved, tmp_path):
    parts = {}
    for row in export("ndjson", tmp_path / "out"):
        parts.setdefault(row.writer, set()).add(row.test)
    assert all(len(part) == 1 for part in parts.values())


def test_the_card(approved, tmp_path, capsys):
    export("csv", tmp_path / "out", "--json")
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card == json.loads(capsys.readouterr().out)
    assert card["total"] == 11
    assert sum(sum(part.values()) for part in card["rows"].values()) == 11
    content = (tmp_path / "out" / "train.csv").read_bytes()
    assert card["sha256"]["train.csv"] == hashlib.sha256(content).hexdigest()


def test_the_trail(approved, tmp_path, capsys, reviewer):
    export("csv", tmp_path / "out")
    Submission.objects.all().delete()
    load("csv", tmp_path / "out", capsys)
    sentences = [e.change_message for e in LogEntry.objects.filter(user=reviewer).order_by("pk")]
    assert sentences == ["Exported 11 drawings as csv.", "Imported 11 drawings."]


def test_npz_opens_as_keras_opens_it(approved, tmp_path):
    rows = export("npz", tmp_path / "out")
    with np.load(tmp_path / "out" / "mnist.npz", allow_pickle=False) as file:
        x, y = file["x_train"], file["y_train"]
        assert (x.dtype, x.shape[1:], y.dtype) == (np.uint8, (28, 28), np.uint8)
        assert len(x) + len(file["x_test"]) == len(rows)
        assert x.tobytes() == b"".join(row.pixels for row in rows if not row.test)
        assert y.tolist() == [row.label for row in rows if not row.test]


def test_idx_is_where_and_as_torchvision_reads_it(approved, tmp_path):
    rows = [row for row in export("idx", tmp_path / "out") if not row.test]
    data = (tmp_path / "out/MNIST/raw/train-images-idx3-ubyte").read_bytes()
    assert struct.unpack(">4I", data[:16]) == (0x803, len(rows), 28, 28)
    assert data[16:] == b"".join(row.pixels for row in rows)
    labels = (tmp_path / "out/MNIST/raw/train-labels-idx1-ubyte").read_bytes()
    assert labels[8:] == bytes(row.label for row in rows)


def test_csv_has_the_columns_of_kaggle(approved, tmp_path):
    rows = [row for row in export("csv", tmp_path / "out") if not row.test]
    with (tmp_path / "out" / "train.csv").open(newline="") as file:
        read = list(csv_module.DictReader(file))
    assert list(read[0]) == ["label", *(f"pixel{n}" for n in range(784))]
    assert [int(row["label"]) for row in read] == [row.label for row in rows]
    assert bytes(int(read[0][f"pixel{n}"]) for n in range(784)) == rows[0].pixels


def test_png_pictures_are_the_pixels(approved, tmp_path):
    export("png", tmp_path / "out", "--label=3")
    with zipfile.ZipFile(tmp_path / "out" / "digits-001.zip") as archive:
        (name, *_) = archive.namelist()
        row = approved.get(pk=name.split("/")[-1].removesuffix(".png"))
        assert name.split("/")[1] == "3"
        assert decode(archive.read(name)).tobytes() == bytes(row.pixels)


def test_mnist_itself_can_be_imported(db, reviewer, small_mnist_file, capsys):
    path, _ = small_mnist_file
    counts = load("npz", path, capsys)
    assert counts["read"] == 480
    assert counts["stored"] == Submission.objects.count() > 400
    assert len(set(Submission.objects.values_list("owner", flat=True))) == counts["stored"]


def test_packed_idx_can_be_imported(approved, tmp_path, capsys):
    before = same(export("idx", tmp_path / "out"))
    for file in (tmp_path / "out/MNIST/raw").iterdir():
        (tmp_path / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert same(FORMATS["idx"].read(tmp_path)) == before


@pytest.mark.parametrize(
    ("name", "rows", "limit"),
    [(name, *((1000, 0.6e6) if name == "csv" else (4000, 1.5e6))) for name in NAMES],
)
def test_memory_is_bounded(tmp_path, name, rows, limit, monkeypatch):
    """The pixels alone have 784 bytes in each row."""
    monkeypatch.setattr("recognizer.datasets.png.PER_FILE", 100)
    pixels = np.random.default_rng(0).integers(0, 256, 784 * 10, np.uint8).tobytes()
    tracemalloc.start()
    with FORMATS[name].Writer(tmp_path) as writer:
        for number in range(rows):
            start = 784 * (number % 10)
            writer.write(Row(pixels[start : start + 784], number % 10))
    count = sum(1 for _ in FORMATS[name].read(tmp_path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == rows
    assert peak < limit


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def npz(**arrays):
    def make(path):
        np.savez(path, **arrays)
        return path.with_suffix(".npz")

    return make


IMAGES, LABELS = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
REST = {"x_test": IMAGES, "y_test": LABELS}
HEAD = ",".join(["label", *(f"pixel{n}" for n in range(784))])
BLACK = ",".join(["0"] * 784)


@pytest.mark.parametrize(
    ("name", "make", "complaint"),
    [
        ("npz", lambda path: write(path, b"no zip"), "no such file"),
        ("npz", npz(x_train=IMAGES), "y_train"),
        ("npz", npz(x_train=IMAGES, y_train=LABELS[:1], **REST), "2 images, and 1 labels"),
        ("npz", npz(x_train=IMAGES[:, 1:], y_train=LABELS, **REST), "shape"),
        ("npz", npz(x_train=IMAGES / 2, y_train=LABELS, **REST), "whole numbers"),
        ("npz", npz(x_train=IMAGES, y_train=LABELS + 11, **REST), "0 to 10"),
        ("npz", npz(x_train=np.array([{}]), y_train=LABELS, **REST), "whole numbers"),
        ("csv", lambda path: write(path, b"1,2\n"), "must begin with"),
        ("csv", lambda path: write(path, f"{HEAD}\n1,2\n".encode()), "line 2: .*784 pixels"),
        ("csv", lambda path: write(path, f"{HEAD}\n5,{BLACK[:-1]}256\n".encode()), "line 2"),
        ("csv", lambda path: write(path, f"{HEAD}\n11,{BLACK}\n".encode()), "line 2: .*0 to 10"),
        ("csv", lambda path: write(path, f"{HEAD}\n5,{BLACK}\nx\n".encode()), "line 3"),
        ("png", lambda path: write(path, b"no zip"), "no ZIP"),
        ("ndjson", lambda path: write(path, b"{"), "line 1"),
        ("ndjson", lambda path: write(path, b"[]\n"), "line 1"),
        ("ndjson", lambda path: write(path, b'{"label": 3, "pixels": "AAAA"}'), "line 1.*784"),
        ("idx", lambda path: path, "No such file"),
    ],
)
def test_what_is_no_data_set(reviewer, tmp_path, name, make, complaint):
    path = make(tmp_path / "given")
    with pytest.raises(CommandError, match=f"(?s){complaint}"):
        call_command("import_dataset", name, str(path), "--by=rosa")
    assert not Submission.objects.filter(label=11).exists()


def test_a_set_that_ends_too_soon(approved, tmp_path):
    export("idx", tmp_path / "out")
    for file in (tmp_path / "out/MNIST/raw").glob("*images*"):
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CommandError, match="end at number"):
        call_command("import_dataset", "idx", str(tmp_path / "out"), "--by=rosa")


def test_a_folder_that_is_there(approved, tmp_path):
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_dataset", "csv", str(tmp_path), "--by=rosa")


def test_nothing_is_left_of_an_export_that_fails(approved, tmp_path, monkeypatch):
    monkeypatch.setattr(FORMATS["csv"].Writer, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("export_dataset", "csv", str(tmp_path / "out"), "--by=rosa")
    assert list(tmp_path.glob("*out*")) == []


@pytest.mark.parametrize("option", ["--label=x", "--label=10", "--since=soon", "--by=nobody"])
def test_wrong_options(reviewer, tmp_path, option):
    with pytest.raises(CommandError):
        call_command("export_dataset", "csv", str(tmp_path / "out"), "--by=rosa", option)
    assert not (tmp_path / "out").exists()
