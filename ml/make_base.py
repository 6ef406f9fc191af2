"""`python -m ml.make_base MNIST.npz`: train the version that ships, on MNIST alone."""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Final

import numpy as np

from ml import mnist as mnist_file
from ml.evaluation import accuracy, read_all
from ml.mnist import Labelled, Mnist
from ml.runtime import BASE, KNOWN_DIGITS, Recognizer
from ml.training import Progress, Trained, train
from ml.versions import library_versions

NOTHING: Final = Labelled(np.empty((0, 28, 28), np.uint8), np.empty(0, np.uint8))


def main() -> None:
    """Train, score and write the base with its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int)
    options = parser.parse_args()
    if not options.mnist.exists():
        mnist_file.fetch(options.mnist)
    mnist = mnist_file.load(options.mnist)
    trained = train(
        mnist, NOTHING, start=None, epochs=options.epochs, seed=options.seed, report=_print
    )
    BASE.mkdir(exist_ok=True)
    np.save(KNOWN_DIGITS, _one_of_each(mnist.training))
    (BASE / "model.tflite").write_bytes(trained.model)
    (BASE / "weights.npz").write_bytes(trained.weights)
    text = json.dumps(_card(mnist, trained, options.seed), indent=2)
    (BASE / "card.json").write_text(text + "\n")
    print(text)


def _card(mnist: Mnist, trained: Trained, seed: int) -> dict[str, object]:
    recognizer = Recognizer(trained.model)
    return {
        "trained_on": {
            "mnist": len(mnist.training),
            "mnist_sha256": mnist.digest,
            "corrections": 0,
            "corrections_sha256": hashlib.sha256().hexdigest(),
        },
        "seed": seed,
        "epochs": trained.epochs,
        "temperature": trained.temperature,
        "scores": {
            "mnist_validation": accuracy(read_all(recognizer, mnist.validation), mnist.validation),
            "mnist_test": accuracy(read_all(recognizer, mnist.test), mnist.test),
        },
        "sha256": hashlib.sha256(trained.model).hexdigest(),
        "libraries": library_versions(),
    }


def _one_of_each(data: Labelled) -> np.ndarray:
    return np.stack([data.images[np.argmax(data.labels == digit)] for digit in range(10)])


def _print(progress: Progress) -> None:
    line = (
        f"epoch {progress.epoch} of {progress.epochs}, {progress.share:4.0%}, "
        f"loss {progress.loss:.4f}, about {progress.seconds_left / 60:.0f} min left"
    )
    print(line, file=sys.stderr, end="\r", flush=True)


if __name__ == "__main__":
    main()
