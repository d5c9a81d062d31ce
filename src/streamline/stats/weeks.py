"""Intervals and ranks from resampled weeks of arrivals.

Cases that arrive together meet the same queues, so their waits aren't independent: resampling single cases makes intervals
too narrow. A week's cases stay together here; runs of consecutive weeks stay together where a queue outlasts a week.
All that is needed of a log are sums by week, so cost and memory grow with weeks times columns, not with cases.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from streamline.stats.bootstrap import DRAWS, ratio_intervals, resampled_weights

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: With fewer runs of weeks no interval is given: the resamples would be too few different ones.
FEWEST_RUNS = 10


def runs_of_weeks(week: Int64) -> tuple[Int64, int]:
    """Number the runs of consecutive weeks that are resampled as one.

    week : (n,) number of the week of each case, counted from any week.

    Returns (run of each case, length of a run in weeks): the cube root of the number of weeks, the order that a block
    bootstrap's length should have (Hall, Horowitz and Jing 1995), rounded down; weeks are counted from the first one
    with a case. The last run takes in what is left over.

    >>> runs_of_weeks(np.array([7, 7, 8, 9]))
    (array([0, 0, 1, 2]), 1)
    """
    if len(week) == 0:
        return np.zeros(0, dtype=np.int64), 1
    since = week - week.min()
    n_weeks = int(since.max()) + 1
    length = max(1, int(np.floor(np.cbrt(n_weeks) + 1e-9)))
    last = max(n_weeks // length - 1, 0)
    return np.minimum(since // length, last), length


def sums_of_runs(run: Int64, values: npt.ArrayLike, n_runs: int) -> Float:
    """The sum of the values in each run: (n_runs,)."""
    return np.asarray(
        np.bincount(run, weights=np.asarray(values, dtype=np.float64), minlength=n_runs), dtype=np.float64
    )


def ratios_of_runs(
    numerators: Float, denominator: Float, *, level: float = 0.95, draws: int = DRAWS, seed: int = 1
) -> tuple[Float, Float]:
    """Intervals of k ratios of sums over runs of weeks: (low, high), NaN with fewer than `FEWEST_RUNS` runs with cases.

    numerators : (runs, k), denominator : (runs,), sums over the cases of each run. See `ratio_intervals`.

    Resamples of a dozen runs in which hardly anything varies make studentised bounds run away, mostly where the weeks
    have a trend. No bound lies farther out than that of a jackknife that claims a fifth of the error (99% for 95%).
    """
    used = denominator > 0
    if int(used.sum()) < FEWEST_RUNS:
        return np.full(numerators.shape[1], np.nan), np.full(numerators.shape[1], np.nan)
    low, high = ratio_intervals(numerators[used], denominator[used], level=level, draws=draws, seed=seed)
    least, most = _jackknife_bounds(numerators[used], denominator[used], level=1 - (1 - level) / 5)
    return np.fmax(low, least), np.fmin(high, most)


def _jackknife_bounds(numerators: Float, denominator: Float, *, level: float) -> tuple[Float, Float]:
    """Bounds of ratios that leave out one run at a time, on the logarithmic scale; NaN where a ratio then has no logarithm."""
    n = len(denominator)
    ratio = numerators.sum(axis=0) / denominator.sum()
    rest = (numerators.sum(axis=0) - numerators) / (denominator.sum() - denominator)[:, None]
    known = (rest > 1e-12 * np.abs(ratio)).all(axis=0)
    logs = np.log(np.where(known, rest, 1.0))
    error = np.sqrt((n - 1) / n * ((logs - logs.mean(axis=0)) ** 2).sum(axis=0))
    factor = np.exp(student.ppf((1 + level) / 2, n - 1) * error)
    return np.where(known, ratio / factor, np.nan), np.where(known, ratio * factor, np.nan)


def first_of_runs(numerators: Float, *, draws: int = DRAWS, seed: int = 1) -> Float:
    """For each column the share of resamples in which its sum is the largest; of equal ones the first counts.

    numerators : (runs, k) sums over the cases of each run. The shares add up to 1; NaN with fewer than `FEWEST_RUNS` runs.
    """
    runs, k = numerators.shape
    if runs < FEWEST_RUNS or k == 0:
        return np.full(k, np.nan)
    weights = np.array(list(resampled_weights(runs, draws=draws, seed=seed)))
    first = np.argmax(weights @ numerators, axis=1)
    return np.bincount(first, minlength=k) / draws
