"""A pytest plugin that gives each xdist worker its own Redis database.

pytest-django already gives each worker its own PostgreSQL database. This module is loaded with
`-p`, because it must change the environment before Django reads its settings.
"""

import os
import re

worker = re.fullmatch(r"gw(\d+)", os.environ.get("PYTEST_XDIST_WORKER", ""))
redis = re.fullmatch(r"(redis://.+/)(\d+)", os.environ.get("CACHE_URL", ""))
if worker and redis:
    os.environ["CACHE_URL"] = f"{redis[1]}{int(redis[2]) - int(worker[1])}"
