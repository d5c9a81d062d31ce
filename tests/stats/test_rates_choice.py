"""The comparison of pooled rates with those within cases: when it speaks, what it says, what it can't."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.stats.fixed_effects import fixed_effects_rates
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.rate_choice import chosen_rates
from streamline.stats.stretches import Factor, Stretches


def callers(rng: np.random.Generator, *, related: bool, n: int = 400, within: bool = True) -> Stretches:
    """Two bands, true ratio 2; who calls much has long cases, or not."""
    z, other = rng.standard_normal((2, n))
    duration = np.exp(3 + 0.8 * z)
    propensity = np.exp(0.8 * (z if related else other))
    days = np.column_stack([np.minimum(duration, 20), np.maximum(duration - 20, 0)]).ravel()
    band = np.tile([0, 1], n)
    case = np.repeat(np.arange(n), 2)
    contacts = rng.poisson(0.02 * np.repeat(propensity, 2) * 2.0**band * days)
    if not within:  # each band a case of its own
        case = np.arange(2 * n)
    return Stretches(
        case=case,
        days=days,
        contacts=contacts,
        factors=(Factor(name="band", levels=("to day 20", "later"), codes=band, reference=0),),
    )


def test_callers_with_long_cases_are_noticed() -> None:
    got = chosen_rates(callers(np.random.default_rng(1), related=True))
    assert got.preferred == "fixed effects"
    assert got.model is got.fixed_effects
    assert got.p_value < 0.001
    assert got.largest_factor > 1.5
    assert got.largest_at == "band: later"
    assert "All cases pooled would tell something else" in got.why
    assert f"{got.fixed_effects.n_cases_without_contacts:,} without one" in got.why
    ratios = got.fixed_effects.ratios("band")
    assert ratios.low[1] < 2 < ratios.high[1]
    assert got.pooled.ratios("band").low[1] > 2.5


def test_its_errors_hold_their_level_where_there_is_nothing_to_notice() -> None:
    """At 10%, as often as 10% of 300 draws allow."""
    rng = np.random.default_rng(2)
    p = np.array([chosen_rates(callers(rng, related=False, n=250)).p_value for _ in range(300)])
    assert 0.1 - 3 * np.sqrt(0.09 / 300) <= (p < 0.1).mean() <= 0.1 + 3 * np.sqrt(0.09 / 300)


def test_the_variance_of_the_difference_is_that_of_a_jackknife() -> None:
    rows = callers(np.random.default_rng(3), related=False, n=700)
    got = chosen_rates(rows)
    differences = []
    for case in np.unique(rows.case):
        rest = rows.kept(rows.case != case)
        differences.append(pooled_rates(rest).effects[1] - fixed_effects_rates(rest).effects[1])
    n = len(differences)
    here = got.pooled.effects[1] - got.fixed_effects.effects[1]
    variance = ((np.array(differences) - here) ** 2).sum() * (n - 1) / n
    assert here**2 / got.statistic == pytest.approx(variance, rel=0.1)


def few_change(rng: np.random.Generator) -> Stretches:
    """Cases begin in one of two states and few change to the other: within cases little is seen."""
    n = 600
    state = rng.integers(0, 2, n)
    changes = rng.random(n) < 0.08
    codes = np.r_[state, 1 - state[changes]]
    return Stretches(
        case=np.r_[np.arange(n), np.flatnonzero(changes)],
        days=np.full(len(codes), 20.0),
        contacts=rng.poisson(0.04 * 2.0**codes * 20.0),
        factors=(Factor(name="state", levels=("a", "b"), codes=codes),),
    )


def test_rates_within_cases_are_used_also_where_pooled_ones_agree_and_are_more_precise() -> None:
    """A test that passes doesn't prove that pooled rates are right, see docs/decisions/0016."""
    rng = np.random.default_rng(4)
    found = [chosen_rates(few_change(rng)) for _ in range(20)]
    assert all(got.wider > 1.25 for got in found)
    assert all(got.preferred == "fixed effects" for got in found)
    agreeing = [got for got in found if got.p_value >= 0.25]
    assert agreeing
    assert all("would tell about the same" in got.why and "as wide" in got.why for got in agreeing)


def test_without_anything_to_compare_within_cases_the_pooled_rates_are_used_and_it_is_said() -> None:
    got = chosen_rates(callers(np.random.default_rng(5), related=True, within=False))
    assert got.n_shared == 0
    assert got.preferred == "pooled"
    assert np.isnan(got.p_value)
    assert "no ratio can be told within cases" in got.why
    assert "the rates of long waits are too high" in got.why
