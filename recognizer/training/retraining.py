"""Train a candidate on MNIST and the approved drawings, and promote it if it is accepted."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from ml.data import mnist as mnist_file
from ml.data.mnist import LabelledImages, Mnist, MnistError
from ml.training.provenance import code_sha256, library_versions
from ml.training.results import Progress, TrainingResult
from recognizer.models import (
    ModelVersion,
    RunCancelledError,
    RunState,
    Submission,
    TrainingRun,
    VersionState,
)
from recognizer.serving import model_registry
from recognizer.training.candidate_evaluation import (
    CandidateEvaluation,
    Scores,
    check_label_noise,
    evaluate,
)
from recognizer.training.database_outages import retry
from recognizer.training.run_lifecycle import RetrainError, persist_log, persist_progress, track_run
from recognizer.training.training_data import BATCH_SIZE, TrainingSelection, select, to_arrays

__all__ = [
    "MnistError",
    "Options",
    "Outcome",
    "Progress",
    "RetrainError",
    "RunCancelledError",
    "retrain",
]

# The states that a training run can only get from `retrain` itself.
RESULTS: Final = (RunState.DONE, RunState.REJECTED)


@dataclass(frozen=True)
class Options:
    """The options of a training run.

    With `epochs=None`, the trainer uses its default. With `if_new=n`, skip the training if fewer
    than n drawings are new, or if a version trained on the same drawings was already rejected.
    """

    from_scratch: bool = False
    epochs: int | None = None
    seed: int = 1
    dry_run: bool = False
    include_pending: bool = False
    if_new: int | None = None


@dataclass(frozen=True)
class Outcome:
    """The result of a training run. `manage.py retrain --json` prints it with these names.

    `version` is the number of the stored version. It is None if no version was stored.
    """

    # "live", "rejected" or "nothing new". A dry run has "would be live" or "would be rejected".
    # "nothing new" means that the training was skipped. The reason tells why: there are no new
    # drawings, or fewer than `if_new`, or a version trained on the same drawings was rejected.
    decision: str
    reason: str
    version: int | None
    counts: dict[str, int]
    scores_before: Scores
    scores_after: Scores
    seconds: float


def retrain(
    options: Options,
    *,
    on_progress: Callable[[Progress], None],
    on_message: Callable[[str], None],
    run: TrainingRun | None = None,
) -> Outcome:
    """Train a candidate, compare it with the live version, store it, and promote it if accepted.

    `run` is the requested training run. With None, a run is created. One transaction at the end
    stores the candidate and the result of the run. Until then, the run changes no version.

    Raises `RetrainError` if another training run is running, if too many labels are wrong, or if
    another version was promoted during the training.
    Raises `RunCancelledError` if a user cancels the run, or if it was marked as crashed.
    Raises `MnistError` if MNIST is missing and cannot be downloaded, or if its file is damaged.
    Raises `CorruptModelError` if the model or the weights of the live version cannot be loaded.
    """
    run = run or TrainingRun.objects.create(options=asdict(options))
    on_progress, on_message = persist_progress(run, on_progress), persist_log(run, on_message)
    started = time.monotonic()
    with track_run(run):
        live = retry(model_registry.live_version)
        selection = retry(lambda: select(options.include_pending))
        if reason := retry(lambda: _reason_to_skip(live, selection, options)):
            skipped = Outcome("nothing new", reason, None, selection.counts, {}, {}, 0.0)
            return _finish(run, lambda: skipped)
        mnist = _load_mnist()
        on_message(_describe(selection.counts))
        result = _train(mnist, selection, live, options, on_progress, on_message)
        on_message(f"Comparing the candidate with {live} ...")
        evaluation = retry(lambda: evaluate(live, result.model, mnist, selection))
        seconds = time.monotonic() - started

        def store() -> Outcome:
            version_number = None
            if not options.dry_run:
                card = _card(live, mnist, selection, result, options, evaluation.scores_after)
                version_number = _store(live, result, card, selection, evaluation)
            return _outcome(evaluation, version_number, selection.counts, seconds, options.dry_run)

        return _finish(run, store)


def load_trainer() -> Callable[..., TrainingResult]:
    """Import the trainer, and return its `train` function.

    TensorFlow takes seconds to import. Call this after the checks, so that a refused training run
    fails at once.
    """
    from ml.training.trainer import train

    return train


def _describe(counts: dict[str, int]) -> str:
    return (
        f"Training on MNIST and {counts['training']} drawings ({counts['new']} new). "
        f"Held out: {counts['held_out']}. Left out: {counts['duplicates']} duplicates, "
        f"{counts['over_cap']} over the cap per owner or per label."
    )


def _outcome(
    evaluation: CandidateEvaluation,
    version_number: int | None,
    counts: dict[str, int],
    seconds: float,
    dry_run: bool,
) -> Outcome:
    verdict = evaluation.verdict
    decision = "live" if verdict.accepted else "rejected"
    return Outcome(
        f"would be {decision}" if dry_run else decision,
        verdict.reason,
        version_number,
        counts,
        evaluation.scores_before,
        evaluation.scores_after,
        seconds,
    )


def _finish(run: TrainingRun, store: Callable[[], Outcome]) -> Outcome:
    """Call `store`, store its outcome in the run, all in one transaction, and return the outcome.

    Raises `RunCancelledError` if the run was cancelled or marked as crashed.
    """
    outcome: Outcome | None = None

    def transact() -> Outcome:
        nonlocal outcome
        with transaction.atomic():
            # If the connection was cut during the commit, the result may be stored all the same.
            if outcome and TrainingRun.objects.filter(pk=run.pk, state__in=RESULTS).exists():
                return outcome
            outcome = store()
            run.heartbeat()
            _store_outcome(run, outcome)
        return outcome

    return retry(transact)


def _store_outcome(run: TrainingRun, outcome: Outcome) -> None:
    run.end(
        RunState.REJECTED if outcome.decision == "rejected" else RunState.DONE,
        f"{outcome.decision.capitalize()}. {outcome.reason}",
        scores={name: [outcome.scores_before[name], s] for name, s in outcome.scores_after.items()},
        version=outcome.version and ModelVersion.objects.get(number=outcome.version),
        log=run.log,
    )


def _load_mnist() -> Mnist:
    digest = settings.MNIST_SHA256 or mnist_file.DIGEST
    is_default = settings.MNIST_PATH == settings.DATA_DIR / "mnist.npz"
    if is_default and digest == mnist_file.DIGEST and not settings.MNIST_PATH.exists():
        mnist_file.fetch(settings.MNIST_PATH)
    return mnist_file.load(settings.MNIST_PATH, digest)


def _reason_to_skip(live: ModelVersion, selection: TrainingSelection, options: Options) -> str:
    """Return why training would be pointless, or an empty string."""
    new_count, required_count = len(selection.new_ids), options.if_new
    if required_count is not None and new_count < required_count:
        return f"New drawings: {new_count}; required: {required_count}."
    same_drawings = Q(card__trained_on__corrections_sha256=selection.sha256)
    rejected = ModelVersion.objects.filter(
        same_drawings, parent=live, state=VersionState.REJECTED
    ).first()
    if required_count is not None and rejected:
        return f"{rejected} was trained on the same drawings and rejected: {rejected.reason}"
    is_trained_on_same = live.card["trained_on"]["corrections_sha256"] == selection.sha256
    if is_trained_on_same and not options.from_scratch:
        return (
            f"{live} was already trained on the same drawings. Approve more, "
            "or train with --from-scratch."
        )
    return ""


def _train(
    mnist: Mnist,
    selection: TrainingSelection,
    live: ModelVersion,
    options: Options,
    on_progress: Callable[[Progress], None],
    on_message: Callable[[str], None],
) -> TrainingResult:
    drawings = LabelledImages(*retry(lambda: to_arrays(selection.training)))
    label_noise = retry(lambda: check_label_noise(drawings, live, on_message))
    start = None if options.from_scratch else retry(lambda: bytes(live.files.weights))
    train = load_trainer()
    return train(
        mnist,
        drawings,
        label_noise=label_noise,
        start=start,
        epochs=options.epochs,
        seed=options.seed,
        on_progress=on_progress,
    )


def _card(
    live: ModelVersion,
    mnist: Mnist,
    selection: TrainingSelection,
    result: TrainingResult,
    options: Options,
    scores: Scores,
) -> dict[str, Any]:
    """Return the model card.

    In `trained_on`, `mnist`, `corrections` and `label_noise` are numbers of images. `corrections`
    counts all selected drawings, also those that no visitor corrected.
    """
    return {
        "trained_on": {
            "mnist": len(mnist.training),
            "mnist_sha256": mnist.digest,
            "corrections": len(selection.training),
            "corrections_sha256": selection.sha256,
            "corrections_counts": selection.counts,
            "label_noise": result.label_noise_count,
            "include_pending": options.include_pending,
        },
        "from_scratch": options.from_scratch,
        "epochs": result.epochs,
        "seed": options.seed,
        "calibration": asdict(result.calibration),
        "scores": scores,
        # The version whose weights the training started from. The database column `parent` has
        # another meaning: the version that was live before, which can replace this version if this
        # version is corrupt.
        "parent": None if options.from_scratch else live.number,
        "code_sha256": code_sha256(),
        "libraries": library_versions(),
        # The number of cores sets TensorFlow's number of threads, which can change the weights.
        "cpu_count": os.cpu_count(),
    }


def _store(
    live: ModelVersion,
    result: TrainingResult,
    card: dict[str, Any],
    selection: TrainingSelection,
    evaluation: CandidateEvaluation,
) -> int:
    """Store the candidate, promote it if it was accepted, and return its number.

    Raises `RetrainError` if `live` is not the live version any more.
    """
    verdict = evaluation.verdict
    with transaction.atomic():
        model_registry.lock_versions()
        _check_still_live(live)
        newest = ModelVersion.objects.order_by("-number")[0]
        version = ModelVersion.objects.store(
            number=newest.number + 1,
            parent=live,
            # promote() makes it live. Only one version can be live at a time.
            state=VersionState.RETIRED if verdict.accepted else VersionState.REJECTED,
            reason=verdict.reason,
            card=card,
            model=result.model,
            weights=result.weights,
        )
        if verdict.accepted:
            model_registry.promote(version, by="retrain")
            for start in range(0, len(selection.new_ids), BATCH_SIZE):
                batch = selection.new_ids[start : start + BATCH_SIZE]
                Submission.objects.filter(pk__in=batch).update(learned_in=version)
    return version.number


def _check_still_live(live: ModelVersion) -> None:
    current = model_registry.live_version()
    if current != live:
        raise RetrainError(
            f"{current} was promoted during the training, and the candidate was compared with "
            f"{live}. No version was stored. Start another training run."
        )
