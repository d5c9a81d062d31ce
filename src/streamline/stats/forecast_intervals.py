"""Intervals of contacts that are still to come, given the open days they come from.

Three things make a count differ from what rates tell: the rates are estimates; weeks differ (holidays, letters sent out); and
contacts come by chance, in bursts, from callers who differ. The *dispersion* of a sum is its variance over that of contacts which
come one by one: what bursts and callers add, without the weeks. The *spread between weeks* is the variance of a week's own factor
(mean 1), and *carried over* the correlation of this factor with that of the next week.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekSpread:
    """How much the weeks' own factors vary (variance, 0 where chance explains all), and how far they go on."""

    variance: float
    carried_over: float


def dispersion(group: Int64, contacts: Float, expected: Float) -> float:
    """Squared errors of the groups' sums over their expected contacts, at least 1. group : (n,) of each row, from 0.

    A group is what varies by itself, such as a case in a week. NaN where nothing is expected.
    """
    observed = np.bincount(group, weights=contacts)
    mean = np.bincount(group, weights=expected)
    total = float(mean.sum())
    return max(float(((observed - mean) ** 2).sum()) / total, 1.0) if total > 0 else float("nan")


def week_spread(contacts: Float, expected: Float, *, by_chance: float) -> WeekSpread:
    """The variance of the weeks' own factors: what makes squared errors as large as they are (Mandel and Paule 1970).

    contacts, expected : (weeks,) in order of time; the sums of both are alike, as after a fit. by_chance : dispersion of a week's
    sum without such factors. With fewer than three weeks of which something is expected nothing can be told: 0.
    """
    some = expected > 0
    error, mean = (contacts - expected)[some], expected[some]
    n = len(mean)
    if n < 3:
        return WeekSpread(variance=0.0, carried_over=0.0)

    def left(variance: float) -> float:
        return float((error**2 / (by_chance * mean + variance * mean**2)).sum()) - (n - 1)

    if left(0.0) <= 0:
        return WeekSpread(variance=0.0, carried_over=0.0)
    most = 1.0
    while left(most) > 0:
        most *= 4
    variance = float(brentq(left, 0.0, most))
    scaled = error / np.sqrt(by_chance * mean + variance * mean**2)
    # of the errors' covariance only the weeks' factors take part
    own = variance * mean**2 / (by_chance * mean + variance * mean**2)
    shared = float((scaled[1:] * scaled[:-1]).mean()) / max(float(np.sqrt(own[1:] * own[:-1]).mean()), 1e-12)
    return WeekSpread(variance=variance, carried_over=float(np.clip(shared, 0.0, 0.95)))


def week_factors(rng: np.random.Generator, spread: WeekSpread, *, n_weeks: int, draws: int) -> Float:
    """(draws, weeks) factors with mean 1: lognormal, each week's carried over from the one before."""
    variance = np.log1p(spread.variance)
    own, rho = rng.standard_normal((draws, n_weeks)), spread.carried_over
    z = np.empty_like(own)
    z[:, 0] = own[:, 0]
    for w in range(1, n_weeks):
        z[:, w] = rho * z[:, w - 1] + np.sqrt(1 - rho**2) * own[:, w]
    return np.asarray(np.exp(np.sqrt(variance) * z - variance / 2), dtype=np.float64)


def level_error(expected: Float, spread: WeekSpread) -> float:
    """Variance of the overall level (relative) that comes of the fitted weeks' own factors. expected : (weeks,)."""
    total = float(expected.sum())
    if spread.variance == 0 or total <= 0:
        return 0.0
    n = len(expected)
    apart = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    return float(spread.variance * (expected @ (spread.carried_over**apart) @ expected) / total**2)


def drawn_counts(rng: np.random.Generator, mean: Float, dispersion: Float | float) -> Float:
    """Counts with these means, and variances of dispersion × mean; Poisson where the dispersion is 1."""
    more = np.broadcast_to(np.maximum(np.asarray(dispersion, dtype=np.float64) - 1, 0.0), mean.shape)
    scattered = more > 1e-9
    varied = np.array(mean)
    if scattered.any():
        shape = np.maximum(mean[scattered] / more[scattered], 1e-12)
        varied[scattered] = rng.gamma(shape) * more[scattered]
    return np.asarray(rng.poisson(varied), dtype=np.float64)


def count_interval(counts: Float, *, level: float) -> tuple[Float, Float]:
    """Bounds of each column of drawn counts that hold at least this share of them; whole numbers."""
    tail = (1 - level) / 2
    low, high = np.quantile(counts, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
