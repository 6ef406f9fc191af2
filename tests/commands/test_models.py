"""`manage.py models`: list, show, promote, verify, prune."""

import io
import json
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recognizer.models import (
    Label,
    ModelFiles,
    ModelVersion,
    Submission,
    VersionState,
    model_version,
)
from recognizer.serving import model_registry
from recognizer.training import candidate_evaluation
from tests.support.factories import corrupt, create_version, drawing_png, learn
from tests.support.live_site import ROOT

pytestmark = pytest.mark.database


@pytest.fixture
def five_versions(base):
    """Return five versions, each the child of the one before. The fifth is live."""
    versions = [base]
    for _ in range(4):
        versions.append(create_version(versions[-1]))
        model_registry.promote(versions[-1], by="a test")
    return versions


@pytest.fixture
def one_reference(monkeypatch):
    """Let the gate compare with the newest version that went live, the live one and the base."""
    monkeypatch.setattr(model_version, "REFERENCE_LIMIT", 1)


@pytest.fixture
def models(capsys):
    """Return a function that runs the command and returns its output."""

    def run(*arguments):
        call_command("models", *arguments)
        return capsys.readouterr().out

    return run


def live_number():
    return model_registry.live_version().number


def numbers_with_files():
    return set(ModelFiles.objects.values_list("version__number", flat=True))


