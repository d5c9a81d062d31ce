"""Intervals and rivals of a forecast: sums by hand, and moments of what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.stats.forecast_intervals import (
    WeekSpread,
    count_interval,
    dispersion,
    drawn_counts,
    level_error,
    week_factors,
    week_spread,
)
from streamline.stats.forecast_rivals import ratio_rival, regression_rival, state_rival


def test_dispersion_by_hand() -> None:
    """Groups (0: 4 observed, 2 expected), (1: 0, 2): (4 + 4) / 4 = 2."""
    group = np.array([0, 0, 1])
    assert dispersion(group, np.array([1.0, 3.0, 0.0]), np.array([1.0, 1.0, 2.0])) == 2.0


def test_contacts_more_even_than_chance_count_as_chance() -> None:
    assert dispersion(np.arange(4), np.full(4, 5.0), np.full(4, 5.0)) == 1.0


def test_without_anything_expected_there_is_no_dispersion() -> None:
    assert np.isnan(dispersion(np.arange(2), np.array([1.0, 0.0]), np.zeros(2)))


def test_week_spread_by_hand() -> None:
    """Errors of 10, -10, 10, -10 where 100 are expected: 400 / (100 + 10,000 v) = 3 gives v = 1/300; neighbours are opposed."""
    found = week_spread(np.array([110.0, 90.0, 110.0, 90.0]), np.full(4, 100.0), by_chance=1.0)
    assert found.variance == pytest.approx(1 / 300)
    assert found.carried_over == 0.0


def test_weeks_that_chance_explains_have_no_spread() -> None:
    found = week_spread(np.array([102.0, 98.0, 100.0, 100.0]), np.full(4, 100.0), by_chance=1.0)
    assert found == WeekSpread(variance=0.0, carried_over=0.0)


def test_two_weeks_tell_no_spread() -> None:
    assert week_spread(np.array([10.0, 90.0]), np.full(2, 50.0), by_chance=1.0).variance == 0.0


@pytest.mark.parametrize(("variance", "carried"), [(0.04, 0.0), (0.09, 0.6)])
def test_week_spread_finds_what_was_simulated(variance: float, carried: float) -> None:
    rng = np.random.default_rng(3)
    factors = week_factors(rng, WeekSpread(variance=variance, carried_over=carried), n_weeks=20_000, draws=1)[0]
    mean = np.full(20_000, 50.0)
    found = week_spread(drawn_counts(rng, mean * factors, 2.0), mean, by_chance=2.0)
    assert found.variance == pytest.approx(variance, rel=0.1)
    assert found.carried_over == pytest.approx(carried, abs=0.05)


def test_week_factors_have_their_moments() -> None:
    drawn = week_factors(
        np.random.default_rng(1), WeekSpread(variance=0.09, carried_over=0.5), n_weeks=3, draws=200_000
    )
    assert np.allclose(drawn.mean(axis=0), 1.0, atol=0.005)
    assert np.allclose(drawn.var(axis=0), 0.09, rtol=0.05)
    logs = np.log(drawn)
    assert np.corrcoef(logs[:, 0], logs[:, 1])[0, 1] == pytest.approx(0.5, abs=0.01)
    assert np.corrcoef(logs[:, 0], logs[:, 2])[0, 1] == pytest.approx(0.25, abs=0.01)


def test_level_error_by_hand() -> None:
    """Weeks of 10 and 30, variance 0.04, half carried over: 0.04 × (100 + 900 + 2 × 0.5 × 300) / 1,600."""
    got = level_error(np.array([10.0, 30.0]), WeekSpread(variance=0.04, carried_over=0.5))
    assert got == pytest.approx(0.04 * 1300 / 1600)
    assert level_error(np.array([10.0, 30.0]), WeekSpread(variance=0.0, carried_over=0.0)) == 0.0


@pytest.mark.parametrize("scatter", [1.0, 1.5, 4.0])
def test_drawn_counts_have_their_moments(scatter: float) -> None:
    drawn = drawn_counts(np.random.default_rng(2), np.full(200_000, 12.0), scatter)
    assert drawn.mean() == pytest.approx(12.0, rel=0.01)
    assert drawn.var() == pytest.approx(12.0 * scatter, rel=0.03)
    assert (drawn == np.round(drawn)).all()


def test_nothing_expected_draws_nothing() -> None:
    assert (drawn_counts(np.random.default_rng(2), np.zeros(100), 3.0) == 0).all()


def test_an_interval_holds_at_least_its_share() -> None:
    counts = np.repeat(np.arange(10.0), 10)[:, None]
    low, high = count_interval(counts, level=0.8)
    inside = ((counts >= low) & (counts <= high)).mean()
    assert inside >= 0.8
    assert (low[0], high[0]) == (0.0, 8.0)


def test_the_ratio_by_hand_takes_what_served_better_before() -> None:
    """12 contacts a week of 6 arrivals: 2 per arriving case; closures vary, so they would have served worse."""
    found = ratio_rival(
        np.array([12.0, 12.0]),
        {"arriving case": np.array([6.0, 6.0]), "closed case": np.array([2.0, 10.0])},
        {"arriving case": np.array([5.0, 0.0]), "closed case": np.array([1.0, 1.0])},
    )
    assert found is not None
    assert found.name == "contacts per arriving case"
    assert found.predicted.tolist() == [10.0, 0.0]


def test_without_any_case_there_is_no_ratio() -> None:
    none = {"arriving case": np.zeros(2)}
    assert ratio_rival(np.ones(2), none, none) is None


def test_regression_by_hand_never_tells_less_than_nothing() -> None:
    """Contacts = open days / 10 − 2."""
    days = np.array([50.0, 70.0, 100.0])
    found = regression_rival(days / 10 - 2, days, np.array([60.0, 10.0]))
    assert found is not None
    assert np.allclose(found.predicted, [4.0, 0.0])
    assert regression_rival(np.ones(3), np.full(3, 7.0), np.ones(2)) is None


def test_regression_by_state_recovers_rates_and_needs_weeks() -> None:
    rng = np.random.default_rng(1)
    days = rng.uniform(50, 100, (40, 2))
    found = state_rival(days @ [0.1, 0.3], days, np.array([[10.0, 100.0]]), ["a", "b"])
    assert found is not None
    assert np.allclose(found.predicted, [31.0])
    assert state_rival(days[:20] @ [0.1, 0.3], days[:20], days[:1], ["a", "b"]) is None
