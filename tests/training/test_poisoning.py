"""Wrong corrections do no harm, even if a careless reviewer approves all of them.

The tests use real handwriting and MNIST, and train for one epoch. `make test-poisoning` tries each
attack five times, with different drawings and seeds. Without the environment variable `RUNS`, one
attack is tried, with a twentieth of MNIST.
"""

import os
import uuid

import numpy as np
import pytest

from benchmarks.stroke_rendering import draw_at_random
from ml.data import mnist
from ml.data.mnist import LabelledImages
from ml.data.negatives import scribble
from ml.evaluation.model_comparison import Verdict, compare, predict_all
from ml.preprocessing.decode import BadImageError
from ml.preprocessing.normalize import normalize
from recognizer.models import BASE_NUMBER, ModelVersion
from recognizer.serving import model_registry
from recognizer.training.retraining import Options, RetrainError, retrain
from tests.support.factories import approved_submissions

CORRECTORS = 20  # people who correct
CORRECTIONS = 15  # corrections per person
MNIST_SAMPLE = 3000  # a twentieth of MNIST's training images
RUNS = int(os.environ.get("RUNS", "0"))

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.training,
    pytest.mark.parametrize("run", range(RUNS or 1)),
]
long_form = pytest.mark.skipif(not RUNS, reason="only in make test-poisoning")


@pytest.fixture
def rng(run):
    return np.random.default_rng(run)


@pytest.fixture
def mnist_data(real_mnist, tmp_path, settings):
    """Return the MNIST data that is used for retraining: a twentieth of it without `RUNS`."""
    settings.MNIST_PATH = real_mnist
    if not RUNS:
        settings.MNIST_PATH = tmp_path / "part.npz"
        with np.load(real_mnist) as whole:
            part = {name: whole[name][:MNIST_SAMPLE] for name in mnist.ARRAYS}
        settings.MNIST_SHA256 = mnist.content_digest(*part.values())
        np.savez(settings.MNIST_PATH, **part)
    return mnist.load(settings.MNIST_PATH, settings.MNIST_SHA256 or mnist.DIGEST)


@pytest.fixture
def people(real_digits, rng):
    """Return {writer: (pixels, labels)} for 30 writers."""

    def drawn(writer):
        theirs = [digit for digit in real_digits if digit["writer"] == writer]
        count = 3 * CORRECTIONS if writer <= CORRECTORS else len(theirs)
        theirs = [theirs[i] for i in rng.permutation(len(theirs))[:count]]
        pixels = [normalize(draw_at_random(digit["strokes"], rng)) for digit in theirs]
        return np.stack(pixels), np.array([digit["digit"] for digit in theirs], np.uint8)

    return {writer: drawn(writer) for writer in range(1, 31)}


@pytest.fixture
def outcome(request, run, mnist_data):
    """Return a function that retrains, and returns the decision and whether nothing got worse.

    Nothing got worse if the live version is shown to be not worse than the base, neither for people
    whose drawings are in no training data nor on MNIST's test images. In particular, it must not
    misread the fours of these people.
    """

    def run_retraining(seed=run + 1):
        base = model_registry.load(ModelVersion.objects.filter(number=BASE_NUMBER).get())
        try:
            result = retrain(
                Options(seed=seed, epochs=1),
                on_progress=lambda _: None,
                on_message=lambda message: print("   ", message),
            )
        except RetrainError as error:
            print(error)
            return "rejected", True
        people = request.getfixturevalue("people")  # Drawing them takes long.
        writers = [people[writer] for writer in range(CORRECTORS + 1, 31)]
        unseen = LabelledImages(*(np.concatenate(parts) for parts in zip(*writers, strict=True)))
        fours = unseen[np.flatnonzero(unseen.labels == 4)]
        after = model_registry.load(model_registry.live_version())
        comparisons = [
            compare(predict_all(base, data), predict_all(after, data), data.labels, what, margin)
            for what, data, margin in (
                ("unseen people", unseen, 0.01),
                ("unseen people’s fours", fours, 0.05),
                ("MNIST test", mnist_data.test, 0.005),
            )
        ]
        print(result.decision, result.reason, result.counts, *comparisons, sep="\n    ")
        return result.decision, all(each.verdict != Verdict.WORSE for each in comparisons)

    model_registry.live_version()  # stores the base
    return run_retraining


def owner(rng):
    """Return a reproducible owner, because the owner's id decides whether they are held out."""
    return uuid.UUID(bytes=rng.bytes(16), version=4)


