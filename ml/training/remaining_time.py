"""Estimate the remaining time of a training run."""

import time
from collections.abc import Callable
from typing import Final

MIN_STEPS: Final = 50  # before the remaining time is estimated


class RemainingTime:
    """Measures the training steps, and estimates the time for everything that is left.

    The estimate uses the newer half of the steps, because a machine can become faster or slower.
    `export_steps` is the duration of the export after the training, in steps.
    """

    def __init__(
        self, steps: int, export_steps: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._steps = steps
        self._export_steps = export_steps
        self._clock = clock
        # The first step takes far longer, so the times begin at its end.
        self._ends: list[float] = []

    def count_step(self) -> None:
        """Record the end of a step."""
        self._ends.append(self._clock())

    def share(self) -> float:
        """Return the share of the steps that are done, in 0..1."""
        return len(self._ends) / self._steps

    def seconds_left(self) -> float | None:
        """Return the seconds until the end of the export, or None if too few steps are done."""
        done = len(self._ends)
        if done < min(MIN_STEPS, self._steps):
            return None
        return (self._steps - done + self._export_steps) * self.step_seconds()

    def step_seconds(self) -> float:
        """Return the mean duration of the newer half of the steps."""
        newer = self._ends[len(self._ends) // 2 :]
        return (newer[-1] - newer[0]) / max(len(newer) - 1, 1)
