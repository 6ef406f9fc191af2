"""manage.py export_dataset and import_dataset: an import restores the exported rows."""

import csv
import gzip
import hashlib
import json
import struct
import zipfile

import numpy as np
import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command

from ml.preprocessing.decode import decode
from recognizer.datasets import Row
from recognizer.datasets.formats import FORMATS
from recognizer.management.commands import import_dataset
from recognizer.models import Label, Submission
from recognizer.review import queue
from recognizer.serving import model_registry
from recognizer.serving.stored_pixels import to_png
from recognizer.training.training_data import select
from tests.support.factories import Visitor, corrupt, create_version, drawing_png

pytestmark = pytest.mark.database

NAMES = list(FORMATS)


@pytest.fixture
def approved(reviewer):
    """Return twelve approved drawings by six people. Eleven are digits, and one is not a digit.

    Another drawing is still pending.
    """
    for person in range(6):
        visitor = Visitor()
        for seed in range(2):
            row = visitor.submit_and_get(
                drawing_png(person, 10 * person + seed), strokes=f"[[[{person}, {seed}, 0]]]"
            )
            row.approve(reviewer, Label(person))
    row.approve(reviewer, Label.NOT_A_DIGIT)
    Visitor().submit_and_get(drawing_png(9), digit=9)
    return Submission.objects.filter(review="approved")


def export(name, folder, *options):
    """Export in the format `name`. Return the rows that were written."""
    call_command("export_dataset", name, str(folder), "--by=rosa", *options)
    return list(FORMATS[name].read(folder))


def load(name, path, capsys, *options):
    """Import a dataset in the format `name`. Return the counts that the command prints."""
    capsys.readouterr()
    call_command("import_dataset", name, str(path), "--by=rosa", "--json", *options)
    return json.loads(capsys.readouterr().out)


