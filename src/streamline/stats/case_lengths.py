"""Rates where how much customers call may go with how long their cases take: the negative binomial, by length of the case."""

from __future__ import annotations

import numpy as np

from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.rate_model import RateModel
from streamline.stats.stretches import Factor, Stretches, design_of

#: Groups of cases by their length, at the most, and contacts that each has at the least.
LENGTH_GROUPS, ENOUGH_CONTACTS = 8, 50
LENGTH = "open days of the case"


def rates_by_length(stretches: Stretches) -> RateModel:
    """The negative binomial by case with a factor more: how many open days the case has.

    A case's propensity may go with its length; given that, it is learned from its contacts.
    Source: Mundlak 1978; Wooldridge 2005 (the distribution of what differs between cases, given what is told of all their days).
    """
    lengths = _lengths(stretches)
    factors = (*stretches.factors, lengths) if len(lengths.levels) > 1 else stretches.factors
    plain = Stretches(case=stretches.case, days=stretches.days, contacts=stretches.contacts, factors=factors)
    return negative_binomial_rates(design_of(plain), by="case")[0]


def _lengths(stretches: Stretches) -> Factor:
    """Groups of about as many contacts each, by the open days of their case."""
    _, case = np.unique(stretches.case, return_inverse=True)
    days, contacts = np.bincount(case, weights=stretches.days), np.bincount(case, weights=stretches.contacts)
    days = days.round(6)  # cases of the same length stay so in whatever order their stretches are added up
    n = int(np.clip(contacts.sum() // ENOUGH_CONTACTS, 1, LENGTH_GROUPS))
    order = np.argsort(days, kind="stable")
    before = np.cumsum(contacts[order]) - contacts[order]
    at = np.searchsorted(before, contacts.sum() * np.arange(1, n) / n)
    group = np.searchsorted(np.unique(days[order][np.minimum(at, len(days) - 1)]), days, side="right")
    _, group = np.unique(group, return_inverse=True)
    levels = tuple(f"length {k + 1}" for k in range(int(group.max()) + 1))
    return Factor(name=LENGTH, levels=levels, codes=group[case])
