"""Some serializers build their responses by hand. The responses match the declared fields."""

import json

import pytest
from rest_framework.serializers import Serializer

from recognizer.api.prediction_serializers import (
    PredictionResultSerializer,
    SegmentedDigitSerializer,
)
from recognizer.api.submission_serializers import SubmissionWithStrokesSerializer
from recognizer.models import Label, Submission
from recognizer.serving import prediction
from tests.support.factories import drawing_png, learn


def represent_by_fields(serializer):
    """Return the response that DRF itself builds from the serializer's fields."""
    return Serializer.to_representation(serializer, serializer.instance)


@pytest.mark.parametrize("explain", [False, True])
def test_prediction_matches_its_fields(db, explain):
    result = prediction.predict_image(drawing_png(7), owner=None)
    serializer = PredictionResultSerializer(prediction.explained(result) if explain else result)
    assert (serializer.data["explanation"] is not None) == explain
    assert serializer.data == represent_by_fields(serializer)


def test_personal_prediction_matches_its_fields(visitor):
    owner = visitor.submit_and_get(digit=1).owner
    result = prediction.predict_image(drawing_png(7, seed=1), owner)
    serializer = PredictionResultSerializer(result)
    assert serializer.data["personal"]["network_digit"] == 7
    assert serializer.data == represent_by_fields(serializer)


def test_segmented_digit_matches_its_fields(db):
    result = prediction.predict_number(drawing_png(7), owner=None, strokes=None)
    serializer = SegmentedDigitSerializer(result.digits[0])
    assert serializer.data == represent_by_fields(serializer)


@pytest.fixture
def submissions(visitor, reviewer):
    """Return a new, a personal, a corrected and two approved submissions. One has strokes."""
    strokes = json.dumps([[[1, 2, 0], [3, 4.5, 16]]])
    new, corrected, approved, not_a_digit = (
        visitor.submit_and_get(drawing_png(7, seed=seed), strokes=strokes) for seed in range(4)
    )
    visitor.correct(corrected.pk, 1)
    personal = visitor.submit_and_get(drawing_png(7, seed=4))
    approved.approve(reviewer, Label(7))
    not_a_digit.approve(reviewer, Label.NOT_A_DIGIT)
    learn(approved.model_version, approved)
    created = (new, personal, corrected, approved, not_a_digit)
    return [Submission.objects.get(pk=each.pk) for each in created]


@pytest.mark.parametrize("number", range(5))
def test_submission_matches_its_fields(submissions, rf, number):
    serializer = SubmissionWithStrokesSerializer(
        submissions[number], context={"request": rf.get("/")}
    )
    assert serializer.data == represent_by_fields(serializer)


def test_submissions_cover_each_field(submissions, rf):
    serializer = SubmissionWithStrokesSerializer(
        submissions, many=True, context={"request": rf.get("/")}
    )
    for name in serializer.child.fields:
        assert any(row[name] is not None for row in serializer.data), name
