"""What the network is made of and from: data, augmentation, outliers, weights, export."""

import keras
import numpy as np
import pytest

from ml import mnist, network
from ml.augment import augment
from ml.evaluation import judge, judge_no_digits, read_all
from ml.letters import letter
from ml.mnist import Labelled, MnistError
from ml.network import Calibration
from ml.normalize import BOX
from ml.outliers import outliers
from ml.restroke import restroked, thin
from ml.runtime import NOT_A_DIGIT, DamagedModelError, Recognizer, to_reading
from ml.styles import SHARE, STYLES, styled
from ml.training import PACE_STEPS, Muon, calibrate, fit, from_scratch


@pytest.fixture(scope="module")
def digits(small_mnist_file):
    return mnist.load(*small_mnist_file)


def test_validation_is_never_trained_on(digits):
    assert (len(digits.training), len(digits.validation), len(digits.test)) == (385, 35, 60)


def test_real_mnist_is_known_by_its_content(real_mnist):
    whole = mnist.load(real_mnist)
    assert (len(whole.training), len(whole.validation), len(whole.test)) == (55_000, 5_000, 10_000)


def test_another_content_is_refused(small_mnist_file):
    with pytest.raises(MnistError, match="does not hold MNIST"):
        mnist.load(small_mnist_file[0])


def test_augmented_digits_are_the_same_digits_drawn_anew(digits):
    images = digits.training.images[:64]
    drawn = augment(images, np.random.default_rng(0))
    assert drawn.shape == images.shape
    assert drawn.dtype == np.float32
    assert drawn.min() >= 0
    assert drawn.max(axis=(1, 2)) == pytest.approx(np.ones(64))
    assert np.median(abs(drawn - images / 255).mean(axis=(1, 2))) > 0.02
    again = augment(images, np.random.default_rng(0))
    assert (again == drawn).all()


def test_outliers_are_normalized_as_drawings_are(digits):
    made = outliers(40, digits.training.images, digits.training.labels, np.random.default_rng(0))
    assert made.shape == (40, 28, 28)
    for image in made:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == BOX


def test_exported_and_original_network_agree():
    model = network.build()
    images = np.random.default_rng(0).integers(0, 256, (8, 28, 28)).astype(np.uint8)
    logits = np.array(model(images[..., None].astype(np.float32) / 255))
    logits[:, NOT_A_DIGIT] -= 1
    logits /= 2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    recognizer = Recognizer(network.to_litert(model, Calibration(outlier_bias=-1, temperature=2)))
    for image, probabilities in zip(images, expected, strict=True):
        # The exported weights have 8 bits.
        assert recognizer.probabilities(image) == pytest.approx(probabilities, abs=0.005)


def test_weights_go_to_bytes_and_back():
    first, second = network.build(), network.build()
    data = network.weights_to_bytes(first)
    network.load_weights(second, data)
    assert network.weights_to_bytes(second) == data


def test_weights_are_mixed():
    live, learned = network.build(), network.build()
    old, new = live.get_weights(), learned.get_weights()
    network.mix_weights(learned, network.weights_to_bytes(live), 0.75)
    for a, b, mixed in zip(old, new, learned.get_weights(), strict=True):
        assert mixed == pytest.approx(0.25 * a + 0.75 * b, abs=1e-6)


@pytest.mark.parametrize("data", [b"", b"rubbish", b"\x80\x04N."])  # the last one is a pickle
def test_damaged_weights_are_refused(data):
    with pytest.raises(DamagedModelError, match="weights do not fit"):
        network.load_weights(network.build(), data)


def test_reading():
    sure = np.full(11, 0.01)
    sure[4] = 0.9
    reading = to_reading(sure.astype(np.float32))
    assert reading.answer == 4
    assert reading.confidence == pytest.approx(0.9)
    assert sum(reading.probabilities) == pytest.approx(1)
    neither = np.full(11, 0.04)
    neither[NOT_A_DIGIT] = 0.6
    assert to_reading(neither.astype(np.float32)).answer == NOT_A_DIGIT


def verdict(gained, lost, both=1000, label=3):
    """Judge a candidate that reads `gained` more and `lost` fewer images of one label."""
    labels = np.full(gained + lost + both, label, np.uint8)
    live, candidate = labels.copy(), labels.copy()
    live[:gained] = 7
    candidate[gained : gained + lost] = 7
    return judge(live, candidate, labels, "test")


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (5, 0), (9, 9), (2, 4), (40, 50)])
def test_as_good_is_accepted(gained, lost):
    assert verdict(gained, lost).accepted


@pytest.mark.parametrize(("gained", "lost"), [(0, 8), (10, 40), (100, 200)])
def test_a_real_loss_is_refused(gained, lost):
    assert not verdict(gained, lost).accepted
    assert f"{lost} drawings lost" in verdict(gained, lost).reason


def test_a_margin_may_be_lost_and_no_more():
    labels = np.full(1000, 10, np.uint8)
    live, few, many = labels.copy(), labels.copy(), labels.copy()
    few[:30] = many[:80] = 3
    assert not judge(live, few, labels, "test").accepted
    assert judge(live, few, labels, "test", margin=0.03).accepted
    assert not judge(live, many, labels, "test", margin=0.03).accepted


