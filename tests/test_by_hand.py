"""What the API's answers hold is what its fields say, though it is not put together by them."""

import pytest
from django.contrib.auth.models import User
from kit import drawing
from rest_framework.serializers import Serializer

from ml.segment import read_digits
from recognizer import recognition, registry
from recognizer.api.serializers import DigitOfNumberSerializer, RecognitionSerializer
from recognizer.models import Answer


def by_fields(serializer):
    return Serializer.to_representation(serializer, serializer.instance)


@pytest.mark.parametrize("why", [False, True])
def test_a_reading(db, why):
    read = recognition.recognize(drawing(7))
    serializer = RecognitionSerializer(read, context={"why": why, "version": read.version})
    assert serializer.data == by_fields(serializer)


def test_a_digit_of_a_number(db):
    version = registry.serving()
    digits = read_digits(recognition.decode(drawing(7)), version.recognizer)
    serializer = DigitOfNumberSerializer(digits[0], context={"version": version})
    assert serializer.data == by_fields(serializer)


@pytest.mark.parametrize("state", ["pending", "corrected", "approved", "learned"])
def test_a_submission(visitor, state):
    row = visitor.submitted(drawing(7), digit=... if state == "pending" else 4)
    if state in ("approved", "learned"):
        row.approve(User.objects.create_user("reviewer"), Answer.FOUR)
    if state == "learned":
        row.learned_in = registry.live_version()
        row.save()
    path = f"/api/v1/submissions/{row.id}/"
    whole = visitor.get(path).json()
    # Which fields are asked for, the fields answer themselves.
    assert visitor.get(path, {"fields": ",".join(whole)}).json() == whole
    listed = visitor.get("/api/v1/submissions/").json()["results"]
    del whole["strokes"]
    assert listed == [whole]
