"""Contacts that follow contacts: how much of the demand is new, and how much comes of having been in touch just before.

A *repeat* is a contact within a few days of an earlier one about the same case. Not every repeat is caused by the contact before:
in those days too customers would have got in touch anyway, and customers who call much are met there more often. A repeat is
*led to* by the earlier contact as far as its rate exceeds what the same customer would show without one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from streamline.stats.case_lengths import rates_by_length
from streamline.stats.negative_binomial import moves_of_effect
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.rate_model import RateModel, sums_of_cases
from streamline.stats.stretches import Stretches, design_of

Float = npt.NDArray[np.float64]

#: Repeats below which nothing is told of what led to them.
ENOUGH_REPEATS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repeats:
    """Demand and its repeats. Figures with an interval are triples (value, low, high); NaN where they can't be told."""

    n_contacts: int
    #: Contacts soon after another, and the open days in which one could be so; all in stretches of levels at which anybody got in
    #: touch, so that long quiet states don't make ordinary days look quieter.
    n_repeats: int
    recent_days: float
    other_days: float
    #: Contacts per open day soon after a contact, over the rate on other days: as they stand, all cases pooled with the other
    #: factors alike, and between days of like customers (negative binomial by case).
    raw_ratio: float
    pooled_ratio: tuple[float, float, float]
    ratio: tuple[float, float, float]
    #: Share of all contacts that no earlier contact led to: demand net of redials. Above 1 where a contact keeps customers from
    #: calling again.
    net_share: tuple[float, float, float]
    level: float
    #: The fit behind `ratio`.
    model: RateModel


def repeats(stretches: Stretches, *, recent: str, level: float = 0.95) -> Repeats:
    """Tell repeats from new demand.

    recent : name of the factor with two levels, the second of which holds within a set time of an earlier contact of the case.
        Open days have to be cut there: a contact's next days are a stretch of their own.

    The ratio comes from a likelihood in which each case has a propensity of its own that is learned from its contacts so far, so
    a customer who always calls much isn't taken for one whom a call makes call again. It may go with how long the case is (eight
    groups of cases). Where it goes with the other factors besides, those factors' ratios are biased and this one nearly isn't
    (see docs/verification/rates.md); for those factors take `net_demand`.
    Raises InsufficientDataError without a contact.
    Source: Cameron and Trivedi 2013, sec. 9.4; Aalen, Borgan and Gjessing 2008, ch. 7 and 8 (frailty and dynamic models).
    """
    place = next(i for i, f in enumerate(stretches.factors) if f.name == recent)
    if len(stretches.factors[place].levels) != 2:
        raise ValueError(f"factor {recent!r} needs two levels: other days, and soon after a contact")
    design = design_of(stretches)
    rows = design.stretches
    soon = rows.factors[place].codes == 1
    n, n_repeats = int(rows.contacts.sum()), int(rows.contacts[soon].sum())
    recent_days, other_days = float(rows.days[soon].sum()), float(rows.days[~soon].sum())
    n_new = n - n_repeats
    raw = (n_repeats / recent_days) / (n_new / other_days) if recent_days and other_days and n_new else float("nan")
    pooled = pooled_rates(design)
    model = rates_by_length(stretches)
    nothing = (float("nan"),) * 3
    pooled_ratio = ratio = net = nothing
    if min(n_repeats, n_new) >= ENOUGH_REPEATS and model.converged:
        pooled_ratio, ratio = _ratio(pooled, place, level), _ratio(model, place, level)
        net = _net_share(model, place, level)
    return Repeats(
        n_contacts=n,
        n_repeats=n_repeats,
        recent_days=recent_days,
        other_days=other_days,
        raw_ratio=raw,
        pooled_ratio=pooled_ratio,
        ratio=ratio,
        net_share=net,
        level=level,
        model=model,
    )


def new_demand(stretches: Stretches, *, recent: str) -> Stretches:
    """The stretches and contacts that aren't soon after a contact, without that factor: what starts a series of contacts.

    Where contacts lead to contacts, a series begun in one state runs on into the next, so a comparison within cases of all
    contacts credits the later state with what began in the earlier one. Of these it is closer: days after a contact aren't
    counted, which made ratios of later stretches up to 13% too large, with intervals that held the truth in 7 to 94% of
    simulated services (see docs/verification/rates-unseen-first.md). `net_demand` keeps those days, and is what rates within
    cases are to be compared of.
    """
    own = next(f for f in stretches.factors if f.name == recent)
    return stretches.kept(own.codes == 0).of_factors([f.name for f in stretches.factors if f.name != recent])


def _effect(model: RateModel, factor: int) -> tuple[int, float]:
    """(place of the one effect of a factor with two levels, 1 if it is the second level's, -1 if the first's)."""
    place = model.design.places[factor]
    at = int(np.argmax(place >= 0))
    return int(place[at]), 1.0 if at == 1 else -1.0


def _ratio(model: RateModel, factor: int, level: float) -> tuple[float, float, float]:
    at, sign = _effect(model, factor)
    if not model.known[at]:
        return (float("nan"),) * 3
    value = sign * model.effects[at]
    width = student.ppf((1 + level) / 2, model.freedom) * np.sqrt(model.covariance[at, at])
    return float(np.exp(value)), float(np.exp(value - width)), float(np.exp(value + width))


def _net_share(model: RateModel, factor: int, level: float) -> tuple[float, float, float]:
    """1 − share of repeats × (1 − 1 / ratio), with the errors of both, which go together case by case."""
    at, sign = _effect(model, factor)
    if not model.known[at]:
        return (float("nan"),) * 3
    rows = model.design.stretches
    bounds = model.design.bounds
    inverse_ratio = float(np.exp(-sign * model.effects[at]))
    again = rows.contacts * (rows.factors[factor].codes == 1)
    share = again.sum() / rows.contacts.sum()
    moves_ratio = sign * moves_of_effect(model, at)
    moves_share = sums_of_cases(bounds, (again - share * rows.contacts) / rows.contacts.sum())
    by_case = -share * inverse_ratio * moves_ratio - (1 - inverse_ratio) * moves_share
    n = len(by_case)
    width = student.ppf((1 + level) / 2, model.freedom) * np.sqrt((by_case**2).sum() * n / max(n - 1, 1))
    value = 1 - share * (1 - inverse_ratio)
    return float(value), float(max(value - width, 0.0)), float(value + width)
