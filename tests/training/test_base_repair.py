"""A damaged file of the base is repaired with the file that ships with the code."""

import pytest
from django.db import InternalError, connection, transaction

from ml.runtime import BASE
from recognizer.models import ModelFiles
from recognizer.serving import model_registry
from tests.support.factories import create_version, drawing_png, flip_bit

pytestmark = pytest.mark.database


def test_damaged_model_is_repaired(base, visitor, caplog):
    flip_bit(base)
    assert visitor.recognize(drawing_png(7)).json()["digit"] == 7
    assert "The file “model” of version 1 was damaged. It was repaired" in caplog.text
    assert bytes(ModelFiles.objects.get().model) == (BASE / "model.tflite").read_bytes()
    assert visitor.get("/readyz/").status_code == 200


def test_damaged_weights_are_repaired(base, caplog):
    ModelFiles.objects.update(weights=b"rubbish")
    base.refresh_from_db()
    weights = (BASE / "weights.npz").read_bytes()
    assert model_registry.load_weights(base) == weights
    assert "The file “weights” of version 1 was damaged" in caplog.text
    assert bytes(ModelFiles.objects.get().weights) == weights


def test_base_is_used_if_the_repair_cannot_be_stored(base, caplog):
    flip_bit(base)
    damaged = bytes(base.files.model)

    def refuse(execute, sql, *arguments):
        if sql.startswith("UPDATE"):
            raise InternalError("cannot execute UPDATE in a read-only transaction")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse), transaction.atomic():
        assert model_registry.load(base)
    assert "cannot be stored: cannot execute UPDATE" in caplog.text
    assert bytes(ModelFiles.objects.get().model) == damaged


def test_other_versions_are_not_repaired(base):
    version = create_version(base)
    flip_bit(version)
    with pytest.raises(model_registry.CorruptModelError, match="SHA-256"):
        model_registry.load(version)
