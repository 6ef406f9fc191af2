"""No version is ever trained on the drawings of a held-out owner, and labels must be credible."""

import random
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from ml.preprocessing.normalize import normalize
from ml.runtime import load_base
from recognizer.models import Label, Review, Submission
from recognizer.serving import model_registry
from recognizer.training import label_check, owner_split
from recognizer.training.owner_split import is_held_out, will_be_held_out
from recognizer.training.training_data import drop_mnist_images, load_drawings, select
from tests.support.factories import approved_submissions, create_version, learn
from tests.support.synthetic_digits import draw, strokes_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]
RANDOM = random.Random()


@pytest.fixture(autouse=True)
def same_owners_in_each_run():
    """Seed the owners, because two drawings of a random one may be near duplicates by chance."""
    RANDOM.seed(1)


def drawings(digit, count, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([normalize(draw(strokes_of(digit, rng))) for _ in range(count)])


def owner(held_out):
    """Return a new owner whose hash says that they are held out, or are not."""
    while True:
        found = uuid.UUID(int=RANDOM.getrandbits(128))
        if is_held_out(found) == held_out:
            return found


def approve(owner, digit=7, count=3, label=None, seed=None, **fields):
    pixels = drawings(digit, count, owner.int % 2**32 if seed is None else seed)
    labels = [digit if label is None else label] * count
    return approved_submissions(owner, pixels, labels, **fields)


def held_out_owners():
    """Return the owners that a training run holds out. The visitors' page must agree."""
    held_out = {row.owner for row in select(include_pending=False).held_out}
    owners = Submission.objects.filter(review=Review.APPROVED).values_list("owner", flat=True)
    assert {owner for owner in owners if will_be_held_out(owner)} == held_out
    return held_out


@pytest.fixture
def people():
    """Return the owners of approved drawings: one is held out, and five are not."""
    owners = [owner(held_out=True), *(owner(held_out=False) for _ in range(5))]
    for each in owners:
        approve(each)
    return owners


def test_holds_out_the_owners_with_certain_hashes(people):
    assert held_out_owners() == {people[0]}


def test_page_reads_more_drawings_until_it_has_enough_owners(people, monkeypatch):
    monkeypatch.setattr(owner_split, "SAMPLE_SIZE", 1)
    assert held_out_owners() == {people[0]}


def test_holds_out_one_of_five_owners_whatever_their_hashes():
    owners = [owner(held_out=False) for _ in range(5)]
    for each in owners[:4]:
        approve(each)
    assert not held_out_owners(), "four owners are too few"
    approve(owners[4])
    assert len(held_out_owners()) == 1


@pytest.mark.parametrize("change", ["nothing", "reopen", "reject", "delete"])
def test_owner_whose_drawings_were_learned_is_never_held_out_again(people, reviewer, change):
    row = Submission.objects.owned_by(people[0]).first()
    learn(create_version(model_registry.live_version()), row)
    if change == "reopen":
        row.reopen()
    elif change == "reject":
        row.reject(reviewer)
    elif change == "delete":
        row.delete()
    assert people[0] not in held_out_owners()


def test_identical_drawing_is_not_in_both_sets(people):
    copy = drawings(7, 1, seed=99)
    approved_submissions(people[0], copy, [Label.SEVEN])
    assert len(select(include_pending=False).held_out) == 4
    (learned,) = approved_submissions(people[1], copy, [Label.SEVEN])
    assert len(select(include_pending=False).held_out) == 3
    learn(create_version(model_registry.live_version()), learned)
    learned.reopen()
    assert len(select(include_pending=False).held_out) == 3, "a version has learned the copy"


def test_drawing_learned_before_it_became_a_near_duplicate_is_not_held_out(people):
    original = drawings(3, 1, seed=7)
    similar = original.copy()
    similar[0, 14, 14] ^= 3
    (learned,) = approved_submissions(people[1], similar, [Label.THREE])
    learn(create_version(model_registry.live_version()), learned)
    earlier = timezone.now() - timedelta(days=1)
    approved_submissions(people[1], original, [Label.THREE], created=earlier)
    (copy,) = approved_submissions(people[0], similar, [Label.THREE])
    selection = select(include_pending=False)
    assert learned.pk not in {row.id for row in selection.training}
    assert copy.pk not in {row.id for row in selection.held_out}


def test_owner_with_drawings_only_for_evaluation_is_held_out(people):
    approve(people[1], seed=5, for_evaluation=True)
    assert held_out_owners() == {people[0], people[1]}
    selection = select(include_pending=False)
    assert people[1] not in {row.owner for row in selection.training}
    learn(
        create_version(model_registry.live_version()),
        Submission.objects.filter(owner=people[1], for_evaluation=False).first(),
    )
    selection = select(include_pending=False)
    assert not any(row.for_evaluation for row in selection.training + selection.held_out)


@pytest.mark.parametrize("unused", ["near duplicate", "owner trained"])
def test_copy_of_a_test_drawing_that_evaluates_no_version_is_not_learned(people, unused):
    original = drawings(3, 1, seed=7)
    similar = original.copy()
    similar[0, 14, 14] ^= 3
    for pixels in (original, similar):
        approved_submissions(people[1], pixels, [Label.THREE], for_evaluation=True)
    if unused == "owner trained":
        learned = Submission.objects.filter(owner=people[1], for_evaluation=False).first()
        learn(create_version(model_registry.live_version()), learned)
    (copy,) = approved_submissions(people[2], similar, [Label.THREE])
    selection = select(include_pending=False)
    assert copy.pk not in {row.id for row in selection.training}
    assert selection.labelled_count == Submission.objects.count()


def test_counts_test_drawings_of_owners_of_training_drawings(people):
    learned = approve(people[1], digit=3)
    learn(create_version(model_registry.live_version()), *learned)
    approve(people[1], digit=4, for_evaluation=True)
    selection = select(include_pending=False)
    assert selection.counts["owner_trained"] == 3
    assert selection.labelled_count == Submission.objects.count()


def test_counts_pending_corrections_of_held_out_owners(people):
    rows = approve(people[0], digit=3)
    Submission.objects.filter(pk__in=[row.pk for row in rows]).update(
        review=Review.PENDING, label=None, corrected_digit=3
    )
    selection = select(include_pending=True)
    assert selection.counts["pending_held_out"] == 3
    assert selection.labelled_count == Submission.objects.count()


def test_counts_held_out_drawings_that_evaluate_no_version(people):
    approve(people[0], seed=people[0].int % 2**32)  # the same drawings again
    selection = select(include_pending=False)
    assert selection.counts["held_out_unused"] == 3
    assert selection.labelled_count == Submission.objects.count()


def test_caps_the_share_of_an_owner_in_the_evaluation(people):
    for _ in range(3):
        approve(owner(held_out=True))
    approve(people[0], count=200, seed=3)
    held_out = select(include_pending=False).held_out
    assert sum(row.owner == people[0] for row in held_out) <= 50


def trusted_owners():
    live = load_base()
    held_out = load_drawings(select(include_pending=False).held_out)
    return {row.owner for row in label_check.drop_untrusted_drawings(held_out, live).rows}


def test_owner_with_mostly_wrong_labels_evaluates_no_version(people):
    careless = owner(held_out=True)
    approve(careless, digit=7, label=Label.ONE)
    assert careless in held_out_owners()
    assert trusted_owners() == {people[0]}


def test_images_that_every_version_is_trained_on_evaluate_no_version(people):
    """Somebody has imported two of MNIST's training images. One of them was normalized."""
    mnist_images = drawings(3, 2, seed=5)
    mnist_images[1] = np.roll(mnist_images[1], 3, axis=1)
    stored = np.stack([mnist_images[0], normalize(255 - mnist_images[1])])
    approved_submissions(owner(held_out=True), stored, [3, 3])
    held_out = load_drawings(select(include_pending=False).held_out)
    assert len(held_out.rows) == 5
    messages = []
    unseen = drop_mnist_images(held_out, mnist_images, messages.append)
    assert {row.owner for row in unseen.rows} == {people[0]}
    assert messages == ["2 held-out drawings are left out: MNIST’s training images."]


def test_wrong_label_of_a_held_out_owner_is_doubtful(people):
    (wrong,) = approve(people[0], count=1, label=Label.ONE, seed=11)
    live = load_base()
    held_out = load_drawings(select(include_pending=False).held_out)
    kept = label_check.drop_untrusted_drawings(held_out, live)
    assert len(kept.rows) == len(held_out.rows) - 1
    assert Submission.objects.get(label_noise__isnull=False) == wrong
    assert Submission.objects.get(pk=wrong.pk).label_noise > 0.99


def check_held_out(review):
    """Check the labels of the held-out drawings, and call `review` before the result is stored."""
    live = load_base()
    held_out = load_drawings(select(include_pending=False).held_out)
    review()
    label_check.drop_untrusted_drawings(held_out, live)


@pytest.mark.parametrize("label", [Label.ONE, Label.SEVEN])
def test_review_during_the_check_is_not_doubted(people, reviewer, label):
    (wrong,) = approve(people[0], count=1, label=Label.ONE, seed=11, reviewed_at=timezone.now())

    def review():
        row = Submission.objects.get(pk=wrong.pk)
        row.confirm_label(reviewer) if label == Label.ONE else row.approve(reviewer, label)

    check_held_out(review)
    assert Submission.objects.get(pk=wrong.pk).label_noise is None
