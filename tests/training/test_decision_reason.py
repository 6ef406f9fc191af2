"""One sentence says why a candidate is accepted or rejected."""

from ml.evaluation.model_comparison import Comparison, Verdict
from recognizer.training.candidate_evaluation import CandidateEvaluation, SetResult


def result(name, *comparisons):
    return SetResult(name, name, 1000, None, 0.9, 0.9, list(comparisons))


def comparison(fixed, broken, verdict=Verdict.NOT_WORSE, owner_count=None, name="digits"):
    return Comparison(name, 1000, owner_count, fixed, broken, 0.005, 0.01, verdict)


def test_accepted_candidate_has_the_counts_of_all_independent_sets():
    evaluation = CandidateEvaluation(
        [
            result("mnist_validation", comparison(5, 0)),
            result("all_styles", comparison(9, 0), comparison(20, 7)),
            result("negatives", comparison(1, 0)),
            result("held_out_corrections", comparison(2, 0, owner_count=30)),
            result("mnist_test"),
        ]
    )
    assert evaluation.reason == (
        "12 fixed, 0 broken of 3,000 evaluation images; accepted because no evaluation set shows "
        "a loss beyond its margin."
    )


def test_tells_that_no_visitor_drew_an_evaluation_image():
    evaluation = CandidateEvaluation([result("all_styles", comparison(9, 0))])
    assert "images, none of them by visitors; accepted" in evaluation.reason


def test_rejected_candidate_names_the_first_losses():
    worse = [comparison(1, 40, Verdict.WORSE, name=f"digit {digit}") for digit in range(5)]
    reason = CandidateEvaluation([result("all_styles", comparison(3, 200), *worse)]).reason
    assert reason.startswith("3 fixed, 200 broken of 1,000 evaluation images")
    assert "rejected because of digit 0: 1 fixed, 40 broken of 1000" in reason
    assert reason.endswith("; and 2 more.")
    assert "digit 3" not in reason
