"""Associations: by hand, beside libraries, and how often they are wrong where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, ttest_ind

from streamline.stats.association import mean_contrasts, median_differences, q_values, rank_p_values, share_ratios


def test_risk_ratios_by_hand() -> None:
    """30 of 100 against 10 of 200: 0.3 over 0.05. Of two levels each is the other's others."""
    got = share_ratios(np.array([30, 10]), np.array([100, 200]))
    assert got.ratio.tolist() == pytest.approx([6.0, 1 / 6])
    assert got.p_value[0] == pytest.approx(got.p_value[1])
    assert got.low[0] == pytest.approx(1 / got.high[1], rel=1e-6)
    assert got.low[0] < 6 < got.high[0]


def test_levels_without_hits_have_one_sided_intervals() -> None:
    got = share_ratios(np.array([0, 20, 0]), np.array([30, 300, 0]))
    assert (got.ratio[0], got.low[0]) == (0.0, 0.0)
    assert 0 < got.high[0] < np.inf
    assert got.ratio[1] == got.high[1] == np.inf
    assert np.isnan(got.ratio[2])
    assert np.isnan(share_ratios(np.array([0, 0]), np.array([5, 5])).ratio).all()


@pytest.mark.parametrize(("n", "share", "ratio"), [(40, 0.1, 2.0), (300, 0.2, 1.5), (25, 0.05, 1.0)])
def test_intervals_of_risk_ratios_hold_their_level(n: int, share: float, ratio: float) -> None:
    rng = np.random.default_rng(5)
    draws = 600
    hits, rest = rng.binomial(n, share * ratio, draws), rng.binomial(900, share, draws)
    held = [
        g.low[0] <= ratio <= g.high[0]
        for a, b in zip(hits, rest, strict=True)
        if np.isfinite((g := share_ratios(np.array([a, b]), np.array([n, 900]))).ratio).any()
    ]
    error = 3 * np.sqrt(0.95 * 0.05 / len(held))
    assert 0.95 - error - 0.01 <= np.mean(held) <= min(0.95 + error + 0.02, 1.0)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        ((7, 2109), (18, 2109), 0.20302, 0.61386),  # all others have it
        ((2911, 42), (2943, 42), 0.98469, 1.07964),
        ((2, 771), (2, 866), 0.38420, 1.15244),  # all of the level have it
        ((13, 5), (13, 59), 5.42314, 27.37039),
    ],
)
def test_intervals_of_risk_ratios_where_all_of_one_side_are_hits(hits, n, low: float, high: float) -> None:
    """Bounds of the score test's own equation, solved by bisection apart from this code."""
    got = share_ratios(np.array(hits), np.array(n))
    assert (got.low[0], got.high[0]) == pytest.approx((low, high), rel=1e-4)
    assert got.low[0] <= got.ratio[0] <= got.high[0]


@pytest.mark.filterwarnings("error")
def test_intervals_of_risk_ratios_hold_the_ratio_and_are_the_librarys_where_that_is_sound() -> None:
    from statsmodels.stats.proportion import confint_proportions_2indep

    rng = np.random.default_rng(3)
    n_compared = 0
    for _ in range(400):
        n = rng.integers(1, rng.choice([5, 60, 3000], 2) + 1)
        hits = rng.binomial(n, rng.choice([0.01, 0.3, 0.9, 1.0]))
        if not 0 < hits.sum() < n.sum():
            continue
        got = share_ratios(hits, n)
        assert got.low[0] <= got.ratio[0] <= got.high[0]
        assert got.low[0] == pytest.approx(1 / got.high[1] if got.high[1] < np.inf else 0.0, rel=1e-6)
        if (hits > 0).all() and (hits < n).all():
            bounds = confint_proportions_2indep(hits[0], n[0], hits[1], n[1], method="score", compare="ratio")
            assert (got.low[0], got.high[0]) == pytest.approx(bounds, rel=1e-6)
            n_compared += 1
    assert n_compared > 100


def test_contrasts_by_hand() -> None:
    """Level 0: 1, 3 (mean 2); the others 2, 4, 6, 8 (mean 5). Each case its own cluster, of which there are too few."""
    values, code = np.array([1.0, 3, 2, 4, 6, 8]), np.array([0, 0, 1, 1, 2, 2])
    got = mean_contrasts(values, code, 3, np.arange(6), 6)
    assert got.mean.tolist() == [2.0, 3.0, 7.0]
    assert got.others.tolist() == [5.0, 4.5, 2.5]
    assert got.difference.tolist() == [-3.0, -1.5, 4.5]
    assert got.ratio.tolist() == pytest.approx([0.4, 2 / 3, 2.8])
    assert np.isnan(got.difference_low).all()
    assert np.isnan(got.p_value).all()


def test_with_single_cases_as_clusters_contrasts_are_welchs() -> None:
    """Up to the degrees of freedom and n - 1 in the variances."""
    rng = np.random.default_rng(2)
    values, code = rng.gamma(2, 3, 900), rng.integers(0, 3, 900)
    got = mean_contrasts(values, code, 3, np.arange(900), 900)
    for j in range(3):
        welch = ttest_ind(values[code == j], values[code != j], equal_var=False)
        assert got.p_value[j] == pytest.approx(welch.pvalue, rel=0.05, abs=1e-6)
        low, high = welch.confidence_interval()
        assert (got.difference_low[j], got.difference_high[j]) == pytest.approx((low, high), rel=0.02, abs=0.02)
        ranks = rank_p_values(values, code, 3, np.arange(900), 900)[j]
        assert ranks == pytest.approx(mannwhitneyu(values[code == j], values[code != j]).pvalue, rel=0.1)


def test_weeks_widen_intervals_where_levels_come_in_weeks() -> None:
    """Of 40 weeks with their own mean each, level 1 fills whole weeks: tests by case err in most draws, those by week seldom."""
    rng = np.random.default_rng(3)
    week = np.repeat(np.arange(40), 30)
    wrong = {"case": 0, "week": 0}
    draws = 300
    for _ in range(draws):
        values = rng.exponential(1, 1200) + rng.gamma(4, 1, 40)[week]
        code = rng.permutation(np.repeat([0, 1], 20))[week]
        wrong["case"] += mean_contrasts(values, code, 2, np.arange(1200), 1200).p_value[0] < 0.05
        wrong["week"] += mean_contrasts(values, code, 2, week, 40).p_value[0] < 0.05
    assert wrong["case"] > 0.4 * draws
    assert wrong["week"] < 0.09 * draws


def test_median_differences_hold_their_level() -> None:
    rng = np.random.default_rng(4)
    held = []
    for _ in range(400):
        values = np.concatenate([rng.lognormal(0.5, 1, 60), rng.lognormal(0, 1, 240)])
        code = np.repeat([0, 1], [60, 240])
        median, others, low, high = median_differences(values, code, 2)
        held.append(low[0] <= np.exp(0.5) - 1 <= high[0])
        assert median[0] == np.quantile(values[:60], 0.5, method="inverted_cdf")
        assert others[0] == median[1]
    assert 0.93 <= np.mean(held) <= 0.99


def test_q_values_are_benjamini_and_hochbergs() -> None:
    """By hand: 0.01 × 4/1, 0.02 × 4/2, 0.03 × 4/3, 0.5 × 4/4, made monotone; NaN isn't a test."""
    got = q_values(np.array([0.02, np.nan, 0.01, 0.5, 0.03]))
    assert got[[0, 2, 3, 4]].tolist() == pytest.approx([0.04, 0.04, 0.5, 0.04])
    assert np.isnan(got[1])
    assert np.isnan(q_values(np.array([np.nan]))).all()
