"""Plain rates: exact bounds by hand, bursts, silence; and the checks of a model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.observed_rates import observed_rates, rate_of_silence
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.rate_checks import calibration, zero_check
from streamline.stats.stretches import Factor, Stretches


def in_states(case: np.ndarray, days: np.ndarray, contacts: np.ndarray, codes: np.ndarray, k: int = 2) -> Stretches:
    levels = tuple("abcdefghij"[:k])
    return Stretches(
        case=case, days=days, contacts=contacts, factors=(Factor(name="state", levels=levels, codes=codes),)
    )


def test_rates_and_exact_bounds_by_hand() -> None:
    """4 contacts of 400 cases one by one: Garwood's 1.090 to 10.242; none in 100 days: 3.689; a level nobody was at."""
    contacts = np.zeros(500, dtype=np.int64)
    contacts[:4] = 1
    codes = np.repeat([0, 1], [400, 100])
    got = observed_rates(in_states(np.arange(500), np.ones(500), contacts, codes, 3), "state")
    assert got.rate[:2].tolist() == [0.01, 0.0]
    assert got.n_contacts.tolist() == [4, 0, 0]
    assert got.n_cases.tolist() == [400, 100, 0]
    # a single case's contact can't vary by less than it does one by one, so bounds are no narrower than the exact ones
    assert got.low[0] * 400 == pytest.approx(1.090, abs=0.01)
    assert got.high[0] * 400 == pytest.approx(10.242, abs=0.01)
    assert got.low[1] == 0
    assert got.high[1] * 100 == pytest.approx(3.689, abs=0.001)
    assert np.isnan([got.rate[2], got.low[2], got.high[2]]).all()


def test_contacts_in_bursts_of_a_case_count_as_fewer() -> None:
    """Ten contacts of one case tell no more than one."""
    one, ten = np.zeros(200, dtype=np.int64), np.zeros(200, dtype=np.int64)
    one[0], ten[0] = 1, 10
    codes = np.zeros(200, dtype=np.int64)
    few, burst = (observed_rates(in_states(np.arange(200), np.ones(200), c, codes, 1), "state") for c in (one, ten))
    assert burst.rate == pytest.approx(10 * few.rate)
    assert burst.high / burst.rate == pytest.approx(few.high / few.rate, rel=0.02)


@pytest.mark.parametrize("spread", [0.0, 0.5, 3.0])
def test_the_bound_of_silence_is_the_rate_at_which_silence_has_the_stated_chance(spread: float) -> None:
    days = np.array([3.0, 10.0, 40.0, 200.0])
    rate = rate_of_silence(days, level=0.95, spread=spread)
    if spread:
        chance = np.prod([nbinom.pmf(0, 1 / spread, 1 / (1 + spread * rate * d)) for d in days])
    else:
        chance = poisson.pmf(0, rate * days.sum())
    assert chance == pytest.approx(0.025)


def differing(seed: int, spread: float) -> Stretches:
    rng = np.random.default_rng(seed)
    n = 1500
    propensity = rng.gamma(1 / spread, spread, n) if spread else np.ones(n)
    codes = np.tile([0, 1], n)
    days = rng.exponential(15, 2 * n)
    contacts = rng.poisson(0.03 * 2.0**codes * days * np.repeat(propensity, 2))
    return in_states(np.repeat(np.arange(n), 2), days, contacts, codes)


def test_silent_cases_are_as_many_as_callers_who_differ_leave() -> None:
    for spread in (0.0, 1.0):
        rows = differing(1, spread)
        got = zero_check(pooled_rates(rows), negative_binomial_rates(rows, by="case")[0])
        assert got.n_cases == 1500
        assert got.silent_cases == (np.bincount(rows.case, weights=rows.contacts) == 0).sum()
        assert abs(got.silent_cases - got.expected_with_spread) < 3 * np.sqrt(1500 / 4)
        if spread:
            assert got.silent_cases > got.expected_one_by_one + 3 * np.sqrt(1500 / 4)
            assert got.p_value < 1e-6


def test_the_score_of_silence_holds_its_level() -> None:
    """With contacts one by one it is a standard normal."""
    scores = np.array([_score(seed) for seed in range(200)])
    assert abs(scores.mean()) < 3 / np.sqrt(200)
    assert scores.std() == pytest.approx(1, abs=3 / np.sqrt(400))


def _score(seed: int) -> float:
    fit = pooled_rates(differing(seed, 0.0))
    return zero_check(fit, fit).score


def test_calibration_adds_up_and_finds_rates_that_do_not_come_true() -> None:
    rows = differing(2, 1.0)
    fit = pooled_rates(rows)
    got = calibration(fit, rows)
    assert got.n_contacts.sum() == rows.contacts.sum()
    assert got.expected.sum() == pytest.approx(rows.contacts.sum())
    assert got.open_days.sum() == pytest.approx(rows.days.sum())
    assert got.ratio == pytest.approx(1.0)  # two cells, two effects
    later = differing(3, 1.0)
    more = Stretches(case=later.case, days=later.days, contacts=2 * later.contacts, factors=later.factors)
    assert (calibration(fit, more).low > 1.3).all()
    plain = calibration(fit, later)
    assert ((plain.low < 1) & (plain.high > 1)).all()


def test_contacts_where_none_was_expected_are_a_group_of_their_own() -> None:
    rows = differing(4, 0.0)
    silent = Stretches(
        case=rows.case,
        days=rows.days,
        contacts=np.where(rows.factors[0].codes == 1, 0, rows.contacts),
        factors=rows.factors,
    )
    got = calibration(pooled_rates(silent), rows)
    assert got.expected[0] == 0
    assert got.n_contacts[0] > 0
    assert np.isinf(got.ratio[0])