def pixels_and_labels(rows):
    """Return the pixels and the labels, sorted. Every format stores both."""
    return sorted((row.pixels, row.label) for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_export_contains_the_approved_rows(approved, tmp_path, name):
    rows = export(name, tmp_path / "out", *(f"--label={n}" for n in range(10)), "--label=null")
    stored = [(bytes(row.pixels), row.label) for row in approved]
    assert pixels_and_labels(rows) == sorted(stored)
    assert any(row.label == 10 for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_import_restores_the_labels_and_can_be_repeated(approved, tmp_path, capsys, name):
    before = pixels_and_labels(export(name, tmp_path / "out"))
    Submission.objects.all().delete()
    counts = load(name, tmp_path / "out", capsys)
    assert (counts["read"], counts["stored"], counts["existing"]) == (11, 11, 0)
    rows = Submission.objects.all()
    assert sorted((bytes(row.pixels), row.label) for row in rows) == before
    assert {(row.review, row.source, row.reviewed_by.username) for row in rows} == {
        ("approved", "import", "rosa")
    }
    assert all(row.predicted_digit is not None and row.confidence > 0 for row in rows)
    assert select(include_pending=False).training
    counts = load(name, tmp_path / "out", capsys)
    assert (counts["read"], counts["stored"], counts["existing"]) == (11, 0, 11)


def test_ndjson_stores_all_data(approved, tmp_path, capsys):
    fields = ("id", "created", "image", "image_sha256", "pixels", "strokes", "label")
    before = list(approved.exclude(label=10).order_by("id").values_list(*fields))
    owners = {row.owner for row in approved.exclude(label=10)}
    rows = export("ndjson", tmp_path / "out")
    assert len({row.writer for row in rows}) == len(owners)
    assert not any(str(owner) in str(rows) for owner in owners)
    Submission.objects.all().delete()
    load("ndjson", tmp_path / "out", capsys)
    after = list(Submission.objects.order_by("id").values_list(*fields))
    assert [tuple(map(str, row)) for row in after] == [tuple(map(str, row)) for row in before]
    assert len(set(Submission.objects.values_list("owner", flat=True))) == len(owners)


def test_import_does_not_change_existing_submissions(approved, tmp_path, capsys, reviewer):
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
def test_selects_by_label_date_and_version(approved, tmp_path, options, labels):
    create_version(model_registry.live_version())
    assert {row.label for row in export("npz", tmp_path / "out", *options)} == labels


def test_no_writer_is_in_both_splits(approved, tmp_path):
    splits = {}
    for row in export("ndjson", tmp_path / "out"):
        splits.setdefault(row.writer, set()).add(row.split)
    assert all(len(found) == 1 for found in splits.values())


def test_card_has_counts_and_checksums(approved, tmp_path, capsys):
    export("csv", tmp_path / "out", "--json")
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card == json.loads(capsys.readouterr().out)
    assert card["total"] == 11
    assert sum(sum(counts.values()) for counts in card["rows"].values()) == 11
    content = (tmp_path / "out" / "train.csv").read_bytes()
    assert card["sha256"]["train.csv"] == hashlib.sha256(content).hexdigest()


def test_records_exports_and_imports(approved, tmp_path, capsys, reviewer):
    export("csv", tmp_path / "out")
    Submission.objects.all().delete()
    load("csv", tmp_path / "out", capsys)
    messages = [e.change_message for e in LogEntry.objects.filter(user=reviewer).order_by("pk")]
    assert messages == ["Exported 11 drawings as csv.", "Imported 11 drawings."]


def test_npz_has_the_arrays_that_keras_expects(approved, tmp_path):
    rows = export("npz", tmp_path / "out")
    with np.load(tmp_path / "out" / "mnist.npz", allow_pickle=False) as file:
        x, y = file["x_train"], file["y_train"]
        assert (x.dtype, x.shape[1:], y.dtype) == (np.uint8, (28, 28), np.uint8)
        assert len(x) + len(file["x_test"]) == len(rows)
        assert x.tobytes() == b"".join(row.pixels for row in rows if row.split == "train")
        assert y.tolist() == [row.label for row in rows if row.split == "train"]


def test_idx_has_the_files_that_torchvision_expects(approved, tmp_path):
    rows = [row for row in export("idx", tmp_path / "out") if row.split == "train"]
    data = (tmp_path / "out/MNIST/raw/train-images-idx3-ubyte").read_bytes()
    assert struct.unpack(">4I", data[:16]) == (0x803, len(rows), 28, 28)
    assert data[16:] == b"".join(row.pixels for row in rows)
    labels = (tmp_path / "out/MNIST/raw/train-labels-idx1-ubyte").read_bytes()
    assert labels[8:] == bytes(row.label for row in rows)


def test_csv_has_the_columns_of_kaggle(approved, tmp_path):
    rows = [row for row in export("csv", tmp_path / "out") if row.split == "train"]
    with (tmp_path / "out" / "train.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["label", *(f"pixel{n}" for n in range(784))]
    assert [int(row["label"]) for row in lines] == [row.label for row in rows]
    assert bytes(int(lines[0][f"pixel{n}"]) for n in range(784)) == rows[0].pixels


def test_png_images_contain_the_pixels(approved, tmp_path):
    export("png", tmp_path / "out", "--label=3")
    with zipfile.ZipFile(tmp_path / "out" / "digits-001.zip") as archive:
        (name, *_) = archive.namelist()
        row = approved.get(pk=name.split("/")[-1].removesuffix(".png"))
        assert name.split("/")[1] == "3"
        assert decode(archive.read(name)).tobytes() == bytes(row.pixels)


def test_imports_png_images_of_other_programs(reviewer, tmp_path, capsys):
    """The folder 10 means "not a digit", as in the other formats."""
    ink = np.random.default_rng(0).integers(0, 256, (3, 784), np.uint8)
    names = ("train/10/a.png", "train/7/b.PNG", "test/null/c.Png", "7/notes.txt", "other/d.png")
    with zipfile.ZipFile(tmp_path / "drawings.zip", "w") as archive:
        for name, pixels in zip(names, [*ink, *ink[:2]], strict=True):
            archive.writestr(name, to_png(pixels.tobytes()))
    counts = load("png", tmp_path / "drawings.zip", capsys)
    assert (counts["read"], counts["stored"], counts["for_evaluation"]) == (3, 3, 1)
    assert sorted(Submission.objects.values_list("label", flat=True)) == [7, 10, 10]


@pytest.mark.parametrize("name", NAMES)
def test_refuses_to_import_an_empty_dataset(reviewer, tmp_path, name):
    with FORMATS[name].Writer(tmp_path):
        pass
    with pytest.raises(CommandError, match=r"contains no drawing.*Stored 0 of 0 drawings"):
        call_command("import_dataset", name, str(tmp_path), "--by=rosa")


def test_names_the_folders_of_labels_if_png_has_no_drawing(reviewer, tmp_path):
    (tmp_path / "7.png").write_bytes(drawing_png(7))
    with pytest.raises(CommandError, match=r"contains no drawing.*ZIP.* train/7/"):
        call_command("import_dataset", "png", str(tmp_path), "--by=rosa")


def test_imports_mnist(db, reviewer, small_mnist_file, capsys):
    path, _ = small_mnist_file
    counts = load("npz", path, capsys)
    assert counts["read"] == 480
    assert counts["stored"] == Submission.objects.count() > 400
    assert len(set(Submission.objects.values_list("owner", flat=True))) == counts["stored"]


def test_reopened_import_is_predicted_by_a_later_version(db, reviewer, small_mnist_file, capsys):
    load("npz", small_mnist_file[0], capsys)
    imported = Submission.objects.first()
    imported.reopen()
    older, *_ = queue.predicted_by_other_versions(imported.model_version_id + 1)
    assert imported in older


def test_import_reports_its_progress(approved, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(import_dataset, "PROGRESS_ROWS", 4)
    monkeypatch.setattr("recognizer.datasets.importer.CHUNK_SIZE", 5)
    export("ndjson", tmp_path / "out")
    capsys.readouterr()
    call_command("import_dataset", "ndjson", str(tmp_path / "out"), "--by=rosa")
    assert capsys.readouterr().err == "5 drawings ...\n10 drawings ...\n"


def test_imports_compressed_idx(approved, tmp_path, capsys):
    before = pixels_and_labels(export("idx", tmp_path / "out"))
    for file in (tmp_path / "out/MNIST/raw").iterdir():
        (tmp_path / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert pixels_and_labels(FORMATS["idx"].read(tmp_path)) == before


def write(path, content):
    """Write a file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def npz(**arrays):
    """Return a function that writes the arrays to a file and returns its path."""

    def make(path):
        np.savez(path, **arrays)
        return path.with_suffix(".npz")

    return make


IMAGES, LABELS = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
TEST_ARRAYS = {"x_test": IMAGES, "y_test": LABELS}
HEADER = ",".join(["label", *(f"pixel{n}" for n in range(784))])
BLANK = ",".join(["0"] * 784)


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("npz", lambda path: write(path, b"not a zip"), "not a valid NPZ file"),
        ("npz", npz(x_train=IMAGES), "y_train"),
        (
            "npz",
            npz(x_train=IMAGES, y_train=LABELS[:1], **TEST_ARRAYS),
            "2 images, but y_train",
        ),
        ("npz", npz(x_train=IMAGES[:, 1:], y_train=LABELS, **TEST_ARRAYS), "shape"),
        ("npz", npz(x_train=IMAGES / 2, y_train=LABELS, **TEST_ARRAYS), "integers"),
        ("npz", npz(x_train=IMAGES, y_train=LABELS + 11, **TEST_ARRAYS), "0 to 10"),
        ("npz", npz(x_train=np.array([{}]), y_train=LABELS, **TEST_ARRAYS), "integers"),
        ("csv", lambda path: write(path, b"1,2\n"), "must begin with"),
        ("csv", lambda path: write(path, f"{HEADER}\n1,2\n".encode()), "line 2: .*784 pixels"),
        ("csv", lambda path: write(path, f"{HEADER}\n5,{BLANK[:-1]}256\n".encode()), "line 2"),
        ("csv", lambda path: write(path, f"{HEADER}\n11,{BLANK}\n".encode()), "line 2: .*0 to 10"),
        ("csv", lambda path: write(path, f"{HEADER}\n5,{BLANK}\nx\n".encode()), "line 3"),
        ("png", lambda path: write(path, b"not a zip"), "not a ZIP file"),
        ("ndjson", lambda path: write(path, b"{"), "line 1"),
        ("ndjson", lambda path: write(path, b"[]\n"), "line 1"),
        ("ndjson", lambda path: write(path, b'{"label": 3, "pixels": "AAAA"}'), "line 1.*784"),
        ("idx", lambda path: path, "No such file"),
    ],
)
def test_rejects_invalid_datasets(reviewer, tmp_path, name, make, message):
    path = make(tmp_path / "dataset")
    with pytest.raises(CommandError, match=f"(?s){message}"):
        call_command("import_dataset", name, str(path), "--by=rosa")
    assert not Submission.objects.filter(label=11).exists()


def test_import_reports_that_no_version_can_be_loaded(reviewer, tmp_path):
    with FORMATS["npz"].Writer(tmp_path) as writer:
        writer.write(Row(bytes(784), 3))
    corrupt(model_registry.live_version())
    with pytest.raises(CommandError, match=r"^No stored version can be loaded.*models verify$"):
        call_command("import_dataset", "npz", str(tmp_path), "--by=rosa")


def test_rejects_a_truncated_dataset(approved, tmp_path):
    export("idx", tmp_path / "out")
    for file in (tmp_path / "out/MNIST/raw").glob("*images*"):
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CommandError, match="is truncated at row"):
        call_command("import_dataset", "idx", str(tmp_path / "out"), "--by=rosa")


def test_does_not_export_to_an_existing_folder(approved, tmp_path):
    with pytest.raises(CommandError, match="already exists"):
        call_command("export_dataset", "csv", str(tmp_path), "--by=rosa")


def test_failed_export_leaves_no_files(approved, tmp_path, monkeypatch):
    monkeypatch.setattr(FORMATS["csv"].Writer, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("export_dataset", "csv", str(tmp_path / "out"), "--by=rosa")
    assert list(tmp_path.glob("*out*")) == []


@pytest.mark.parametrize(
    "option",
    [
        *("--label=x", "--label=10", "--since=soon", "--by=nobody"),
        "--since=0001-01-01T00:00+14:00",  # in UTC, in the year 0
    ],
)
def test_rejects_invalid_options(reviewer, tmp_path, option):
    with pytest.raises(CommandError):
        call_command("export_dataset", "csv", str(tmp_path / "out"), "--by=rosa", option)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("first", "second"), [("npz", "ndjson"), ("ndjson", "npz"), ("png", "idx")]
)
def test_second_format_of_an_export_adds_nothing(approved, tmp_path, capsys, first, second):
    for name in (first, second):
        export(name, tmp_path / name)
    Submission.objects.all().delete()
    assert load(first, tmp_path / first, capsys)["stored"] == 11
    counts = load(second, tmp_path / second, capsys)
    assert (counts["stored"], counts["existing"]) == (0, 11)
    assert Submission.objects.count() == 11


def test_own_export_adds_nothing(approved, tmp_path, capsys):
    export("npz", tmp_path / "out")
    assert load("npz", tmp_path / "out", capsys)["stored"] == 0


def test_relabelled_import_is_not_stored_again(approved, tmp_path, capsys, reviewer):
    for name in ("npz", "ndjson"):
        export(name, tmp_path / name)
    Submission.objects.all().delete()
    load("npz", tmp_path / "npz", capsys)
    row = Submission.objects.filter(label=3).first()
    row.approve(reviewer, Label.EIGHT)
    assert load("ndjson", tmp_path / "ndjson", capsys)["stored"] == 0
    row.refresh_from_db()
    assert row.label == Label.EIGHT
