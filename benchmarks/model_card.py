"""Write `docs/model-card.md` from the template `model_card.txt` and the measurements."""

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import numpy as np

from benchmarks.baseline import TARGET_ACCURACY, Baseline
from benchmarks.scoring import Result

PAGE: Final = Path(__file__).parents[1] / "docs" / "model-card.md"
PLOTS_FOLDER: Final = PAGE.with_name("model-card")
TEMPLATE: Final = Path(__file__).with_name("model_card.txt")

Row = tuple[str, ...]
HEADER: Final = (
    "what",
    "digitsite, as shipped",
    "digitsite, mean of 3 seeds (range)",
    "baseline with our normalizer",
    "baseline with a plain resize",
)
# The row for each metric of a `Result`.
ROW_NAMES: Final = {
    "mnist": "accuracy on MNIST's test images",
    "pen": "accuracy on drawings by 15 unseen writers",
    "photos": "accuracy on synthetic photos of 1,000 of these drawings",
    "letters": "false-accept rate on letters and symbols, at 98% acceptance of drawn digits",
    "auroc": "AUROC of digits against letters and symbols",
    "negatives": "false-accept rate on scribbles, noise and blank pages, at the same threshold",
    "mnist_calibration": "calibration error (15 bins) on MNIST's test images",
    "pen_calibration": "calibration error (15 bins) on drawings by unseen writers",
}


@dataclass(frozen=True)
class ShortTrainingResult:
    """The result of a short training run on MNIST's images, augmented, and on no other images."""

    seconds: float
    accuracy: float


def score_rows(*columns: list[Result]) -> list[Row]:
    """Return a row for each metric, with a cell for each column.

    A column is the list of one recognizer's results. If there are several, the cells show their
    mean and range.
    """
    return [
        (
            name,
            *(
                _format(metric, [getattr(result, metric) for result in column])
                for column in columns
            ),
        )
        for metric, name in ROW_NAMES.items()
    ]


def _format(metric: str, values: list[float]) -> str:
    mean, low, high = np.mean(values), min(values), max(values)
    spec = ".4f" if metric == "auroc" else ".2%"
    spread = f" ({low:{spec}} to {high:{spec}})" if len(values) > 1 else ""
    return f"{mean:{spec}}{spread}"


def training_row(ours: ShortTrainingResult, baseline: Baseline) -> Row:
    """Return the row with the training time to at least `TARGET_ACCURACY`."""
    if baseline.seconds_to_target is None:
        theirs = f"not in {baseline.seconds:.0f} s ({baseline.best_accuracy:.2%} at best)"
    else:
        theirs = f"{baseline.seconds_to_target:.0f} s"
    name = f"training time to at least {TARGET_ACCURACY:.1%} accuracy on MNIST's test images"
    return (name, f"{ours.seconds:.0f} s ({ours.accuracy:.2%} at that point)", "", theirs, theirs)


def write(rows: list[Row], card: Path) -> str:
    """Write the page with a table of `rows`. Return the table. `card` is the path of card.json."""
    lines = (HEADER, ("---",) * len(HEADER), *rows)
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    facts = json.loads(card.read_text())
    text = Template(TEMPLATE.read_text()).substitute(
        table=table,
        epochs=facts["epochs"],
        sha256=facts["sha256"],
        libraries=", ".join(f"{name} {number}" for name, number in facts["libraries"].items()),
        machine=f"{platform.machine()}, Python {platform.python_version()}",
    )
    PAGE.write_text(text)
    return table
