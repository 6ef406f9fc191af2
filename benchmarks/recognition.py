"""`make bench-recognition`: compare our network with the baseline and write the model card.

Trains the baseline with one seed and our network with three seeds. Scores these four networks and
the version that ships on the same images. Then writes the model card with its table and plots to
`docs/`.
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

import numpy as np

from benchmarks import baseline, browser_png, model_card, plots
from benchmarks.baseline import PREDICT_BATCH_SIZE, Baseline
from benchmarks.pictures import Pictures, make_pictures
from benchmarks.scoring import (
    Result,
    normalize_or_none,
    predict_baseline,
    predict_ours,
    score,
    time_per_item,
)
from ml.data import mnist as mnist_file
from ml.data.mnist import Mnist
from ml.preprocessing.decode import decode
from ml.preprocessing.normalize import normalize
from ml.runtime import BASE, DIGIT_COUNT, Recognizer
from ml.training import network, trainer
from ml.training.libraries import keras
from ml.training.optimizer import muon_optimizer

SEEDS: Final = (1, 2, 3)
SHORT_TRAINING_SEED: Final = 1
SHORT_TRAINING_EPOCHS: Final = 2  # after one, the accuracy on the validation images was too low
# The augmentation is weak, because MNIST's test images are similar to its training images.
SHORT_TRAINING_MAX_STRENGTH: Final = 0.5
TIMED_IMAGE_COUNT: Final = 100
TIMED_BASELINE_IMAGE_COUNT: Final = 20  # fewer, because the baseline is far slower


def main() -> None:
    """Train, score, and write the model card."""
    options = _parse_options()
    mnist = mnist_file.load(options.mnist)
    pictures = make_pictures(mnist, options.strokes)
    trained_baseline = baseline.train(mnist, seed=1)
    short_training = train_shortly(mnist)
    folders = [options.networks / f"seed-{seed}" for seed in SEEDS]
    train_seeds(options.mnist, folders, options.reuse)
    shipped = (BASE / "model.tflite").read_bytes()
    recognizer = Recognizer(shipped)
    rows = model_card.score_rows(*score_columns(pictures, recognizer, folders, trained_baseline))
    rows += speed_rows(pictures, len(shipped), recognizer, trained_baseline)
    rows += [model_card.training_row(short_training, trained_baseline)]
    plots.draw_all(pictures, recognizer, model_card.PLOTS_FOLDER)
    print(model_card.write(rows, BASE / "card.json"))


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path)
    parser.add_argument(
        "strokes", type=Path, help="folder that contains pen_digits and pen_letters"
    )
    parser.add_argument("networks", type=Path, help="folder for the trained networks")
    parser.add_argument("--reuse", action="store_true", help="reuse the networks in that folder")
    return parser.parse_args()


def score_columns(
    pictures: Pictures, shipped: Recognizer, folders: list[Path], trained_baseline: Baseline
) -> list[list[Result]]:
    """Return a column for each recognizer.

    The columns are the shipped version, the three seeds, and the baseline with our normalizer and
    with a plain resize.
    """

    def score_ours(recognizer: Recognizer) -> Result:
        return score(pictures, partial(predict_ours, recognizer), normalize_or_none)

    seeds = [Recognizer((folder / "model.tflite").read_bytes()) for folder in folders]
    predict = partial(predict_baseline, trained_baseline)
    return [
        [score_ours(shipped)],
        [score_ours(recognizer) for recognizer in seeds],
        [score(pictures, predict, normalize_or_none)],
        [score(pictures, predict, baseline.plain_resize)],
    ]


def train_seeds(mnist: Path, folders: list[Path], reuse: bool) -> None:
    """Train each seed as `make base` does, in parallel, each in its own folder."""

    def train(seed: int, folder: Path) -> None:
        if reuse and (folder / "model.tflite").exists():
            return
        started = time.monotonic()
        command = [sys.executable, "-m", "ml.training.train_base", str(mnist)]
        command += [f"--seed={seed}", f"--folder={folder}"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        print(f"\nseed {seed}: {time.monotonic() - started:.0f} s", file=sys.stderr)

    with ThreadPoolExecutor(os.cpu_count()) as cores:
        list(cores.map(train, SEEDS, folders))


def train_shortly(mnist: Mnist) -> model_card.ShortTrainingResult:
    """Train our network on MNIST's images, augmented, and on no other images."""
    keras.utils.set_random_seed(SHORT_TRAINING_SEED)
    started = time.monotonic()
    model = network.build()
    trainer.train_loop(
        model,
        mnist.training,
        muon_optimizer,
        SHORT_TRAINING_EPOCHS,
        np.random.default_rng(SHORT_TRAINING_SEED),
        lambda progress: None,
        SHORT_TRAINING_MAX_STRENGTH,
    )
    seconds = time.monotonic() - started
    images = (mnist.test.images.astype(np.float32) / 255)[..., None]
    logits = model.predict(images, batch_size=PREDICT_BATCH_SIZE, verbose=0)
    predicted = logits[:, :DIGIT_COUNT].argmax(axis=1)
    return model_card.ShortTrainingResult(seconds, float((predicted == mnist.test.labels).mean()))


def speed_rows(
    pictures: Pictures, model_bytes: int, recognizer: Recognizer, trained_baseline: Baseline
) -> list[model_card.Row]:
    """Return the rows for the model size and for the time without and with decoding a PNG."""
    greys = pictures.pen[:TIMED_IMAGE_COUNT]
    model_inputs = [normalize(grey) for grey in greys]
    files = browser_png.encode_all(greys)
    predict = trained_baseline.predict_proba
    few = slice(TIMED_BASELINE_IMAGE_COUNT)
    prediction = time_per_item(recognizer.predict, model_inputs)
    their_prediction = time_per_item(lambda pixels: predict(pixels[None]), model_inputs[few])
    whole = time_per_item(lambda file: recognizer.predict(normalize(decode(file))), files)
    their_whole = time_per_item(
        lambda file: predict(baseline.plain_resize(decode(file))[None]), files[few]
    )
    size = f"{trained_baseline.network.count_params() * 4 / 1000:.0f} KB"
    theirs = f"{their_prediction:.1f} ms"
    return [
        ("size of the model", f"{model_bytes / 1000:.0f} KB", "", size, size),
        ("one prediction", f"{prediction:.3f} ms", "", theirs, theirs),
        ("from a PNG file to the prediction", f"{whole:.2f} ms", "", "", f"{their_whole:.1f} ms"),
    ]


if __name__ == "__main__":
    main()
