"""Prediction serializers build their responses by hand. The responses match the declared fields."""

import pytest
from rest_framework.serializers import Serializer

from recognizer.api.serializers import PredictionResultSerializer, SegmentedDigitSerializer
from recognizer.serving import prediction
from tests.support.factories import drawing_png


def represent_by_fields(serializer):
    """Return the response that DRF itself builds from the serializer's fields."""
    return Serializer.to_representation(serializer, serializer.instance)


@pytest.mark.parametrize("explain", [False, True])
def test_prediction_matches_its_fields(db, explain):
    result = prediction.predict_image(drawing_png(7), owner=None)
    context = {"explain": explain, "version": result.version}
    serializer = PredictionResultSerializer(result, context=context)
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
    serializer = SegmentedDigitSerializer(result.digits[0], context={"version": result.version})
    assert serializer.data == represent_by_fields(serializer)
