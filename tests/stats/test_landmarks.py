"""Conditional survival by landmarks: known distributions, conditioning by hand, and what can't be told."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.stats.landmarks import FEWEST, Visits, share_beyond


def _visits(stay, remaining, done=None, state=None) -> Visits:
    n = len(stay)
    return Visits(
        state=np.zeros(n, dtype=np.int64) if state is None else np.asarray(state),
        stay=np.asarray(stay, dtype=float),
        remaining=np.asarray(remaining, dtype=float),
        done=np.ones(n, dtype=bool) if done is None else np.asarray(done),
    )


def _ask(visits, state, elapsed, horizon) -> float:
    probability, _ = share_beyond(visits, np.array([state]), np.array([float(elapsed)]), np.array([float(horizon)]))
    return float(probability[0])


def test_the_share_of_those_that_went_on_by_hand() -> None:
    """Stays and times until done of 1 to 100. Just entered: 60 of 100 last beyond 40. After 50: of the 50 left, 30 last
    beyond 70."""
    times = np.arange(1.0, 101)
    visits = _visits(times, times)
    assert _ask(visits, 0, 0, 40) == pytest.approx(0.60)
    assert _ask(visits, 0, 50, 70) == pytest.approx(0.60)
    assert _ask(visits, 0, 0, 100) == 0
    assert _ask(visits, 0, 45, 30) == 1


def test_staying_long_tells_of_a_slow_kind() -> None:
    """60 leave the state after 1 and are done at 2; 40 leave it at 5 and are done at 20. Just in: 40% last beyond 10; still in
    it after 3: all do."""
    visits = _visits([1] * 60 + [5] * 40, [2] * 60 + [20] * 40)
    assert _ask(visits, 0, 0, 10) == pytest.approx(0.4)
    assert _ask(visits, 0, 3, 10) == 1


def test_exponential_times_do_not_remember() -> None:
    """However long it lasted, the chance to last 7 more is exp(-0.7); a third of the times is cut off at random."""
    rng = np.random.default_rng(2)
    times, seen = rng.exponential(10, 4000), rng.exponential(20, 4000)
    visits = _visits(np.minimum(times, seen), np.minimum(times, seen), times <= seen)
    for elapsed in (0, 3, 10):
        assert _ask(visits, 0, elapsed, elapsed + 7) == pytest.approx(np.exp(-0.7), abs=0.04)


def test_rare_states_take_the_visits_of_all() -> None:
    times = np.concatenate([np.arange(1.0, 101), [500.0] * (FEWEST - 1)])
    state = [0] * 100 + [1] * (FEWEST - 1)
    visits = _visits(times, times, state=state)
    assert _ask(visits, 1, 0, 40) == pytest.approx((60 + FEWEST - 1) / len(times))
    assert _ask(visits, 0, 0, 40) == pytest.approx(0.6)


def test_what_was_never_followed_so_far_is_not_known() -> None:
    visits = _visits(np.arange(1.0, 51), np.arange(1.0, 51), done=np.arange(50) < 40)
    assert np.isnan(_ask(visits, 0, 0, 60))
    few = _visits([1.0, 2], [1.0, 2])
    probability, behind = share_beyond(few, np.array([0]), np.array([0.0]), np.array([1.0]))
    assert np.isnan(probability[0])
    assert behind[0] == 0
