"""The options of a training run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The options of a training run.

    With `epochs=None`, the trainer uses its default. With `if_new=n`, skip the training if fewer
    than n drawings are new, or if a version trained on the same drawings was already rejected or
    waits for a person. With `confirm`, an accepted version waits until a person promotes or rejects
    it.
    """

    from_scratch: bool = False
    epochs: int | None = None
    seed: int = 1
    dry_run: bool = False
    include_pending: bool = False
    if_new: int | None = None
    confirm: bool = False