def answer(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_query_count_of_the_list_does_not_grow_with_versions(
    base, models, django_assert_num_queries
):
    with CaptureQueriesContext(connection) as with_one:
        models("list")
    for _ in range(3):
        create_version(base)
    with django_assert_num_queries(len(with_one)):
        assert len(models("list").splitlines()) == 5


def test_list_shows_versions_newest_first(five_versions, models):
    create_version(five_versions[-1], state=VersionState.REJECTED)
    lines = models("list").splitlines()
    assert lines[0].split() == ["number", "state", "created", "(UTC)", "drawings", "MNIST", "test"]
    assert [line.split()[:2] for line in lines[1:3]] == [["6", "rejected"], ["*", "5"]]
    assert [line.startswith("*") for line in lines].count(True) == 1
    score = five_versions[0].score("mnist_test")
    assert f"{100 * score:.2f}%" in lines[1]
    rows = json.loads(models("list", "--json"))
    assert [row["number"] for row in rows] == [6, 5, 4, 3, 2, 1]
    assert [row["number"] for row in rows if row["live"]] == [5]
    assert rows[-1] == {
        "number": 1,
        "state": "retired",
        "live": False,
        "created": five_versions[0].created.isoformat(),
        "drawings": 0,
        "mnist_test": score,
        "has_files": True,
    }


def test_list_shows_the_base_on_an_empty_database(db, models):
    assert "* " in models("list")


def test_show_prints_reason_checksum_and_card(base, models):
    create_version(base, reason="won 3 and lost 1.")
    text = models("show", "2")
    assert "won 3 and lost 1." in text
    assert base.sha256 in text
    values = json.loads(models("show", "2", "--json"))
    assert (values["number"], values["predecessor"], values["state"]) == (2, 1, "retired")
    assert values["card"] == base.card
    assert values["has_files"] is True


def test_promote_makes_an_older_version_live(five_versions, models, monkeypatch):
    monkeypatch.setattr(model_registry, "REFRESH_SECONDS", 0)
    assert model_registry.loaded_version().number == 5
    assert models("promote", "2", "--no-input") == "Version 2 is live. It replaces version 5.\n"
    assert (live_number(), model_registry.loaded_version().number) == (2, 2)
    assert ModelVersion.objects.get(number=5).state == VersionState.RETIRED
    assert models("promote", "2") == "Version 2 is already live.\n"


def test_promotion_is_logged(base, models, caplog, django_capture_on_commit_callbacks):
    create_version(base)
    with django_capture_on_commit_callbacks(execute=True):
        models("promote", "2", "--yes")
    assert "version 2 is live instead of version 1, promoted by " in caplog.text


def test_promote_asks_first(base, models, monkeypatch):
    create_version(base)
    for text in ("no\n", "\n", ""):
        answer(monkeypatch, text)
        with pytest.raises(CommandError, match="Nothing was changed"):
            models("promote", "2")
        assert live_number() == 1
    answer(monkeypatch, "y\n")
    question = "Promote version 2 (retired)? It replaces version 1. [y/N]"
    assert question in models("promote", "2")
    assert live_number() == 2


def test_promote_refuses_a_corrupt_version(base, models):
    corrupt(create_version(base))
    with pytest.raises(
        CommandError,
        match=r"Version 2 cannot be promoted: .*SHA-256.* The live version is version 1",
    ):
        models("promote", "2", "--no-input", "--force")
    assert live_number() == 1


def test_promote_needs_force_for_a_rejected_version(base, models):
    create_version(base, state=VersionState.REJECTED, reason="lost 9, won 1.")
    with pytest.raises(CommandError, match=r"rejected: lost 9, won 1\. .* Use --force"):
        models("promote", "2", "--no-input")
    assert live_number() == 1
    models("promote", "2", "--no-input", "--force")
    assert live_number() == 2
    assert model_registry.live_version().reason == "lost 9, won 1. Promoted by force."


def test_verify_lists_valid_and_corrupt_versions(five_versions, models, capsys):
    assert models("verify").splitlines() == [
        f"version {n}: valid; the training ledger is complete" for n in (5, 4, 3, 2, 1)
    ]
    corrupt(five_versions[2])
    create_version(five_versions[-1], model=b"rubbish")
    with pytest.raises(CommandError, match="Corrupt versions: 2") as error:
        models("verify")
    assert error.value.returncode == 1
    output = capsys.readouterr().out
    assert "version 3: corrupt: " in output
    assert "version 6: corrupt: " in output


def test_verify_accepts_deleted_files_unless_the_version_is_live(
    five_versions, models, one_reference, capsys
):
    models("prune", "--keep=1", "--no-input")
    assert "version 2: files deleted" in models("verify")
    ModelFiles.objects.filter(version=five_versions[-1]).delete()
    with pytest.raises(CommandError):
        models("verify")
    assert "version 5: corrupt: files deleted" in capsys.readouterr().out


def test_prune_keeps_newest_live_parent_base_and_references(five_versions, models, one_reference):
    create_version(five_versions[-1], state=VersionState.REJECTED)
    create_version(five_versions[-1], state=VersionState.REJECTED)
    model_registry.promote(five_versions[3], by="a test")
    assert models("prune", "--keep=1", "--no-input") == (
        "Deleted the files of version 6, version 2.\n"
    )
    assert numbers_with_files() == {7, 5, 4, 3, 1}
    assert models("prune", "--keep=1", "--no-input") == "There is nothing to delete.\n"
    assert models("list").count("files deleted") == 2


def test_prune_keeps_everything_if_it_may_keep_more_than_there_is(five_versions, models):
    assert models("prune", f"--keep={10**20}", "--no-input") == "There is nothing to delete.\n"


def test_prune_does_not_weaken_the_gate(five_versions, models):
    live = five_versions[-1]
    create_version(live, state=VersionState.REJECTED)
    create_version(live, state=VersionState.REJECTED)
    assert compared_with(live) == {1, 2, 3, 4}
    assert models("prune", "--keep=1", "--no-input") == "Deleted the files of version 6.\n"
    assert compared_with(live) == {1, 2, 3, 4}


def test_gate_compares_with_the_base_and_the_newest_versions(five_versions, one_reference):
    assert compared_with(five_versions[-1]) == {1, 4}


def compared_with(live):
    """Return the numbers of the versions with which the gate compares, besides the live one."""
    return {version.number for version in candidate_evaluation._earlier_versions(live)}


def test_prune_keeps_rows_and_their_references(
    five_versions, visitor, reviewer, models, one_reference
):
    row = visitor.submit_and_get(drawing_png(7), digit=7)
    row.approve(reviewer, Label.SEVEN)
    Submission.objects.update(model_version=five_versions[1])
    learn(five_versions[1], row)
    models("prune", "--keep=1", "--no-input")
    row = Submission.objects.get()
    assert (row.model_version, row.learned_in) == (five_versions[1], five_versions[1].number)
    assert ModelVersion.objects.count() == 5
    assert visitor.get("/api/v1/models/2/").status_code == 200


def test_base_replaces_corrupt_versions_after_prune(five_versions, models, one_reference):
    models("prune", "--keep=1", "--no-input")
    corrupt(five_versions[4])
    corrupt(five_versions[3])
    assert model_registry.loaded_version().number == 1


def test_promote_refuses_a_pruned_version(five_versions, models, one_reference):
    models("prune", "--keep=1", "--no-input")
    with pytest.raises(CommandError, match="Version 2 cannot be promoted: files deleted"):
        models("promote", "2", "--no-input")
    assert live_number() == 5


def test_prune_asks_first(five_versions, models, one_reference, monkeypatch):
    answer(monkeypatch, "n\n")
    with pytest.raises(CommandError, match="Nothing was changed"):
        models("prune", "--keep=2")
    assert numbers_with_files() == {1, 2, 3, 4, 5}


def test_says_that_another_process_was_faster(five_versions, models, one_reference, monkeypatch):
    def prune_and_promote(_question):
        model_registry.prune(1, by="a test")
        model_registry.promote(five_versions[3], by="a test")
        return "y"

    monkeypatch.setattr("builtins.input", prune_and_promote)
    assert models("prune", "--keep=1").endswith("There is nothing to delete.\n")
    model_registry.promote(five_versions[4], by="a test")
    assert models("promote", "4").endswith("Version 4 is already live.\n")


def test_prune_refuses_while_the_live_version_is_corrupt(five_versions, models, one_reference):
    corrupt(five_versions[-1])
    with pytest.raises(CommandError, match="The live version is corrupt"):
        models("prune", "--keep=1", "--no-input")
    assert numbers_with_files() == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("arguments", [["show", "9"], ["promote", "9", "--no-input"]])
def test_reports_a_missing_version(base, models, arguments):
    with pytest.raises(CommandError, match="There is no version 9"):
        models(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["show"], ["show", "x"], ["promote", "0"], ["prune"], ["prune", "--keep=0"]],
)
def test_rejects_invalid_options(db, models, arguments):
    with pytest.raises(CommandError):
        models(*arguments)


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [(["--help"], 0, "exit status"), ([], 2, "subcommand"), (["list"], 1, "manage.py migrate")],
)
def test_exit_status_tells_wrong_use_from_failure(tmp_path, monkeypatch, arguments, status, text):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "")
    process = subprocess.run(
        [sys.executable, "manage.py", "models", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == status
    assert text in process.stdout + process.stderr
