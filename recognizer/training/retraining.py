"""Train a candidate on MNIST and the approved drawings, and promote it if it is accepted."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from ml.arrays import Mask
from ml.data import mnist as mnist_file
from ml.data.mnist import LabelledImages, Mnist, MnistError
from ml.runtime import Recognizer
from ml.training.results import Progress, TrainingResult
from recognizer.models import (
    ModelVersion,
    RunCancelledError,
    RunState,
    TrainingRun,
    VersionState,
)
from recognizer.serving import model_registry
from recognizer.training.candidate import Candidate
from recognizer.training.candidate_evaluation import (
    estimate_seconds,
    evaluate,
    evaluation_sets,
)
from recognizer.training.database_outages import retry
from recognizer.training.label_check import check_training_labels, drop_untrusted_drawings
from recognizer.training.options import Options
from recognizer.training.rehearsal import rehearse
from recognizer.training.run_lifecycle import RetrainError, persist_log, persist_progress, track_run
from recognizer.training.training_data import (
    Drawings,
    TrainingSelection,
    drop_mnist_images,
    load_drawings,
    select,
)

__all__ = [
    "MnistError",
    "Options",
    "Outcome",
    "Progress",
    "RetrainError",
    "RunCancelledError",
    "retrain",
]


NOTHING_APPROVED: Final = (
    "Nothing approved yet. Approve drawings on the review pages, or train with --from-scratch."
)
STATES_WITH_RESULT: Final = (RunState.DONE, RunState.REJECTED)


@dataclass(frozen=True)
class Outcome:
    """The result of a training run. `manage.py retrain --json` prints it with these names.

    `version` is the number of the stored version. It is None if no version was stored.
    """

    # "live", "candidate" (accepted, waits for a person), "rejected" or "nothing new". A dry run has
    # "would be live" or "would be rejected". "nothing new" means that the training was skipped.
    # `reason` says why: there are no new drawings, or fewer than `if_new`, or a version trained on
    # the same drawings was rejected or waits.
    decision: str
    reason: str
    version: int | None
    counts: dict[str, int]
    evaluation: list[dict[str, Any]]  # as candidate_evaluation.SetResult
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

    Raises `OtherRunRunningError` if another training run is running. `run` then stays waiting.
    Raises `RetrainError` if too many labels are probably wrong, or if another version was promoted
    during the training.
    Raises `RunCancelledError` if a user cancels the run, or if it was marked as crashed.
    Raises `MnistError` if MNIST is missing and cannot be downloaded, or if its file is damaged.
    Raises `CorruptModelError` if the model or the weights of the live version cannot be loaded.
    """
    run = run or TrainingRun(options=asdict(options))
    on_progress, on_message = persist_progress(run, on_progress), persist_log(run, on_message)
    started = time.monotonic()
    with track_run(run):
        live = retry(model_registry.live_version)
        selection = retry(lambda: select(options.include_pending))
        if reason := retry(lambda: _reason_to_skip(live, selection, options)):
            skipped = Outcome("nothing new", reason, None, selection.counts, [], 0.0)
            return _finish(run, lambda: skipped)
        candidate = _train_candidate(live, selection, options, on_progress, on_message)
        seconds = time.monotonic() - started

        def store() -> Outcome:
            version = None if options.dry_run else candidate.store(options)
            return _outcome(candidate, version, seconds, options)

        return _finish(run, store, rehearsal=candidate.rehearsal.as_json())


def _train_candidate(
    live: ModelVersion,
    selection: TrainingSelection,
    options: Options,
    on_progress: Callable[[Progress], None],
    on_message: Callable[[str], None],
) -> Candidate:
    """Train a candidate and evaluate it. Store only which labels are probably wrong."""
    recognizer = retry(lambda: model_registry.load(live))
    mnist = _load_mnist()
    on_message(_describe(selection.counts))
    drawings = retry(lambda: load_drawings(selection.training))
    noise = retry(lambda: check_training_labels(drawings, selection, recognizer, on_message))
    held_out = retry(lambda: load_drawings(selection.held_out))
    unseen = drop_mnist_images(held_out, mnist.training.images, on_message)
    trusted = retry(lambda: drop_untrusted_drawings(unseen, recognizer))
    # Build the sets before the training, so that the remaining time can be estimated during it.
    sets = evaluation_sets(mnist, trusted, drawings)
    seconds = retry(lambda: estimate_seconds(recognizer, sets))
    on_step = _add_seconds(on_progress, seconds)
    result = _train(mnist, drawings, noise, live, options, on_step)
    on_message(f"Comparing the candidate with {live} and with the best earlier version ...")

    def on_seconds_left(left: float) -> None:
        on_progress(Progress(result.epochs, result.epochs, 1.0, None, left))

    evaluation = retry(lambda: evaluate(live, result.model, sets, on_seconds_left))
    rehearsal = retry(lambda: rehearse(recognizer, Recognizer(result.model)))
    return Candidate(live, mnist, selection.counts, drawings, result, evaluation, rehearsal)