def teach(people, rng, wrong=lambda labels: labels):
    """Store approved drawings of twenty people. `wrong` maps true labels to approved ones."""
    for writer in range(1, CORRECTORS + 1):
        pixels, labels = people[writer]
        approved_submissions(owner(rng), pixels[:CORRECTIONS], wrong(labels[:CORRECTIONS]))


@long_form
def test_promotes_a_version_trained_on_honest_corrections(people, outcome, rng):
    teach(people, rng)
    assert outcome() == ("live", True)


@pytest.fixture
def fours_near_nine(real_digits, rng):
    """Yield fours that the live version hardly tells from nines, as a visitor could find them."""

    def drawn():
        live = model_registry.load(model_registry.live_version())
        by_correctors = [digit for digit in real_digits if digit["writer"] <= CORRECTORS]
        fours = [digit["strokes"] for digit in by_correctors if digit["digit"] == 4]
        while True:
            pixels = normalize(draw_at_random(fours[rng.integers(len(fours))], rng))
            probabilities = live.predict_proba(pixels)
            if probabilities[4] >= 0.3 and probabilities[9] >= 0.001:
                yield pixels

    return drawn


def attack(fours, rng, owners, drawings):
    """Store fours that are labelled as nines. `owners` new people draw `drawings` each."""
    for _ in range(owners):
        pixels = np.stack([next(fours) for _ in range(drawings)])
        approved_submissions(owner(rng), pixels, np.full(drawings, 9))


@long_form
@pytest.mark.parametrize(("owners", "drawings"), [(10, 15), (40, 15), (5, 400)])
def test_survives_fours_near_nine_labelled_as_nines(
    people, outcome, rng, fours_near_nine, owners, drawings
):
    teach(people, rng)
    attack(fours_near_nine(), rng, owners, drawings)
    assert outcome()[1]


@long_form
def test_three_attacks_do_not_add_up(people, outcome, rng, fours_near_nine):
    """Before each training run, ten new people find drawings near the border as it is then."""
    teach(people, rng)
    for seed in (1, 2, 3):
        attack(fours_near_nine(), rng, owners=10, drawings=15)
        assert outcome(seed)[1]


@long_form
def test_survives_near_copies_of_fours_labelled_as_nines_by_one_person(
    people, outcome, rng, fours_near_nine
):
    teach(people, rng)
    pool = fours_near_nine()
    originals = [next(pool) for _ in range(20)]
    copies = np.stack(
        [np.roll(originals[i % 20], rng.integers(-1, 2, 2), (0, 1)) for i in range(400)]
    )
    approved_submissions(owner(rng), copies, np.full(400, 9))
    assert outcome()[1]


@long_form
def test_survives_three_random_labels_of_ten(people, outcome, rng):
    def wrong(labels):
        chosen = rng.random(len(labels)) < 0.3
        return np.where(chosen, rng.integers(0, 10, len(labels)), labels)

    teach(people, rng, wrong)
    assert outcome()[1]


@long_form
def test_survives_sevens_labelled_as_ones(people, outcome, rng):
    teach(people, rng, lambda labels: np.where(labels == 7, 1, labels))
    assert outcome()[1]


@long_form
@pytest.mark.parametrize("others", [True, False])
def test_survives_two_thousand_wrong_corrections_of_one_person(people, outcome, rng, others):
    if others:
        teach(people, rng)
    digits, labels = (np.concatenate(parts) for parts in zip(*people.values(), strict=True))
    chosen = rng.integers(len(digits), size=2000)
    # Each drawing is shifted by up to a pixel, so that it is not recognized as a duplicate.
    moved = np.stack([np.roll(digits[i], rng.integers(-1, 2, 2), (0, 1)) for i in chosen])
    approved_submissions(owner(rng), moved, (labels[chosen] + rng.integers(1, 10, 2000)) % 10)
    assert outcome()[1]


@long_form
def test_survives_three_hundred_copies_of_one_drawing(people, outcome, rng):
    teach(people, rng)
    pixels, labels = people[1]
    copies = np.stack(
        [np.clip(pixels[0].astype(int) + rng.integers(-3, 4, (28, 28)), 0, 255)] * 300
    )
    approved_submissions(owner(rng), copies.astype(np.uint8), np.full(300, (labels[0] + 5) % 10))
    assert outcome()[1]


def test_rejects_scribbles_labelled_as_threes(outcome, rng):
    made = []
    while len(made) < CORRECTORS * CORRECTIONS:
        try:
            made.append(normalize(255 - scribble(rng)))
        except BadImageError:
            continue  # The scribble is a single dot.
    for theirs in np.split(np.stack(made), CORRECTORS):
        approved_submissions(owner(rng), theirs, np.full(CORRECTIONS, 3))
    decision, harmless = outcome()
    assert harmless
    assert decision == "rejected"
