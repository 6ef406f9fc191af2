"""Fixtures of the tests of the review pages."""

import pytest

from recognizer.review import blind_reviews


@pytest.fixture(autouse=True)
def _no_blind_reviews(monkeypatch):
    monkeypatch.setattr(blind_reviews, "PROBABILITY", 0)


@pytest.fixture
def ada(django_user_model):
    return django_user_model.objects.create_superuser("ada")
