"""Waiting bands follow their rule; few contacts have exact bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from streamline.measure.contacts.bands import MIN_CONTACTS, PLAIN_DAYS, chosen_bands
from streamline.measure.contacts.intervals import poisson_bounds, rate_interval, share_bounds

SETTINGS = {"level": 0.95, "draws": 200, "seed": 1}


@given(waited=st.lists(st.floats(0, 1000), max_size=400))
def test_each_band_holds_enough_contacts(waited) -> None:
    edges = chosen_bands(np.array(waited))
    assert list(edges) == sorted(set(edges))
    assert set(edges) <= set(PLAIN_DAYS)
    if edges:
        assert np.bincount(np.searchsorted(edges, waited, side="right"), minlength=len(edges) + 1).min() >= MIN_CONTACTS
    assert len(edges) <= 3


@pytest.mark.parametrize("total", [0, 1, 5, 20])
def test_poisson_bounds_are_those_of_the_distribution(total) -> None:
    """At the lower bound so many or more have a chance of 2.5%; at the upper one so many or fewer."""
    low, high = poisson_bounds(total, level=0.95)
    if total:
        assert poisson.sf(total - 1, low) == pytest.approx(0.025)
    else:
        assert low == 0
    assert poisson.cdf(total, high) == pytest.approx(0.025)


def test_a_rate_of_no_contacts_has_an_upper_bound() -> None:
    assert rate_interval(np.zeros(50), np.ones(50), **SETTINGS) == pytest.approx((0, 3.6889 / 50), rel=1e-4)
    assert np.isnan(rate_interval(np.zeros(5), np.zeros(5), **SETTINGS)).all()


def test_one_case_with_many_calls_is_no_certainty() -> None:
    """Five calls of one case: the exact bounds, as nothing can be resampled."""
    low, high = rate_interval(np.array([5.0]), np.array([10.0]), **SETTINGS)
    assert (low, high) == pytest.approx((0.1623, 1.1668), rel=1e-3)


def test_a_share_of_all_or_none_is_no_certainty() -> None:
    case, weight = np.arange(10), np.ones(10)
    low, high = share_bounds(case, weight, np.ones(10, dtype=bool), **SETTINGS)
    assert (low, high) == pytest.approx((0.7225, 1.0), abs=1e-3)
    assert np.isnan(share_bounds(case, np.zeros(10), np.ones(10, dtype=bool), **SETTINGS)).all()
