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
#: Share of resamples that must have some spread for studentised intervals.
ENOUGH_SPREAD = 0.995
#: From this many units on, of which `MANY_NONZERO` (or none) differ from zero, the resamples are left out: bootstrap-t
#: then equals its expansion to less than its own Monte Carlo error.
MANY_UNITS, MANY_NONZERO = 50_000, 5_000
#: Units that must differ from zero for studentised intervals; with fewer, single units rule the standard errors.
ENOUGH_UNITS = 30


def resampled_weights(n: int, *, draws: int, seed: int) -> Iterator[Float]:
    """`draws` vectors of n weights that add up to n: how often each unit was drawn."""
    rng = np.random.Generator(np.random.PCG64(seed))
    for _ in range(draws):
        yield np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)


def ratio_intervals(
    numerators: Float, denominator: Float, *, level: float = 0.95, draws: int = DRAWS, seed: int = 1
) -> tuple[Float, Float]:
    """Intervals for ratios of sums, such as means (denominator of ones) and shares, by resampling the units.

    numerators : (n, k), one row a unit, one column a ratio.
    denominator : (n,), shared by the k ratios, or (n, k), one column a ratio.
    level : probability that each interval claims, between 0 and 1.

    Raises ValueError for another level, or without draws.
    Returns (low, high), k values each; NaN with fewer than two units or where the denominator adds up to 0, the ratio
    itself where nothing varies.

    Each resample's ratio is studentised by its own standard error (bootstrap-t), which holds its level better than
    percentiles where a few long cases make the mean. With very many units its expansion is taken, without
    drawing. Where resamples without any spread turn up, as for rare events,
    the bias-corrected percentiles (BCa) are taken. For a share of units, `share_interval` is better.
    Source: Efron 1982, "The jackknife, the bootstrap and other resampling plans", ch. 10; Efron 1987 (BCa).
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level:g}; the probability that an interval claims lies between 0 and 1.")
    if draws < 1:
        raise ValueError(f"draws is {draws}; an interval needs at least one resample, and {DRAWS:,} to be steady.")
    n, k = numerators.shape
    if n < 2:
        return np.full(k, np.nan), np.full(k, np.nan)
    nonzero = (numerators != 0).sum(axis=0)
    many = (nonzero >= MANY_NONZERO) | (nonzero == 0)
    if n >= MANY_UNITS:
        low, high = np.empty(k), np.empty(k)
        shared = denominator if denominator.ndim == 1 else denominator[:, many]
        low[many], high[many] = _expanded_intervals(numerators[:, many], shared, level=level)
        for j in np.flatnonzero(~many):
            shared = denominator if denominator.ndim == 1 else denominator[:, j]
            bounds = _drawn_intervals(numerators[:, [j]], shared, level=level, draws=draws, seed=seed)
            low[j], high[j] = bounds[0][0], bounds[1][0]
        return low, high
    return _drawn_intervals(numerators, denominator, level=level, draws=draws, seed=seed)


def _expanded_intervals(numerators: Float, denominator: Float, *, level: float) -> tuple[Float, Float]:
    """What studentised intervals tend to: the standard error by linearisation times a normal quantile, corrected for the
    skewness of the units to the second order (Edgeworth expansion; Hall 1992, "The bootstrap and Edgeworth expansion")."""
    below_line = denominator[:, None] if denominator.ndim == 1 else denominator
    n = len(numerators)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = numerators.sum(axis=0) / below_line.sum(axis=0)
        influence = numerators - below_line * estimate
        squares = (influence**2).sum(axis=0)
        error = np.sqrt(squares * n / (n - 1)) / np.abs(below_line.sum(axis=0))
        skewness = (influence**3).sum(axis=0) / n / (squares / n) ** 1.5
    z = norm.ppf((1 + level) / 2)
    shift = np.nan_to_num(skewness) * (2 * z**2 + 1) / (6 * np.sqrt(n))
    floor = np.where((numerators >= 0).all(axis=0), 0.0, -np.inf)
    return np.maximum(estimate - (z - shift) * error, floor), estimate + (z + shift) * error


def _drawn_intervals(
    numerators: Float, denominator: Float, *, level: float, draws: int, seed: int
) -> tuple[Float, Float]:
    """The intervals of `ratio_intervals` by drawing."""
    n, k = numerators.shape
    below_line = denominator[:, None] if denominator.ndim == 1 else denominator
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = numerators.sum(axis=0) / below_line.sum(axis=0)
        drawn, errors, error = _drawn_ratios(numerators, below_line, estimate, draws=draws, seed=seed)
        influence = numerators - below_line * estimate
    low, high = np.full(k, np.nan), np.full(k, np.nan)
    for j in range(k):
        if not np.isfinite(estimate[j]):
            continue
        spread = errors[:, j] > 0
        if not influence[:, j].any():
            low[j] = high[j] = estimate[j]
        elif spread.mean() >= ENOUGH_SPREAD and (numerators[:, j] != 0).sum() >= min(ENOUGH_UNITS, n):
            t = (drawn[spread, j] - estimate[j]) / errors[spread, j]
            upper, lower = np.quantile(t, [(1 + level) / 2, (1 - level) / 2])
            low[j], high[j] = estimate[j] - upper * error[j], estimate[j] - lower * error[j]
            if (numerators[:, j] >= 0).all():
                low[j] = max(low[j], 0.0)
        else:
            low[j], high[j] = bca_interval(drawn[:, j], estimate[j], influence[:, j], level=level)
    return low, high


def _drawn_ratios(
    numerators: Float, below_line: Float, estimate: Float, *, draws: int, seed: int
) -> tuple[Float, Float, Float]:
    """The ratio of each resample (draws, k), its standard error by linearisation, and that of the sample itself."""
    n, k = numerators.shape
    columns = np.hstack([numerators, numerators**2, numerators * below_line, below_line, below_line**2])
    if n >= MANY_UNITS and k == 1:
        sums = _drawn_sums_of_few(columns, draws=draws, seed=seed)
    else:
        sums = np.empty((draws, columns.shape[1]))
        block = max(1, min(draws, 20_000_000 // n))
        weights = resampled_weights(n, draws=draws, seed=seed)
        for first in range(0, draws, block):
            some = np.array([w for _, w in zip(range(min(block, draws - first)), weights, strict=False)])
            sums[first : first + len(some)] = some @ columns

    def split(totals: Float) -> list[Float]:
        """Sums of x, x², xy, y and y²."""
        m = below_line.shape[1]
        return np.split(totals, [k, 2 * k, 3 * k, 3 * k + m], axis=-1)

    def standard_error(totals: Float, ratio: Float) -> Float:
        _, squares, products, below, below_squares = split(totals)
        # what is a rounding error beside the squares is no spread
        variance = squares - 2 * ratio * products + ratio**2 * below_squares
        variance = np.where(variance > 1e-12 * squares, variance, 0.0)
        return np.asarray(np.sqrt(variance * n / (n - 1)) / np.abs(below), dtype=np.float64)

    above, _, _, below, _ = split(sums)
    drawn = above / below
    return drawn, standard_error(sums, drawn), standard_error(columns.sum(axis=0), estimate)


def _drawn_sums_of_few(columns: Float, *, draws: int, seed: int) -> Float:
    """Sums of x, x², xy, y and y² over resamples of many units of which few have an x: (draws, 5).

    The units that have one are drawn; how often all of them together are is binomial, and the y of the many others add
    up to a normal number.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    n, has = len(columns), columns[:, 0] != 0
    few, y = columns[has], columns[~has, 3]
    n_drawn = rng.binomial(n, len(few) / n, draws)
    sums = np.array([np.bincount(rng.integers(0, len(few), m), minlength=len(few)) @ few for m in n_drawn])
    others = n - n_drawn
    sums[:, 3] += others * y.mean() + np.sqrt(others) * y.std() * rng.standard_normal(draws)
    sums[:, 4] += others * (y**2).mean()
    return sums


def bca_interval(drawn: Float, estimate: float, influence: Float, *, level: float) -> tuple[float, float]:
    """Bias-corrected and accelerated percentiles of the drawn values; the acceleration from the influence values."""
    column = drawn[np.isfinite(drawn)]
    acceleration = (influence**3).sum() / (6 * (influence**2).sum() ** 1.5)
    below = ((column < estimate).sum() + 0.5 * (column == estimate).sum()) / len(column)
    shift = norm.ppf(np.clip(below, 0.5 / len(column), 1 - 0.5 / len(column)))
    z = norm.ppf([(1 - level) / 2, (1 + level) / 2])
    # With an extreme skew and a level near 1 the correction has a pole; past it the bound is the outermost draw.
    scale = np.maximum(1 - acceleration * (shift + z), 1e-9)
    low, high = np.quantile(column, norm.cdf(shift + (shift + z) / scale))
    return float(low), float(high)


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
    # at the ends the bound is exact, but for rounding
    return 0.0 if successes == 0 else float(low), 1.0 if successes == n else float(high)
