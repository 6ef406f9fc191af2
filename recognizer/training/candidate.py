"""A candidate: a newly trained model with everything that is stored about it."""

import os
from dataclasses import asdict, dataclass
from typing import Any

from ml.data.mnist import Mnist
from ml.training.provenance import code_sha256, library_versions
from ml.training.results import TrainingResult
from recognizer.models import ModelVersion, VersionState
from recognizer.serving import model_registry
from recognizer.training import ledger
from recognizer.training.candidate_evaluation import CandidateEvaluation
from recognizer.training.options import Options
from recognizer.training.rehearsal import Rehearsal
from recognizer.training.run_lifecycle import RetrainError
from recognizer.training.training_data import Drawings


@dataclass(frozen=True)
class Candidate:
    """A trained candidate, what it was trained on, and how it was evaluated.

    `counts` are those of the selection of training data. `live` is the version that was live at the
    start of the training.
    """

    live: ModelVersion
    mnist: Mnist
    counts: dict[str, int]
    drawings: Drawings
    result: TrainingResult
    evaluation: CandidateEvaluation
    rehearsal: Rehearsal

    def store(self, options: Options) -> ModelVersion:
        """Store a version and its ledger entries, and promote it if it was accepted.

        Call this in a transaction. Raises `RetrainError` if another version went live during the
        training, and `CorruptModelError` if the model does not pass the smoke test.
        """
        model_registry.lock_versions()
        self._check_still_live()
        version = store_version(
            self.live,
            self.drawings,
            self.evaluation.accepted,
            reason=self.evaluation.reason,
            card=self.card(options),
            model=self.result.model,
            weights=self.result.weights,
        )
        if self.evaluation.accepted and not options.confirm:
            model_registry.promote(version, by="retrain")
        return version

    def card(self, options: Options) -> dict[str, Any]:
        """Return the model card.

        In `trained_on`, `mnist`, `corrections` and `label_noise` are numbers of images.
        `corrections` counts all drawings, also those that no visitor corrected.
        `manage.py models verify` compares `corrections_sha256` with the ledger.
        """
        return {
            "trained_on": {
                "mnist": len(self.mnist.training),
                "mnist_sha256": self.mnist.digest,
                "corrections": len(self.drawings.rows),
                "corrections_sha256": self.drawings.sha256,
                "corrections_counts": self.counts,
                "label_noise": self.result.label_noise_count,
                "include_pending": options.include_pending,
            },
            "from_scratch": options.from_scratch,
            "epochs": self.result.epochs,
            "seed": options.seed,
            "calibration": asdict(self.result.calibration),
            "scores": self.evaluation.scores,
            # The version whose weights the training started from.
            "parent": None if options.from_scratch else self.live.number,
            "code_sha256": code_sha256(),
            "libraries": library_versions(),
            # The number of cores sets TensorFlow's number of threads, which can change the weights.
            "cpu_count": os.cpu_count(),
        }

    def _check_still_live(self) -> None:
        current = model_registry.live_version()
        if current != self.live:
            raise RetrainError(
                f"{current} was promoted during the training, and the candidate was compared with "
                f"{self.live}. No version was stored. Start another training run."
            )


def store_version(
    predecessor: ModelVersion, drawings: Drawings, is_accepted: bool, **fields: Any
) -> ModelVersion:
    """Store a candidate or a rejected version, and its ledger entries."""
    newest = ModelVersion.objects.order_by("-number")[0]
    version = ModelVersion.objects.store(
        number=newest.number + 1,
        predecessor=predecessor,
        # promote() makes it live. Only one version can be live at a time.
        state=VersionState.CANDIDATE if is_accepted else VersionState.REJECTED,
        **fields,
    )
    ledger.record(version, drawings.rows)
    return version
