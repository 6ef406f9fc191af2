"""Find labels that are probably wrong, before a training run uses them."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import numpy as np
from django.db import transaction

from ml.arrays import Mask
from ml.data.label_noise import flag_label_noise
from ml.data.mnist import LabelledImages
from ml.evaluation.model_comparison import predict_all
from ml.runtime import Recognizer, load_base
from recognizer.models import Review, Submission
from recognizer.models.batches import batched
from recognizer.training.rows import Row
from recognizer.training.run_lifecycle import RetrainError
from recognizer.training.training_data import Drawings, TrainingSelection, load_drawings

# Up to this many labels that are probably wrong do not stop retraining.
LABEL_NOISE_TOLERANCE: Final = 50
# The share of an owner's labels that must agree with the base for the owner's drawings to evaluate
# a version.
MIN_AGREEMENT_WITH_BASE: Final = 0.5


def check_training_labels(
    drawings: Drawings,
    selection: TrainingSelection,
    live: Recognizer,
    on_message: Callable[[str], None],
) -> Mask:
    """Return a mask of the labels that are probably wrong, (n,) bool, and report their number.

    The trainer gives these labels a low weight. They also include the labels of each confusion that
    is too frequent. Labels that a reviewer has confirmed are not among them.

    Raises `RetrainError` if more than half of the labels, and more than `LABEL_NOISE_TOLERANCE`,
    are probably wrong.
    """
    data = LabelledImages(drawings.pixels, drawings.labels)
    noise = flag_label_noise(data, live)
    doubtful_ids = selection.doubtful_ids
    noise |= np.array([row.id in doubtful_ids for row in drawings.rows], bool)
    noise &= ~np.array([row.label_confirmed for row in drawings.rows], bool)
    store_label_noise(drawings, noise, live)
    left_out: list[Row] = []
    for confusion in selection.capped_confusions:
        left_out += confusion.left_out
        others = load_drawings(confusion.left_out)
        store_label_noise(others, np.ones(len(others.rows), bool), live)
    # After the last query, because all queries are repeated after an outage.
    for confusion in selection.capped_confusions:
        on_message(str(confusion))
    doubtful = [drawings.rows[i] for i in np.flatnonzero(noise)] + left_out
    total = len(drawings.rows) + len(left_out)
    summary = f"{len(doubtful)} of {total} labels are probably wrong."
    if len(doubtful) > max(LABEL_NOISE_TOLERANCE, total / 2):
        raise RetrainError(f"{summary} Check them, then retrain: {_places(doubtful)}.")
    if doubtful:
        on_message(f"{summary} They get a low weight. You can check them: {_places(doubtful)}.")
    return noise


def _places(doubtful: list[Row]) -> str:
    """Return on which pages a reviewer finds how many of the rows.

    The page “Doubtful labels” lists only approved drawings.
    """
    pending = sum(row.review == Review.PENDING for row in doubtful)
    counts = {
        "on the page “Doubtful labels”": len(doubtful) - pending,
        "in the review queue": pending,
    }
    return ", ".join(f"{count} {place}" for place, count in counts.items() if count)


def drop_untrusted_drawings(held_out: Drawings, live: Recognizer) -> Drawings:
    """Return the held-out drawings whose labels are credible.

    Leave out labels that are probably wrong, and all drawings of an owner whose labels mostly
    contradict the base. Otherwise, wrong labels could hide that a candidate is worse, or reject
    every candidate.
    """
    data = LabelledImages(held_out.pixels, held_out.labels)
    noise = flag_label_noise(data, live)
    noise &= ~np.array([row.label_confirmed for row in held_out.rows], bool)
    store_label_noise(held_out, noise, live)
    agrees = predict_all(load_base(), data) == data.labels
    agreement: dict[UUID, list[bool]] = {}
    for row, agreed in zip(held_out.rows, agrees, strict=True):
        agreement.setdefault(row.owner, []).append(bool(agreed))
    trusted = {
        owner
        for owner, agreed in agreement.items()
        if sum(agreed) >= MIN_AGREEMENT_WITH_BASE * len(agreed)
    }
    return held_out.only(~noise & np.array([row.owner in trusted for row in held_out.rows], bool))


def store_label_noise(drawings: Drawings, noise: Mask, live: Recognizer) -> None:
    """Store the probability (0 to 1) that a label is wrong, for each label that is probably wrong.

    Labels that a reviewer has changed or confirmed meanwhile are skipped.
    """
    probabilities = {
        drawings.rows[i].id: 1 - float(live.predict_proba(drawings.pixels[i])[drawings.labels[i]])
        for i in np.flatnonzero(noise)
    }
    stored = Submission.objects.filter(label_noise__isnull=False)
    checked = {row.id: row for row in drawings.rows}
    outdated = set(stored.values_list("pk", flat=True)) & checked.keys() - probabilities.keys()
    for batch in batched(outdated):
        with transaction.atomic():
            ids = Submission.objects.filter(pk__in=batch).lock()
            Submission.objects.filter(pk__in=ids).update(label_noise=None)
    for batch in batched(sorted(probabilities)):
        with transaction.atomic():
            rows = Submission.objects.labelled(include_pending=True).filter(pk__in=batch)
            locked = rows.order_by("pk").select_for_update(of=("self",), no_key=True)
            current = locked.filter(label_confirmed=False).values_list(
                "pk",
                "effective_label",  # type: ignore[misc]  # an annotation
            )
            unchanged = [
                Submission(pk=pk, label_noise=probabilities[pk])
                for pk, label in current
                if label == checked[pk].effective_label
            ]
            Submission.objects.bulk_update(unchanged, ["label_noise"])
