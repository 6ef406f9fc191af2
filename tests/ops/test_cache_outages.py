"""A cache that is damaged, gone, locked or full makes no request fail, and recovers by itself."""

import os
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from django.core.cache import cache, caches

from digitsite import memory_fallback, sqlite_cache, stores
from digitsite.memory_fallback import MemoryFallback


@pytest.fixture(autouse=True)
def _short_retry(monkeypatch):
    monkeypatch.setattr(memory_fallback, "RETRY_SECONDS", 0.1)


@pytest.fixture
def file(settings, tmp_path):
    """Return a cache file that no other test uses, because the tests damage it."""
    if os.environ.get("CACHE_URL"):
        pytest.skip("needs the SQLite cache")
    settings.CACHES = {"default": stores.cache("CACHE_URL", kept_in=tmp_path)}
    cache.set("before", 1)
    return settings.CACHES["default"]["LOCATION"]


def overwrite(path, start=0, end=None):
    size = path.stat().st_size
    with open(path, "r+b") as damaged:
        damaged.seek(start)
        damaged.write(os.urandom((size if end is None else min(end, size)) - start))


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def checkpoint(path):
    """Copy the log to the database file, so that damage to the file matters."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize(
    "damage",
    [
        overwrite,
        lambda path: overwrite(path, end=100),
        lambda path: overwrite(path, start=4096),
        truncate,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"not a database"),
        lambda path: path.unlink(),
    ],
    ids=["all", "header", "tables", "half", "empty", "text", "deleted"],
)
@pytest.mark.parametrize("is_open", [True, False], ids=["while open", "before the start"])
def test_replaces_damaged_file(file, damage, is_open):
    for number in range(200):
        cache.set(f"key{number}", "x" * 100)
    checkpoint(file)
    if not is_open:
        caches["default"]._disconnect()
    damage(file)
    for _ in range(2):
        cache.increment_many({"hits": 1}, 60)
    assert cache.get("hits") == 2
    assert cache.has_failed is False
    assert in_another_thread(lambda: cache.get("hits")) == 2
    cache.check_store()


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_survives_damaged_log(file, suffix):
    del caches["default"]
    path = file.with_name(file.name + suffix)
    path.write_bytes(os.urandom(40_000))
    assert cache.increment_many({"hits": 1}, 60) == {"hits": 1}
    cache.check_store()


def test_threads_that_find_the_damage_share_one_new_file(file):
    ready = threading.Barrier(8)

    def count():
        cache.get("before")  # opens the file
        ready.wait()
        ready.wait()
        for _ in range(20):
            cache.increment_many({"hits": 1}, 60)

    threads = [threading.Thread(target=count) for _ in range(7)]
    for thread in threads:
        thread.start()
    ready.wait()
    checkpoint(file)
    overwrite(file)
    ready.wait()
    for thread in threads:
        thread.join()
    # The first thread may have counted before another one found the damage.
    assert 100 <= cache.get("hits") <= 140


def test_counts_in_memory_while_the_file_is_locked(file, monkeypatch):
    monkeypatch.setattr(sqlite_cache, "LOCK_TIMEOUT", 0.1)
    caches["default"]._disconnect()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        counts = [cache.increment_many({"hits": 1}, 60)["hits"] for _ in range(3)]
        assert counts == [1, 2, 3]
        assert cache.has_failed is True
        other.execute("ROLLBACK")
    time.sleep(0.2)
    cache.set("b", 2)
    assert cache.has_failed is False
    assert cache.get("hits") is None
    cache.check_store()


def test_count_that_began_in_memory_survives_the_recovery(file, settings, tmp_path):
    folder = tmp_path / "later"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": folder / "cache"}}
    cache.add("hits", 5)
    folder.mkdir()
    time.sleep(0.2)
    assert cache.incr("hits") == 6
    with pytest.raises(ValueError, match="not found"):
        cache.incr("hits")


def in_another_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


@pytest.fixture(autouse=True)
def _works_again():
    yield
    for backend in MemoryFallback.__subclasses__():
        backend._retry_at = None
        caches["default"]._memory.clear()
