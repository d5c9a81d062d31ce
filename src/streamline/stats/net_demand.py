"""Demand net of redials: contacts counted for what they would be, had no contact before brought them on.

For a few days after a contact the rate is so many times what it would be: the *ratio* of being in touch. A contact in those days
counts for 1 / ratio, any other for 1, and all open days are the exposure. Whatever came before, at each instant the expected
count is then the customer's propensity × what the case awaits, so it depends on nothing that contacts have moved. Rates within
cases may be compared from it, which they may not from all contacts (a series begun in one state runs on into the next) nor from
those outside the days after a contact (which of a case's days are left depends on its contacts).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streamline.stats.case_lengths import rates_by_length
from streamline.stats.discounted import DiscountedStretches, without_factor
from streamline.stats.negative_binomial import moves_of_effect
from streamline.stats.repeats import place_of_effect, ratio_of_effect
from streamline.stats.stretches import Stretches


def net_demand(stretches: Stretches, *, recent: str) -> DiscountedStretches:
    """The stretches without the factor `recent`, each contact soon after another counting for 1 / ratio.

    recent : name of the factor with two levels, the second of which holds within a set time of an earlier contact of the case.
        Where it has no contact at all, its days stay and no contact is discounted.

    `chosen_rates` and `fixed_effects_rates` take the result, and their intervals carry the ratio's error. Rates from it are of
    net demand: all contacts are these over `repeats(...).net_share`.

    Stands on: the ratio is the same for all customers and states; and how long a case is in each state doesn't depend on contacts
    about it. Where calling hastens a case, days after a contact are cut short, and this doesn't correct for it.
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
    whole = stretches.contacts.astype(np.float64)
    nothing = np.zeros(len(stretches))
    plain = DiscountedStretches(
        case=stretches.case, days=stretches.days, contacts=whole, factors=factors, slope=nothing,
        ratio=(1.0, float("nan"), float("nan")), moved_by=np.zeros(0, dtype=np.int64), moves=np.zeros(0),
    )  # fmt: skip
    if not whole[soon & (stretches.days > 0)].any() or not whole[~soon & (stretches.days > 0)].any():
        return plain
    model = rates_by_length(stretches)
    at, sign = place_of_effect(model, place)
    if not model.converged or not model.known[at]:
        return plain
    ratio = ratio_of_effect(model, place, 0.95)
    discounted = np.where(soon, whole / ratio[0], whole)
    return replace(
        plain,
        contacts=discounted,
        slope=np.where(soon, -discounted, 0.0),
        ratio=ratio,
        moved_by=model.design.stretches.case[model.design.bounds[:-1]],
        moves=sign * moves_of_effect(model, at),
    )
