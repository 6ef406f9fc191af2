"""A person's earlier drawings adjust the probabilities of a new one."""

import numpy as np
import pytest

from ml.arrays import EMBEDDING_SIZE
from ml.personalization import UNCORRECTED_DISCOUNT, Memory, personalize, to_stored
from ml.runtime import NOT_A_DIGIT, Outputs, load_base


def unit(*values):
    vector = np.zeros(EMBEDDING_SIZE, np.float32)
    vector[: len(values)] = values
    return vector / np.linalg.norm(vector)


def probabilities(**values):
    found = np.full(11, 1e-5, np.float32)
    for label, value in values.items():
        found[int(label[1:])] = value
    return found / found.sum()


def adjust(before, similarity, labels, background=None):
    background = np.zeros(10, np.float32) if background is None else background
    outputs = Outputs(before, unit(1), background)
    return personalize(outputs, np.array(similarity, np.float32), np.array(labels))


def test_a_similar_drawing_raises_the_probability_of_its_label():
    before = probabilities(d7=0.9, d1=0.1)
    after = adjust(before, [0.9], [1])
    assert after.argmax() == 1
    assert after.sum() == pytest.approx(1)
    assert after[7] > after[3]


def test_a_different_drawing_changes_nothing_noticeable():
    before = probabilities(d7=0.9, d1=0.1)
    after = adjust(before, [-0.2], [1])
    assert after.argmax() == 7
    assert after[7] == pytest.approx(before[7], abs=0.02)


def test_each_further_drawing_counts_less():
    before = probabilities(d7=0.999)
    gains = []
    for count in range(4):
        after = adjust(before, [0.6] * count, np.ones(count, int))
        gains.append(np.log(after[1] / after[7]))
    first, second, third = np.diff(gains)
    assert first > second > third > 0


def test_a_confident_prediction_outweighs_one_moderately_similar_drawing():
    before = probabilities(d7=0.9999)
    after = adjust(before, [0.5], [1])
    assert after.argmax() == 7


def test_the_background_protects_a_typical_digit():
    before, background = probabilities(d7=0.9, d1=0.1), np.zeros(10, np.float32)
    background[7] = 10  # of at most about 100
    assert adjust(before, [0.65], [1]).argmax() == 1
    assert adjust(before, [0.65], [1], background).argmax() == 7


def test_not_a_digit_is_a_label_like_the_others():
    before = probabilities(d7=0.9, d10=0.1)
    after = adjust(before, [0.95], [NOT_A_DIGIT])
    assert after.argmax() == NOT_A_DIGIT


def test_stored_embeddings_give_nearly_the_same_similarity():
    first, second = unit(3, 1, -2), unit(2, 2, -1)
    memory = memory_of([first], [4])
    assert memory.similarity(second) == pytest.approx([first @ second], abs=0.01)


def memory_of(embeddings, labels, corrected_count=None):
    corrected_count = len(labels) if corrected_count is None else corrected_count
    stored = np.stack([to_stored(embedding) for embedding in embeddings])
    return Memory(np.array(labels, np.uint8), stored, corrected_count)


def test_an_uncorrected_drawing_has_a_quarter_of_the_support():
    drawing = unit(3, 1, -2)
    corrected, uncorrected = memory_of([drawing, drawing], [4, 4], 1).similarity(drawing)
    assert corrected - uncorrected == pytest.approx(UNCORRECTED_DISCOUNT)
    before, gains = probabilities(d7=0.999), []
    for similarity in ([corrected], [uncorrected] * 4):
        after = adjust(before, similarity, [4] * len(similarity))
        gains.append(np.log(after[4] / after[7]) - np.log(before[4] / before[7]))
    assert gains[0] == pytest.approx(gains[1], rel=0.02)


def test_nearest_returns_similar_drawings_with_the_label_most_similar_first():
    similarity = np.array([0.7, 0.99, 0.9, 0.2, 0.8], np.float32)
    memory = memory_of([unit(1)] * 5, [1, 2, 1, 1, 1])
    assert memory.nearest(similarity, 1, count=2).tolist() == [2, 4]
    assert memory.nearest(similarity, 1, count=9).tolist() == [2, 4, 0]
    assert memory.nearest(similarity, 5, count=9).tolist() == []


def test_nearest_returns_only_corrected_drawings():
    similarity = np.array([0.7, 0.99, 0.9], np.float32)
    memory = memory_of([unit(1)] * 3, [1, 1, 1], corrected_count=2)
    assert memory.nearest(similarity, 1, count=9).tolist() == [1, 0]


def test_the_base_embeds_the_digits_of_one_writer_close_to_each_other(real_digits):
    from benchmarks.stroke_rendering import draw
    from ml.preprocessing.normalize import normalize

    base = load_base()
    ones = [d for d in real_digits if d["writer"] == 1 and d["digit"] == 1][:10]
    twos = [d for d in real_digits if d["writer"] == 1 and d["digit"] == 2][:10]
    vectors = [base.outputs(normalize(draw(d["strokes"]))).embedding for d in ones + twos]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=0.01)
    similarity = np.array(vectors) @ np.array(vectors).T
    same, other = similarity[:10, :10], similarity[:10, 10:]
    assert same.mean() > other.mean() + 0.3
