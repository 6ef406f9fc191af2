"""The examples of docs/datasets.md load an exported dataset."""

import importlib.util
import re
import subprocess
import sys

import pytest
from django.core.management import call_command

from recognizer.models import Label
from tests.support.factories import Visitor, drawing_png
from tests.support.live_site import ROOT

TEXT = (ROOT / "docs" / "datasets.md").read_text()
EXAMPLES = re.findall(r"Format `(\w+)`.*?```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_example_runs(reviewer, tmp_path, name, example):
    for module in re.findall(r"^(?:import|from) (\w+)", example, re.MULTILINE):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"needs {module}")
    for digit in range(4):
        Visitor().submit_and_get(drawing_png(digit)).approve(reviewer, Label(digit))
    call_command("export_dataset", name, str(tmp_path / "dataset"), "--by=rosa")
    command = [sys.executable, "-W", "error::FutureWarning", "-c", example]
    completed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr


def test_there_is_an_example_for_each_library():
    modules = {each for _, example in EXAMPLES for each in re.findall(r"import (\w+)", example)}
    assert {"numpy", "pandas", "keras", "MNIST"} <= modules
