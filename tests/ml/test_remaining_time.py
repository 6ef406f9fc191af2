"""The estimate of the remaining time is right from a tenth of the way on."""

import numpy as np
import pytest

from ml.training.remaining_time import MIN_STEPS, RemainingTime

STEPS = 2000
FACTOR = 1.5


def estimates(durations, export_steps=0.0, export_seconds=0.0):
    """Run the estimator on steps of these durations.

    Return (share, estimated seconds, actual seconds) after each step.
    """
    ends = np.cumsum(durations)
    clock = iter(ends)
    timer = RemainingTime(len(durations), export_steps, clock=lambda: next(clock))
    rows = []
    for end in ends:
        timer.count_step()
        rows.append((timer.share(), timer.seconds_left(), ends[-1] - end + export_seconds))
    return rows


def noisy(rng):
    """Return the seconds that each step takes. Their median is 0.03."""
    return 0.03 * rng.lognormal(0, 0.5, STEPS)


def slow_start(rng):
    """The first step is traced, and the next steps warm up."""
    durations = noisy(rng)
    durations[0] = 20
    durations[1:40] *= 4
    return durations


def pauses(rng):
    """The database or another process stops the training for half a second now and then."""
    durations = noisy(rng)
    durations[rng.choice(STEPS, 20)] += 0.5
    return durations


def drift(rng):
    """The processor becomes slower as it heats up."""
    return noisy(rng) * np.linspace(1, 1.5, STEPS)


@pytest.mark.parametrize("case", [slow_start, pauses, drift])
@pytest.mark.parametrize("seed", range(3))
def test_is_within_the_factor_from_a_tenth_of_the_way_on(case, seed):
    durations = case(np.random.default_rng(seed))
    step = durations[1:].mean()
    rows = estimates(durations, export_steps=400, export_seconds=400 * step)
    later = [row for row in rows if row[0] >= 0.1]
    assert all(1 / FACTOR < left / actual < FACTOR for _, left, actual in later)


def test_adapts_to_a_machine_that_becomes_slower():
    rng = np.random.default_rng(0)
    durations = noisy(rng)
    durations[: STEPS // 2] /= 3
    rows = estimates(durations)
    left, actual = rows[int(0.8 * STEPS)][1:]
    assert left == pytest.approx(actual, rel=0.35)


def test_gives_no_estimate_before_enough_steps():
    rows = estimates(np.full(100, 0.1))
    assert [left is None for _, left, _ in rows] == [True] * (MIN_STEPS - 1) + [False] * 51
    assert rows[-1][1] == 0
