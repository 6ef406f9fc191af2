"""Write `docs/personal-memory.md` and its plot from the template `personal_memory.txt`."""

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from benchmarks.personal_costs import DRAWINGS_PER_OWNER, OWNER_COUNT, Costs
from benchmarks.plots import save
from benchmarks.scores import calibration_error

PAGE: Final = Path(__file__).parents[1] / "docs" / "personal-memory.md"
TEMPLATE: Final = Path(__file__).with_name("personal_memory.txt")
WINDOW: Final = 50  # drawings of each person per point of the plot


@dataclass(frozen=True)
class Answer:
    """One prediction: whether it is right, whether the network's is, and its confidence."""

    is_correct: bool
    network_is_correct: bool
    confidence: float


Answers = list[Answer]  # one person's, in the order of the drawings


@dataclass(frozen=True)
class Shared:
    """All people in one browser. The two shares are those of MNIST's test images that are wrong."""

    answers: Answers
    mnist_errors_alone: float
    mnist_errors_adjusted: float


@dataclass(frozen=True)
class Retrained:
    """The numbers of errors before and after a training run, without and with the memory."""

    count: int
    base: int
    base_adjusted: int
    retrained: int
    retrained_adjusted: int
    decision: str


@dataclass(frozen=True)
class Report:
    """The results of all experiments. The lists have one item per person or per trial."""

    mistakes: list[Answers]
    half_of_mistakes: list[Answers]
    confirmed: list[Answers]
    wrong: list[Answers]
    shared: Shared
    hands: list[Answers]
    squares: list[list[int]]
    costs: Costs
    retrained: Retrained


def write(report: Report) -> str:
    """Write the page and its plot. Return the text of the page."""
    rows = {
        "only mistakes corrected": report.mistakes,
        "half of the mistakes corrected": report.half_of_mistakes,
        "everything corrected or confirmed": report.confirmed,
        "everything, but one label in ten is random": report.wrong,
        "one browser for all, only mistakes": [report.shared.answers],
        "second person in the browser, everything": report.hands,
    }
    text = Template(TEMPLATE.read_text()).substitute(
        table="\n".join(_row(name, people) for name, people in rows.items()),
        people_table=_people_table(report),
        squares=" | ".join(f"{count:.1f}" for count in np.mean(report.squares, axis=0)),
        fewest_squares=min(counts[-1] for counts in report.squares),
        square_trials=len(report.squares),
        mnist_alone=f"{report.shared.mnist_errors_alone:.2%}",
        mnist_adjusted=f"{report.shared.mnist_errors_adjusted:.2%}",
        owners=f"{OWNER_COUNT:,}",
        drawings_per_owner=DRAWINGS_PER_OWNER,
        newcomer=f"{report.costs.newcomer / report.costs.newcomer_off - 1:.1%}",
        full=f"{report.costs.full - report.costs.full_off:.2f}",
        megabytes=f"{report.costs.megabytes:.1f}",
        **vars(report.retrained),
    )
    PAGE.write_text(text)
    _plot(report)
    return text


def _row(name: str, people: list[Answers]) -> str:
    """Return a row of the table: errors, errors in the second halves, newly wrong, calibration."""
    everything = [answer for answers in people for answer in answers]
    later = [answer for answers in people for answer in answers[len(answers) // 2 :]]
    newly_wrong = sum(a.network_is_correct and not a.is_correct for a in everything)
    worse = sum(_errors(answers) > _network_errors(answers) for answers in people)
    cells = [
        name,
        f"{_network_errors(everything)} → {_errors(everything)} of {len(everything):,}",
        f"{_network_errors(later)} → {_errors(later)} of {len(later):,}",
        f"{newly_wrong}",
        f"{worse} of {len(people)}",
        f"{_calibration_error(everything):.1%}",
    ]
    return "| " + " | ".join(cells) + " |"


def _people_table(report: Report) -> str:
    rows = zip(report.mistakes, report.confirmed, strict=True)
    lines = [
        f"| {i} | {_network_errors(m)} → {_errors(m)} | {_network_errors(c)} → {_errors(c)} |"
        for i, (m, c) in enumerate(rows, 16)
    ]
    return "\n".join(lines)


def _errors(answers: Answers) -> int:
    return sum(not answer.is_correct for answer in answers)


def _network_errors(answers: Answers) -> int:
    return sum(not answer.network_is_correct for answer in answers)


def _calibration_error(answers: Answers) -> float:
    confidence = np.array([answer.confidence for answer in answers])
    correct = np.array([answer.is_correct for answer in answers])
    return calibration_error(confidence, correct)


def _plot(report: Report) -> None:
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    shortest = min(len(answers) for answers in report.confirmed) // WINDOW * WINDOW
    middles = np.arange(WINDOW // 2, shortest, WINDOW)

    def error_rates(wrong: list[list[bool]]) -> list[float]:
        kept = np.array([answers[:shortest] for answers in wrong])
        return list(100 * kept.reshape(len(kept), -1, WINDOW).mean(axis=(0, 2)))

    for name, people in (
        ("only mistakes corrected", report.mistakes),
        ("everything corrected or confirmed", report.confirmed),
    ):
        wrong = [[not answer.is_correct for answer in answers] for answers in people]
        axes.plot(middles, error_rates(wrong), "o-", label=name)
    alone = [[not answer.network_is_correct for answer in answers] for answers in report.confirmed]
    axes.plot(middles, error_rates(alone), "o:", color="grey", label="network alone")
    axes.set(xlabel="drawings of the person so far", ylabel="% wrong", ylim=(0, None))
    axes.legend()
    save(figure, PAGE.with_suffix(".svg"))
