"""Demand net of redials: contacts counted for what they would be, had no contact before brought them on.

For a few days after a contact the rate is so many times what it would be: the *ratio* of being in touch. It may be another where
rates are low than where they are high: a line that was busy is dialled again whatever the rate. A contact in those days counts
for 1 / ratio, any other for 1, and all open days are the exposure. Whatever came before, at each instant the expected
count is then the customer's propensity × what the case awaits, so it depends on nothing that contacts have moved. Rates within
cases may be compared from it, which they may not from all contacts (a series begun in one state runs on into the next) nor from
those outside the days after a contact (which of a case's days are left depends on its contacts).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from streamline.stats.case_lengths import rates_by_length
from streamline.stats.discounted import DiscountedStretches, scale_of, without_factor
from streamline.stats.negative_binomial import moves_of_effect
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.stretches import REFERENCE, Factor, Stretches

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Groups of levels by their rate, at the most, and repeats that each has at the least.
RATE_GROUPS, ENOUGH_REPEATS = 3, 50


def net_demand(stretches: Stretches, *, recent: str) -> DiscountedStretches:
    """The stretches without the factor `recent`, each contact soon after another counting for 1 / ratio.

    The ratio is told apart for up to three groups of levels, from those with low rates to those with high ones, with 50 repeats
    each at the least.

    recent : name of the factor with two levels, the second of which holds within a set time of an earlier contact of the case.
        Where it has no contact at all, its days stay and no contact is discounted.

    `chosen_rates` and `fixed_effects_rates` take the result, and their intervals carry the ratio's error. Rates from it are of
    net demand: all contacts are these over `repeats(...).net_share`.

    Stands on: within a group of levels the ratio is the same for all customers; each contact is linked to its case, as one that
    isn't has brought others on unseen; and how long a case is in each state doesn't depend on contacts about it. Where calling
    hastens a case, days after a contact are cut short, and this doesn't correct for it. Intervals take the groups as given.
    Raises ValueError for a factor that isn't there, or hasn't two levels.
    Source: Wooldridge 1997 (multiplicative panels whose regressors depend on earlier outcomes); Lin, Scharfstein and Rosenheck
    2004 (weights by inverse intensity).
    """
    place = next((i for i, f in enumerate(stretches.factors) if f.name == recent), -1)
    if place < 0:
        raise ValueError(f"no factor {recent!r} among {', '.join(f.name for f in stretches.factors)}")
    if len(stretches.factors[place].levels) != 2:
        raise ValueError(f"factor {recent!r} needs two levels: other days, and soon after a contact")
    factors = without_factor(stretches.factors, recent)
    soon = stretches.factors[place].codes == 1
    whole, nothing = stretches.contacts.astype(np.float64), np.zeros(len(stretches))
    plain = DiscountedStretches(
        case=stretches.case, days=stretches.days, contacts=whole, factors=factors,
        by_ratio=np.full(len(stretches), -1), slope=nothing, ratios=(), moved_by=np.zeros(0, dtype=np.int64),
        moves=np.zeros((0, 0)),
    )  # fmt: skip
    counted = stretches.days > 0
    if not whole[soon & counted].any() or not whole[~soon & counted].any():
        return plain
    groups = _rate_groups(replace(stretches, factors=factors), np.where(soon & counted, whole, 0.0))
    levels = ("other days", *(f"soon after a contact, rates of group {g + 1}" for g in range(int(groups.max()) + 1)))
    told = Factor(name=recent, levels=levels, codes=np.where(soon, 1 + groups, 0), reference=0, moved_by_contacts=True)
    model = rates_by_length(replace(stretches, factors=(told, *factors)))
    places = model.design.places[0][1:]
    if not model.converged or model.design.places[0][0] != REFERENCE or not model.known[places[places >= 0]].all():
        return plain
    own = np.where(places >= 0)[0]  # the others have no contact
    found = model.ratios(recent)
    ratios = np.ones(len(levels))
    ratios[1 + own] = found.ratio[1 + own]
    number = np.full(len(levels), -1)
    number[1 + own] = np.arange(len(own))
    discounted = whole / ratios[told.codes]
    return replace(
        plain,
        contacts=discounted,
        by_ratio=number[told.codes],
        slope=np.where(soon, -discounted, 0.0),
        ratios=tuple((float(found.ratio[k]), float(found.low[k]), float(found.high[k])) for k in 1 + own),
        moved_by=model.design.stretches.case[model.design.bounds[:-1]],
        moves=np.column_stack([moves_of_effect(model, int(at)) for at in places[own]]),
    )


def uneven_redials(net: DiscountedStretches) -> str | None:
    """A caveat where contacts bring on others less than in proportion to the rate; None where nothing shows it.

    The ratio at levels with low rates is set against that at levels with high ones (5%, one-sided). Where it is larger, contacts
    bring on others whatever the customer would do anyway, or unseen contacts do. Dividing by a ratio then made the ratio of
    waiting 5% too small to 4% too large in simulated services, with intervals that held the truth in 39 to 82%
    (docs/verification/rates-unseen.md).
    """
    if len(net.ratios) < 2:
        return None
    lower, higher = net.ratios[0][0], net.ratios[-1][0]
    apart = net.moves[:, 0] - net.moves[:, -1]
    error = float(np.sqrt(apart @ apart * scale_of(len(apart))))
    if not np.log(lower / higher) > norm.ppf(0.95) * error:
        return None
    return (
        f"Soon after a contact the rate is {lower:.1f} times as high where contacts are rare, and {higher:.1f} times where they "
        "are frequent, as when a contact brings on another by itself. Ratios of waiting may then be off by some 5%, beyond their "
        "intervals."
    )


def _rate_groups(stretches: Stretches, repeats: Float) -> Int64:
    """(n,): stretches in up to three groups with as many repeats each, from levels with low rates to levels with high ones."""
    n = int(np.clip(repeats.sum() // ENOUGH_REPEATS, 1, RATE_GROUPS))
    rates = pooled_rates(stretches).expected(replace(stretches, days=np.ones(len(stretches))))
    if n == 1 or not np.isfinite(rates).all():
        return np.zeros(len(stretches), dtype=np.int64)
    order = np.argsort(rates, kind="stable")
    before = np.cumsum(repeats[order]) - repeats[order]
    at = np.searchsorted(before, repeats.sum() * np.arange(1, n) / n)
    edges = np.unique(rates[order][np.minimum(at, len(rates) - 1)])
    return np.searchsorted(edges * (1 - 1e-9), rates, side="right").astype(np.int64)
