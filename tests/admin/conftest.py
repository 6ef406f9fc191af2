"""Fixtures of the tests of the admin."""

import pytest

from recognizer.serving import model_registry


@pytest.fixture
def base(db):
    return model_registry.live_version()
