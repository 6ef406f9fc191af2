"""The model card's pictures."""

from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.pictures import Pictures
from benchmarks.readers import Answers, normalized, ours
from benchmarks.scores import Floats, Rights, by_bin
from ml.runtime import Recognizer

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8]

NAMES: Final = [*"0123456789", "none"]
MISTAKES: Final = 40

# The same figures give the same bytes.
mpl.rcParams["svg.hashsalt"] = "digitsite"
METADATA: Final = {"Date": None}


def draw_all(pictures: Pictures, recognizer: Recognizer, folder: Path) -> None:
    """Every picture of the model card, for one network."""
    folder.mkdir(parents=True, exist_ok=True)
    mnist, pen = pictures.mnist, [normalized(grey) for grey in pictures.pen]
    on_mnist, on_pen = ours(recognizer, list(mnist.images)), ours(recognizer, pen)
    confusion(pictures.pen_labels, on_pen.answers, folder / "confusion.svg")
    curves = {
        "MNIST's test images": (on_mnist.confidence, on_mnist.right(mnist.labels)),
        "drawings of unseen writers": (on_pen.confidence, on_pen.right(pictures.pen_labels)),
    }
    reliability(curves, folder / "reliability.svg")
    coverage(curves, folder / "coverage.svg")
    seen = np.stack([p for p in pen if p is not None])
    mistakes(seen, pictures.pen_labels, on_pen, folder / "mistakes.png")


def confusion(labels: Labels, answers: Labels, path: Path) -> None:
    """How often each digit was read as what; the diagonal is left white, for it outshines all."""
    figure, axes = _axes(5, 4.6)
    counts = np.zeros((10, 11), int)
    np.add.at(counts, (labels, answers), 1)
    mistakes = counts.copy()
    np.fill_diagonal(mistakes, 0)
    axes.imshow(mistakes, cmap="Oranges")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7)
    axes.set(xlabel="read as", ylabel="drawn", xticks=range(11), yticks=range(10))
    axes.set_xticklabels(NAMES)
    save(figure, path)


def reliability(curves: dict[str, tuple[Floats, Rights]], path: Path) -> None:
    """Accuracy over confidence, for each named set: on the dotted line it is as sure as right."""
    figure, axes = _axes(4.5, 4)
    axes.plot([0, 1], [0, 1], ":", color="grey")
    for name, (confidence, right) in curves.items():
        bins = by_bin(confidence, right)
        axes.plot([c.mean() for c, _ in bins], [r.mean() for _, r in bins], "o-", label=name)
    axes.set(xlabel="confidence", ylabel="share read rightly")
    axes.legend()
    save(figure, path)


def coverage(curves: dict[str, tuple[Floats, Rights]], path: Path) -> None:
    """Errors among the most confident answers, over the share of drawings that these are."""
    figure, axes = _axes(4.5, 4)
    for name, (confidence, right) in curves.items():
        wrong = np.cumsum(~right[np.argsort(-confidence, kind="stable")])
        answered = np.arange(1, len(right) + 1)
        axes.plot(100 * answered / len(right), 100 * wrong / answered, label=name)
    axes.set(xlabel="% of the drawings answered, the surest first", ylabel="% of those wrong")
    axes.legend()
    save(figure, path)


def mistakes(images: Images, labels: Labels, read: Answers, path: Path) -> None:
    """The surest wrong answers, as the network saw them: drawn > read."""
    wrong = np.flatnonzero(~read.right(labels))
    worst = wrong[np.argsort(-read.confidence[wrong], kind="stable")][:MISTAKES]
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    grid = figure.subplots(MISTAKES // 10, 10).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, i in zip(grid, worst, strict=False):
        axes.imshow(255 - images[i], cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"{NAMES[labels[i]]} > {NAMES[read.answers[i]]}", fontsize=8)
    save(figure, path)


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def save(figure: Figure, path: Path) -> None:
    """Write it as the ending of `path` says, the same bytes for the same figure."""
    figure.savefig(path, metadata=METADATA if path.suffix == ".svg" else None)
