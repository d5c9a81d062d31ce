"""Values that are known only to lie between bounds: the estimate beside a direct maximisation of the likelihood, and
what it can't be off by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from streamline.stats.censored import MOST_POINTS, Distribution, bounded_distribution

#: (low, how much higher the other bound is): many are exact, few instants.
BOUNDS = st.lists(st.tuples(st.integers(0, 12), st.one_of(st.just(0), st.integers(0, 6))), min_size=1, max_size=9)


def column(values) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)


def estimated(bounds) -> Distribution:
    return bounded_distribution(column(b for b, _ in bounds), column(b + d for b, d in bounds))


def log_likelihood(probability, points, bounds) -> float:
    """Of the bounds: the sum of the logarithms of the probability between each pair of them."""
    inside = [sum(p for x, p in zip(points, probability, strict=True) if b <= x <= b + d) for b, d in bounds]
    return float(np.log(np.maximum(inside, 1e-12)).sum())


def directly(points, bounds) -> float:
    """The greatest log likelihood of any probabilities at these points, found without self-consistency."""
    n = len(points)
    inside = np.array([[b <= x <= b + d for x in points] for b, d in bounds], dtype=float)

    def shares(free):
        weight = np.exp(free - free.max())
        return weight / weight.sum()

    def wanted(free):
        p = shares(free)
        between = np.maximum(inside @ p, 1e-12)
        slope = inside.T @ (1 / between)
        return -np.log(between).sum(), -p * (slope - p @ slope)

    found = [minimize(wanted, start, jac=True, method="BFGS").fun for start in (np.zeros(n), np.arange(n) / 3)]
    return -min(found)


@given(BOUNDS)
@settings(max_examples=150)
def test_no_probabilities_at_its_points_are_likelier(bounds):
    found = estimated(bounds)
    assert found.probability.sum() == pytest.approx(1)
    assert (found.probability >= 0).all()
    assert (np.diff(found.points) > 0).all()
    mine = log_likelihood(found.probability, found.points, bounds)
    assert mine >= directly(found.points, bounds) - 1e-3
    assert (found.n_exact, found.n_bounded) == (sum(d == 0 for _, d in bounds), sum(d > 0 for _, d in bounds))


@given(BOUNDS)
@settings(max_examples=150)
def test_every_pair_of_bounds_has_a_point_and_none_is_in_vain(bounds):
    """Points are the exact values, and as few others as the bounds without one need: as many as there are disjoint ones."""
    found = estimated(bounds)
    exact = {b for b, d in bounds if d == 0}
    bare = [(b, b + d) for b, d in bounds if not any(b <= x <= b + d for x in exact)]
    apart, until = 0, -1
    for low, high in sorted(bare, key=lambda pair: pair[1]):
        if low > until:
            apart, until = apart + 1, high
    assert exact <= set(found.points.tolist())
    assert len(found.points) == len(exact) + apart
    assert all(any(low <= x <= high for x in found.points) for low, high in bare)


def test_without_bounds_it_is_the_shares_of_the_values():
    found = bounded_distribution(column([3, 1, 3, 7]), column([3, 1, 3, 7]))
    assert found.points.tolist() == [1, 3, 7]
    assert found.probability.tolist() == pytest.approx([0.25, 0.5, 0.25])
    assert found.mean == pytest.approx(3.5)
    assert (found.n_exact, found.n_bounded) == (4, 0)


def test_by_hand():
    """One value is 0, one is 10, one lies anywhere up to 5: it is 0. Two thirds and one third."""
    found = bounded_distribution(column([0, 10, 0]), column([0, 10, 5]))
    assert found.probability.tolist() == pytest.approx([2 / 3, 1 / 3], abs=1e-5)
    # of the values 0, 4, 10, one up to 5 is 0 or 4 as likely as these two are: still one third each of what is left
    found = bounded_distribution(column([0, 4, 10, 0]), column([0, 4, 10, 5]))
    assert found.probability.tolist() == pytest.approx([3 / 8, 3 / 8, 1 / 4], abs=1e-5)


@given(BOUNDS, st.integers(0, 12), st.integers(0, 8))
@settings(max_examples=100)
def test_draws_between_bounds_are_in_proportion(bounds, low, width):
    """A thousand evenly spread chances: each point between the bounds as often as its probability among them."""
    found = estimated(bounds)
    n, high = 1_000, low + width
    drawn = found.between(np.full(n, low), np.full(n, high), (np.arange(n) + 0.5) / n)
    inside = (found.points >= low) & (found.points <= high)
    total = found.probability[inside].sum()
    if not total > 0:
        assert (drawn == low).all()
        return
    for point, p in zip(found.points[inside], found.probability[inside], strict=True):
        assert float((drawn == point).mean()) == pytest.approx(p / total, abs=2 / n)
    assert (drawn >= low).all()
    assert (drawn <= high).all()


def test_many_values_are_pooled_to_points_among_them():
    rng = np.random.default_rng(1)
    value = np.rint(rng.exponential(1e6, 5_000)).astype(np.int64)
    hidden = rng.random(5_000) < 0.3
    low = np.where(hidden, 0, value)
    found = bounded_distribution(low, value)
    assert len(found.points) == MOST_POINTS
    assert np.isin(found.points, [0, *value]).all()  # 0 for bounds below every known value
    # without the hidden ones, the mean of what is known
    known = bounded_distribution(value, value)
    assert known.mean == pytest.approx(value.mean(), rel=0.02)


@pytest.mark.parametrize("hides", [0.3, 1.0, 3.0])
def test_hidden_delays_have_the_mean_of_all(hides):
    """Exponential delays of mean 1 behind queues of exponential length, one in three of none: those shorter than the
    queue are known to lie below it only. Over 30 services of 400 the mean is right within four standard errors; that
    of the known ones is far off."""
    rng = np.random.default_rng(7)
    told, known = [], []
    for _ in range(30):
        delay = rng.exponential(1e6, 400).astype(np.int64) + 1
        queue = np.where(rng.random(400) < 1 / 3, 0, rng.exponential(hides * 1e6, 400)).astype(np.int64)
        seen = delay >= queue
        told.append(bounded_distribution(np.where(seen, delay, 0), np.where(seen, delay, queue)).mean / 1e6)
        known.append(delay[seen].mean() / 1e6)
    assert np.mean(told) == pytest.approx(1, abs=4 * np.std(told, ddof=1) / np.sqrt(30))
    assert np.mean(known) > 1 + 4 * np.std(known, ddof=1) / np.sqrt(30)


def test_bad_bounds_are_refused():
    with pytest.raises(ValueError, match="1 lower bounds lie above their upper ones"):
        bounded_distribution(column([2, 1]), column([1, 1]))
    with pytest.raises(ValueError, match="0 lower and 0 upper bounds"):
        bounded_distribution(column([]), column([]))
    with pytest.raises(ValueError, match="2 lower and 1 upper bounds"):
        bounded_distribution(column([1, 2]), column([2]))
