"""Web processes load the live version without a restart, and never a corrupt one."""

import threading

import pytest
from django.db import IntegrityError, transaction

from recognizer.models import ModelFiles, ModelVersion, VersionState
from recognizer.serving import model_registry
from tests.support.factories import corrupt, create_version, drawing_png, prune_files

pytestmark = pytest.mark.database


def test_loads_the_base_on_an_empty_database(base):
    assert model_registry.loaded_version().number == 1
    assert ModelVersion.objects.get() == base
    assert base.state == VersionState.LIVE


def test_loads_a_promoted_version(base, monkeypatch):
    monkeypatch.setattr(model_registry, "REFRESH_SECONDS", 0)
    assert model_registry.loaded_version().number == 1
    model_registry.promote(create_version(base), by="a test")
    assert model_registry.loaded_version().number == 2
    base.refresh_from_db()
    assert base.state == VersionState.RETIRED


def test_does_not_query_the_database_for_each_prediction(base, django_assert_num_queries):
    model_registry.loaded_version()
    with django_assert_num_queries(0):
        for _ in range(10):
            model_registry.loaded_version()


def test_refuses_two_live_versions(base):
    with pytest.raises(IntegrityError), transaction.atomic():
        create_version(base, state=VersionState.LIVE)


def test_does_not_promote_a_corrupt_version(base):
    bad = create_version(base)
    corrupt(bad)
    with pytest.raises(model_registry.CorruptModelError, match="SHA-256"):
        model_registry.promote(bad, by="a test")
    assert model_registry.live_version() == base


def test_does_not_promote_a_version_without_files(base):
    old = create_version(base)
    assert old.files
    ModelFiles.objects.filter(pk=old.pk).delete()
    with pytest.raises(model_registry.ModelFilesPrunedError):
        model_registry.promote(old, by="a test")
    assert model_registry.live_version() == base


def test_loads_the_parent_if_the_live_files_are_deleted(base, caplog):
    live = create_version(base)
    model_registry.promote(live, by="a test")
    prune_files(live)
    assert model_registry.loaded_version().number == 1
    assert "version 2 is not served: files deleted" in caplog.text


def test_does_not_promote_an_invalid_model(base):
    bad = create_version(base, model=b"rubbish")
    with pytest.raises(model_registry.CorruptModelError, match="LiteRT"):
        model_registry.promote(bad, by="a test")


@pytest.mark.parametrize("already_loaded", [True, False])
def test_keeps_a_valid_version_if_the_live_one_is_corrupt(
    base, monkeypatch, caplog, visitor, already_loaded
):
    monkeypatch.setattr(model_registry, "REFRESH_SECONDS", 0)
    if already_loaded:
        model_registry.loaded_version()
    live = create_version(base)
    model_registry.promote(live, by="a test")
    corrupt(live)
    assert model_registry.loaded_version().number == 1
    assert "version 2 is not served" in caplog.text
    body = visitor.submit(drawing_png(7)).json()
    assert (body["digit"], body["model_version"]) == (7, 1)
    # The error is logged once, and not at each check for a new live version.
    assert caplog.text.count("version 2 is not served") == 1


def test_answers_503_if_no_version_is_valid(base, visitor):
    corrupt(base)
    response = visitor.submit()
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_threads_share_a_version(base):
    from ml.preprocessing.decode import decode
    from ml.preprocessing.normalize import normalize

    loaded, pixels = model_registry.loaded_version(), normalize(decode(drawing_png(7)))
    predictions = []

    def predict():
        predictions.extend(loaded.recognizer.predict(pixels) for _ in range(50))

    threads = [threading.Thread(target=predict) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(predictions) == 400
    assert len(set(predictions)) == 1
