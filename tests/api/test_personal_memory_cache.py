"""Each process keeps the personal memories that it used last, and never an outdated one."""

import pytest

from recognizer.serving import model_registry, personal_memory
from tests.api.test_personal_memory import square_png, teach_zero
from tests.support.factories import Visitor, create_version, drawing_png

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_correction_while_the_memory_loads_counts_at_the_next_request(visitor, monkeypatch):
    taught = teach_zero(visitor, 1, 2, 3)
    load = personal_memory._load

    def correct_and_load(*arguments):
        for pk in taught:
            visitor.correct(pk, 4)
        return load(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(personal_memory, "_load", correct_and_load)
        visitor.recognize(square_png(9))
    assert visitor.recognize(square_png(9)).json()["digit"] == 4
    for pk in taught:
        visitor.correct(pk, 0)
    assert visitor.recognize(square_png(9)).json()["digit"] == 0


def test_a_drawing_that_is_deleted_while_the_memory_loads_does_not_count(visitor, monkeypatch):
    (taught,) = teach_zero(visitor, 1)
    load = personal_memory._load

    def delete_and_load(*arguments):
        visitor.delete(f"/api/v1/submissions/{taught}/")
        return load(*arguments)

    monkeypatch.setattr(personal_memory, "_load", delete_and_load)
    assert visitor.recognize(square_png(9)).json()["personal"] is None


def test_an_unchanged_memory_is_loaded_once(visitor, monkeypatch):
    teach_zero(visitor, 1, 2, 3)
    visitor.submit_and_get(drawing_png(7), digit=None)
    visitor.recognize(square_png(9))
    monkeypatch.delattr(personal_memory, "_load")
    assert visitor.recognize(square_png(9)).json()["digit"] == 0


def test_another_process_sees_a_correction_at_once(visitor):
    teach_zero(visitor, 1)
    visitor.recognize(square_png(9))
    cached = dict(personal_memory._cache)
    teach_zero(visitor, 2)
    # The other process still has the earlier memory.
    personal_memory._cache.clear()
    personal_memory._cache.update(cached)
    assert len(visitor.recognize(square_png(9)).json()["personal"]["neighbours"]) == 2


def test_a_new_live_version_computes_its_own_embeddings_and_drops_the_others(visitor):
    other = Visitor()
    for each in (visitor, other):
        teach_zero(each, 1)
        each.recognize(square_png(9))
    assert len(personal_memory._cache) == 2
    model_registry.promote(create_version(model_registry.live_version()), by="test")
    model_registry._loaded = None
    assert visitor.recognize(square_png(9)).json()["digit"] == 0
    (memory,) = personal_memory._cache.values()
    assert memory.version.number == 2


def test_only_new_drawings_are_embedded(visitor, monkeypatch):
    teach_zero(visitor, 1, 2)
    visitor.recognize(square_png(9))
    calls = []
    version = model_registry.loaded_version()
    outputs = version.recognizer.outputs
    monkeypatch.setattr(version.recognizer, "outputs", lambda p: calls.append(1) or outputs(p))
    pk = visitor.submit(square_png(3)).json()["id"]
    visitor.correct(pk, 0)
    calls.clear()
    visitor.recognize(square_png(9))
    assert len(calls) == 2  # the new drawing, and the drawing to predict


def test_a_full_cache_drops_the_least_recently_used_owner(monkeypatch):
    visitors = [Visitor() for _ in range(3)]
    for visitor in visitors:
        teach_zero(visitor, 1)
    two_owners = 2 * (personal_memory.DRAWINGS_PER_OWNER + 1)
    monkeypatch.setattr(personal_memory, "MAX_CACHED_DRAWINGS", two_owners)
    for visitor in visitors:
        assert visitor.recognize(square_png(9)).json()["digit"] == 0
    assert len(personal_memory._cache) == 2
    assert visitors[0].recognize(square_png(9)).json()["digit"] == 0
