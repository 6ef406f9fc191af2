"""`manage.py check` reports problems of the configuration, with a hint."""

import pytest
from django.core.checks import run_checks

from digitsite import stores
from recognizer.serving.model_registry import live_version
from tests.support.factories import corrupt, prune_files
from tests.support.live_site import Site
from tests.support.postgres import on_postgresql


def our_messages(**options):
    """Return {id: message} of the checks of recognizer/ops/checks.py."""
    messages = run_checks(include_deployment_checks=True, **options)
    return {each.id: each for each in messages if each.id.startswith("digitsite.")}


def test_valid_site_has_no_messages(db, settings):
    settings.HTTPS = True
    live_version()
    assert our_messages(databases=["default"]) == {}


@pytest.mark.parametrize(
    ("break_version", "reason"), [(corrupt, "SHA-256"), (prune_files, "files deleted")]
)
def test_warns_about_corrupt_live_version(db, settings, break_version, reason):
    break_version(live_version())
    settings.HTTPS = True
    (message,) = our_messages(databases=["default"]).values()
    assert message.id == "digitsite.W001"
    assert message.msg.startswith("version 1 is live and corrupt: ")
    assert reason in message.msg
    assert "manage.py models promote" in message.hint


def test_does_not_query_a_database_that_is_not_named(db, settings, django_assert_num_queries):
    settings.HTTPS = True
    corrupt(live_version())
    with django_assert_num_queries(0):
        assert our_messages() == {}


def test_passes_before_the_first_migration(tmp_path):
    done = Site(tmp_path, DATABASE_URL="").manage("check", "--database", "default")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_warns_about_database_that_cannot_store_all_text(tmp_path):
    with on_postgresql("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0") as url:
        done = Site(tmp_path, DATABASE_URL=url).manage("check", "--database", "default")
    assert done.returncode == 0, done.stderr
    assert "(digitsite.W004) The database has the encoding LATIN1" in done.stderr
    assert "--encoding=UTF8" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["UTF8", "SQL_ASCII"])
def test_accepts_database_that_can_store_all_text(tmp_path, encoding):
    with on_postgresql(f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0") as url:
        done = Site(tmp_path, DATABASE_URL=url).manage("check", "--database", "default")
    assert "no issues" in done.stdout, done.stderr


def test_warns_about_plain_http(tmp_path):
    done = Site(tmp_path).manage("check", "--deploy", HTTPS="off", DATABASE_URL="", CACHE_URL="")
    assert "(digitsite.W002) Visitors use plain HTTP" in done.stderr
    assert "HTTPS=on" in done.stderr
    assert "security." not in done.stderr


def test_reports_cache_that_cannot_count(settings, tmp_path):
    settings.HTTPS = True
    settings.CACHES = {"default": stores.cache("NOT_SET", kept_in=tmp_path / "missing")}
    assert list(our_messages()) == ["digitsite.E003"]


def test_reports_unreachable_redis(tmp_path):
    done = Site(tmp_path).manage("check", "--deploy", CACHE_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 1
    assert "(digitsite.E003) The cache cannot count requests" in done.stderr


def test_reminds_that_several_hosts_need_redis(tmp_path):
    unreachable = "postgres://somebody@127.0.0.1:1/somewhere"
    environment = {"CACHE_URL": "", "HTTPS": "on", "DATABASE_URL": unreachable}
    done = Site(tmp_path).manage("check", "--deploy", "--fail-level", "WARNING", **environment)
    assert done.returncode == 0, done.stderr
    assert "(digitsite.I001) Each host has its own rate limits." in done.stderr
