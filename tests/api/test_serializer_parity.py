"""Prediction serializers build their responses by hand. The responses match the declared fields."""

import pytest
from rest_framework.serializers import Serializer

from ml.preprocessing.segmentation import segment_and_predict
from recognizer.api.serializers import PredictionResultSerializer, SegmentedDigitSerializer
from recognizer.serving import model_registry, prediction
from tests.support.factories import drawing_png


def represent_by_fields(serializer):
    """Return the response that DRF itself builds from the serializer's fields."""
    return Serializer.to_representation(serializer, serializer.instance)


@pytest.mark.parametrize("explain", [False, True])
def test_prediction_matches_its_fields(db, explain):
    result = prediction.predict_image(drawing_png(7))
    context = {"explain": explain, "version": result.version}
    serializer = PredictionResultSerializer(result, context=context)
    assert (serializer.data["explanation"] is not None) == explain
    assert serializer.data == represent_by_fields(serializer)


def test_segmented_digit_matches_its_fields(db):
    version = model_registry.loaded_version()
    digits = segment_and_predict(prediction.decode(drawing_png(7)), version.recognizer)
    serializer = SegmentedDigitSerializer(digits[0], context={"version": version})
    assert serializer.data == represent_by_fields(serializer)
