"""Which version is served: the live one, followed without a restart, never a damaged one."""

import threading

import pytest
from django.db import IntegrityError, transaction
from kit import damage, delete_files, drawing, new_version

from recognizer import registry
from recognizer.models import ModelFiles, ModelVersion, State


@pytest.fixture
def base(db):
    return registry.live_version()


def test_an_empty_database_serves_the_base(base):
    assert registry.serving().number == 1
    assert ModelVersion.objects.get() == base
    assert base.state == State.LIVE


def test_a_promoted_version_is_followed(base, monkeypatch):
    monkeypatch.setattr(registry, "FOLLOW_SECONDS", 0)
    assert registry.serving().number == 1
    registry.promote(new_version(base), by="a test")
    assert registry.serving().number == 2
    base.refresh_from_db()
    assert base.state == State.RETIRED


def test_the_database_is_not_asked_for_every_drawing(base, django_assert_num_queries):
    registry.serving()
    with django_assert_num_queries(0):
        for _ in range(10):
            registry.serving()


def test_never_two_live(base):
    with pytest.raises(IntegrityError), transaction.atomic():
        new_version(base, state=State.LIVE)


def test_a_damaged_version_is_not_promoted(base):
    bad = new_version(base)
    damage(bad)
    with pytest.raises(registry.DamagedModelError, match="SHA-256"):
        registry.promote(bad, by="a test")
    assert registry.live_version() == base


def test_without_files_nothing_is_promoted_even_where_they_are_remembered(base):
    old = new_version(base)
    assert old.files
    ModelFiles.objects.filter(pk=old.pk).delete()
    with pytest.raises(registry.FilesDeletedError):
        registry.promote(old, by="a test")
    assert registry.live_version() == base


def test_where_the_live_versions_files_are_gone_its_parent_is_served(base, caplog):
    live = new_version(base)
    registry.promote(live, by="a test")
    delete_files(live)
    assert registry.serving().number == 1
    assert "version 2 is not served: files deleted" in caplog.text


def test_a_model_that_reads_nothing_is_not_promoted(base):
    bad = new_version(base, model=b"rubbish")
    with pytest.raises(registry.DamagedModelError, match="LiteRT"):
        registry.promote(bad, by="a test")


@pytest.mark.parametrize("already_serving", [True, False])
def test_where_the_live_version_is_damaged_the_previous_one_goes_on(
    base, monkeypatch, caplog, visitor, already_serving
):
    monkeypatch.setattr(registry, "FOLLOW_SECONDS", 0)
    if already_serving:
        registry.serving()
    live = new_version(base)
    registry.promote(live, by="a test")
    damage(live)
    assert registry.serving().number == 1
    assert "version 2 is not served" in caplog.text
    body = visitor.submit(drawing(7)).json()
    assert (body["digit"], body["model_version"]) == (7, 1)
    # It says so once, not at every look.
    assert caplog.text.count("version 2 is not served") == 1


def test_where_nothing_is_sound_the_site_says_so(base, visitor):
    ModelFiles.objects.update(model=b"")
    response = visitor.submit()
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_threads_share_a_version(base):
    from ml.decode import decode
    from ml.normalize import normalize

    served, pixels = registry.serving(), normalize(decode(drawing(7)))
    answers = []

    def read():
        answers.extend(served.recognizer.read(pixels) for _ in range(50))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 400
    assert len(set(answers)) == 1
