"""Write `docs/learning.md` and its plot from the template `learning.txt`."""

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from matplotlib.figure import Figure

from benchmarks.plots import save
from benchmarks.single_corrector import DRAWINGS, SingleCorrector
from benchmarks.site import Retraining

PAGE: Final = Path(__file__).parents[1] / "docs" / "learning.md"
TEMPLATE: Final = Path(__file__).with_name("learning.txt")


@dataclass(frozen=True)
class Step:
    """The live version's accuracy, in 0..1, after a number of corrections."""

    corrections: int
    retraining: Retraining | None
    unseen: float  # accuracy on the evaluation writers
    mnist: float  # accuracy on MNIST's test images


def write(steps: list[Step], squares: SingleCorrector) -> str:
    """Write the page and its plot; return the page's text."""
    text = Template(TEMPLATE.read_text()).substitute(
        table="\n".join(_row(step) for step in steps),
        taught=DRAWINGS,
        square_before=squares.before,
        square_after=squares.after,
        square_decision=squares.retraining.outcome["decision"],
        square_seconds=f"{squares.retraining.seconds:.0f}",
        square_mnist_before=f"{squares.mnist_before:.2%}",
        square_mnist_after=f"{squares.mnist_after:.2%}",
    )
    PAGE.write_text(text)
    _plot(steps)
    return text


def _row(step: Step) -> str:
    cells = [f"{step.corrections:,}", f"{step.unseen:.2%}", f"{step.mnist:.2%}"]
    if step.retraining is None:
        cells += ["the base", "", "", ""]
    else:
        outcome = step.retraining.outcome
        cells += [
            outcome["decision"],
            f"{outcome['counts']['learned']:,}",
            f"{step.retraining.seconds:.0f} s",
            f"{step.retraining.megabytes / 1000:.1f} GB",
        ]
    return "| " + " | ".join(cells) + " |"


def _plot(steps: list[Step]) -> None:
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    positions = range(len(steps))
    for name, accuracies in (
        ("ten unseen writers", [step.unseen for step in steps]),
        ("MNIST's test images", [step.mnist for step in steps]),
    ):
        axes.plot(positions, [100 * (1 - share) for share in accuracies], "o-", label=name)
    axes.set_xticks(positions, [f"{step.corrections:,}" for step in steps])
    axes.set(xlabel="approved corrections", ylabel="% wrong", ylim=(0, None))
    axes.legend()
    save(figure, PAGE.with_suffix(".svg"))
