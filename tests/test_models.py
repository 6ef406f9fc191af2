"""`manage.py models`: list, show, promote, verify, prune."""

import io
import json
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from kit import ROOT, damage, drawing, new_version

from recognizer import registry
from recognizer.models import Answer, ModelFiles, ModelVersion, State, Submission


@pytest.fixture
def base(db):
    return registry.live_version()


@pytest.fixture
def five(base):
    """Five versions, each made from the one before; the fifth is live."""
    found = [base]
    for _ in range(4):
        found.append(new_version(found[-1]))
        registry.promote(found[-1], by="a test")
    return found


@pytest.fixture
def models(capsys):
    """Runs the command and returns what it printed."""

    def run(*arguments):
        call_command("models", *arguments)
        return capsys.readouterr().out

    return run


def live():
    return registry.live_version().number


def with_files():
    return set(ModelFiles.objects.values_list("version__number", flat=True))


def answering(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_list(five, models):
    new_version(five[-1], state=State.REFUSED)
    lines = models("list").splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["6", "refused"], ["*", "5"]]
    assert [line.startswith("*") for line in lines].count(True) == 1
    score = five[0].score("mnist_test")
    assert f"{100 * score:.2f} %" in lines[1]
    rows = json.loads(models("list", "--json"))
    assert [row["number"] for row in rows] == [6, 5, 4, 3, 2, 1]
    assert [row["number"] for row in rows if row["live"]] == [5]
    assert rows[-1] == {
        "number": 1,
        "state": "retired",
        "live": False,
        "created": five[0].created.isoformat(),
        "corrections": 0,
        "mnist_test": score,
        "has_files": True,
    }


def test_on_an_empty_database_the_base_is_listed(db, models):
    assert "* " in models("list")


def test_show(base, models):
    new_version(base, reason="won 3 and lost 1.")
    text = models("show", "2")
    assert "won 3 and lost 1." in text
    assert base.sha256 in text
    about = json.loads(models("show", "2", "--json"))
    assert (about["number"], about["parent"], about["state"]) == (2, 1, "retired")
    assert about["card"] == base.card
    assert about["has_files"] is True


def test_promote_an_older_one(five, models, monkeypatch):
    monkeypatch.setattr(registry, "FOLLOW_SECONDS", 0)
    assert registry.serving().number == 5
    assert models("promote", "2", "--no-input") == "Version 2 is live instead of version 5.\n"
    assert (live(), registry.serving().number) == (2, 2)
    assert ModelVersion.objects.get(number=5).state == State.RETIRED
    assert models("promote", "2") == "Version 2 is live already.\n"


def test_a_promotion_is_logged(base, models, caplog, django_capture_on_commit_callbacks):
    new_version(base)
    with django_capture_on_commit_callbacks(execute=True):
        models("promote", "2", "--yes")
    assert "version 2 is live instead of version 1, put there by " in caplog.text


def test_it_asks_first(base, models, monkeypatch):
    new_version(base)
    for text in ("no\n", "\n", ""):
        answering(monkeypatch, text)
        with pytest.raises(CommandError, match="nothing was changed"):
            models("promote", "2")
        assert live() == 1
    answering(monkeypatch, "y\n")
    assert "Put version 2 (retired) live instead of version 1? [y/N]" in models("promote", "2")
    assert live() == 2


def test_a_damaged_one_is_not_promoted(base, models):
    damage(new_version(base))
    with pytest.raises(
        CommandError, match=r"Version 2 cannot be put live: .*SHA-256.* Live is version 1"
    ):
        models("promote", "2", "--no-input", "--force")
    assert live() == 1


def test_a_refused_one_only_by_force(base, models):
    new_version(base, state=State.REFUSED, reason="lost 9, won 1.")
    with pytest.raises(CommandError, match=r"Only with --force: .*refused: lost 9, won 1\."):
        models("promote", "2", "--no-input")
    assert live() == 1
    models("promote", "2", "--no-input", "--force")
    assert live() == 2
    assert registry.live_version().reason == "lost 9, won 1. Put live by force."


def test_verify(five, models):
    assert models("verify").splitlines() == [f"version {n}: sound" for n in (5, 4, 3, 2, 1)]
    damage(five[2])
    new_version(five[-1], model=b"rubbish")
    with pytest.raises(CommandError, match="Damaged versions: 2") as error:
        models("verify")
    assert error.value.returncode == 1


def test_verify_tells_deleted_from_damaged(five, models, capsys):
    models("prune", "--keep=1", "--no-input")
    assert "version 2: files deleted" in models("verify")
    ModelFiles.objects.filter(version=five[-1]).delete()
    with pytest.raises(CommandError):
        models("verify")
    assert "version 5: damaged: files deleted" in capsys.readouterr().out


def test_prune_keeps_the_newest_the_live_one_its_parent_and_the_base(five, models):
    new_version(five[-1], state=State.REFUSED)
    registry.promote(five[3], by="a test")
    assert models("prune", "--keep=1", "--no-input") == (
        "Deleted the files of version 5, version 2.\n"
    )
    assert with_files() == {6, 4, 3, 1}
    assert models("prune", "--keep=1", "--no-input") == "There is nothing to delete.\n"
    assert models("list").count("files deleted") == 2


def test_prune_leaves_rows_and_what_refers_to_them(five, visitor, reviewer, models):
    row = visitor.submitted(drawing(7), digit=7)
    row.approve(reviewer, Answer.SEVEN)
    Submission.objects.update(model_version=five[1], learned_in=five[1])
    models("prune", "--keep=1", "--no-input")
    row.refresh_from_db()
    assert (row.model_version, row.learned_in) == (five[1], five[1])
    assert ModelVersion.objects.count() == 5
    assert visitor.get("/api/v1/models/2/").status_code == 200


def test_after_prune_a_damaged_live_version_has_somebody_to_step_in(five, models):
    models("prune", "--keep=1", "--no-input")
    damage(five[4])
    damage(five[3])
    assert registry.serving().number == 1


def test_a_pruned_one_is_not_promoted(five, models):
    models("prune", "--keep=1", "--no-input")
    with pytest.raises(CommandError, match="Version 2 cannot be put live: files deleted"):
        models("promote", "2", "--no-input")
    assert live() == 5


def test_prune_asks_first(five, models, monkeypatch):
    answering(monkeypatch, "n\n")
    with pytest.raises(CommandError, match="nothing was changed"):
        models("prune", "--keep=2")
    assert with_files() == {1, 2, 3, 4, 5}


def test_prune_refuses_while_the_live_version_is_damaged(five, models):
    damage(five[-1])
    with pytest.raises(CommandError, match="The live version is damaged"):
        models("prune", "--keep=1", "--no-input")
    assert with_files() == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("arguments", [["show", "9"], ["promote", "9", "--no-input"]])
def test_no_such_version(base, models, arguments):
    with pytest.raises(CommandError, match="There is no version 9"):
        models(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["show"], ["show", "x"], ["promote", "0"], ["prune"], ["prune", "--keep=0"]],
)
def test_wrong_options(db, models, arguments):
    with pytest.raises(CommandError):
        models(*arguments)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [(["--help"], 0, "exit status"), ([], 2, "subcommand"), (["list"], 1, "manage.py migrate")],
)
def test_exit_status(tmp_path, monkeypatch, arguments, status, says):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    process = subprocess.run(
        [sys.executable, "manage.py", "models", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == status
    assert says in process.stdout + process.stderr
