"""The cache: all processes of a host see the same values and counts."""

import subprocess
import sys
import time

import pytest
from django.core.cache import cache

from tests.support.live_site import ROOT

INCREMENT_500_TIMES = """
import sys
import django
from django.conf import settings

settings.configure(CACHES={"default": eval(sys.argv[1])})
django.setup()
from django.core.cache import cache

for _ in range(500):
    cache.increment_many({"hits": 1, "units": 3}, 60)
"""

CREATE_20_FILES = """
import sys
import time
from pathlib import Path
from django.conf import settings

settings.configure()
from digitsite.sqlite_cache import FileCache

start = float(sys.argv[2])
for number in range(20):
    file = FileCache(Path(sys.argv[1]) / f"{number}.sqlite3", {})
    time.sleep(max(0, start + number / 10 - time.time()))
    file.set("a", 1)
"""


def test_stores_deletes_and_increments_values():
    cache.set("a", {"b": [1, 2.5, None, "ü"]})
    assert cache.get("a") == {"b": [1, 2.5, None, "ü"]}
    assert cache.get("nothing", "else") == "else"
    assert cache.add("a", 1) is False
    assert cache.delete("a") is True
    assert cache.delete("a") is False
    assert cache.add("a", 1) is True
    assert cache.incr("a", 2) == cache.get("a") == 3


def test_expired_values_are_gone():
    cache.set("short", 1, 1)
    cache.set("long", 1, 1)
    assert cache.touch("long", 60) is True
    time.sleep(1.1)
    assert cache.get("short") is None
    assert cache.get("long") == 1
    assert cache.touch("short") is False
    with pytest.raises(ValueError, match="not found"):
        cache.incr("short")
    assert cache.add("short", 5) is True
    assert cache.get("short") == 5


@pytest.mark.database
def test_increments_several_values_at_once():
    assert cache.increment_many({"a": 2, "b": 5}, 60) == {"a": 2, "b": 5}
    assert cache.increment_many({"b": -1, "c": 1}, 60) == {"b": 4, "c": 1}
    assert cache.get_many(["a", "b", "c"]) == {"a": 2, "b": 4, "c": 1}


@pytest.mark.database
def test_increments_keep_the_first_timeout():
    cache.increment_many({"a": 1}, 3)
    cache.increment_many({"a": 1}, 60)
    time.sleep(3.1)
    assert cache.get("a") is None
    assert cache.increment_many({"a": 1}, 60) == {"a": 1}


def test_value_without_a_timeout_stays():
    cache.set("a", 1, None)
    assert cache.get("a") == 1


def test_clear_deletes_all_values():
    cache.set("a", 1)
    cache.clear()
    assert cache.get("a") is None


def test_simultaneous_processes_lose_no_increment(settings):
    config = repr({k: str(v) for k, v in settings.CACHES["default"].items()})
    command = [sys.executable, "-c", INCREMENT_500_TIMES, config]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    assert cache.get_many(["hits", "units"]) == {"hits": 2000, "units": 6000}


def test_processes_may_create_the_file_at_the_same_moment(tmp_path):
    command = [sys.executable, "-c", CREATE_20_FILES, str(tmp_path), str(time.time() + 2)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
