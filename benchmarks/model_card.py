"""Writes `docs/model-card.md`: the text beside this file with the measured figures in it."""

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import numpy as np

from benchmarks.baseline import TARGET, Baseline
from benchmarks.readers import Result

CARD: Final = Path(__file__).parents[1] / "docs" / "model-card.md"
FOLDER: Final = CARD.with_name("model-card")
TEXT: Final = Path(__file__).with_name("model_card.txt")

Row = tuple[str, ...]
HEAD: Final = (
    "what",
    "ours, as shipped",
    "ours, mean of 3 seeds (spread)",
    "baseline behind our normalizer",
    "baseline behind a plain resize",
)
NAMES: Final = {
    "mnist": "MNIST's test images read rightly",
    "pen": "drawings of 15 unseen writers read rightly",
    "photos": "photos of 1,000 of these read rightly",
    "letters": "letters and signs taken for a digit, where 98 % of the drawn digits are",
    "auroc": "digits told from letters and signs (AUROC)",
    "nothing": "scribbles, noise and blank pages taken for a digit, likewise",
    "mnist_calibration": "calibration error (15 bins), MNIST's test images",
    "pen_calibration": "calibration error (15 bins), drawings of unseen writers",
}


@dataclass(frozen=True)
class Quick:
    """A short run of our trainer on MNIST's own images."""

    seconds: float
    accuracy: float


def score_rows(*columns: list[Result]) -> list[Row]:
    """A row for each figure; a column for each reader, the mean where it has several results."""
    return [
        (text, *(_figure(name, [getattr(result, name) for result in column]) for column in columns))
        for name, text in NAMES.items()
    ]


def _figure(name: str, values: list[float]) -> str:
    mean, low, high = np.mean(values), min(values), max(values)
    if name == "auroc":
        return f"{mean:.4f}" + (f" ({low:.4f} to {high:.4f})" if len(values) > 1 else "")
    return f"{mean:.2%}" + (f" ({low:.2%} to {high:.2%})" if len(values) > 1 else "")


def learning_row(quick: Quick, usual: Baseline) -> Row:
    """How long it takes to read MNIST's test images as well as the baseline's authors report."""
    if usual.seconds_to_target is None:
        theirs = f"not in {usual.seconds:.0f} s ({usual.best:.2%} at best)"
    else:
        theirs = f"{usual.seconds_to_target:.0f} s"
    reached = f"{quick.seconds:.0f} s, to {quick.accuracy:.2%}"
    return (f"training until {TARGET:.1%} of MNIST's test images", reached, "", theirs, theirs)


def write(rows: list[Row], card: Path) -> str:
    """Write the model card with this table; returns the table. `card` is the shipped one's."""
    table = "\n".join("| " + " | ".join(row) + " |" for row in (HEAD, ("---",) * len(HEAD), *rows))
    facts = json.loads(card.read_text())
    CARD.write_text(
        Template(TEXT.read_text()).substitute(
            table=table,
            epochs=facts["epochs"],
            sha256=facts["sha256"],
            libraries=", ".join(f"{k} {v}" for k, v in facts["libraries"].items()),
            machine=f"{platform.machine()}, Python {platform.python_version()}",
        )
    )
    return table