def _add_seconds(
    on_progress: Callable[[Progress], None], seconds: float
) -> Callable[[Progress], None]:
    """Return a callback that adds the duration of the evaluation to the remaining time."""

    def on_step(progress: Progress) -> None:
        left = progress.seconds_left
        on_progress(replace(progress, seconds_left=None if left is None else left + seconds))

    return on_step


def load_trainer() -> Callable[..., TrainingResult]:
    """Import the trainer, and return its `train` function.

    TensorFlow takes seconds to import. Call this after the checks, so that a refused training run
    fails at once.
    """
    from ml.training.trainer import train

    return train


def _describe(counts: dict[str, int]) -> str:
    owners = counts["held_out_owners"]
    by_owners = f"by {owners} owners" if owners else "so no drawings evaluate the candidate"
    return (
        f"Training on MNIST and {counts['training']} drawings ({counts['new']} new). "
        f"Held out: {counts['held_out']}, {by_owners}. "
        f"Left out: {counts['duplicates']} duplicates, "
        f"{counts['mnist_evaluation']} of MNIST's own evaluation images, "
        f"{counts['over_cap']} over the cap per owner, per label or per confusion, "
        f"{counts['owner_trained']} for evaluation whose owner's other drawings were used for "
        f"training, {counts['pending_held_out']} pending of held-out owners, "
        f"{counts['held_out_unused']} held-out duplicates or over the cap."
    )


def _outcome(
    candidate: Candidate, version: ModelVersion | None, seconds: float, options: Options
) -> Outcome:
    evaluation = candidate.evaluation
    decision = "live" if evaluation.accepted else "rejected"
    if options.dry_run:
        decision = f"would be {decision}"
    elif evaluation.accepted and options.confirm:
        decision = "candidate"
    return Outcome(
        decision,
        evaluation.reason,
        None if version is None else version.number,
        candidate.counts,
        evaluation.as_json(),
        seconds,
    )


def _finish(run: TrainingRun, store: Callable[[], Outcome], **fields: Any) -> Outcome:
    """Call `store`, store its outcome in the run, all in one transaction, and return the outcome.

    `fields` are also stored in the run.

    Raises `RunCancelledError` if the run was cancelled or marked as crashed.
    """
    outcome: Outcome | None = None

    def transact() -> Outcome:
        nonlocal outcome
        with transaction.atomic():
            # If the connection was cut during the commit, the result may be stored all the same.
            stored = TrainingRun.objects.filter(pk=run.pk, state__in=STATES_WITH_RESULT)
            if outcome and stored.exists():
                return outcome
            outcome = store()
            run.heartbeat()
            _store_outcome(run, outcome, fields)
        return outcome

    return retry(transact)


def _store_outcome(run: TrainingRun, outcome: Outcome, fields: dict[str, Any]) -> None:
    run.end(
        RunState.REJECTED if outcome.decision == "rejected" else RunState.DONE,
        f"{outcome.decision.capitalize()}. {outcome.reason}",
        evaluation=outcome.evaluation,
        version=outcome.version and ModelVersion.objects.get(number=outcome.version),
        log=run.log,
        **fields,
    )


def _load_mnist() -> Mnist:
    digest = settings.MNIST_SHA256 or mnist_file.DIGEST
    is_default = settings.MNIST_PATH == settings.DATA_DIR / "mnist.npz"
    if is_default and digest == mnist_file.DIGEST and not settings.MNIST_PATH.exists():
        mnist_file.fetch(settings.MNIST_PATH)
    return mnist_file.load(settings.MNIST_PATH, digest)


def _reason_to_skip(live: ModelVersion, selection: TrainingSelection, options: Options) -> str:
    """Return why training would be pointless, or an empty string."""
    new_count, required_count = selection.new_count, options.if_new
    is_trained_on_same = live.card["trained_on"]["corrections_sha256"] == selection.sha256
    if is_trained_on_same and not options.from_scratch and not selection.labelled_count:
        return NOTHING_APPROVED
    if required_count is not None and new_count < required_count:
        return f"New drawings: {new_count}; required: {required_count}."
    same = ModelVersion.objects.filter(
        card__trained_on__corrections_sha256=selection.sha256, predecessor=live
    )
    earlier = same.filter(state__in=(VersionState.REJECTED, VersionState.CANDIDATE)).first()
    if required_count is not None and earlier:
        return (
            f"{earlier} was trained on the same drawings. Its state is {earlier.state}: "
            f"{earlier.reason}"
        )
    if is_trained_on_same and not options.from_scratch:
        return (
            f"{live} was already trained on the same drawings. Approve more, "
            "or train with --from-scratch."
        )
    return ""


def _train(
    mnist: Mnist,
    drawings: Drawings,
    label_noise: Mask,
    live: ModelVersion,
    options: Options,
    on_progress: Callable[[Progress], None],
) -> TrainingResult:
    start = None if options.from_scratch else retry(lambda: model_registry.load_weights(live))
    train = load_trainer()
    return train(
        mnist,
        LabelledImages(drawings.pixels, drawings.labels),
        label_noise=label_noise,
        start=start,
        epochs=options.epochs,
        seed=options.seed,
        on_progress=on_progress,
    )
