"""How often one address may ask; other addresses do not suffer."""

import pytest
from kit import drawing
from rest_framework.throttling import ScopedRateThrottle


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(
        ScopedRateThrottle,
        "THROTTLE_RATES",
        {"recognize": "2/min", "submit": "2/min", "correct": None},
    )


def test_too_many(visitor):
    for _ in range(2):
        assert visitor.recognize(drawing()).status_code == 200
    response = visitor.recognize(drawing())
    assert (response.status_code, response.json()["code"]) == (429, "throttled")
    assert 0 < int(response["Retry-After"]) <= 60
    assert visitor.submit().status_code == 201  # counted by itself


def test_a_rotating_forwarded_for_does_not_help(visitor):
    answers = [
        visitor.post("/api/v1/recognize/", headers={"X-Forwarded-For": f"10.0.0.{i}"}).status_code
        for i in range(4)
    ]
    assert answers == [400, 400, 429, 429]


def test_another_address_has_its_own_count(visitor):
    for _ in range(3):
        visitor.recognize(drawing())
    assert visitor.post("/api/v1/recognize/", REMOTE_ADDR="192.0.2.7").status_code == 400


def test_off(visitor):
    row = visitor.submitted()
    for digit in range(9):
        assert visitor.correct(row.id, digit).status_code == 200
