"""Adjusted effects beside statsmodels on plain rows, where effects are known, and where they can't be estimated."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t as student

from streamline.stats.adjusted import adjusted_ratios

N = 3000


def _factors(rng: np.random.Generator, n: int = N) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two factors that go together (2 and 3 levels), and the week."""
    a = rng.integers(0, 2, n)
    b = np.where(rng.random(n) < 0.6, a, rng.integers(0, 3, n))
    return a, b, rng.integers(0, 50, n)


def slow_errors(
    design: np.ndarray, outcome: np.ndarray, mean: np.ndarray, weight: np.ndarray, week: np.ndarray
) -> np.ndarray:
    """The covariance by its definition: each week's weighted residuals are divided by what the fit leaves of them, with the
    whole hat matrix of the week."""
    bread = np.linalg.inv(design.T @ np.diag(weight) @ design)
    meat = np.zeros_like(bread)
    for g in np.unique(week):
        root = np.sqrt(weight[week == g])
        own = design[week == g] * root[:, None]
        left = np.linalg.solve(np.eye(len(own)) - own @ bread @ own.T, (outcome - mean)[week == g] / root)
        meat += np.outer(own.T @ left, own.T @ left)
    n = len(np.unique(week))
    return bread @ meat @ bread * (n - 1) / n


@pytest.mark.parametrize("kind", ["logistic", "log-linear"])
def test_cells_give_what_rows_give(kind: str) -> None:
    """The coefficients of a GLM on one row a case, and errors by their definition, near the library's own by week."""
    rng = np.random.default_rng(1)
    a, b, week = _factors(rng)
    linear = -1 + 0.7 * (a == 1) - 0.5 * (b == 2)
    outcome = (rng.random(N) < 1 / (1 + np.exp(-linear))) * 1.0 if kind == "logistic" else rng.gamma(1, np.exp(linear))
    got = adjusted_ratios([a, b], [2, 3], outcome, week, kind=kind)  # type: ignore[arg-type]
    reference_b = int(np.argmax(np.bincount(b)))
    others = [k for k in range(3) if k != reference_b]
    base = int(np.argmax(np.bincount(a)))
    design = np.column_stack([np.ones(N), a != base, *(b == k for k in others)]).astype(float)
    family = sm.families.Binomial() if kind == "logistic" else sm.families.Poisson()
    peer = sm.GLM(outcome, design, family=family).fit(cov_type="cluster", cov_kwds={"groups": week}, use_t=True)
    mean = np.asarray(peer.fittedvalues)
    covariance = slow_errors(design, outcome, mean, mean * (1 - mean) if kind == "logistic" else mean, week)
    assert got.clustered
    assert got.factors[0].ratio[1 - base] == pytest.approx(np.exp(peer.params[1]), rel=1e-6)
    width = np.log(got.factors[0].high[1 - base] / got.factors[0].low[1 - base]) / 2
    assert width == pytest.approx(student.ppf(0.975, 49) * np.sqrt(covariance[1, 1]), rel=1e-5)
    assert width == pytest.approx(student.ppf(0.975, 49) * peer.bse[1], rel=0.06)
    size = np.bincount(b, minlength=3).astype(float)
    weights = np.zeros(4)  # level others[0] against the other two
    weights[2], weights[3] = 1, -size[others[1]] / (size.sum() - size[others[0]])
    assert got.factors[1].ratio[others[0]] == pytest.approx(np.exp(weights @ peer.params), rel=1e-6)
    statistic = weights @ peer.params / np.sqrt(weights @ covariance @ weights)
    assert got.factors[1].p_value[others[0]] == pytest.approx(2 * student.sf(abs(statistic), 49), rel=1e-4)


