"""Simulates how often the intervals cover the truth: a Markdown table on standard output.

Each row draws `RUNS` samples from a distribution whose truth is known, takes the library's 95% interval of each, and
counts how many hold the truth. The binomial standard error of a coverage of 95% over 2,000 runs is 0.5 points.
Takes some minutes: `python scripts/verify_stats.py > docs/verification/intervals.md`.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import lognorm

from streamline.stats.bootstrap import quantile_intervals, ratio_intervals, share_interval
from streamline.stats.survival import share_done_by

Float = npt.NDArray[np.float64]
Interval = tuple[float, float]

RUNS = 2000
LEVEL = 0.95
SIZES = (30, 100, 400)


class Row(NamedTuple):
    """One experiment: what is estimated, of what, and the interval of one sample (with the truth)."""

    estimator: str
    distribution: str
    truth: float
    interval: Callable[[np.random.Generator, int], Interval]


def mean(values: Float) -> Interval:
    low, high = ratio_intervals(values[:, None], np.ones(len(values)), level=LEVEL)
    return float(low[0]), float(high[0])


def contacts_per_day(rng: np.random.Generator, n: int) -> Interval:
    """Each case has its own days (exponential, mean 8) and its own rate (gamma, mean 0.03); contacts are Poisson."""
    days = rng.exponential(8.0, n)
    count = rng.poisson(rng.gamma(2.0, 0.015, n) * days).astype(np.float64)
    low, high = ratio_intervals(count[:, None], days, level=LEVEL)
    return float(low[0]), float(high[0])


def quantile(p: float) -> Callable[[np.random.Generator, int], Interval]:
    def interval(rng: np.random.Generator, n: int) -> Interval:
        low, high = quantile_intervals(rng.lognormal(0.0, 1.0, n), np.array([p]), level=LEVEL)
        return float(low[0]), float(high[0])

    return interval


def done_by(rng: np.random.Generator, n: int) -> Interval:
    """Durations exponential with mean 8, censored by an age that is uniform from 0 to 40."""
    duration, age = rng.exponential(8.0, n), rng.uniform(0.0, 40.0, n)
    _, low, high = share_done_by(np.minimum(duration, age), duration <= age, 10.0, level=LEVEL)
    return low, high


def wilson(p: float) -> Callable[[np.random.Generator, int], Interval]:
    return lambda rng, n: share_interval(float(rng.binomial(n, p)), n, level=LEVEL)


ROWS = (
    Row("mean (bootstrap)", "normal, mean 10, sd 3", 10.0, lambda rng, n: mean(rng.normal(10.0, 3.0, n))),
    Row("mean (bootstrap)", "exponential, mean 8", 8.0, lambda rng, n: mean(rng.exponential(8.0, n))),
    Row("mean (bootstrap)", "lognormal, sigma 1", float(np.exp(0.5)), lambda rng, n: mean(rng.lognormal(0.0, 1.0, n))),
    Row(
        "mean (bootstrap)",
        "lognormal, sigma 1.5",
        float(np.exp(1.125)),
        lambda rng, n: mean(rng.lognormal(0.0, 1.5, n)),
    ),
    Row("ratio of sums (bootstrap)", "contacts per day, clustered by case", 0.03, contacts_per_day),
    Row("median (order statistics)", "lognormal, sigma 1", 1.0, quantile(0.5)),
    Row("90th percentile (order statistics)", "lognormal, sigma 1", float(lognorm.ppf(0.9, 1.0)), quantile(0.9)),
    Row("share (Wilson)", "binomial, p 0.1", 0.1, wilson(0.1)),
    Row("share (Wilson)", "binomial, p 0.5", 0.5, wilson(0.5)),
    Row("share (Wilson)", "binomial, p 0.95", 0.95, wilson(0.95)),
    Row("share done by day 10 (Kaplan-Meier)", "exponential, mean 8, censored", float(1 - np.exp(-1.25)), done_by),
)


def coverage(row: Row, n: int, *, runs: int = RUNS) -> tuple[float, float, float]:
    """Share of the runs whose interval holds the truth, mean width, and share of the runs that have an interval.

    The seed follows from the names and n, so that a row's figures don't depend on the other rows.
    """
    rng = np.random.default_rng(zlib.crc32(f"{row.estimator} {row.distribution} {n}".encode()))
    bounds = np.array([row.interval(rng, n) for _ in range(runs)])
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if len(bounds) == 0:
        return float("nan"), float("nan"), 0.0
    inside = (bounds[:, 0] <= row.truth) & (row.truth <= bounds[:, 1])
    return float(inside.mean()), float((bounds[:, 1] - bounds[:, 0]).mean()), len(bounds) / runs


def _one(job: tuple[int, int]) -> tuple[float, float, float]:
    return coverage(ROWS[job[0]], job[1])


def lines() -> Iterator[str]:
    """The table, line by line."""
    yield "# How often the 95% intervals cover the truth"
    yield ""
    yield (
        f"Made by `scripts/verify_stats.py`: {RUNS:,} samples a row. The standard error of a coverage of 95% is "
        f"{100 * np.sqrt(LEVEL * (1 - LEVEL) / RUNS):.1f} points."
    )
    yield "Intervals of means and ratios resample units 1,000 times (studentised); those of quantiles come from order statistics."
    yield "Coverage counts the samples that have an interval; where a sample is too small for one, none is given."
    yield ""
    yield "| estimator | distribution | n | coverage | mean width | samples with an interval |"
    yield "|---|---|--:|--:|--:|--:|"
    jobs = [(i, n) for i in range(len(ROWS)) for n in SIZES]
    with ProcessPoolExecutor() as workers:
        for (i, n), (covered, width, some) in zip(jobs, workers.map(_one, jobs), strict=True):
            row = ROWS[i]
            shown = ("–", "–") if np.isnan(covered) else (f"{covered:.1%}", f"{width:.3g}")
            yield f"| {row.estimator} | {row.distribution} | {n} | {shown[0]} | {shown[1]} | {some:.1%} |"
            print(f"{row.estimator}, {row.distribution}, n = {n}: {shown[0]}", file=sys.stderr)


def main() -> None:
    """Print the table."""
    for line in lines():
        print(line, flush=True)


if __name__ == "__main__":
    main()
