"""Settings of gunicorn: WEB_CONCURRENCY processes with four threads each."""

import os
from pathlib import Path

from digitsite import request_logging

bind = f"{os.environ.get('BIND') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
# The control socket is not needed, and two sites of the same user would share it.
control_socket_disable = True
worker_class = "gthread"
threads = 4
limit_request_line = 8190  # bytes, the largest value that gunicorn allows
# Each worker updates a heartbeat file. In memory, this never waits for a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# Django configures the logging of the workers. This configures the logging of gunicorn itself.
if os.environ.get("LOG_FORMAT") == "json":
    servers = {"gunicorn.error": {"level": "INFO", "propagate": True}}
    logconfig_dict = request_logging.logging_config("json") | {"loggers": servers}

# Each process writes its metrics to files in this folder, and /metrics/ adds them up. Each port has
# its own folder, so that two servers do not mix their metrics.
DATA_DIR = Path(os.environ.get("DATA_DIR") or Path(__file__).parent / "var").resolve()
METRICS_DIR = DATA_DIR / "metrics" / (os.environ.get("PORT") or "8000")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)


def on_starting(server):
    """Delete the metrics files of the previous start.

    gunicorn does not call this at a reload, when old workers may still write to their files.
    """
    METRICS_DIR.mkdir(parents=True, exist_ok=True)
    for file in METRICS_DIR.glob("*.db"):
        file.unlink()
