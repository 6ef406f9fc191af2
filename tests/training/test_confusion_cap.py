"""Many labels of one confusion are doubtful. Few of them are used until they are confirmed."""

import uuid

import numpy as np
import pytest

from ml.preprocessing.normalize import normalize
from ml.runtime import load_base
from recognizer.models import Label, Submission
from recognizer.training.caps import MIN_CONFUSION_CAP
from recognizer.training.label_check import check_training_labels
from recognizer.training.training_data import load_drawings, select
from tests.support.factories import approved_submissions
from tests.support.synthetic_digits import draw, strokes_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]

CONFUSED = 30


@pytest.fixture
def confused():
    """Store fours by three owners that are labelled as nines, and some honest labels."""
    rng = np.random.default_rng(0)
    for digit, label, count in ((4, 9, CONFUSED // 3), (4, 9, CONFUSED // 3)):
        fours = [normalize(draw(strokes_of(digit, rng))) for _ in range(count)]
        approved_submissions(uuid.uuid4(), np.stack(fours), [label] * count)
    rest = CONFUSED - 2 * (CONFUSED // 3)
    fours = [normalize(draw(strokes_of(4, rng))) for _ in range(rest)]
    honest = [normalize(draw(strokes_of(digit, rng))) for digit in range(10)]
    approved_submissions(uuid.uuid4(), np.stack(fours + honest), [9] * rest + [*range(10)])
    return Submission.objects.filter(label=9)


def check(selection):
    messages = []
    live = load_base()
    drawings = load_drawings(selection.training)
    noise = check_training_labels(drawings, selection, live, messages.append)
    return {
        row.id for row, is_noise in zip(drawings.rows, noise, strict=True) if is_noise
    }, messages


def test_uses_only_the_newest_drawings_of_a_frequent_confusion(confused):
    selection = select(include_pending=False)
    used = [row for row in selection.training if row.id in selection.doubtful_ids]
    assert len(used) == MIN_CONFUSION_CAP
    (confusion,) = selection.capped_confusions
    assert (confusion.predicted, confusion.label) == (Label.FOUR, Label.NINE)
    assert selection.counts["over_cap"] == len(confusion.rows) - MIN_CONFUSION_CAP


def test_all_labels_of_the_confusion_are_doubtful(confused):
    selection = select(include_pending=False)
    noise, messages = check(selection)
    assert noise == {row.id for row in selection.training} & selection.doubtful_ids
    assert any(
        "drawings that the base predicts as 4 are labelled as 9" in text for text in messages
    )
    doubtful = Submission.objects.filter(label_noise__isnull=False)
    assert set(doubtful.values_list("pk", flat=True)) == selection.doubtful_ids


def test_confirmed_labels_are_used_and_not_doubtful(confused, reviewer):
    check(select(include_pending=False))
    for row in Submission.objects.filter(label_noise__isnull=False):
        row.confirm_label(reviewer)
    assert not Submission.objects.filter(label_noise__isnull=False).exists()
    selection = select(include_pending=False)
    assert not selection.capped_confusions
    noise, _ = check(selection)
    assert not noise
    assert not Submission.objects.filter(label_noise__isnull=False).exists()


def test_new_review_makes_a_confirmed_label_unconfirmed(confused, reviewer):
    row = confused.first()
    row.confirm_label(reviewer)
    row.approve(reviewer, Label.FOUR)
    assert not Submission.objects.get(pk=row.pk).label_confirmed


def test_few_drawings_of_an_unfamiliar_shape_are_all_used():
    """The base does not know that a square means zero. Ten of them must teach it."""
    rng = np.random.default_rng(0)
    corners = np.array([(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.2)])
    squares = [
        normalize(draw([(corners + rng.normal(0, 0.05, corners.shape)).tolist()]))
        for _ in range(MIN_CONFUSION_CAP)
    ]
    approved_submissions(uuid.uuid4(), np.stack(squares), [0] * MIN_CONFUSION_CAP)
    selection = select(include_pending=False)
    assert not selection.capped_confusions
    assert selection.counts["over_cap"] == 0
