"""Theory: how often intervals of rate ratios hold the truth. The larger runs are in docs/verification/rates.md."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

RUNS = 80


@pytest.fixture(scope="module")
def verify() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "verify_rates", Path(__file__).parents[2] / "scripts" / "verify_rates.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def coverage(verify: ModuleType, title: str, setting: str) -> dict[str, float]:
    experiment = next(e for e in verify.experiments() if (e.title, e.setting) == (title, setting))
    found = verify.outcomes(experiment, RUNS)
    assert all(o.some == 1.0 for o in found)
    return {o.estimator: o.coverage for o in found}


def plausible(covered: float) -> bool:
    """Within three binomial standard errors of the range from 92% to 98%."""
    return 0.92 - 3 * np.sqrt(0.92 * 0.08 / RUNS) <= covered <= 0.98 + 3 * np.sqrt(0.98 * 0.02 / RUNS)


def test_where_propensity_is_unrelated_to_duration_all_hold_the_truth(verify: ModuleType) -> None:
    found = coverage(verify, "The ratio of waiting", "propensity unrelated to duration")
    assert all(plausible(c) for c in found.values())


def test_where_it_goes_with_duration_only_the_comparison_within_cases_does(verify: ModuleType) -> None:
    found = coverage(verify, "The ratio of waiting", "propensity goes with duration")
    assert found["pooled Poisson"] < 0.05
    assert found["negative binomial by stretch"] < 0.05
    assert plausible(found["fixed effects"])
    assert found["the chosen one"] == found["fixed effects"]
