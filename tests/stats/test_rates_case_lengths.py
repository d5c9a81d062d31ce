"""Rates by how long cases take: groups of cases by length, and what they take out of the other ratios."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streamline.stats.case_lengths import LENGTH, rates_by_length
from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.stretches import Factor, Stretches


def long_callers(rng: np.random.Generator, n: int = 2000) -> Stretches:
    """Two bands, true ratio 2; propensity follows from the length of the case alone."""
    duration = np.exp(3 + 0.8 * rng.standard_normal(n))
    days = np.column_stack([np.minimum(duration, 20), np.maximum(duration - 20, 0)]).ravel()
    band = np.tile([0, 1], n)
    return Stretches(
        case=np.repeat(np.arange(n), 2),
        days=days,
        contacts=rng.poisson(0.02 * np.repeat(duration / 20, 2) * 2.0**band * days),
        factors=(Factor(name="band", levels=("to day 20", "later"), codes=band, reference=0),),
    )


def test_groups_hold_whole_cases_in_order_of_length_and_about_as_many_contacts_each() -> None:
    rows = long_callers(np.random.default_rng(1))
    design = rates_by_length(rows).design
    assert design.stretches.factors[-1].name == LENGTH
    codes, case = design.stretches.factors[-1].codes, design.stretches.case
    group = {c: set(codes[case == c]) for c in np.unique(case)}
    assert all(len(g) == 1 for g in group.values())
    length = np.bincount(rows.case, weights=rows.days)
    own = np.array([[length[c], next(iter(g))] for c, g in group.items()])
    assert (np.diff(own[np.argsort(own[:, 0]), 1]) >= 0).all()
    contacts = np.bincount(codes, weights=design.stretches.contacts)
    assert len(contacts) == 8
    # an edge falls between two cases, so a group has at most one case's contacts too many or too few at each end
    assert np.abs(contacts - contacts.mean()).max() <= np.bincount(rows.case, weights=rows.contacts).max()


def test_what_goes_with_the_length_no_longer_passes_for_an_effect_of_waiting() -> None:
    rows = long_callers(np.random.default_rng(2))
    plain = negative_binomial_rates(rows, by="case")[0].ratios("band")
    got = rates_by_length(rows).ratios("band")
    assert plain.low[1] > 2.5
    assert got.ratio[1] == pytest.approx(2, rel=0.15)


def test_few_contacts_make_one_group_which_is_left_out() -> None:
    rows = long_callers(np.random.default_rng(3), n=20)
    rows = replace(rows, contacts=np.minimum(rows.contacts, 2))
    assert 0 < rows.contacts.sum() < 100
    assert [f.name for f in rates_by_length(rows).design.stretches.factors] == ["band"]


def test_cases_of_one_length_stay_together_in_whatever_order_their_stretches_come() -> None:
    rng = np.random.default_rng(4)
    parts = rng.dirichlet(np.ones(3), 300).ravel() * 30.0
    rows = Stretches(
        case=np.repeat(np.arange(300), 3), days=parts, contacts=rng.poisson(0.05 * parts),
        factors=(Factor(name="state", levels=("a", "b", "c"), codes=np.tile([0, 1, 2], 300)),),
    )  # fmt: skip
    assert [f.name for f in rates_by_length(rows).design.stretches.factors] == ["state"]
    other = rates_by_length(rows.kept(rng.permutation(len(rows))))
    assert other.ratios("state").ratio == pytest.approx(rates_by_length(rows).ratios("state").ratio)
