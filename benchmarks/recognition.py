"""`make bench-recognition`: how well the network reads, against what people usually build.

Trains the baseline with one seed and the network with three, scores them and the version that
ships on the same pictures, and writes the table, the plots and the model card to `docs/`.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import keras
import numpy as np

from benchmarks import baseline, browser_png, model_card, plots
from benchmarks.baseline import Baseline
from benchmarks.pictures import Pictures, make_pictures
from benchmarks.readers import milliseconds, normalized, ours, score, theirs
from ml import mnist as mnist_file
from ml import network, training
from ml.decode import decode
from ml.mnist import Mnist
from ml.normalize import normalize
from ml.runtime import BASE, Recognizer

SEEDS: Final = (1, 2, 3)
QUICK_EPOCHS: Final = 2  # on MNIST's own images, hardly deformed; one was too few on held back ones
QUICK_STRONGEST: Final = 0.5
TIMED: Final = 100  # pictures


def main() -> None:
    """Train, score, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("strokes", type=Path, help="folder of pen_digits and pen_letters")
    parser.add_argument("networks", type=Path, help="folder for the trained networks")
    parser.add_argument("--reuse", action="store_true", help="the networks that are there")
    options = parser.parse_args()
    mnist = mnist_file.load(options.mnist)
    pictures = make_pictures(mnist, options.strokes)
    usual = baseline.train(mnist, seed=1)
    quick = quick_training(mnist)
    folders = [options.networks / f"seed-{seed}" for seed in SEEDS]
    train_seeds(options.mnist, folders, options.reuse)
    models = [(folder / "model.tflite").read_bytes() for folder in folders]
    shipped = (BASE / "model.tflite").read_bytes()
    recognizers = [Recognizer(model) for model in (shipped, *models)]
    shipped_scored, *seeds_scored = [
        score(pictures, partial(ours, r), normalized) for r in recognizers
    ]
    baseline_scored = [
        [score(pictures, partial(theirs, usual), see)]
        for see in (normalized, baseline.plain_resize)
    ]
    rows = model_card.score_rows([shipped_scored], seeds_scored, *baseline_scored)
    rows += speed_rows(pictures, shipped, recognizers[0], usual)
    rows += [model_card.learning_row(quick, usual)]
    plots.draw_all(pictures, recognizers[0], model_card.FOLDER)
    print(model_card.write(rows, BASE / "card.json"))


def train_seeds(mnist: Path, folders: list[Path], reuse: bool) -> None:
    """As `make base` trains, each seed on a core of its own, into a folder of its own."""

    def train(seed: int, folder: Path) -> None:
        if reuse and (folder / "model.tflite").exists():
            return
        started = time.monotonic()
        command = [sys.executable, "-m", "ml.make_base", str(mnist), f"--seed={seed}"]
        subprocess.run([*command, f"--folder={folder}"], stdout=subprocess.DEVNULL, check=True)
        print(f"\nseed {seed}: {time.monotonic() - started:.0f} s", file=sys.stderr)

    with ThreadPoolExecutor(os.cpu_count()) as cores:
        list(cores.map(train, SEEDS, folders))


def quick_training(mnist: Mnist) -> model_card.Quick:
    """Our trainer on MNIST's own images: how long, and how good on the test set."""
    keras.utils.set_random_seed(1)
    started = time.monotonic()
    model = network.build()
    rng = np.random.default_rng(1)
    training.fit(
        model,
        mnist.training,
        training.from_scratch,
        QUICK_EPOCHS,
        rng,
        lambda progress: None,
        QUICK_STRONGEST,
    )
    seconds = time.monotonic() - started
    images = (mnist.test.images.astype(np.float32) / 255)[..., None]
    answers = model.predict(images, batch_size=500, verbose=0)[:, :10].argmax(axis=1)
    return model_card.Quick(seconds, float((answers == mnist.test.labels).mean()))


def speed_rows(
    pictures: Pictures, model: bytes, recognizer: Recognizer, usual: Baseline
) -> list[model_card.Row]:
    """Size, one look, and the whole way from a PNG to an answer, each in this process."""
    greys = pictures.pen[:TIMED]
    seen = [normalize(grey) for grey in greys]
    files = browser_png.files(greys)
    look = milliseconds(recognizer.read, seen)
    their_look = milliseconds(lambda p: usual.probabilities(p[None]), seen[:20])
    way = milliseconds(lambda file: recognizer.read(normalize(decode(file))), files)
    their_way = milliseconds(
        lambda file: usual.probabilities(baseline.plain_resize(decode(file))[None]), files[:20]
    )
    size = f"{usual.network.count_params() * 4 / 1000:.0f} KB"
    return [
        ("size of the model", f"{len(model) / 1000:.0f} KB", "", size, size),
        ("one look", f"{look:.3f} ms", "", f"{their_look:.1f} ms", f"{their_look:.1f} ms"),
        ("decode, normalize and read a PNG", f"{way:.2f} ms", "", "", f"{their_way:.1f} ms"),
    ]


if __name__ == "__main__":
    main()
