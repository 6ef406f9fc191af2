"""`python -m ml.make_base MNIST.npz`: train the version that ships, on MNIST alone."""

import argparse
import hashlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np

from ml import mnist as mnist_file
from ml.evaluation import accuracy, read_all
from ml.mnist import Labelled, Mnist
from ml.runtime import BASE, KNOWN_DIGITS, Recognizer
from ml.training import Progress, Trained, train
from ml.versions import code_sha256, library_versions

NOTHING: Final = Labelled(np.empty((0, 28, 28), np.uint8), np.empty(0, np.uint8))


def main() -> None:
    """Train, score and write the base with its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path)
    # Of the three on the model card, this one takes neither dust nor a long line for digits.
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--folder", type=Path, default=BASE)
    options = parser.parse_args()
    # More threads add up in another order, and round differently: one gives the same weights on
    # however many cores.
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    if not options.mnist.exists():
        mnist_file.fetch(options.mnist)
    card = make(mnist_file.load(options.mnist), options.folder, options.seed, options.epochs)
    print(json.dumps(card, indent=2))


def make(mnist: Mnist, folder: Path, seed: int, epochs: int | None = None) -> dict[str, object]:
    """Train a network on MNIST alone and write it to `folder`; returns its card.

    After the training from scratch it goes on as a retraining does, with other styles, pens and
    outliers. `epochs` None takes the defaults of both.
    """
    begun = _train(mnist, None, epochs, seed)
    trained = _train(mnist, begun.weights, epochs, seed + 1000)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / KNOWN_DIGITS.name, _one_of_each(mnist.training))
    (folder / "model.tflite").write_bytes(trained.model)
    (folder / "weights.npz").write_bytes(trained.weights)
    card = _card(mnist, trained, seed, begun.epochs + trained.epochs)
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    return card


def _train(mnist: Mnist, start: bytes | None, epochs: int | None, seed: int) -> Trained:
    return train(
        mnist,
        NOTHING,
        mislabelled=np.zeros(0, bool),
        start=start,
        epochs=epochs,
        seed=seed,
        report=_print,
    )


def _card(mnist: Mnist, trained: Trained, seed: int, epochs: int) -> dict[str, object]:
    recognizer = Recognizer(trained.model)
    return {
        "trained_on": {
            "mnist": len(mnist.training),
            "mnist_sha256": mnist.digest,
            "corrections": 0,
            "corrections_sha256": hashlib.sha256().hexdigest(),
        },
        "seed": seed,
        "epochs": epochs,
        "calibration": asdict(trained.calibration),
        "scores": {
            "mnist_validation": accuracy(read_all(recognizer, mnist.validation), mnist.validation),
            "mnist_test": accuracy(read_all(recognizer, mnist.test), mnist.test),
        },
        "code_sha256": code_sha256(),
        "sha256": hashlib.sha256(trained.model).hexdigest(),
        "libraries": library_versions(),
    }


def _one_of_each(data: Labelled) -> np.ndarray:
    return np.stack([data.images[np.argmax(data.labels == digit)] for digit in range(10)])


def _print(progress: Progress) -> None:
    minutes = "?" if progress.seconds_left is None else f"{progress.seconds_left / 60:.0f}"
    line = (
        f"epoch {progress.epoch} of {progress.epochs}, {progress.share:4.0%}, "
        f"loss {progress.loss:.4f}, about {minutes} min left"
    )
    print(line, file=sys.stderr, end="\r", flush=True)


if __name__ == "__main__":
    main()
