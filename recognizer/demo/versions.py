"""Store two model versions without a training: a copy of the base, and a worse network.

Nothing about them is invented. The site's own code compares them on the drawings that are stored.
"""

from dataclasses import asdict
from typing import Any, Final

from ai_edge_litert.interpreter import Interpreter
from django.db import transaction
from django.utils import timezone

from ml.data.mnist import LabelledImages
from ml.runtime import CLASS_COUNT, Recognizer
from recognizer.models import ModelVersion, RunState, TrainingRun
from recognizer.serving import model_registry
from recognizer.training.candidate import store_version
from recognizer.training.candidate_evaluation import (
    HELD_OUT_MARGIN,
    CandidateEvaluation,
    EvaluationSet,
    evaluate_set,
    held_out_set,
)
from recognizer.training.label_check import check_training_labels
from recognizer.training.rehearsal import rehearse
from recognizer.training.retraining import Options
from recognizer.training.training_data import Drawings, TrainingSelection, load_drawings, select

COPY: Final = "The network is a copy of the base. No training took place."
WORSE: Final = "The network is the base with the outputs for 1 and 7 exchanged."


def seed_versions(requested_by: str) -> None:
    """Store a live version, a copy of the base, and a rejected one, each with a training run."""
    base = model_registry.live_version()
    model, weights = bytes(base.files.model), bytes(base.files.weights)
    _store(base, model, weights, COPY, requested_by)
    live = model_registry.live_version()
    _store(live, exchange_outputs(model, 1, 7), weights, WORSE, requested_by)


def exchange_outputs(model: bytes, one: int, two: int) -> bytes:
    """Return a LiteRT model that predicts `one` instead of `two`, and the other way round."""
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    (last_layer,) = (
        interpreter.get_tensor(tensor["index"])
        for tensor in interpreter.get_tensor_details()
        if len(tensor["shape"]) == 2 and tensor["shape"][0] == CLASS_COUNT
    )
    exchanged = last_layer.copy()
    exchanged[[one, two]] = last_layer[[two, one]]
    return model.replace(last_layer.tobytes(), exchanged.tobytes())


def _store(live: ModelVersion, model: bytes, weights: bytes, note: str, requested_by: str) -> None:
    """Evaluate a model, store it as a version, and promote it if it is accepted."""
    selection, log = select(include_pending=False), [note]
    drawings = load_drawings(selection.training)
    held_out = load_drawings(selection.held_out)
    recognizer = model_registry.load(live)
    check_training_labels(drawings, selection, recognizer, log.append)
    evaluation = _evaluate(recognizer, Recognizer(model), held_out, drawings)
    rehearsal = rehearse(recognizer, Recognizer(model))
    card = _card(live, drawings, selection, evaluation, note)
    if model == bytes(live.files.model):  # The same network has the same scores on MNIST.
        card["scores"] = live.card["scores"] | evaluation.scores
    with transaction.atomic():
        version = store_version(
            live,
            drawings,
            evaluation.accepted,
            reason=f"{evaluation.reason} {note}",
            card=card,
            model=model,
            weights=weights,
        )
        if evaluation.accepted:
            model_registry.promote(version, by="seed_demo")
        decision = "Live" if evaluation.accepted else "Rejected"
        TrainingRun.objects.create(
            requested_by=requested_by,
            options=asdict(Options()),
            state=RunState.DONE if evaluation.accepted else RunState.REJECTED,
            reason=f"{decision}. {version.reason}",
            started=timezone.now(),
            finished=timezone.now(),
            log="".join(f"{line}\n" for line in log),
            evaluation=evaluation.as_json(),
            rehearsal=rehearsal.as_json(),
            version=version,
        )


def _evaluate(
    live: Recognizer, candidate: Recognizer, held_out: Drawings, learned: Drawings
) -> CandidateEvaluation:
    """Compare two networks on the stored drawings. MNIST is not needed."""
    data = LabelledImages(learned.pixels, learned.labels)
    title = "other approved drawings"
    sets = (
        held_out_set(held_out),
        EvaluationSet("learned_corrections", title, data, HELD_OUT_MARGIN),
    )
    return CandidateEvaluation([evaluate_set(each, candidate, live) for each in sets])


def _card(
    live: ModelVersion,
    drawings: Drawings,
    selection: TrainingSelection,
    evaluation: CandidateEvaluation,
    note: str,
) -> dict[str, Any]:
    """Return the card of the parent, with the drawings and the scores of this version."""
    trained_on = {
        **live.card["trained_on"],
        "corrections": len(drawings.rows),
        "corrections_sha256": drawings.sha256,
        "corrections_counts": selection.counts,
    }
    card = {**live.card, "demo": note, "trained_on": trained_on, "scores": evaluation.scores}
    card.pop("sha256", None)  # of the base
    return {**card, "parent": live.number}
