"""Absence within work: found where it was made, and hardly any where none was."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.stats.interrupted import ENOUGH, interruptions

HALF_DAY = 3.4


def work(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Three kinds of lognormal work: of 8 minutes, 20 minutes and an hour in the median; hours."""
    kind = rng.integers(0, 3, n)
    return np.array([8, 20, 60])[kind] / 60 * np.exp(0.5 * rng.standard_normal(n)), kind.astype(np.int64)


def interrupted(rng: np.random.Generator, hours: np.ndarray, *, rate: float, length: float) -> np.ndarray:
    """So many absences an hour of work, one at most in a step, each of so many hours."""
    return np.where(rng.random(len(hours)) < 1 - np.exp(-rate * hours), length, 0.0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_absence_that_was_made_is_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hours, kind = work(rng, 6_000)
    lost = interrupted(rng, hours, rate=0.07, length=HALF_DAY)
    found = interruptions(hours + lost, kind, longest=8.5, most=1.0)
    assert found.rate == pytest.approx(0.07, rel=4 / np.sqrt((lost > 0).sum()))
    assert found.mean_length == pytest.approx(HALF_DAY, rel=0.05)
    drawn = found.drawn(hours + lost, kind, rng)
    assert drawn.sum() == pytest.approx(lost.sum(), rel=0.08)
    # what is left is the work as it was, kind by kind
    for k in range(3):
        assert (hours + lost - drawn)[kind == k].mean() == pytest.approx(hours[kind == k].mean(), rel=0.06)
    # and nearly all steps that were interrupted are known
    assert (drawn > 0)[lost > 0].mean() > 0.9
    assert (drawn < hours + lost).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_there_is_none_hardly_any_is_found(seed: int) -> None:
    hours, kind = work(np.random.default_rng(seed), 6_000)
    found = interruptions(hours, kind, longest=8.5, most=1.0)
    assert found.rate * found.mean_length < 0.01
    assert found.drawn(hours, kind, np.random.default_rng(1)).sum() < 0.01 * hours.sum()


def test_no_more_is_told_than_is_known_from_elsewhere() -> None:
    rng = np.random.default_rng(1)
    hours, kind = work(rng, 6_000)
    lost = interrupted(rng, hours, rate=0.07, length=HALF_DAY)
    found = interruptions(hours + lost, kind, longest=8.5, most=0.1)
    assert found.rate * found.mean_length == pytest.approx(0.1)
    none = interruptions(hours + lost, kind, longest=8.5, most=0.0)
    assert none.rate == 0
    assert (none.drawn(hours + lost, kind, rng) == 0).all()


def test_few_steps_of_a_kind_tell_nothing() -> None:
    hours = np.concatenate([np.full(ENOUGH - 1, 0.5), [30.0]])[1:]
    found = interruptions(hours, np.zeros(len(hours), dtype=np.int64), longest=8.5, most=1.0)
    assert np.isnan(found.centre).all()
    assert (found.drawn(hours, np.zeros(len(hours), dtype=np.int64), np.random.default_rng(1)) == 0).all()
    nothing = interruptions(np.zeros(0), np.zeros(0, dtype=np.int64), longest=8.5, most=1.0)
    assert nothing.rate == 0
