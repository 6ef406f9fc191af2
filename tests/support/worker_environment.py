"""A pytest plugin: no settings from .env, and a Redis database for each xdist worker.

pytest-django already gives each worker its own PostgreSQL database. This module is loaded with
`-p`, because it must change the environment before Django reads its settings.
"""

import os
import re
from pathlib import Path

from dotenv import dotenv_values

# An empty variable hides the one in .env.
for name in dotenv_values(Path(__file__).parents[2] / ".env"):
    os.environ.setdefault(name, "")

worker = re.fullmatch(r"gw(\d+)", os.environ.get("PYTEST_XDIST_WORKER", ""))
redis = re.fullmatch(r"(redis://.+/)(\d+)", os.environ.get("CACHE_URL", ""))
if worker and redis:
    os.environ["CACHE_URL"] = f"{redis[1]}{int(redis[2]) - int(worker[1])}"
