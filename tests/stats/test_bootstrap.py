"""Intervals and quantiles: by hand, beside numpy and scipy, and at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from streamline.stats import bootstrap as intervals
from streamline.stats.bootstrap import (
    bca_interval,
    quantile_intervals,
    ratio_intervals,
    resampled_weights,
    share_interval,
    weighted_quantiles,
)


def test_weights_count_draws() -> None:
    """Each resample draws n units in all; another seed draws others; the same seed draws the same."""
    one = np.array(list(resampled_weights(7, draws=50, seed=3)))
    assert one.shape == (50, 7)
    assert (one.sum(axis=1) == 7).all()
    assert (one == np.round(one)).all()
    assert (one == np.array(list(resampled_weights(7, draws=50, seed=3)))).all()
    assert (one != np.array(list(resampled_weights(7, draws=50, seed=4)))).any()


def slow_studentised(top: np.ndarray, bottom: np.ndarray, draws: int, seed: int) -> tuple[float, float]:
    """Bootstrap-t in so many words: each resample is written out, its ratio and standard error taken from it."""

    def ratio_and_error(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        ratio = x.sum() / y.sum()
        return ratio, math.sqrt(((x - ratio * y) ** 2).sum() * len(x) / (len(x) - 1)) / y.sum()

    ratio, error = ratio_and_error(top, bottom)
    t = []
    for weights in resampled_weights(len(top), draws=draws, seed=seed):
        again = np.repeat(np.arange(len(top)), weights.astype(int))
        one, its_error = ratio_and_error(top[again], bottom[again])
        t.append((one - ratio) / its_error)
    upper, lower = np.quantile(t, [0.975, 0.025])
    return ratio - upper * error, ratio - lower * error


@pytest.mark.parametrize("skew", [0.3, 1.0, 1.5])
def test_equals_its_slow_twin(skew: float) -> None:
    rng = np.random.default_rng(11)
    top, bottom = rng.lognormal(1.0, skew, 60), rng.exponential(8.0, 60)
    for below in (np.ones(60), bottom):
        low, high = ratio_intervals(top[:, None], below, draws=300, seed=5)
        assert (low[0], high[0]) == pytest.approx(slow_studentised(top, below, 300, 5))


def test_rare_events_fall_back_to_percentiles_that_stay_in_range() -> None:
    """Three units of sixty: one resample in twenty has none of them, so studentising has nothing to divide by."""
    values = np.zeros((60, 1))
    values[:3, 0] = (2.0, 5.0, 9.0)
    low, high = ratio_intervals(values, np.ones(60), draws=2000)
    assert 0 <= low[0] < values.mean() < high[0] < 1


@pytest.mark.parametrize(("n", "skew", "seed"), [(60, 0.3, 11), (60, 1.0, 11), (12, 1.5, 3)])
def test_peer_bca_of_a_mean_is_scipys(n: int, skew: float, seed: int) -> None:
    """Peer: scipy.stats.bootstrap, BCa. Both draw at random: the bounds agree within 2% of the width, at 20,000
    draws some three times the Monte Carlo error of both."""
    values = np.random.default_rng(seed).lognormal(1.0, skew, n)
    drawn = np.array([w @ values / n for w in resampled_weights(n, draws=20_000, seed=5)])
    low, high = bca_interval(drawn, values.mean(), values - values.mean(), level=0.95)
    peer = bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", random_state=5).confidence_interval
    width = peer.high - peer.low
    assert low == pytest.approx(peer.low, abs=0.02 * width)
    assert high == pytest.approx(peer.high, abs=0.02 * width)


def test_several_ratios_at_once_are_the_ratios_one_by_one() -> None:
    """Columns share the draws, so each has the interval that it has alone; one denominator a column is taken too."""
    rng = np.random.default_rng(1)
    top, bottom = rng.exponential(1.0, (40, 3)), rng.exponential(1.0, (40, 3))
    low, high = ratio_intervals(top, bottom, draws=200)
    for j in range(3):
        alone = ratio_intervals(top[:, [j]], bottom[:, j], draws=200)
        assert (alone[0][0], alone[1][0]) == pytest.approx((low[j], high[j]))
        assert low[j] < top[:, j].sum() / bottom[:, j].sum() < high[j]


def test_ratios_without_an_interval() -> None:
    """Nothing varies: the ratio itself. One unit, or nothing to divide by: NaN."""
    assert [b.tolist() for b in ratio_intervals(np.full((5, 1), 3.0), np.ones(5))] == [[3.0], [3.0]]
    assert np.isnan(ratio_intervals(np.ones((1, 2)), np.ones(1))).all()
    assert np.isnan(ratio_intervals(np.zeros((4, 1)), np.zeros(4))).all()
    assert np.isnan(ratio_intervals(np.ones((4, 1)), np.zeros(4))).all()


def test_wider_levels_give_wider_intervals_even_with_an_extreme_skew() -> None:
    """One value among thirty zeros: percentiles (BCa), whose correction has a pole at 99.99%; bounds stay among the draws."""
    values = np.zeros((30, 1))
    values[0] = 1.0
    bounds = [ratio_intervals(values, np.ones(30), level=level, draws=2000) for level in (0.5, 0.95, 0.9999)]
    assert bounds[0][1][0] <= bounds[1][1][0] <= bounds[2][1][0]
    assert bounds[2][0][0] <= bounds[1][0][0] <= bounds[0][0][0]


@pytest.mark.parametrize(
    ("n", "p", "ranks"),
    [
        # P(Binomial(10, 1/2) <= 1) = 0.0107 and <= 2 is 0.0547: the 2nd and the 9th, Conover's table A3
        (10, 0.5, (2, 9)),
        # P(Binomial(20, 1/2) <= 5) = 0.0207 and <= 6 is 0.0577: the 6th and the 15th
        (20, 0.5, (6, 15)),
        # P(Binomial(100, 1/2) <= 39) = 0.0176 and <= 40 is 0.0284: the 40th and the 61st
        (100, 0.5, (40, 61)),
        # of 20, the largest lies below the 90th percentile with probability 0.9^20 = 0.12: no interval
        (20, 0.9, None),
        (5, 0.5, None),
    ],
)
def test_quantile_intervals_by_hand(n: int, p: float, ranks: tuple[int, int] | None) -> None:
    """Hand: of the values 1 to n in any order, the bounds are the ranks named beside each case."""
    values = np.random.default_rng(0).permutation(np.arange(1.0, n + 1))
    low, high = quantile_intervals(values, np.array([p]))
    if ranks is None:
        assert np.isnan(low[0])
        assert np.isnan(high[0])
    else:
        assert (low[0], high[0]) == ranks


def test_no_values_have_no_quantiles() -> None:
    assert np.isnan(quantile_intervals(np.zeros(0), np.array([0.5]))).all()
    assert np.isnan(weighted_quantiles(np.zeros(0), np.zeros(0), np.array([0.5]))).all()
    assert np.isnan(weighted_quantiles(np.ones(2), np.zeros(2), np.array([0.5]))).all()


@given(
    pairs=st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 4)), min_size=1, max_size=15).filter(
        lambda rows: sum(w for _, w in rows) > 0
    ),
    probability=st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])),
)
@settings(max_examples=300, deadline=None)
def test_weighted_quantiles_equal_those_of_repeated_values(pairs: list[tuple[int, int]], probability: float) -> None:
    """Twin: a value of weight w counts as w values."""
    values, weights = np.array(sorted(pairs), dtype=float).T
    repeated = np.repeat(values, weights.astype(int))
    # Where a probability meets k/n to the last digit, either neighbour is right.
    place = probability * len(repeated)
    if abs(place - round(place)) < 1e-9:
        probability = round(place) / len(repeated)
    got = weighted_quantiles(values, weights, np.array([probability]))[0]
    around = np.quantile(repeated, [max(probability - 1e-9, 0), probability], method="inverted_cdf")
    assert got in around


def test_weighted_quantiles_by_hand() -> None:
    """Hand: 1, 1, 1, 5, 9, 9 (weights 3, 0, 1, 2 of 1, 2, 5, 9): the median is the third, 1; the upper third starts
    with the fifth, 9; the 60th percentile is the fourth (6 * 0.6 = 3.6), 5."""
    got = weighted_quantiles(np.array([1.0, 2, 5, 9]), np.array([3.0, 0, 1, 2]), np.array([0.5, 0.6, 5 / 6]))
    assert got.tolist() == [1, 5, 9]


def test_wilsons_interval_by_hand() -> None:
    """Hand: 15 of 20, z = 1.96. Centre (15 + 1.9207) / (20 + 3.8415) = 0.7097; half width
    1.96 * sqrt(15 * 5 / 20 + 3.8415 / 4) / 23.8415 = 0.1784: 0.531 to 0.888 (R: prop.test(15, 20, correct = FALSE))."""
    assert share_interval(15, 20) == pytest.approx((0.5313, 0.8881), abs=5e-5)


@given(n=st.integers(1, 300), data=st.data())
@settings(max_examples=50, deadline=None)
def test_peer_wilsons_interval_is_scipys(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    peer = binomtest(k, n).proportion_ci(0.9, method="wilson")
    assert share_interval(k, n, level=0.9) == pytest.approx((peer.low, peer.high), abs=1e-12)


def test_bounds_of_none_and_of_all_are_exact() -> None:
    """Not 1e-19, which a reader would take for a figure."""
    assert [share_interval(0, n)[0] for n in (7, 400, 2000)] == [0.0, 0.0, 0.0]
    assert [share_interval(n, n)[1] for n in (7, 400, 2000)] == [1.0, 1.0, 1.0]


def test_levels_and_draws_that_make_no_interval_are_refused() -> None:
    with pytest.raises(ValueError, match=r"level is 1.5; the probability"):
        intervals.ratio_intervals(np.ones((5, 1)), np.ones(5), level=1.5)
    with pytest.raises(ValueError, match="draws is 0; an interval needs"):
        intervals.ratio_intervals(np.arange(5.0)[:, None], np.ones(5), draws=0)


def test_a_share_of_nothing_is_not_known() -> None:
    assert all(math.isnan(b) for b in share_interval(0, 0))


def test_the_limit_for_many_units_equals_the_drawn_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """60,000 skewed durations and a share: the bounds differ from those drawn by a small part
    of the half-width, of which the drawing's own error is about 3%. Of the third column only 400 units differ from zero."""
    rng = np.random.default_rng(5)
    n = 60_000
    rare = np.zeros(n)
    rare[:400] = rng.exponential(1.0, 400)
    columns = np.column_stack([rng.lognormal(0, 1.5, n), (rng.random(n) < 0.2).astype(float), rare])
    below = rng.gamma(2.0, 1.0, n)
    limit = ratio_intervals(columns, below, draws=2000)
    monkeypatch.setattr(intervals, "MANY_UNITS", n + 1)
    drawn = ratio_intervals(columns, below, draws=2000)
    half = (drawn[1] - drawn[0]) / 2
    assert (np.abs(limit[0] - drawn[0]) < [0.12, 0.12, 0.25] * half).all()
    assert (np.abs(limit[1] - drawn[1]) < [0.12, 0.12, 0.25] * half).all()
    assert (limit[0] != drawn[0]).all()
