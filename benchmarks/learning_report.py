"""Write `docs/learning.md` and its plot from the template `learning.txt`."""

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from matplotlib.figure import Figure

from benchmarks.plots import save
from benchmarks.single_corrector import DRAWING_COUNT, SingleCorrectorResult
from benchmarks.site import RetrainResult

PAGE: Final = Path(__file__).parents[1] / "docs" / "learning.md"
TEMPLATE: Final = Path(__file__).with_name("learning.txt")


@dataclass(frozen=True)
class Step:
    """The live version's accuracies, in 0..1, at a number of corrections.

    `retrain_result` is None at the first step, because the base is live before any retraining.
    """

    correction_count: int
    retrain_result: RetrainResult | None
    unseen_accuracy: float  # on the evaluation writers
    mnist_accuracy: float  # on MNIST's test images


def write(steps: list[Step], squares: SingleCorrectorResult) -> str:
    """Write the page and its plot. Return the text of the page."""
    text = Template(TEMPLATE.read_text()).substitute(
        table="\n".join(_row(step) for step in steps),
        taught=DRAWING_COUNT,
        square_before=squares.correct_before,
        square_after=squares.correct_after,
        square_decision=squares.retrain_result.outcome["decision"],
        square_seconds=f"{squares.retrain_result.seconds:.0f}",
        square_mnist_before=f"{squares.mnist_accuracy_before:.2%}",
        square_mnist_after=f"{squares.mnist_accuracy_after:.2%}",
    )
    PAGE.write_text(text)
    _plot(steps)
    return text


def _row(step: Step) -> str:
    cells = [
        f"{step.correction_count:,}",
        f"{step.unseen_accuracy:.2%}",
        f"{step.mnist_accuracy:.2%}",
    ]
    if step.retrain_result is None:
        cells += ["the base", "", "", ""]
    else:
        outcome = step.retrain_result.outcome
        cells += [
            outcome["decision"],
            f"{outcome['counts']['training']:,}",
            f"{step.retrain_result.seconds:.0f} s",
            f"{step.retrain_result.megabytes / 1000:.1f} GB",
        ]
    return "| " + " | ".join(cells) + " |"


def _plot(steps: list[Step]) -> None:
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    positions = range(len(steps))
    for name, accuracies in (
        ("ten unseen writers", [step.unseen_accuracy for step in steps]),
        ("MNIST's test images", [step.mnist_accuracy for step in steps]),
    ):
        axes.plot(positions, [100 * (1 - share) for share in accuracies], "o-", label=name)
    axes.set_xticks(positions, [f"{step.correction_count:,}" for step in steps])
    axes.set(xlabel="approved corrections", ylabel="% wrong", ylim=(0, None))
    axes.legend()
    save(figure, PAGE.with_suffix(".svg"))
