"""Absence or delay: trials with the sum written out, and trials that were made by either."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from streamline.stats.shared_absence import ODD, for_absence, likeliest_share, shared_share


def column(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_the_likelihoods_are_those_of_the_sum_by_hand() -> None:
    """Three trials: late with one free, on time with two, late with two. Away half of the time: 1/2, 3/4 and 1/4; a delay
    would have 2/3, 1/3 and 2/3."""
    found = for_absence(column([1, 2, 2]), np.array([True, False, True]), column([0, 0, 0]), n_kinds=2, share=0.5)
    assert found[0] == pytest.approx(log(1 / 2 * 3 / 4 * 1 / 4) - log(2 / 3 * 1 / 3 * 2 / 3))
    assert found[1] == 0  # without trials


def trials(
    rng: np.random.Generator, n: int, *, share: float = 0.0, delay: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    free = rng.integers(1, 6, n)
    return free, (rng.random(n) < share**free) | (rng.random(n) < delay)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_absence_looks_like_absence(share: float) -> None:
    free, late = trials(np.random.default_rng(1), 2_000, share=share)
    assert likeliest_share(free, late) == pytest.approx(share, abs=0.03)
    assert for_absence(free, late, np.zeros(2_000, dtype=np.int64), n_kinds=1, share=share)[0] > 10


@pytest.mark.parametrize("delay", [0.05, 0.5, 1.0])
def test_delays_look_like_delays(delay: float) -> None:
    free, late = trials(np.random.default_rng(2), 2_000, delay=delay)
    share = likeliest_share(free, late)
    assert for_absence(free, late, np.zeros(2_000, dtype=np.int64), n_kinds=1, share=share)[0] < -10


def test_with_one_person_nothing_tells_them_apart() -> None:
    late = np.array([True] * 20 + [False] * 80)
    found = for_absence(np.ones(100, dtype=np.int64), late, np.zeros(100, dtype=np.int64), n_kinds=1, share=0.2)
    assert found[0] == pytest.approx(0, abs=1e-9)


def test_nobody_late_is_neither() -> None:
    """Absence of so few is within what may be odd, and so is a delay: no difference."""
    free, late = trials(np.random.default_rng(3), 500)
    assert likeliest_share(free, late) == pytest.approx(ODD)
    assert for_absence(free, late, np.zeros(500, dtype=np.int64), n_kinds=1, share=ODD)[0] == pytest.approx(0)


def test_a_delay_beside_it_leaves_the_share_of_absence_as_it_is() -> None:
    """One step with a courier in all cases, one that waits for absent people only."""
    rng = np.random.default_rng(4)
    free, late = trials(rng, 1_000, share=0.3)
    more, always = trials(rng, 1_000, delay=1.0)
    kind = np.repeat([0, 1], 1_000).astype(np.int64)
    both, of_both = np.concatenate([free, more]), np.concatenate([late, always])
    share = shared_share(both, of_both, kind, n_kinds=2)
    assert share == pytest.approx(likeliest_share(free, late), abs=0.011)
    found = for_absence(both, of_both, kind, n_kinds=2, share=share)
    assert found[0] > 10
    assert found[1] < -1_000


def test_a_trial_has_somebody_free() -> None:
    with pytest.raises(ValueError, match="1 of 2 trials have nobody"):
        for_absence(column([0, 1]), np.array([True, True]), column([0, 0]), n_kinds=1, share=0.1)