def test_no_digits_may_be_taken_for_many_digits_but_not_for_one():
    base = np.full(1000, NOT_A_DIGIT, np.uint8)
    spread, threes = base.copy(), base.copy()
    spread[:60] = np.arange(60) % 10
    threes[:40] = 3
    assert judge_no_digits(base, spread, 0.01, "test").accepted
    refused = judge_no_digits(base, threes, 0.01, "test")
    assert not refused.accepted
    assert refused.reason == "test: 40 drawings more taken for digit 3"


def test_a_loss_on_one_digit_is_refused_though_others_gain():
    labels = np.repeat(np.arange(10, dtype=np.uint8), 100)
    live, candidate = labels.copy(), labels.copy()
    live[100:140] = 9  # the candidate reads 40 ones more
    candidate[200:220] = 9  # and 20 twos fewer
    refused = judge(live, candidate, labels, "test")
    assert not refused.accepted
    assert "digit 2" in refused.reason


def test_read_all(digits):
    model = network.to_litert(network.build(), Calibration(outlier_bias=0, temperature=1))
    few = Labelled(digits.test.images[:5], digits.test.labels[:5])
    assert read_all(Recognizer(model), few).shape == (5,)


def test_other_styles_are_normalized_and_keep_their_label(digits):
    added = styled(digits.training, np.random.default_rng(0))
    ours = np.isin(digits.training.labels, list(STYLES)).sum()
    assert len(added) == pytest.approx(ours * SHARE, abs=4)
    assert set(added.labels) == set(STYLES)
    assert added.images.max(axis=(1, 2)).min() == 255
    originals = {image.tobytes() for image in digits.training.images}
    assert not originals & {image.tobytes() for image in added.images}


def test_letters_are_ever_others():
    rng = np.random.default_rng(0)
    made = {letter(rng).tobytes() for _ in range(50)}
    assert len(made) == 50


def test_the_calibrated_network_expects_few_outliers(digits):
    """What has learned nothing answers as people draw: two outliers in a hundred."""
    model = network.build()

    def expected(calibration):
        recognizer = Recognizer(network.to_litert(model, calibration))
        seen = [recognizer.probabilities(image) for image in digits.test.images]
        return np.mean(seen, axis=0)[NOT_A_DIGIT]

    assert expected(Calibration(0, 1)) == pytest.approx(1 / 11, abs=0.04)
    assert expected(calibrate(model, digits.validation)) == pytest.approx(0.02, abs=0.01)


def test_how_long_it_takes_is_said_as_soon_as_it_is_known(digits):
    few, told = digits.training[np.arange(3)], []
    fit(network.build(), few, from_scratch, PACE_STEPS + 5, np.random.default_rng(0), told.append)
    assert [progress.seconds_left is None for progress in told] == [True] * 49 + [False] * 6
    assert told[-2].seconds_left > told[-1].seconds_left == 0
    assert told[-1].share == 1


def test_thinned_ink_is_a_line_that_hangs_together():
    ring = np.hypot(*(np.mgrid[:40, :40] - 20.0))
    bar = np.zeros((40, 40), bool)
    bar[5:35, 15:25] = True
    lines = thin(np.stack([(ring > 8) & (ring < 14), bar]))
    for line, ink in zip(lines, (ring, bar), strict=True):
        assert 20 <= line.sum() <= 80, "a line of one pixel"
        assert not (line & ~np.asarray(ink, bool)).any()
        rows, columns = np.nonzero(line)
        steps = np.maximum(abs(rows[:, None] - rows), abs(columns[:, None] - columns))
        reached = np.zeros(len(rows), bool)
        reached[0] = True
        for _ in rows:
            reached |= (steps[reached] <= 1).any(axis=0)
        assert reached.all(), "in one piece"
    assert not lines[0][20, 20], "the hole of the ring is still there"
    assert lines[0][20].sum() == 2


def test_restroked_digits_have_other_pens_and_the_same_label(digits):
    made = restroked(digits.training, 0.5, np.random.default_rng(0))
    assert len(made) == pytest.approx(len(digits.training) / 2, abs=1)
    ink = made.images.mean(axis=(1, 2))
    assert np.quantile(ink, 0.9) > 2 * np.quantile(ink, 0.1)
    for image in made.images:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == BOX
    nearest = [
        digits.training.labels[abs(digits.training.images.astype(int) - image).sum((1, 2)).argmin()]
        for image in made.images[:50]
    ]
    assert (np.array(nearest) == made.labels[:50]).mean() > 0.9


def test_a_step_of_a_convolution_goes_as_far_in_every_direction():
    """A gradient in which one direction is a thousand times another."""
    rng, shape = np.random.default_rng(0), (3, 3, 16, 8)
    left, _, right = np.linalg.svd(rng.normal(size=(144, 8)), full_matrices=False)
    gradient = (left * np.geomspace(1, 1000, 8)) @ right
    kernel = keras.Variable(np.zeros(shape, np.float32))
    optimizer = Muon(rate=0.01)
    optimizer.apply([keras.ops.convert_to_tensor(gradient.reshape(shape), "float32")], [kernel])
    lengths = np.linalg.svd(kernel.numpy().reshape(144, 8), compute_uv=False)
    assert lengths.max() < 3 * lengths.min()
    # As large as AdamW's steps: about 0.2 of the rate for each weight.
    assert np.sqrt((kernel.numpy() ** 2).mean()) == pytest.approx(0.2 * 0.01, rel=0.3)
