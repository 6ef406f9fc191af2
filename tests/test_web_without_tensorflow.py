"""A web process is small: it never imports TensorFlow."""

import os
import subprocess
import sys

from kit import ROOT


def test_no_web_process_imports_tensorflow(tmp_path):
    """In a fresh interpreter: load the WSGI application, recognize a drawing, look."""
    code = """
import sys
from django.core.management import call_command
from digitsite.wsgi import application
call_command("migrate", verbosity=0)
from kit import Visitor, drawing
answer = Visitor().submit(drawing(7)).json()
assert answer["digit"] == 7, answer
Visitor().get("/admin/login/")
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"tensorflow", "keras", "jax", "torch"}, loaded
print("clean")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ
        | {
            "DATA_DIR": str(tmp_path),
            "DEBUG": "on",
            "ALLOWED_HOSTS": "testserver",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "clean", done.stderr
