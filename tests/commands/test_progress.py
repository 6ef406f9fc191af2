"""`retrain` shows a progress bar on a terminal, and a line for each 10 percent elsewhere."""

import io

import pytest
from django.core.management.base import OutputWrapper

from recognizer.management.progress import ProgressDisplay
from recognizer.training.retraining import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def report(share):
    return Progress(epoch=1, epochs=2, share=share, loss=0.5, seconds_left=30)


def test_writes_a_line_for_each_ten_percent(capsys):
    out = io.StringIO()
    with ProgressDisplay(OutputWrapper(out)) as display:
        display.write("Training on 3 drawings")
        for share in (0.1, 0.101, 0.15, 0.2):
            display.update(report(share))
    assert out.getvalue().splitlines() == [
        "Training on 3 drawings",
        " 10%  epoch 1 of 2, loss 0.500, about 30 s left",
        " 20%  epoch 1 of 2, loss 0.500, about 30 s left",
    ]
    assert capsys.readouterr().err == ""


def test_shows_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then treats the captured output as a terminal
    with ProgressDisplay(OutputWrapper(Terminal())) as display:
        display.write("Training on [3] drawings")
        display.update(report(0.5))
    shown = capsys.readouterr().err
    assert "Training on [3] drawings" in shown
    assert "━" in shown
    assert "50%" in shown


def test_removes_the_bar_after_an_error(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(KeyboardInterrupt), ProgressDisplay(OutputWrapper(Terminal())):
        raise KeyboardInterrupt
    assert capsys.readouterr().err.endswith("\x1b[?25h")  # the cursor is visible again