def test_without_enough_weeks_errors_are_by_case() -> None:
    rng = np.random.default_rng(2)
    a, b, _ = _factors(rng)
    outcome = rng.gamma(1, np.exp(0.3 * a))
    got = adjusted_ratios([a, b], [2, 3], outcome, rng.integers(0, 4, N), kind="log-linear")
    base = int(np.argmax(np.bincount(a)))
    k = int(np.argmax(np.bincount(b)))
    design = np.column_stack([np.ones(N), a != base, *(b == j for j in range(3) if j != k)]).astype(float)
    peer = sm.GLM(outcome, design, family=sm.families.Poisson()).fit(cov_type="HC1")
    assert not got.clustered
    width = np.log(got.factors[0].high[1 - base] / got.factors[0].low[1 - base]) / 2
    assert width == pytest.approx(1.961 * peer.bse[1], rel=0.01)


def test_what_goes_together_is_told_apart_with_intervals_that_hold() -> None:
    """The outcome depends on a (odds × 2), not on b, which goes with a: b's raw share differs, its adjusted odds don't."""
    rng = np.random.default_rng(3)
    held_a, held_b, found_b = [], [], 0
    for _ in range(300):
        a, b, week = _factors(rng, 1500)
        outcome = (rng.random(1500) < 1 / (1 + np.exp(1.5 - np.log(2) * a))) * 1.0
        got = adjusted_ratios([a, b], [2, 3], outcome, week, kind="logistic")
        held_a.append(got.factors[0].low[1] <= 2 <= got.factors[0].high[1])
        held_b.append(got.factors[1].low[0] <= 1 <= got.factors[1].high[0])
        found_b += outcome[b == 1].mean() > outcome[b == 0].mean()
    assert found_b > 290
    assert 0.92 <= np.mean(held_a) <= 0.98
    assert 0.92 <= np.mean(held_b) <= 0.98


def test_levels_that_tell_the_outcome_are_left_out_and_named() -> None:
    rng = np.random.default_rng(4)
    a, b, week = _factors(rng)
    outcome = (rng.random(N) < np.where(a == 1, 0.4, 0.2)) * 1.0
    outcome[b == 2] = 1.0
    got = adjusted_ratios([a, b], [2, 3], outcome, week, kind="logistic")
    assert got.telling == ((1, 2),)
    assert got.n == int((b != 2).sum())
    assert np.isnan(got.factors[1].ratio[2])
    assert got.factors[0].low[1] > 1
    assert np.isfinite(got.factors[1].ratio[:2]).all()


def test_levels_of_several_factors_that_tell_it_together_give_no_ratio() -> None:
    """The outcome is a and b not alike: no level alone tells it, the two together do."""
    a, b = np.tile([0, 0, 1, 1], 200), np.tile([0, 1, 0, 1], 200)
    outcome = (a & (1 - b)) * 1.0
    got = adjusted_ratios([a, b], [2, 2], outcome, np.arange(800) % 40, kind="logistic")
    assert not got.converged or got.telling
    assert np.isnan(got.factors[0].ratio).all()
    assert np.isnan(got.factors[1].ratio).all()


def test_a_copy_of_a_factor_has_no_effect_of_its_own() -> None:
    rng = np.random.default_rng(5)
    a, b, week = _factors(rng)
    outcome = rng.gamma(1, 1 + a)
    alone = adjusted_ratios([a, b], [2, 3], outcome, week, kind="log-linear")
    got = adjusted_ratios([a, b, a], [2, 3, 2], outcome, week, kind="log-linear")
    assert {f for f, _ in got.entangled} == {2}
    assert got.factors[0].ratio == pytest.approx(alone.factors[0].ratio, rel=1e-6)
    assert np.isnan(got.factors[2].ratio).all()


def test_nothing_to_regress() -> None:
    a = np.zeros(20, dtype=np.int64)
    got = adjusted_ratios([a], [1], np.ones(20), a, kind="logistic")
    assert not got.converged
    assert np.isnan(got.factors[0].ratio).all()
    assert np.isnan(adjusted_ratios([a], [1], np.arange(20.0), a, kind="log-linear").factors[0].ratio).all()
