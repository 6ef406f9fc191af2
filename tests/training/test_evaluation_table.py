"""The table of an evaluation has one row for each comparison, and at least one for each set."""

from dataclasses import asdict

import numpy as np

from ml.evaluation.model_comparison import compare, compare_labels
from recognizer.training.candidate_evaluation import SetResult
from recognizer.training.evaluation_table import evaluation_rows, is_worse

LABELS = np.repeat(np.arange(10, dtype=np.uint8), 300)
WORSE = np.where(np.arange(len(LABELS)) < 40, 9, LABELS)


def rows_of(comparisons, name="mnist_validation", before=0.99, after=0.98):
    result = SetResult(name, "MNIST validation images", 3000, None, before, after, comparisons)
    return list(evaluation_rows([asdict(result)]))


def test_row_of_a_comparison_has_scores_and_limits():
    comparisons = [
        compare(LABELS, LABELS, LABELS, name, 0.005)
        for name in ("MNIST validation images", "MNIST validation images, compared with version 3")
    ]
    for row in rows_of(comparisons):
        assert (row.size, row.before, row.after) == ("3,000", "99.00%", "98.00%")
        assert (row.fixed, row.broken, row.margin) == ("0", "0", "0.50")
        assert not is_worse(row)


def test_row_of_one_label_has_no_scores():
    zeros = compare_labels(LABELS, WORSE, LABELS, "MNIST validation images", 0.02)[0]
    (row,) = rows_of([zeros])
    assert (row.size, row.before, row.after, row.broken) == ("300", "", "", "40")
    assert is_worse(row)


def test_set_without_comparisons_is_only_scored():
    assert rows_of([], "mnist_test")[0].verdict == "only scored"
    assert rows_of([], "held_out_corrections", None, None)[0].verdict == "no drawings"
