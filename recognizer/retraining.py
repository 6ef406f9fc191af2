"""The bridge from approved labels and MNIST to a new version, judged and perhaps put live."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from ml import mnist as mnist_file
from ml.evaluation import Verdict, accuracy, judge, judge_no_digits, read_all
from ml.mislabelled import likely_mislabelled
from ml.mnist import Labelled, Mnist, MnistError
from ml.runtime import BASE, Recognizer
from ml.versions import code_sha256, library_versions
from recognizer import registry
from recognizer.corrections import AT_ONCE, Corrections, collect, labels_of
from recognizer.models import (
    CancelledError,
    ModelVersion,
    RunState,
    State,
    Submission,
    TrainingRun,
)
from recognizer.runs import RetrainError, recorded, reporting, telling

if TYPE_CHECKING:
    from ml.training import Progress, Trained

__all__ = ["CancelledError", "MnistError", "Options", "Outcome", "RetrainError", "retrain"]

# Of no digits taken for one digit: honest trainings take a few more, wrong threes many for threes.
NO_DIGITS_MARGIN: Final = 0.01
TOLERATED: Final = 50  # labels that are likely wrong; where they are the most, nothing is learned
LEARNED_READ: Final = 10_000  # so many of the corrections that were learned are read, at most

Scores = dict[str, float | None]


@dataclass(frozen=True)
class Options:
    """What the operator may choose; `epochs` None takes the default.

    With `if_new` nothing is done unless so many corrections are new, nor where the same ones were
    refused already.
    """

    from_scratch: bool = False
    epochs: int | None = None
    seed: int = 1
    dry_run: bool = False
    include_pending: bool = False
    if_new: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of it. `version` is None where nothing was stored; scores are shares in 0..1."""

    decision: str  # "live", "refused", "nothing new", or with --dry-run "would be ..."
    reason: str
    version: int | None
    counts: dict[str, int]
    scores_before: Scores
    scores_after: Scores
    seconds: float


def retrain(
    options: Options,
    *,
    report: Callable[["Progress"], None],
    say: Callable[[str], None],
    run: TrainingRun | None = None,
) -> Outcome:
    """Train a candidate, judge it against the live version, and store it with its fate.

    `run` is the row in which somebody asked for it; None makes one. Raises `RetrainError` while
    another retraining runs, `CancelledError` when somebody stops it, and `MnistError`. Nothing is
    stored before the end, and then all at once: until then, whatever happens, the old version is
    live.
    """
    run = run or TrainingRun.objects.create(options=asdict(options))
    report, say = reporting(run, report), telling(run, say)
    started = time.monotonic()
    with recorded(run):
        live = registry.live_version()
        corrections = collect(options.include_pending)
        counts = corrections.counts
        if too_little := _too_little(live, corrections, options):
            return _ended(run, Outcome("nothing new", too_little, None, counts, {}, {}, 0.0))
        mnist = _mnist()
        say(
            f"Training on MNIST and {counts['learned']} corrections ({counts['new']} new); "
            f"{counts['held_out']} corrections are kept to judge with, "
            f"{counts['copies'] + counts['over_share']} left out as copies or beyond a fair share."
        )
        trained = _train(mnist, corrections, live, options, report, say)
        say(f"Judging against {live} ...")
        before, after, verdict = _judge(live, trained, mnist, corrections)
        seconds = time.monotonic() - started
        decision, number = ("live" if verdict.accepted else "refused"), None
        with transaction.atomic():  # the version and the end of its run, or neither
            if options.dry_run:
                decision = f"would be {decision}"
            else:
                card = _card(live, mnist, corrections, trained, options, after)
                number = _store(live, trained, card, corrections, verdict)
            return _ended(
                run, Outcome(decision, verdict.reason, number, counts, before, after, seconds)
            )


def _ended(run: TrainingRun, outcome: Outcome) -> Outcome:
    """Write the outcome into the run's row; raises `CancelledError` if it was to stop before."""
    run.beat()
    run.end(
        RunState.REFUSED if outcome.decision == "refused" else RunState.DONE,
        f"{outcome.decision.capitalize()}. {outcome.reason}",
        scores={name: [outcome.scores_before[name], s] for name, s in outcome.scores_after.items()},
        version=outcome.version and ModelVersion.objects.get(number=outcome.version),
    )
    return outcome


def _mnist() -> Mnist:
    digest = settings.MNIST_SHA256 or mnist_file.DIGEST
    is_default = settings.MNIST_PATH == settings.DATA_DIR / "mnist.npz"
    if is_default and digest == mnist_file.DIGEST and not settings.MNIST_PATH.exists():
        mnist_file.fetch(settings.MNIST_PATH)
    return mnist_file.load(settings.MNIST_PATH, digest)


def _too_little(live: ModelVersion, corrections: Corrections, options: Options) -> str:
    """Why a training is not worth it; empty where it is."""
    new, wanted = len(corrections.new_ids), options.if_new
    if wanted is not None and new < wanted:
        return f"New corrections to learn: {new}; wanted: {wanted}."
    known = Q(card__trained_on__corrections_sha256=corrections.sha256)
    refused = ModelVersion.objects.filter(known, parent=live, state=State.REFUSED).first()
    if wanted is not None and refused:
        return f"{refused}, trained on the same corrections, was refused: {refused.reason}"
    knows = live.card["trained_on"]["corrections_sha256"] == corrections.sha256
    if knows and not options.from_scratch:
        return (
            f"{live} has learned all approved labels already. Approve more in the admin, "
            "or train anew with --from-scratch."
        )
    return ""


