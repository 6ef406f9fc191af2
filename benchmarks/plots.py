"""Draw the plots of the model card."""

from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.pictures import Pictures
from benchmarks.scores import Correct, Floats, by_bin
from benchmarks.scoring import Predictions, normalize_or_none, predict_ours
from ml.arrays import Images, Labels
from ml.runtime import CLASS_COUNT, DIGIT_COUNT, Recognizer

Curves = dict[str, tuple[Floats, Correct]]  # name of a data set: confidence and correctness

CLASS_NAMES: Final = [*"0123456789", "none"]
MISTAKE_COUNT: Final = 40
MISTAKES_PER_ROW: Final = 10

# These two settings make matplotlib write the same bytes for the same figure.
mpl.rcParams["svg.hashsalt"] = "digitsite"
METADATA: Final = {"Date": None}


def draw_all(pictures: Pictures, recognizer: Recognizer, folder: Path) -> None:
    """Write all plots about one recognizer to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    mnist, pen = pictures.mnist, [normalize_or_none(grey) for grey in pictures.pen]
    on_mnist, on_pen = predict_ours(recognizer, list(mnist.images)), predict_ours(recognizer, pen)
    confusion(pictures.pen_labels, on_pen.labels, folder / "confusion.svg")
    curves = {
        "MNIST's test images": (on_mnist.confidence, on_mnist.correct(mnist.labels)),
        "drawings by unseen writers": (on_pen.confidence, on_pen.correct(pictures.pen_labels)),
    }
    reliability(curves, folder / "reliability.svg")
    coverage(curves, folder / "coverage.svg")
    model_inputs = np.stack([pixels for pixels in pen if pixels is not None])
    mistakes(model_inputs, pictures.pen_labels, on_pen, folder / "mistakes.png")


def confusion(labels: Labels, predicted: Labels, path: Path) -> None:
    """Plot the confusion matrix.

    The correct predictions are white, because the mistakes would be invisible otherwise.
    """
    figure, axes = _axes(5, 4.6)
    counts = np.zeros((DIGIT_COUNT, CLASS_COUNT), int)
    np.add.at(counts, (labels, predicted), 1)
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    axes.imshow(wrong, cmap="Oranges")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7)
    axes.set(
        xlabel="predicted", ylabel="drawn", xticks=range(CLASS_COUNT), yticks=range(DIGIT_COUNT)
    )
    axes.set_xticklabels(CLASS_NAMES)
    save(figure, path)


def reliability(curves: Curves, path: Path) -> None:
    """Plot the reliability diagram. A calibrated network follows the dotted line."""
    figure, axes = _axes(4.5, 4)
    axes.plot([0, 1], [0, 1], ":", color="grey")
    for name, (confidence, correct) in curves.items():
        bins = by_bin(confidence, correct)
        axes.plot([c.mean() for c, _ in bins], [r.mean() for _, r in bins], "o-", label=name)
    axes.set(xlabel="confidence", ylabel="accuracy")
    axes.legend()
    save(figure, path)


def coverage(curves: Curves, path: Path) -> None:
    """Plot the risk-coverage curve: the error rate among the most confident predictions."""
    figure, axes = _axes(4.5, 4)
    for name, (confidence, correct) in curves.items():
        errors = np.cumsum(~correct[np.argsort(-confidence, kind="stable")])
        count = np.arange(1, len(correct) + 1)
        axes.plot(100 * count / len(correct), 100 * errors / count, label=name)
    axes.set(xlabel="% of the drawings, most confident first", ylabel="% of those wrong")
    axes.legend()
    save(figure, path)


def mistakes(images: Images, labels: Labels, predictions: Predictions, path: Path) -> None:
    """Show the model inputs of the most confident errors, titled "drawn > predicted"."""
    wrong = np.flatnonzero(~predictions.correct(labels))
    order = np.argsort(-predictions.confidence[wrong], kind="stable")
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    grid = figure.subplots(MISTAKE_COUNT // MISTAKES_PER_ROW, MISTAKES_PER_ROW).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, i in zip(grid, wrong[order][:MISTAKE_COUNT], strict=False):
        axes.imshow(255 - images[i], cmap="gray", vmin=0, vmax=255)
        drawn, predicted = CLASS_NAMES[labels[i]], CLASS_NAMES[predictions.labels[i]]
        axes.set_title(f"{drawn} > {predicted}", fontsize=8)
    save(figure, path)


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def save(figure: Figure, path: Path) -> None:
    """Write the figure to a file. The extension determines the format."""
    figure.savefig(path, metadata=METADATA if path.suffix == ".svg" else None)
