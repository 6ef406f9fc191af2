"""The messages of commands name the value or the path that the operator gave."""

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", ["abc", "0", "-1", "1.5"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["models", "show"], "number"),
        (["retrain", "--by=rosa"], "--epochs"),
        (["prune_submissions", "--by=rosa"], "--older-than"),
    ],
)
def test_says_that_a_number_must_be_whole_and_from_1(command, option, number):
    value = [f"{option}={number}"] if option.startswith("--") else ["--", number]
    with pytest.raises(CommandError) as error:
        call_command(*command, *value)
    assert str(error.value) == f"Error: argument {option}: must be a whole number from 1"


def test_says_which_seeds_are_allowed():
    with pytest.raises(CommandError, match="must be a whole number from 0 to 4294967295"):
        call_command("retrain", "--seed=x")


@pytest.mark.parametrize(
    ("command", "end"),
    [
        (["backup"], "Nothing was written."),
        (["restore"], "Nothing was restored."),
        (["import_dataset", "npz"], "Stored 0 of 0 drawings. 0 were already stored."),
        (["export_dataset", "idx"], "Nothing was written."),
    ],
)
def test_names_a_path_that_does_not_exist(tmp_path, reviewer, command, end):
    path = tmp_path / "missing" / "name"
    by = [f"--by={reviewer.username}"] if "dataset" in command[0] else []
    with pytest.raises(CommandError) as error:
        call_command(*command, str(path), *by)
    assert str(error.value) == f"{path}: No such file or directory. {end}"


@pytest.mark.parametrize("until", ["2026-11-01", "2026-11-30"])
def test_refuses_to_export_a_reversed_or_empty_range(tmp_path, reviewer, until):
    folder = tmp_path / "export"
    with pytest.raises(CommandError, match="--since must be earlier than --until"):
        call_command(
            *("export_dataset", "idx", str(folder), f"--by={reviewer.username}"),
            *("--since=2026-11-30", f"--until={until}"),
        )
    assert not folder.exists()
