"""Absence or delay: trials with the sum written out, and trials that were made by either."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from streamline.stats.shared_absence import ODD, Fits, fits, likeliest_share, shared_share


def column(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_the_likelihoods_are_those_of_the_sum_by_hand() -> None:
    """Three trials: late with one free, on time with two, late with two. Away half of the time: 1/2, 3/4 and 1/4; a delay
    alone would best have 0.67 (to a hundredth of 2/3), 0.33 and 0.67."""
    found = fits(column([1, 2, 2]), np.array([True, False, True]), column([0, 0, 0]), n_kinds=2, share=0.5)
    assert found.absence[0] == pytest.approx(log(1 / 2 * 3 / 4 * 1 / 4))
    assert found.delay[0] == pytest.approx(log(0.67 * 0.33 * 0.67))
    both = max(log(1 - (1 - p) / 2) + log((1 - p) * 3 / 4) + log(1 - (1 - p) * 3 / 4) for p in np.arange(100) / 100)
    assert found.both[0] == pytest.approx(both)
    assert found.absence[1] == found.both[1] == found.delay[1] == 0  # without trials


def trials(
    rng: np.random.Generator, n: int, *, share: float = 0.0, delay: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    free = rng.integers(1, 6, n)
    return free, (rng.random(n) < share**free) | (rng.random(n) < delay)


def of_one(free: np.ndarray, late: np.ndarray, share: float) -> Fits:
    return fits(free, late, np.zeros(len(free), dtype=np.int64), n_kinds=1, share=share)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_absence_looks_like_absence(share: float) -> None:
    free, late = trials(np.random.default_rng(1), 2_000, share=share)
    assert likeliest_share(free, late) == pytest.approx(share, abs=0.03)
    found = of_one(free, late, share)
    assert found.both[0] - found.delay[0] > 10
    assert found.both[0] - found.absence[0] < 2  # and no delay besides


@pytest.mark.parametrize("delay", [0.05, 0.5, 1.0])
def test_delays_look_like_delays(delay: float) -> None:
    """No absence explains them better; and alone it doesn't explain them at all."""
    free, late = trials(np.random.default_rng(2), 2_000, delay=delay)
    found = of_one(free, late, shared_share(free, late, np.zeros(2_000, dtype=np.int64), n_kinds=1))
    assert found.both[0] - found.delay[0] < 3
    assert found.both[0] - found.absence[0] > 10


def test_absence_and_delay_of_the_same_step_are_both_found() -> None:
    free, late = trials(np.random.default_rng(5), 4_000, share=0.3, delay=0.3)
    share = shared_share(free, late, np.zeros(4_000, dtype=np.int64), n_kinds=1)
    assert share == pytest.approx(0.3, abs=0.07)
    found = of_one(free, late, share)
    assert found.both[0] - found.delay[0] > 10
    assert found.both[0] - found.absence[0] > 10


def test_with_one_person_nothing_tells_them_apart() -> None:
    found = of_one(np.ones(100, dtype=np.int64), np.array([True] * 20 + [False] * 80), 0.2)
    assert found.absence[0] == pytest.approx(found.delay[0])
    assert found.both[0] == pytest.approx(found.delay[0])


def test_nobody_late_is_neither() -> None:
    """Absence of so few is within what may be odd, and so is a delay: no difference."""
    free, late = trials(np.random.default_rng(3), 500)
    assert likeliest_share(free, late) == pytest.approx(ODD)
    found = of_one(free, late, ODD)
    assert found.absence[0] == pytest.approx(found.delay[0])


def test_a_delay_beside_it_leaves_the_share_of_absence_as_it_is() -> None:
    """One step with a courier in all cases, one that waits for absent people only."""
    rng = np.random.default_rng(4)
    free, late = trials(rng, 1_000, share=0.3)
    more, always = trials(rng, 1_000, delay=1.0)
    kind = np.repeat([0, 1], 1_000).astype(np.int64)
    both, of_both = np.concatenate([free, more]), np.concatenate([late, always])
    share = shared_share(both, of_both, kind, n_kinds=2)
    assert share == pytest.approx(likeliest_share(free, late), abs=0.02)
    found = fits(both, of_both, kind, n_kinds=2, share=share)
    assert found.both[0] - found.delay[0] > 10
    assert found.both[1] - found.absence[1] > 1_000


def test_a_step_that_is_hardly_ever_late_refutes_absence() -> None:
    """Steps that wait for one of five people, who is free as often as any: late in 1 - n/5, which falls with n as absence
    would. But other steps of these people begin at once, so they are there."""
    rng = np.random.default_rng(6)
    free = rng.integers(1, 6, 500)
    late = rng.random(500) < 1 - free / 5
    kind = np.zeros(500, dtype=np.int64)
    alone = fits(free, late, kind, n_kinds=1, share=shared_share(free, late, kind, n_kinds=1))
    assert alone.both.sum() - alone.delay.sum() > 10
    more, never = trials(rng, 500)
    free, late, kind = (
        np.concatenate([free, more]),
        np.concatenate([late, never]),
        np.repeat([0, 1], 500).astype(np.int64),
    )
    found = fits(free, late, kind, n_kinds=2, share=shared_share(free, late, kind, n_kinds=2))
    assert found.both.sum() - found.delay.sum() < 2


def test_a_trial_has_somebody_free() -> None:
    with pytest.raises(ValueError, match="1 of 2 trials have nobody"):
        fits(column([0, 1]), np.array([True, True]), column([0, 0]), n_kinds=1, share=0.1)
