"""Resampled weeks: runs by hand, too few of them, and a queue in which resampling cases goes wrong."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.stats.bootstrap import ratio_intervals
from streamline.stats.weeks import FEWEST_RUNS, first_of_runs, ratios_of_runs, runs_of_weeks, sums_of_runs


def test_runs_by_hand() -> None:
    """27 weeks make nine runs of three; of 29, the two left over go to the last run."""
    run, length = runs_of_weeks(np.arange(100, 127))
    assert length == 3
    assert run.tolist() == [k for k in range(9) for _ in range(3)]
    run, _ = runs_of_weeks(np.arange(29))
    assert run.tolist() == [*(k for k in range(9) for _ in range(3)), 8, 8]


def test_the_order_of_the_cases_does_not_matter() -> None:
    week = np.array([30, 2, 17, 2, 9])
    run, length = runs_of_weeks(week)
    assert length == 3
    assert run.tolist() == [8, 0, 5, 0, 2]


def test_without_cases_there_are_no_runs() -> None:
    run, length = runs_of_weeks(np.zeros(0, dtype=np.int64))
    assert (len(run), length) == (0, 1)


def test_few_runs_have_no_interval_and_no_rank() -> None:
    few = np.arange(1.0, FEWEST_RUNS)[:, None]
    low, high = ratios_of_runs(few, np.ones(len(few)))
    assert np.isnan(low).all()
    assert np.isnan(high).all()
    assert np.isnan(first_of_runs(few)).all()


def test_runs_without_cases_do_not_count() -> None:
    """Ten runs of which one is empty are nine: no interval."""
    sums, cases = np.arange(10.0)[:, None], np.array([0.0, *[3.0] * 9])
    assert np.isnan(ratios_of_runs(sums, cases)).all()


def test_a_trend_over_the_weeks_keeps_its_interval_within_reason() -> None:
    """A share that falls from 40% to 10% over 14 runs: studentised resamples reach down to 14% for its mean of 29%. The bounds
    of a jackknife at 99% are 29% divided and multiplied by the exponential of 3.0123 standard errors of the logarithm."""
    share = np.array([0.341, 0.396, 0.369, 0.348, 0.312, 0.33, 0.379, 0.356, 0.41, 0.372, 0.351, 0.272, 0.193, 0.107])
    time = np.array([183.0, 162, 156, 150, 147, 160, 171, 152, 142, 186, 178, 219, 235, 270])
    mean = (share * time).sum() / time.sum()
    logs = np.log([(np.delete(share * time, j).sum() / np.delete(time, j).sum()) for j in range(14)])
    factor = np.exp(3.0122758 * np.sqrt(13 / 14 * ((logs - logs.mean()) ** 2).sum()))
    wild, _ = ratio_intervals((share * time)[:, None], time)
    low, high = ratios_of_runs((share * time)[:, None], time)
    assert wild[0] < low[0] - 0.03
    assert low[0] == pytest.approx(mean / factor)
    assert mean < high[0] < mean * factor


def test_first_by_hand() -> None:
    """One column is always larger, so it is first in all resamples; of two equal columns the first one counts."""
    sums = np.array([[1.0, 2.0], [0.0, 5.0]] * 6)
    assert first_of_runs(sums, draws=50).tolist() == [0, 1]
    assert first_of_runs(sums[:, [0, 0]], draws=50).tolist() == [1, 0]


def test_two_alike_are_first_about_half_of_the_time() -> None:
    """Exchangeable columns: over 200 samples the mean share of draws is a half, with a standard error near 0.02."""
    rng = np.random.default_rng(7)
    shares = [first_of_runs(rng.exponential(size=(30, 2)), draws=100, seed=k)[0] for k in range(200)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.07)


def _queue(rng: np.random.Generator, n: int, rate: float, load: float) -> tuple[np.ndarray, np.ndarray]:
    """Arrivals (weeks) and waits of a queue with one server, exponential gaps and work, after a warm-up (Lindley 1952)."""
    gaps, work = rng.exponential(1 / rate, n + 2000), rng.exponential(load / rate, n + 2000)
    walk = np.cumsum(np.concatenate([[0.0], work[:-1] - gaps[1:]]))
    wait = walk - np.minimum.accumulate(walk)
    at = np.cumsum(gaps)[2000:]
    return at - at[0], wait[2000:]


def test_in_a_queue_weeks_cover_the_mean_wait_where_cases_do_not() -> None:
    """M/M/1 at 80% load, 100 cases a week for a year: mean wait 0.8 / 0.2 * 0.8 / 100 weeks. Of 120 samples, intervals from
    runs of weeks cover it in at least 80%, those from cases in less than half: waits in a queue hang together."""
    rng, truth = np.random.default_rng(3), 0.8 / 0.2 * 0.8 / 100
    by_week = by_case = 0
    for seed in range(120):
        at, wait = _queue(rng, 5200, 100, 0.8)
        run, _ = runs_of_weeks(at.astype(np.int64))
        n = int(run.max()) + 1
        low, high = ratios_of_runs(
            sums_of_runs(run, wait, n)[:, None], sums_of_runs(run, np.ones(len(run)), n), draws=200, seed=seed
        )
        by_week += int(low[0] <= truth <= high[0])
        low, high = ratio_intervals(wait[:, None], np.ones(len(wait)), draws=50, seed=seed)
        by_case += int(low[0] <= truth <= high[0])
    assert by_week >= 0.80 * 120
    assert by_case <= 0.50 * 120
