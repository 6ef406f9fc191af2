"""Imports, exports and training runs keep evaluation drawings out of the training data."""

import json
import uuid

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from ml.data import mnist, mnist_evaluation
from ml.preprocessing.normalize import normalize
from recognizer.datasets import Row
from recognizer.datasets.formats import FORMATS
from recognizer.models import Label, Submission
from recognizer.serving import model_registry
from recognizer.training.training_data import select
from tests.commands.test_datasets import NAMES, export, load
from tests.support.factories import approved_submissions, create_version, learn, png

pytestmark = pytest.mark.database


@pytest.mark.parametrize("name", NAMES)
def test_test_split_is_only_for_evaluation(tmp_path, capsys, reviewer, name):
    ink = np.random.default_rng(0).integers(0, 256, (10, 28, 28), np.uint8)
    with FORMATS[name].Writer(tmp_path) as writer:
        for i, image in enumerate(ink):
            split = "test" if i < 4 else "train"
            writer.write(Row(image.tobytes(), i, split, uuid.uuid4(), writer=f"person {i}"))
    assert load(name, tmp_path, capsys)["for_evaluation"] == 4
    rows = Submission.objects.filter(for_evaluation=True)
    assert sorted(row.label for row in rows) == [0, 1, 2, 3]
    Submission.objects.update(label_confirmed=True)  # The base predicts no digit for noise.
    selection = select(include_pending=False)
    assert not {row.id for row in selection.training} & {row.pk for row in rows}
    assert {row.pk for row in rows} <= {row.id for row in selection.held_out}


def test_drawing_in_both_splits_is_only_for_evaluation(tmp_path, capsys, reviewer):
    image = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8).tobytes()
    for number, splits in enumerate((["train", "train"], ["test", "train"])):
        folder = tmp_path / str(number)
        folder.mkdir()
        with FORMATS["npz"].Writer(folder) as writer:
            for split in splits:
                writer.write(Row(image, 7, split))
    counts = load("npz", tmp_path / "0", capsys)
    assert (counts["read"], counts["stored"], counts["for_evaluation"]) == (2, 1, 0)
    counts = load("npz", tmp_path / "1", capsys)
    assert (counts["stored"], counts["existing"]) == (0, 2)
    assert Submission.objects.get().for_evaluation
    assert select(include_pending=False).training == []


@pytest.mark.parametrize("files", [["train test"], ["test train"], ["train", "test"]])
def test_drawing_in_both_splits_with_two_ids_is_only_for_evaluation(
    tmp_path, capsys, reviewer, files
):
    image = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8).tobytes()
    for number, splits in enumerate(files):
        folder = tmp_path / str(number)
        folder.mkdir()
        with FORMATS["ndjson"].Writer(folder) as writer:
            for split in splits.split():
                writer.write(Row(image, 7, split, uuid.uuid4(), writer="ana"))
        counts = load("ndjson", folder, capsys)
    assert counts["for_evaluation"] == (len(files) == 1)
    assert Submission.objects.get().for_evaluation
    assert select(include_pending=False).training == []


def test_drawing_in_both_splits_of_two_formats_is_only_for_evaluation(tmp_path, capsys, reviewer):
    image = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8).tobytes()
    for name, split in (("ndjson", "train"), ("npz", "test")):
        (tmp_path / name).mkdir()
        with FORMATS[name].Writer(tmp_path / name) as writer:
            writer.write(Row(image, 7, split, uuid.uuid4(), writer="ana"))
        load(name, tmp_path / name, capsys)
    assert Submission.objects.get().for_evaluation
    assert select(include_pending=False).training == []


@pytest.mark.parametrize("writers", ["ana ben", "ben ana"])
def test_drawing_in_both_splits_of_two_writers_is_only_for_evaluation(
    tmp_path, capsys, reviewer, writers
):
    image = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8).tobytes()
    with FORMATS["ndjson"].Writer(tmp_path) as file:
        for writer in writers.split():
            split = "test" if writer == "ana" else "train"
            file.write(Row(image, 7, split, uuid.uuid4(), writer=writer))
    load("ndjson", tmp_path, capsys)
    Submission.objects.update(label_confirmed=True)  # The base predicts no digit for noise.
    selection = select(include_pending=False)
    assert (len(selection.training), len(selection.held_out)) == (0, 1)
    assert selection.counts["duplicates"] == 1


def write_rows(folder, splits, writer="1"):
    """Write an NDJSON dataset by one writer, with one drawing for each split."""
    folder.mkdir()
    seed = len(list(folder.parent.iterdir()))
    ink = np.random.default_rng(seed).integers(0, 256, (len(splits), 28, 28), np.uint8)
    with FORMATS["ndjson"].Writer(folder) as file:
        for image, split in zip(ink, splits, strict=True):
            file.write(Row(image.tobytes(), 7, split, uuid.uuid4(), writer=writer))
    return folder


