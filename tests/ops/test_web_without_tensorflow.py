"""A web process does not import TensorFlow, so that it stays small."""

import os
import subprocess
import sys

from tests.support.live_site import ROOT

PROGRAM = """
import sys
from django.core.management import call_command
from digitsite.wsgi import application
call_command("migrate", verbosity=0)
from tests.support.factories import Visitor, drawing_png
response = Visitor().submit(drawing_png(7)).json()
assert response["digit"] == 7, response
Visitor().get("/admin/login/")
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"tensorflow", "keras", "jax", "torch"}, loaded
print("no TensorFlow")
"""


def test_web_process_does_not_import_tensorflow(tmp_path):
    environment = {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "",
        "DEBUG": "on",
        "ALLOWED_HOSTS": "testserver",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "no TensorFlow", done.stderr
