"""`python -m ml.training.train_base MNIST.npz`: train the base, the version that ships.

It is trained on MNIST's training images and on images generated from them and from fonts. No
visitor's drawing is used.
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
from ml.training.provenance import code_sha256, library_versions
from ml.training.results import Progress, TrainingResult
from ml.training.trainer import train

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
    options = parser.parse_args()
    # The order in which several threads add numbers varies, and so does the rounding. With one
    # thread, the weights do not depend on the number of cores.
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    if not options.mnist.exists():
        mnist_file.fetch(options.mnist)
    card = train_base(mnist_file.load(options.mnist), options.folder, options.seed, options.epochs)
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
    (folder / "model.tflite").write_bytes(result.model)
    (folder / "weights.npz").write_bytes(result.weights)
    card = _card(mnist, result, seed, first.epochs + result.epochs)
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


def _card(mnist: Mnist, result: TrainingResult, seed: int, epochs: int) -> dict[str, object]:
    return {
        "trained_on": {
            "mnist": len(mnist.training),
            "mnist_sha256": mnist.digest,
            "corrections": 0,
            "corrections_sha256": hashlib.sha256().hexdigest(),
        },
        "seed": seed,
        "epochs": epochs,
        "calibration": asdict(result.calibration),
        "scores": _scores(mnist, Recognizer(result.model)),
        "code_sha256": code_sha256(),
        "sha256": hashlib.sha256(result.model).hexdigest(),
        "libraries": library_versions(),
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
