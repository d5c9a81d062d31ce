"""Theory: how often the 95% intervals cover the truth. The larger runs are in docs/verification/intervals.md."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

RUNS = 250
N = 100


@pytest.fixture(scope="module")
def verify() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "verify_stats", Path(__file__).parents[2] / "scripts" / "verify_stats.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("estimator", "distribution"),
    [
        ("mean (bootstrap)", "normal, mean 10, sd 3"),
        ("mean (bootstrap)", "exponential, mean 8"),
        ("ratio of sums (bootstrap)", "contacts per day, clustered by case"),
        ("median (order statistics)", "lognormal, sigma 1"),
        ("90th percentile (order statistics)", "lognormal, sigma 1"),
        ("share (Wilson)", "binomial, p 0.1"),
        ("share (Wilson)", "binomial, p 0.5"),
        ("share done by day 10 (Kaplan-Meier)", "exponential, mean 8, censored"),
    ],
)
def test_intervals_cover_92_to_98_percent(verify: ModuleType, estimator: str, distribution: str) -> None:
    """Of samples of 100, within three binomial standard errors (of 250 runs) of the range from 92% to 98%."""
    row = next(r for r in verify.ROWS if (r.estimator, r.distribution) == (estimator, distribution))
    covered, width, some = verify.coverage(row, N, runs=RUNS)
    assert some == 1.0
    assert width > 0
    assert 0.92 - 3 * np.sqrt(0.92 * 0.08 / RUNS) <= covered <= 0.98 + 3 * np.sqrt(0.98 * 0.02 / RUNS)


def test_a_wrong_truth_is_not_covered(verify: ModuleType) -> None:
    """The experiment can fail: a truth that is two standard errors off is covered in about half of the samples."""
    row = next(r for r in verify.ROWS if r.distribution == "normal, mean 10, sd 3")
    covered, _, _ = verify.coverage(row._replace(truth=10.6), N, runs=100)
    assert covered < 0.7
