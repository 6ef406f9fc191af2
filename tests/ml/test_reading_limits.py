"""Reading rows of digits tries only a limited number of marks, and can be interrupted."""

import numpy as np
import pytest

from ml.preprocessing import pages
from ml.preprocessing.decode import BadImageError
from ml.runtime import load_base


@pytest.fixture
def attempts(monkeypatch):
    """Return a list that gets an item for each attempt to find the digits of a mark."""
    made = []
    original = pages.segment_and_predict

    def count(*args, **options):
        made.append(args)
        return original(*args, **options)

    monkeypatch.setattr(pages, "segment_and_predict", count)
    return made


def dots(count):
    """Return a picture of `count` rows of `count` dots. A dot is not predicted."""
    grey = np.full((7 * count, 7 * count), 255, np.uint8)
    for row in range(2):
        for column in range(2):
            grey[3 + row :: 7, 3 + column :: 7] = 0
    return grey


def test_check_for_rows_of_digits_tries_few_dots(attempts):
    assert not pages.has_several_rows(dots(40), load_base())
    assert 0 < len(attempts) <= pages.MAX_CHECK_PREDICTIONS


def test_page_of_dots_is_no_page_of_digits(attempts, monkeypatch):
    monkeypatch.setattr(pages, "MAX_PREDICTIONS", 500)
    with pytest.raises(BadImageError) as error:
        pages.read_page(dots(40), load_base())
    assert error.value.code == "no_rows"
    assert len(attempts) <= 500


def test_reading_pauses_before_each_number(attempts):
    pauses = []
    with pytest.raises(BadImageError):
        pages.read_page(dots(20), load_base(), lambda: pauses.append(None))
    assert len(pauses) == len(attempts) > 100
