"""`python -m ml.training.train_base MNIST.npz`: train the base, the version that ships.

The base is trained on MNIST's training images and on images generated from them and from fonts. No
visitor's drawing is used. With `--export-only`, the weights stay, and only the model is made again.
"""

import argparse
import hashlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np

from ml.arrays import IMAGE_SIDE, Images
from ml.data import mnist as mnist_file
from ml.data.mnist import LabelledImages, Mnist
from ml.data.mnist_evaluation import DIGESTS, compute_digests
from ml.evaluation.model_comparison import accuracy, predict_all
from ml.runtime import BASE, DIGIT_COUNT, SMOKE_TEST_DIGITS, Recognizer
from ml.training import network
from ml.training.calibration import Calibration
from ml.training.provenance import code_sha256, library_versions
from ml.training.results import Progress, TrainingResult
from ml.training.trainer import export, train

NO_DRAWINGS: Final = LabelledImages(
    np.empty((0, IMAGE_SIDE, IMAGE_SIDE), np.uint8), np.empty(0, np.uint8)
)
# Of the three seeds on the model card, this one gave a network that predicts "not a digit" for
# dust and for long lines.
DEFAULT_SEED: Final = 2
SECOND_SEED_OFFSET: Final = 1000  # from the seed of the first training run to that of the second


def main() -> None:
    """Train the base, write its files, and print its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--folder", type=Path, default=BASE)
    parser.add_argument(
        "--export-only",
        action="store_true",
        help="train nothing, and export the weights in the folder again",
    )
    options = parser.parse_args()
    # The order in which several threads add numbers varies, and so does the rounding. With one
    # thread, the weights do not depend on the number of cores.
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    if not options.mnist.exists():
        mnist_file.fetch(options.mnist)
    mnist = mnist_file.load(options.mnist)
    if options.export_only:
        card = export_again(mnist, options.folder)
    else:
        card = train_base(mnist, options.folder, options.seed, options.epochs)
    print(json.dumps(card, indent=2))


def train_base(
    mnist: Mnist, folder: Path, seed: int, epochs: int | None = None
) -> dict[str, object]:
    """Train the base, write its files to `folder`, and return its card.

    There are two training runs. The first starts from scratch. The second continues from the
    weights of the first, as retraining continues from the live version. With `epochs` None, each
    run has its default number of epochs.
    """
    first = _train(mnist, None, epochs, seed)
    result = _train(mnist, first.weights, epochs, seed + SECOND_SEED_OFFSET)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / SMOKE_TEST_DIGITS.name, _first_of_each_digit(mnist.training))
    np.save(folder / DIGESTS.name, compute_digests(mnist))
    (folder / "weights.npz").write_bytes(result.weights)
    card = {
        "trained_on": _training_data(mnist),
        "seed": seed,
        "epochs": first.epochs + result.epochs,
        "code_sha256": code_sha256(),
    }
    return _write_export(folder, card, result.model, result.calibration, mnist)


def export_again(mnist: Mnist, folder: Path) -> dict[str, object]:
    """Export the weights in `folder` again, for a change of the export. Return the new card.

    Its `code_sha256` stays that of the code that trained the weights.
    """
    model = network.build()
    network.load_weights(model, (folder / "weights.npz").read_bytes())
    calibration, litert = export(model, mnist)
    card = json.loads((folder / "card.json").read_text())
    return _write_export(folder, card, litert, calibration, mnist)


def _write_export(
    folder: Path, card: dict[str, object], model: bytes, calibration: Calibration, mnist: Mnist
) -> dict[str, object]:
    """Write the exported model and its card, and return the card."""
    card |= {
        "calibration": asdict(calibration),
        "scores": _scores(mnist, Recognizer(model)),
        "sha256": hashlib.sha256(model).hexdigest(),
        "libraries": library_versions(),
    }
    (folder / "model.tflite").write_bytes(model)
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    return card


def _train(mnist: Mnist, start: bytes | None, epochs: int | None, seed: int) -> TrainingResult:
    return train(
        mnist,
        NO_DRAWINGS,
        label_noise=np.zeros(0, bool),
        start=start,
        epochs=epochs,
        seed=seed,
        on_progress=_print_progress,
    )


def _training_data(mnist: Mnist) -> dict[str, object]:
    return {
        "mnist": len(mnist.training),
        "mnist_sha256": mnist.digest,
        "corrections": 0,
        "corrections_sha256": hashlib.sha256().hexdigest(),
    }


def _scores(mnist: Mnist, recognizer: Recognizer) -> dict[str, float | None]:
    sets = {"mnist_validation": mnist.validation, "mnist_test": mnist.test}
    return {name: accuracy(predict_all(recognizer, data), data) for name, data in sets.items()}


def _first_of_each_digit(data: LabelledImages) -> Images:
    return np.stack([data.images[np.argmax(data.labels == digit)] for digit in range(DIGIT_COUNT)])


def _print_progress(progress: Progress) -> None:
    minutes = "?" if progress.seconds_left is None else f"{progress.seconds_left / 60:.0f}"
    line = (
        f"epoch {progress.epoch} of {progress.epochs}, {progress.share:4.0%}, "
        f"loss {progress.loss or 0:.4f}, about {minutes} min left"
    )
    print(line, file=sys.stderr, end="\r", flush=True)


if __name__ == "__main__":
    main()
