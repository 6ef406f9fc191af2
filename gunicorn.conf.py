"""The production server: threads in one process; WEB_CONCURRENCY asks for more processes."""

import os
from pathlib import Path

from digitsite import logs

bind = f"{os.environ.get('BIND') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
# Nobody steers it from outside, and two sites of one user would share the socket.
control_socket_disable = True
worker_class = "gthread"
threads = 4
limit_request_line = 8190  # bytes: the longest that it can be asked for
# A worker's heartbeat file must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# Django writes the workers' lines, and refuses what is no format; these are the server's own.
if os.environ.get("LOG_FORMAT") == "json":
    servers = {"gunicorn.error": {"level": "INFO", "propagate": True}}
    logconfig_dict = logs.config("json") | {"loggers": servers}

# The processes count into files here, and whichever is asked for /metrics/ adds them up. A folder
# for each port: what one server counts is not another's.
DATA_DIR = Path(os.environ.get("DATA_DIR") or Path(__file__).parent / "var").resolve()
COUNTED = DATA_DIR / "metrics" / (os.environ.get("PORT") or "8000")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(COUNTED)


def on_starting(server):
    """Nothing is left of the last start; not at a reload, when old workers still count."""
    COUNTED.mkdir(parents=True, exist_ok=True)
    for file in COUNTED.glob("*.db"):
        file.unlink()
