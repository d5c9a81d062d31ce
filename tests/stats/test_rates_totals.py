"""Weekly totals without case ids, and repeats told from new demand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t as student

from streamline.errors import InsufficientDataError
from streamline.stats.aggregate_rates import aggregate_rates
from streamline.stats.repeats import repeats
from streamline.stats.stretches import Factor, Stretches

WEEKS = 104


def weeks(seed: int, rates: tuple[float, ...] = (0.02, 0.04)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    days = rng.uniform(500, 3000, (WEEKS, len(rates)))
    return rng.poisson(days @ np.array(rates)).astype(float), days


def slow_newey_west(x: np.ndarray, residual: np.ndarray, lags: int) -> np.ndarray:
    """By its definition: products of all pairs of weeks, less the further apart."""
    n = len(x)
    apart = np.abs(np.arange(n)[:, None] - np.arange(n))
    weight = np.maximum(1 - apart / (lags + 1), 0) * np.outer(residual, residual)
    bread = np.linalg.inv(x.T @ x)
    return bread @ x.T @ weight @ x @ bread


def test_weekly_rates_are_least_squares_with_newey_west_errors() -> None:
    calls, days = weeks(1)
    got = aggregate_rates(calls, days, ("review", "decision"), lags=3)
    peer = sm.OLS(calls, days).fit()
    inside = np.asarray(peer.get_influence().resid_press)
    errors = np.sqrt(np.diag(slow_newey_west(days, inside, 3)))
    width = student.ppf(0.975, 1.5 * WEEKS / 4) * errors
    assert got.rate == pytest.approx(peer.params)
    assert got.low == pytest.approx(got.rate - width)
    assert got.high == pytest.approx(got.rate + width)
    library = peer.get_robustcov_results("HAC", maxlags=3, use_correction=True)
    assert errors == pytest.approx(library.bse, rel=0.1)
    assert not got.held_at_zero.any()
    assert got.moving_together == ()
    assert got.base is None


def test_a_base_of_calls_is_told_from_rates() -> None:
    calls, days = weeks(2)
    got = aggregate_rates(calls + 60, days, ("review", "decision"), base=True, level=0.999)
    assert got.base is not None
    assert got.base[1] < 60 < got.base[2]
    assert ((got.low < [0.02, 0.04]) & (got.high > [0.02, 0.04])).all()


def test_no_rate_is_negative_and_the_rule_is_told() -> None:
    calls, days = weeks(3, (0.04, 0.0))
    calls = calls - 0.004 * days[:, 1]  # as if more open decisions kept people from calling
    got = aggregate_rates(calls, days, ("review", "decision"))
    assert got.held_at_zero.tolist() == [False, True]
    assert got.rate[1] == got.low[1] == 0
    assert got.high[1] < 0.01
    assert got.rate[0] == pytest.approx((calls @ days[:, 0]) / (days[:, 0] @ days[:, 0]))


def test_states_that_move_together_are_named_or_refused() -> None:
    calls, days = weeks(4)
    almost = np.column_stack([days, days[:, 0] * np.random.default_rng(4).uniform(0.95, 1.05, WEEKS)])
    got = aggregate_rates(calls, almost, ("review", "decision", "check"))
    assert set(got.moving_together) == {"review", "check"}
    same = np.column_stack([days, 2 * days[:, 0]])
    with pytest.raises(InsufficientDataError, match="'review', 'check' follow from those of other states"):
        aggregate_rates(calls, same, ("review", "decision", "check"))
    with pytest.raises(InsufficientDataError, match="No case is open in 'check'"):
        aggregate_rates(calls, np.column_stack([days, np.zeros(WEEKS)]), ("review", "decision", "check"))
    with pytest.raises(InsufficientDataError, match="20 weeks can't tell the rates of 2 states; it takes 26"):
        aggregate_rates(calls[:20], days[:20], ("review", "decision"))


def cases_with_repeats(seed: int, ratio: float, spread: float, n: int = 1500) -> Stretches:
    """Per case 40 days; on the 3 days after a contact the rate is `ratio` times as high. Day by day, at most one contact."""
    rng = np.random.default_rng(seed)
    propensity = rng.gamma(1 / spread, spread, n) if spread else np.ones(n)
    days, contacts = np.zeros((n, 2)), np.zeros((n, 2), dtype=np.int64)
    left = np.zeros(n, dtype=np.int64)
    for _ in range(400):  # tenths of a day
        soon = (left > 0).astype(int)
        days[np.arange(n), soon] += 0.1
        hit = rng.random(n) < 1 - np.exp(-0.002 * propensity * ratio**soon)
        contacts[np.arange(n), soon] += hit
        left = np.where(hit, 30, np.maximum(left - 1, 0))
    return Stretches(
        case=np.repeat(np.arange(n), 2), days=days.ravel(), contacts=contacts.ravel(),
        factors=(Factor(name="recent", levels=("no", "yes"), codes=np.tile([0, 1], n), moved_by_contacts=True),),
    )  # fmt: skip


def test_callers_who_call_much_do_not_pass_for_repeats() -> None:
    """No contact leads to another; pooled it looks as if."""
    got = repeats(cases_with_repeats(1, 1.0, 1.0), recent="recent")
    assert got.raw_ratio > 1.5
    assert got.pooled_ratio[1] > 1.3
    assert got.raw_ratio == pytest.approx(got.pooled_ratio[0])
    assert got.ratio[1] < 1 < got.ratio[2]
    assert got.net_share[1] < 1 < got.net_share[2]


def test_what_a_contact_leads_to_is_found() -> None:
    got = repeats(cases_with_repeats(2, 4.0, 1.0), recent="recent")
    assert got.ratio[1] < 4 < got.ratio[2]
    assert got.pooled_ratio[0] > got.ratio[0]
    assert got.n_contacts == got.n_repeats + (got.n_contacts - got.n_repeats)
    share = got.n_repeats / got.n_contacts
    assert got.net_share[0] == pytest.approx(1 - share * (1 - 1 / got.ratio[0]))
    assert got.net_share[1] < got.net_share[0] < got.net_share[2] < 1


def test_the_interval_of_net_demand_is_that_of_resampled_cases() -> None:
    rows = cases_with_repeats(3, 4.0, 1.0, n=400)
    got = repeats(rows, recent="recent")
    rng = np.random.default_rng(3)
    drawn = []
    for _ in range(100):
        own = rng.integers(0, 400, 400)
        again = rows.kept((2 * own[:, None] + [0, 1]).ravel())
        drawn.append(
            repeats(
                Stretches(
                    case=np.repeat(np.arange(400), 2), days=again.days, contacts=again.contacts, factors=again.factors
                ),
                recent="recent",
            ).net_share[0]
        )
    assert (got.net_share[2] - got.net_share[1]) / (2 * 1.966) == pytest.approx(np.std(drawn), rel=0.3)


def test_few_repeats_tell_no_ratio() -> None:
    got = repeats(cases_with_repeats(4, 1.0, 0.0, n=60), recent="recent")
    assert got.n_repeats < 20
    assert np.isnan([*got.ratio, *got.pooled_ratio, *got.net_share]).all()
    assert got.n_contacts > 0
