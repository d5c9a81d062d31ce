"""Rates of contacts where callers differ: the negative binomial, by stretch or by case.

Each stretch, or each case, has a propensity of its own, drawn from a gamma distribution with mean 1; its variance is the
*spread*. By stretch this is the usual regression (NB2), which depends on how open life is cut into stretches. By case it isn't,
and, as the propensity is learned from the contacts so far, it may have factors that contacts move. In both the propensity must
have nothing to do with the levels; where it has, see `stats.fixed_effects`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import chi2

from streamline.kernels.levels import products_of_groups, sums_by_level, sums_by_pair, sums_of_effects
from streamline.stats.discounted import Carried, scale_of
from streamline.stats.newton import inverse_of, newton, told_apart
from streamline.stats.poisson_rates import entangled, pooled_rates, refuse_without_contacts
from streamline.stats.rate_model import (
    SEPARATED,
    RateModel,
    dispersions,
    products_of_scores,
    scores_of,
    sums_of_cases,
)
from streamline.stats.stretches import Design, Stretches, design_of

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Spreads between which the likelihood's top is looked for.
LEAST_SPREAD, MOST_SPREAD = 1e-6, 1e4
#: Rounds of effects given the spread and the spread given the effects.
MOST_ROUNDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadTest:
    """Whether contacts vary more than they would one by one: the negative binomial against its limit, the Poisson."""

    #: Variance of the propensity; 0 where more spread fits no better.
    spread: float
    #: Twice the gain in log likelihood.
    statistic: float
    #: Of no spread at all; half a chi-squared with one degree of freedom, as a spread can't be negative.
    p_value: float


def negative_binomial_rates(
    stretches: Stretches | Design, *, by: Literal["stretch", "case"] = "stretch"
) -> tuple[RateModel, SpreadTest]:
    """Fit contacts per open day as a product of ratios and a gamma propensity of each stretch or case.

    Effects and spread at the top of their likelihood; errors of the effects are sandwiches by case and carry the spread's: where
    contacts move a factor, callers who differ and contacts that lead to contacts are told apart by both together.

    Raises InsufficientDataError without a contact in any open day.
    Source: Cameron and Trivedi 2013, sec. 3.3 (by stretch) and 9.4 (by case); Self and Liang 1987 (test at the bound).
    """
    design = stretches if isinstance(stretches, Design) else design_of(stretches)
    refuse_without_contacts(design)
    rows, p = design.stretches, design.n_effects
    bounds = design.bounds if by == "case" else np.arange(len(rows) + 1, dtype=np.int64)
    size = np.diff(bounds)
    contacts = rows.contacts.astype(np.float64)
    calls = sums_of_cases(bounds, contacts)
    more_than = (
        np.bincount(calls.astype(np.int64))[::-1].cumsum()[::-1][1:].astype(np.float64)
    )  # groups with > 0, > 1, …
    start = pooled_rates(design)
    chosen = start.known

    def means(effects: Float) -> tuple[Float, Float]:
        with np.errstate(over="ignore", invalid="ignore"):
            mean = rows.days * np.exp(sums_of_effects(design.columns, effects))
        return mean, sums_of_cases(bounds, mean)

    def information_at(mean: Float, total: Float, spread: float) -> Float:
        """What a step divides by: the likelihood's own curvature, and where that isn't positive, its expectation."""
        told = (1 + spread * calls) / (1 + spread * total)
        for known in (told, np.ones(len(told))):
            pull = products_of_groups(bounds, design.columns, mean, mean, spread * known / (1 + spread * total), p)
            own = sums_by_pair(design.columns, mean * np.repeat(known, size), p) - pull
            if not np.isfinite(own).all() or np.linalg.eigvalsh(own[np.ix_(chosen, chosen)])[0] > 0:
                break
        return np.asarray(own, dtype=np.float64)

    def fitted(effects: Float, spread: float) -> tuple[Float, bool]:
        def likelihood(beta: Float) -> tuple[float, Float, Float]:
            whole = np.zeros(p)
            whole[chosen] = beta
            mean, total = means(whole)
            with np.errstate(over="ignore", invalid="ignore"):
                value = float(
                    contacts @ sums_of_effects(design.columns, whole) - (calls + 1 / spread) @ np.log1p(spread * total)
                )
                own = mean * np.repeat((1 + spread * calls) / (1 + spread * total), size)
                score = sums_by_level(design.columns, contacts - own, p)[chosen]
            return value, score, information_at(mean, total, spread)[np.ix_(chosen, chosen)]

        beta, ended = newton(likelihood, effects[chosen])
        whole = np.zeros(p)
        whole[chosen] = beta
        return whole, ended

    effects, spread, converged = start.effects, 0.0, start.converged
    first = _best_spread(calls, more_than, means(effects)[1]) if converged else 0.0
    if first > 0.0:
        # spread -> effects given it -> best spread given these: where that comes back to itself, by the secant of the way left
        at, before, left_before = np.log(first), None, 0.0
        converged = False
        for _ in range(MOST_ROUNDS):
            spread = float(np.exp(at))
            effects, ended = fitted(effects, spread)
            if not ended:
                break
            left = np.log(max(_best_spread(calls, more_than, means(effects)[1]), LEAST_SPREAD)) - at
            if abs(left) < 1e-8:
                converged = True
                break
            step = left if before is None or left == left_before else -left * (at - before) / (left - left_before)
            before, left_before = at, left
            at = float(np.clip(at + np.clip(step, -2.0, 2.0), np.log(LEAST_SPREAD), np.log(MOST_SPREAD)))
    mean, total = means(effects)
    told = (1 + spread * calls) / (1 + spread * total)
    own = mean * np.repeat(told, size)
    pull = spread * told / (1 + spread * total)
    information = information_at(mean, total, spread)
    inverse = inverse_of(information, chosen & told_apart(information))
    # a case's own information, with its stretches' propensities apart or the case's one in all of them
    alone = own / (1 + spread * total) if by == "stretch" else own
    together = pull / told**2 if by == "case" else np.zeros(design.n_cases)
    scores = scores_of(design, contacts - own, alone, together, inverse)
    covariance = inverse @ products_of_scores(design, scores, scores) @ inverse
    carried, moved = _carried_spread(design, bounds, mean, spread, inverse, scores)
    if carried is not None:
        covariance = covariance + carried.added(inverse @ carried.with_scores(design, scores), moved)
    by_row, by_case = dispersions(design, mean, int(chosen.sum()))
    gain = 2 * _gain(calls, more_than, total, spread, effects, start, contacts, design)
    model = RateModel(
        kind="negative binomial by stretch" if by == "stretch" else "negative binomial by case",
        design=design,
        effects=effects,
        covariance=covariance,
        known=chosen,
        within=np.zeros(p, dtype=np.bool_),
        inverse_information=inverse,
        scores=scores,
        n_cases=design.n_cases,
        n_cases_without_contacts=0,
        n_contacts=int(rows.contacts.sum()),
        open_days=float(rows.days.sum()),
        dispersion=by_row,
        dispersion_by_case=by_case,
        spread=spread,
        converged=converged and bool(np.abs(effects[1:]).max(initial=0.0) < SEPARATED),
        left_out=(*design.left_out, *entangled(design, chosen)),
    )
    gain = max(gain, 0.0)
    test = SpreadTest(spread=spread, statistic=gain, p_value=float(chi2.sf(gain, 1) / 2) if gain > 0 else 1.0)
    return model, test


def moves_of_effect(model: RateModel, effect: int) -> Float:
    """(cases,): each case's part in the deviation of one effect of a negative binomial fit, the spread's included."""
    design, spread = model.design, model.spread or 0.0
    own = model.inverse_information[design.level, effect] * model.scores
    result = np.bincount(np.repeat(np.arange(design.n_cases), np.diff(design.first)), weights=own)
    rows = design.stretches
    bounds = design.bounds if model.kind == "negative binomial by case" else np.arange(len(rows) + 1, dtype=np.int64)
    mean = rows.days * np.exp(sums_of_effects(design.columns, model.effects))
    carried, moved = _carried_spread(design, bounds, mean, spread, model.inverse_information, model.scores)
    if carried is not None:
        result = result + carried.moves @ moved[effect]
    return np.asarray(result, dtype=np.float64)


def _carried_spread(
    design: Design, bounds: Int64, mean: Float, spread: float, inverse: Float, scores: Float
) -> tuple[Carried | None, Float]:
    """(each case's part in the spread; how the effects move with it). None where there is no spread, or it can't be told."""
    p = design.n_effects
    if not LEAST_SPREAD * 2 < spread < MOST_SPREAD / 2:
        return None, np.zeros((p, 0))
    calls, total = sums_of_cases(bounds, design.stretches.contacts), sums_of_cases(bounds, mean)

    def slopes(at: float) -> Float:
        """(groups,): the slope of each group's log likelihood along the spread."""
        j = np.arange(int(calls.max()) + 1)
        earlier = np.append(0.0, np.cumsum(j / (1 + at * j)))[calls.astype(np.int64)]
        return np.asarray(
            earlier + _curved(at, total) + (total**2 - calls * total) / (1 + at * total), dtype=np.float64
        )

    step = 1e-4 * spread
    own = -float((slopes(spread + step) - slopes(spread - step)).sum()) / (2 * step)
    apart = (calls - total) / (1 + spread * total) ** 2
    with_effects = sums_by_level(design.columns, mean * np.repeat(apart, np.diff(bounds)), p)
    left = own - float(with_effects @ inverse @ with_effects)
    if not left > 1e-6 * own:
        return None, np.zeros((p, 0))
    slope = slopes(spread)
    if len(slope) != design.n_cases:
        slope = sums_of_cases(design.bounds, slope)
    case = np.repeat(np.arange(design.n_cases), np.diff(design.first))
    through = np.bincount(case, weights=(inverse @ with_effects)[design.level] * scores, minlength=design.n_cases)
    moves = ((slope - through) / left)[:, None]
    return Carried(moves=moves, scale=scale_of(design.n_cases)), -(inverse @ with_effects)[:, None]


def _curved(spread: float, total: Float) -> Float:
    """(log(1 + x) − x) / spread² with x = spread × total: it loses its digits where x is small; its series doesn't."""
    x = spread * total
    return np.where(x < 1e-3, total**2 * (-1 / 2 + x / 3 - x**2 / 4), (np.log1p(x) - x) / spread**2)


def _best_spread(calls: Float, more_than: Float, total: Float) -> float:
    """The spread at the likelihood's top for given expected contacts of each group; 0 where it falls from the start."""
    j = np.arange(len(more_than))

    def slope(log_spread: float) -> float:
        spread = np.exp(log_spread)
        curved = _curved(spread, total) + (total**2 - calls * total) / (1 + spread * total)
        return float(more_than @ (j / (1 + spread * j)) + curved.sum())

    low, high = np.log(LEAST_SPREAD), np.log(MOST_SPREAD)
    if slope(low) <= 0:
        return 0.0
    if slope(high) >= 0:
        return MOST_SPREAD
    return float(np.exp(brentq(slope, low, high, xtol=1e-9)))


def _gain(
    calls: Float, more_than: Float, total: Float, spread: float, effects: Float, start: RateModel, contacts: Float,
    design: Design,
) -> float:  # fmt: skip
    """Log likelihood with the spread less that of the pooled Poisson."""
    if spread == 0.0:
        return 0.0
    j = np.arange(len(more_than))
    here = contacts @ sums_of_effects(design.columns, effects)
    here += more_than @ np.log1p(spread * j) - (calls + 1 / spread) @ np.log1p(spread * total)
    there = contacts @ sums_of_effects(design.columns, start.effects) - contacts.sum()  # expected = observed there
    return float(here - there)
