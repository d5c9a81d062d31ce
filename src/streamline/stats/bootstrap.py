"""Intervals by resampling: units (cases, weeks) are drawn again, with replacement, and the figure is taken anew.

A resample is a vector of whole weights, how often each unit was drawn; every statistic here takes such weights.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Float = npt.NDArray[np.float64]

#: Resamples for an interval, unless the caller says otherwise: the Monte Carlo error of a 95% bound is then about 4%
#: of the interval's width.
DRAWS = 1000


def resampled_weights(n: int, *, draws: int, seed: int) -> Iterator[Float]:
    """`draws` vectors of n weights that add up to n: how often each unit was drawn."""
    rng = np.random.Generator(np.random.PCG64(seed))
    for _ in range(draws):
        yield np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)


def ratio_intervals(
    numerators: Float, denominator: Float, *, level: float = 0.95, draws: int = DRAWS, seed: int = 1
) -> tuple[Float, Float]:
    """Intervals for ratios of sums, such as means (denominator of ones) and shares, by the BCa bootstrap.

    numerators : (n, k), one row a unit, one column a ratio.
    denominator : (n,), shared by the k ratios, or (n, k), one column a ratio.
    level : probability that each interval claims, between 0 and 1.

    Returns (low, high), k values each; NaN with fewer than two units or where the denominator adds up to 0, the ratio
    itself where nothing varies.
    Source: Efron 1987, "Better bootstrap confidence intervals", with the acceleration from the influence values.
    """
    n, k = numerators.shape
    if n < 2:
        return np.full(k, np.nan), np.full(k, np.nan)
    below_line = denominator[:, None] if denominator.ndim == 1 else denominator
    drawn = np.empty((draws, k))
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = numerators.sum(axis=0) / below_line.sum(axis=0)
        for i, weights in enumerate(resampled_weights(n, draws=draws, seed=seed)):
            drawn[i] = (weights @ numerators) / (weights @ below_line)
        influence = numerators - below_line * estimate
        squares = (influence**2).sum(axis=0)
        acceleration = np.where(squares > 0, (influence**3).sum(axis=0) / (6 * squares**1.5), 0.0)
    low, high = np.empty(k), np.empty(k)
    tail = (1 - level) / 2
    for j in range(k):
        column = drawn[:, j][np.isfinite(drawn[:, j])]
        if squares[j] == 0 or not np.isfinite(estimate[j]):
            low[j] = high[j] = estimate[j] if np.isfinite(estimate[j]) else np.nan
            continue
        below = ((column < estimate[j]).sum() + 0.5 * (column == estimate[j]).sum()) / len(column)
        shift = norm.ppf(np.clip(below, 0.5 / len(column), 1 - 0.5 / len(column)))
        z = norm.ppf([tail, 1 - tail])
        # With an extreme skew and a level near 1 the correction has a pole; past it the bound is the outermost draw.
        scale = np.maximum(1 - acceleration[j] * (shift + z), 1e-9)
        position = norm.cdf(shift + (shift + z) / scale)
        low[j], high[j] = np.quantile(column, position)
    return low, high


def quantile_intervals(values: Float, probabilities: Float, *, level: float = 0.95) -> tuple[Float, Float]:
    """Distribution-free intervals for quantiles, from order statistics: what resampling of cases tends to, exactly.

    values : (n,); probabilities : (k,) between 0 and 1.
    Returns (low, high), k values each; NaN where n is too small for the level to be reached.
    Source: Conover 1999, "Practical nonparametric statistics", sec. 3.2.
    """
    from scipy.stats import binom

    ordered, n = np.sort(values), len(values)
    low, high = np.full(len(probabilities), np.nan), np.full(len(probabilities), np.nan)
    tail = (1 - level) / 2
    for j, p in enumerate(probabilities):
        if n == 0:
            continue
        # P(x_(r) <= quantile) = P(Binomial(n, p) >= r)
        lower = int(binom.ppf(tail, n, p))
        while lower > 0 and binom.cdf(lower - 1, n, p) > tail:
            lower -= 1
        upper = int(binom.ppf(1 - tail, n, p)) + 1
        if lower >= 1 and upper <= n:
            low[j], high[j] = ordered[lower - 1], ordered[upper - 1]
    return low, high


def weighted_quantiles(values: Float, weights: Float, probabilities: Float) -> Float:
    """Quantiles of values that count `weights` times each; with weights of one, `numpy.quantile`'s "inverted_cdf".

    values : (n,), already sorted. weights : (n,), in the same order. Returns one value a probability.
    """
    cumulative = np.cumsum(weights)
    if len(values) == 0 or cumulative[-1] == 0:
        return np.full(len(probabilities), np.nan)
    wanted = np.asarray(probabilities) * cumulative[-1] * (1 - 1e-12)
    # A value of weight 0 isn't there: even the smallest quantile needs some weight.
    place = np.searchsorted(cumulative, np.maximum(wanted, np.finfo(float).tiny), side="left")
    return np.asarray(values[np.minimum(place, len(values) - 1)], dtype=np.float64)


def share_interval(successes: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for a share of n independent cases; NaN when n is 0."""
    if n == 0:
        return float("nan"), float("nan")
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    return float(low), float(high)