def owner_count():
    return Submission.objects.values("owner").distinct().count()


def test_writers_of_two_named_datasets_are_different_owners(tmp_path, capsys, reviewer):
    write_rows(tmp_path / "a", ["train"])
    write_rows(tmp_path / "b", ["test"] * 2)
    load("ndjson", tmp_path / "a", capsys, "--dataset=a")
    version = create_version(model_registry.live_version())
    learn(version, *Submission.objects.all())
    counts = load("ndjson", tmp_path / "b", capsys, "--dataset=b")
    assert (counts["for_evaluation"], counts["owner_trained"]) == (2, 0)
    assert owner_count() == 2
    assert len(select(include_pending=False).held_out) == 2


@pytest.mark.parametrize("options", [[], ["--dataset=a"]])
def test_repeated_import_finds_the_owners(tmp_path, capsys, reviewer, options):
    folder = write_rows(tmp_path / "a", ["train"] * 3)
    load("ndjson", folder, capsys, *options)
    Submission.objects.first().delete()
    counts = load("ndjson", folder, capsys, *options)
    assert (counts["stored"], counts["existing"]) == (1, 2)
    assert owner_count() == 1


def test_import_counts_test_drawings_of_owners_of_training_drawings(tmp_path, capsys, reviewer):
    write_rows(tmp_path / "a", ["train"])
    write_rows(tmp_path / "b", ["test"] * 2)
    load("ndjson", tmp_path / "a", capsys)
    learn(create_version(model_registry.live_version()), *Submission.objects.all())
    call_command("import_dataset", "ndjson", str(tmp_path / "b"), "--by=rosa")
    assert "2 of these evaluate no version" in capsys.readouterr().out
    Submission.objects.filter(for_evaluation=True).delete()
    counts = load("ndjson", tmp_path / "b", capsys)
    assert (counts["for_evaluation"], counts["owner_trained"]) == (2, 2)


def test_export_keeps_the_test_split(tmp_path, capsys, reviewer):
    ink = np.random.default_rng(0).integers(0, 256, (4, 28, 28), np.uint8)
    with FORMATS["npz"].Writer(tmp_path) as writer:
        for i, image in enumerate(ink):
            writer.write(Row(image.tobytes(), i, "test"))
    load("npz", tmp_path, capsys)
    assert {row.split for row in export("npz", tmp_path / "out")} == {"test"}


def test_rejects_mnist_evaluation_images(real_mnist, tmp_path, capsys, reviewer):
    whole = mnist.load(real_mnist)
    images = [
        whole.test.images[0],
        normalize(255 - whole.test.images[1]),
        whole.validation.images[0],
        whole.calibration.images[0],
        whole.training.images[0],
    ]
    with FORMATS["npz"].Writer(tmp_path) as writer:
        for image in images:
            writer.write(Row(image.tobytes(), 7))
    counts = load("npz", tmp_path, capsys)
    assert (counts["read"], counts["stored"], counts["rejected"]) == (5, 1, 4)
    call_command("import_dataset", "npz", str(tmp_path), "--by=rosa")
    assert "4 were rejected, because they are MNIST's own" in capsys.readouterr().out


def test_training_leaves_out_uploaded_mnist_evaluation_images(real_mnist, visitor, reviewer):
    image = mnist.load(real_mnist).test.images[1]
    row = visitor.submit_and_get(png(255 - image))
    row.approve(reviewer, Label.TWO)
    selection = select(include_pending=False)
    assert (selection.training, selection.counts["mnist_evaluation"]) == ([], 1)


def test_stored_digests_are_those_of_mnist(real_mnist):
    whole = mnist.load(real_mnist)
    assert np.array_equal(
        mnist_evaluation.compute_digests(whole), np.load(mnist_evaluation.DIGESTS)
    )


def test_exports_the_training_set_of_a_version(reviewer, tmp_path):
    ink = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    row, other, _ = approved_submissions(uuid.uuid4(), ink, [1, 2, 3], image=png(ink[0]))
    version = create_version(model_registry.live_version())
    later = create_version(version)
    learn(version, row, other)
    Submission.objects.filter(pk=row.pk).update(label=Label.NINE)
    learn(later, row)
    rows = export("ndjson", tmp_path / "out", f"--learned-by={version.number}")
    assert {each.id for each in rows} == {row.pk, other.pk}
    assert {each.label for each in rows} == {1, 2}
    assert {each.split for each in rows} == {"train"}
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["learned_by_version"] == version.number


@pytest.mark.parametrize("option", ["--learned-by=9", "--version-number=9"])
def test_refuses_to_export_the_drawings_of_an_unknown_version(reviewer, tmp_path, option):
    with pytest.raises(CommandError, match="There is no version 9"):
        export("npz", tmp_path / "out", option)
    assert not (tmp_path / "out").exists()