def _train(
    mnist: Mnist,
    corrections: Corrections,
    live: ModelVersion,
    options: Options,
    report: Callable[["Progress"], None],
    say: Callable[[str], None],
) -> "Trained":
    # Here, not above: importing TensorFlow takes seconds, and every refusal comes before it.
    from ml.training import train

    learned = Labelled(*labels_of(corrections.learned))
    mislabelled = _likely_mislabelled(learned, live, say)
    return train(
        mnist,
        learned,
        mislabelled=mislabelled,
        start=None if options.from_scratch else bytes(live.files.weights),
        epochs=options.epochs,
        seed=options.seed,
        report=report,
    )


def _likely_mislabelled(
    learned: Labelled, live: ModelVersion, say: Callable[[str], None]
) -> npt.NDArray[np.bool_]:
    """Which of them, (n,) bool; raises `RetrainError` where it is most of many."""
    found = likely_mislabelled(learned, Recognizer(bytes(live.files.model)))
    count = int(found.sum())
    doubt = f"{count} of {len(learned)} labels say what {live} rules out."
    if count > max(TOLERATED, len(learned) / 2):
        raise RetrainError(f"{doubt} Nothing is learned until wrong approvals are taken back.")
    if count:
        say(f"{doubt} They are hardly learned. Have a second look at what was approved.")
    return found


def _judge(
    live: ModelVersion, trained: "Trained", mnist: Mnist, corrections: Corrections
) -> tuple[Scores, Scores, Verdict]:
    """Both versions' scores on everything, and the verdict on what neither was trained on."""
    # Here, not above: the admin, which starts retrainings, need not hold what makes pictures.
    from ml import judges

    recognizers = Recognizer(bytes(live.files.model)), Recognizer(trained.model)
    few = corrections.learned[:: 1 + len(corrections.learned) // LEARNED_READ]
    learned = Labelled(*labels_of(few))
    held_out = Labelled(*labels_of(corrections.held_out))
    before: Scores = {}
    after: Scores = {}
    verdicts = []
    for name, what, data in (
        ("mnist_validation", "MNIST held back from training", mnist.validation),
        ("other_styles", "MNIST held back, in other styles", judges.other_styles(mnist.validation)),
        ("no_digits", "made-up drawings that are no digit", judges.no_digits(mnist.validation)),
        ("held_out_corrections", "corrections of held-out people", held_out),
        ("learned_corrections", "", learned),
        ("mnist_test", "", mnist.test),
    ):
        old, new = (read_all(recognizer, data) for recognizer in recognizers)
        before[name], after[name] = accuracy(old, data), accuracy(new, data)
        if name == "no_digits":
            # Against the base, or the margin would be lost anew at every retraining.
            base = read_all(Recognizer((BASE / "model.tflite").read_bytes()), data)
            verdicts.append(judge_no_digits(base, new, NO_DIGITS_MARGIN, what))
        elif what and len(data):
            verdicts.append(judge(old, new, data.labels, what))
    refusals = [verdict for verdict in verdicts if not verdict.accepted]
    reason = "; ".join(verdict.reason for verdict in refusals or verdicts)
    return before, after, Verdict(not refusals, f"{reason}.")


def _card(
    live: ModelVersion,
    mnist: Mnist,
    corrections: Corrections,
    trained: "Trained",
    options: Options,
    scores: Scores,
) -> dict[str, Any]:
    return {
        "trained_on": {
            "mnist": len(mnist.training),
            "mnist_sha256": mnist.digest,
            "corrections": len(corrections.learned),
            "corrections_sha256": corrections.sha256,
            "corrections_counts": corrections.counts,
            "likely_mislabelled": trained.mislabelled,
            "include_pending": options.include_pending,
        },
        "from_scratch": options.from_scratch,
        "epochs": trained.epochs,
        "seed": options.seed,
        "calibration": asdict(trained.calibration),
        "scores": scores,
        "parent": None if options.from_scratch else live.number,
        "code_sha256": code_sha256(),
        "libraries": library_versions(),
    }


def _store(
    live: ModelVersion,
    trained: "Trained",
    card: dict[str, Any],
    corrections: Corrections,
    verdict: Verdict,
) -> int:
    """Store the candidate and, if accepted, put it live: all or nothing."""
    with transaction.atomic():
        now_live = registry.live_version()
        if now_live != live:
            raise RetrainError(
                f"Somebody put {now_live} live meanwhile, and the result was only compared with "
                f"{live}. Nothing was stored. Start again."
            )
        newest = ModelVersion.objects.order_by("-number")[0]
        version = ModelVersion.objects.store(
            number=newest.number + 1,
            parent=live,
            state=State.RETIRED if verdict.accepted else State.REFUSED,
            reason=verdict.reason,
            card=card,
            model=trained.model,
            weights=trained.weights,
        )
        if verdict.accepted:
            registry.promote(version, by="retrain")
            for start in range(0, len(corrections.new_ids), AT_ONCE):
                some = corrections.new_ids[start : start + AT_ONCE]
                Submission.objects.filter(pk__in=some).update(learned_in=version)
    return version.number
