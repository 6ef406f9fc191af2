"""Writes `docs/learning.md` and its plot: the text beside this file with the measured figures."""

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from matplotlib.figure import Figure

from benchmarks.beginner import TAUGHT, Beginner
from benchmarks.plots import save
from benchmarks.site import Retraining

REPORT: Final = Path(__file__).parents[1] / "docs" / "learning.md"
TEXT: Final = Path(__file__).with_name("learning.txt")


@dataclass(frozen=True)
class Step:
    """The live version after so many corrections; shares in 0..1 of what it reads rightly."""

    corrections: int
    retraining: Retraining | None
    unseen: float
    mnist: float


def write(steps: list[Step], square: Beginner) -> str:
    """Write the report; returns its text."""
    text = Template(TEXT.read_text()).substitute(
        table="\n".join(_row(step) for step in steps),
        taught=TAUGHT,
        square_before=square.before,
        square_after=square.after,
        square_decision=square.retraining.outcome["decision"],
        square_seconds=f"{square.retraining.seconds:.0f}",
        square_mnist_before=f"{square.mnist_before:.2%}",
        square_mnist_after=f"{square.mnist_after:.2%}",
    )
    REPORT.write_text(text)
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
    places = range(len(steps))
    for name, shares in (
        ("ten unseen writers", [step.unseen for step in steps]),
        ("MNIST's test images", [step.mnist for step in steps]),
    ):
        axes.plot(places, [100 * (1 - share) for share in shares], "o-", label=name)
    axes.set_xticks(places, [f"{step.corrections:,}" for step in steps])
    axes.set(xlabel="corrections approved", ylabel="% read wrongly", ylim=(0, None))
    axes.legend()
    save(figure, REPORT.with_suffix(".svg"))
