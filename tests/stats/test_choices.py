"""How readily people take what is offered: sums by hand, and readiness that was made."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.stats.choices import readiness


def test_of_two_who_take_three_to_one_one_is_three_times_as_ready() -> None:
    offered = np.ones((4, 2), dtype=bool)
    assert readiness(offered, np.array([0, 0, 0, 1])) == pytest.approx([1.5, 0.5])


def test_what_is_offered_to_one_only_says_nothing() -> None:
    offered = np.array([[True, False]] * 50 + [[True, True]] * 2)
    assert readiness(offered, np.array([0] * 50 + [0, 1])) == pytest.approx([1, 1], abs=1e-4)
    assert readiness(offered[:50], np.zeros(50, dtype=np.int64)) == pytest.approx([1, 1])


def test_readiness_that_was_made_is_found() -> None:
    """Five people, half of them asked each time: 20,000 things tell their readiness to a few percent."""
    rng = np.random.default_rng(1)
    true = np.array([0.2, 0.5, 1.0, 1.3, 2.0])
    offered = rng.random((20_000, 5)) < 0.5
    offered = offered[offered.any(axis=1)]
    weight = offered * true
    taken = (np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True) < rng.random(len(offered))[:, None]).sum(
        axis=1
    )
    assert readiness(offered, taken) == pytest.approx(true, rel=0.06)


def test_a_thing_is_taken_by_somebody_it_was_offered_to() -> None:
    with pytest.raises(ValueError, match="wasn't offered"):
        readiness(np.array([[True, False]]), np.array([1]))
