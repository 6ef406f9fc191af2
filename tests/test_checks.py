"""`manage.py check` tells an operator what is wrong, and what to do."""

import pytest
from django.core.checks import run_checks
from kit import damage, delete_files
from site_under_test import Site

from digitsite import env
from recognizer.registry import live_version


def found(**options):
    """{id: message} of our own checks."""
    messages = run_checks(include_deployment_checks=True, **options)
    return {each.id: each for each in messages if each.id.startswith("digitsite.")}


def test_a_sound_site_has_none(db):
    live_version()
    assert found(databases=["default"]) == {}


@pytest.mark.parametrize(("harm", "why"), [(damage, "SHA-256"), (delete_files, "files deleted")])
def test_a_damaged_live_version(db, harm, why):
    harm(live_version())
    (message,) = found(databases=["default"]).values()
    assert message.id == "digitsite.W001"
    assert message.msg.startswith("version 1 is live and damaged: ")
    assert why in message.msg
    assert "manage.py models promote" in message.hint


def test_the_database_is_left_alone_unless_it_is_named(db, django_assert_num_queries):
    damage(live_version())
    with django_assert_num_queries(0):
        assert found() == {}


def test_before_the_first_migration_there_is_nothing_to_say(tmp_path):
    done = Site(tmp_path).manage("check", "--database", "default")
    assert done.returncode == 0, done.stderr


def test_no_database(tmp_path):
    (tmp_path / "digitsite.sqlite3").mkdir()
    # By its tag, because on SQLite some of Django's own checks stumble over it first.
    done = Site(tmp_path).manage("check", "--database", "default", "--tag", "database")
    assert done.returncode == 1
    assert "(digitsite.E001) The database does not answer" in done.stderr
    assert "HINT: Start it, or correct DATABASE_URL" in done.stderr


@pytest.mark.parametrize(
    ("backend", "workers", "ids"),
    [
        ("django.core.cache.backends.locmem.LocMemCache", "2", ["digitsite.E002"]),
        ("django.core.cache.backends.locmem.LocMemCache", "", []),
        ("digitsite.cache.FileCache", "2", []),
    ],
)
def test_several_workers_share_the_cache(settings, tmp_path, monkeypatch, backend, workers, ids):
    monkeypatch.setenv("WEB_CONCURRENCY", workers)
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": tmp_path / "cache"}}
    assert list(found()) == ids


def test_a_cache_that_cannot_count(settings, tmp_path):
    settings.CACHES = {"default": env.cache("CACHE_OF_NOBODY", kept_in=tmp_path / "nowhere")}
    assert list(found()) == ["digitsite.E003"]


def test_no_redis(tmp_path):
    done = Site(tmp_path).manage("check", "--deploy", CACHE_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 1
    assert "(digitsite.E003) The cache does not count requests" in done.stderr


def test_several_hosts_need_a_cache_of_their_own(tmp_path):
    database = "postgres://somebody@127.0.0.1:1/somewhere"
    without = {"CACHE_URL": "", "HTTPS": "on", "DATABASE_URL": database}
    done = Site(tmp_path).manage("check", "--deploy", "--fail-level", "WARNING", **without)
    assert done.returncode == 0, done.stderr
    assert "(digitsite.I001) Each host counts requests alone." in done.stderr
