"""No command prints the messages of TensorFlow and LiteRT, and no other message is lost."""

import os
import subprocess
import sys

import pytest

from ml.native_messages import native_messages_hidden
from tests.support.live_site import ROOT

LINUX = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs Linux")


def run(program):
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )


@LINUX
def test_hides_only_known_messages(capfd):
    with native_messages_hidden():
        os.write(2, b"I0000 00:00:1 port.cc:153] oneDNN\nimportant\nW0000 a hint\nlast")
    assert capfd.readouterr().err == "important\nlast"


@LINUX
def test_shows_messages_before_an_error(capfd):
    def fail():
        os.write(2, b"important\n")
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"), native_messages_hidden():
        fail()
    assert capfd.readouterr().err == "important\n"


@LINUX
@pytest.mark.training
def test_loading_prints_nothing():
    program = "from ml.runtime import load_base; load_base(); from ml.training import trainer"
    assert run(program).stderr == ""
