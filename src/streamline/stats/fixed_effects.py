"""Rates of contacts with an own level for each case: what differs lastingly between callers can't touch the ratios.

Given how many contacts a case has, they fall on its stretches in proportion to open days × ratios: the case's own propensity
cancels. Customers who call much and have long cases make pooled ratios of late stretches too large; these aren't.

What doesn't change within a case (the channel that it came by) can't be told this way. Its ratios, and the overall level, come
from a second step over all cases, in which the ratios within cases are held; their errors carry those of the first step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.levels import products_of_groups, sums_by_level, sums_by_pair, sums_of_effects
from streamline.stats.discounted import carried_of, pulls_of, slopes_of
from streamline.stats.newton import inverse_of, newton, told_apart
from streamline.stats.poisson_rates import entangled, named, poisson_effects, refuse_without_contacts
from streamline.stats.rate_model import SEPARATED, RateModel, dispersions, products_of_scores, scores_of, sums_of_cases
from streamline.stats.stretches import Design, Stretches, cells_of, design_of, sums_by_code

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


ONE_SIDED = "wherever a case has it and another level, all its contacts came at one of them"


def fixed_effects_rates(stretches: Stretches | Design) -> RateModel:
    """Fit the ratios within cases (conditional Poisson), then levels of what doesn't change within a case.

    Cases without a contact say nothing of the ratios and drop out of the first step (`n_cases_without_contacts`). Errors are
    sandwiches by case, so contacts may come in bursts. Work grows with the stretches.

    A level at which a case has all or none of its contacts wherever it has other levels too (few contacts) has no ratio within
    cases; it is named in `not_within`, and its ratio comes from the second step.

    Raises ValueError for a factor that contacts themselves move ("within 3 days of a contact"): given the number of a case's
    contacts, the time after the last one is known to be empty, and its ratio would come out too small.
    Raises InsufficientDataError without a contact in any open day.
    Source: Hausman, Hall and Griliches 1984; Wooldridge 1999 (errors without the Poisson distribution).
    """
    return within_and_moved(stretches if isinstance(stretches, Design) else design_of(stretches))[0]


def within_and_moved(design: Design) -> tuple[RateModel, Float]:
    """`fixed_effects_rates`, and (p, r) how effects within cases move with the r ratios by which contacts were discounted."""
    refuse_without_contacts(design)
    moved = [f.name for f in design.stretches.factors if f.moved_by_contacts]
    if moved:
        raise ValueError(
            f"{', '.join(moved)}: contacts themselves move this factor, so a comparison within cases is biased by it; "
            "leave it out here (pooled rates and `stats.repeats` take it)"
        )
    keep = np.ones(len(design.stretches), dtype=np.bool_)
    one_sided = np.zeros(design.n_effects, dtype=np.bool_)
    while True:
        first = _compared(design, keep)
        endless = first.within & (np.abs(first.effects) >= SEPARATED)
        if first.converged or not endless.any():
            return _with_levels(design, first, one_sided), first.inverse @ first.pull
        one_sided |= endless
        keep &= ~one_sided[np.maximum(design.columns[:, 1:], 0)].any(axis=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Compared:
    """What the comparison within cases tells."""

    effects: Float
    within: Bool
    #: (p,) effects that don't change within any case.
    constant: Bool
    scores: Float
    inverse: Float
    #: (p, r) how the equations move with the r ratios by which contacts were discounted; none where they count as they are.
    pull: Float
    converged: bool
    n_cases: int


def _compared(design: Design, keep: Bool) -> _Compared:
    """The first step, over some of the rows: each case's contacts in them, spread over its stretches."""
    p, bounds = design.n_effects, design.bounds
    calls = sums_of_cases(bounds, design.stretches.contacts * keep)
    some = keep & np.repeat(calls > 0, np.diff(bounds))
    columns, days = design.columns[some], design.stretches.days[some]
    contacts = design.stretches.contacts[some].astype(np.float64)
    own_calls = calls[calls > 0]
    size = sums_of_cases(bounds, some)[calls > 0].astype(np.int64)
    own_bounds = np.append(0, np.cumsum(size)).astype(np.int64)

    def spread_over(effects: Float) -> tuple[Float, Float]:
        """(expected contacts of each row given its case's total; log of the case's open days × ratios)."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            weight = days * np.exp(sums_of_effects(columns, effects))
            total = sums_of_cases(own_bounds, weight)
            return weight * np.repeat(own_calls / total, size), np.log(total)

    def information(mean: Float) -> Float:
        pull = products_of_groups(own_bounds, columns, mean, mean, 1 / own_calls, p)
        return np.asarray(sums_by_pair(columns, mean, p) - pull, dtype=np.float64)

    at_start = _rounded(information(spread_over(np.zeros(p))[0]), sums_by_level(columns, contacts, p))
    within, constant = told_apart(at_start), np.diag(at_start) == 0
    effects = np.zeros(p)
    converged = True
    if within.any():

        def likelihood(beta: Float) -> tuple[float, Float, Float]:
            whole = np.zeros(p)
            whole[within] = beta
            mean, log_total = spread_over(whole)
            value = float(contacts @ sums_of_effects(columns, whole) - own_calls @ log_total)
            score = sums_by_level(columns, contacts - mean, p)[within]
            return value, score, information(mean)[np.ix_(within, within)]

        effects[within], converged = newton(likelihood, np.zeros(int(within.sum())))
        converged = converged and bool(np.abs(effects).max() < SEPARATED)
    mean = np.zeros(len(keep))
    mean[some] = spread_over(effects)[0]
    inverse = inverse_of(information(mean[some]), within)
    with np.errstate(divide="ignore"):
        pull = np.where(calls > 0, 1 / calls, 0.0)
    pull_of_ratios = np.zeros((p, 0))
    if carried_of(design) is not None:
        by_ratio, slope, r = slopes_of(design)
        share = mean[some] / np.repeat(own_calls, size)
        found = []
        for k in range(r):
            own_slope = np.where(by_ratio[some] == k, slope[some], 0.0)
            expected = share * np.repeat(sums_of_cases(own_bounds, own_slope), size)
            found.append(sums_by_level(columns, own_slope - expected, p))
        pull_of_ratios = np.column_stack(found)
    return _Compared(
        effects=effects,
        within=within,
        constant=constant,
        scores=scores_of(design, np.where(some, design.stretches.contacts - mean, 0.0), mean, pull, inverse),
        inverse=inverse,
        pull=pull_of_ratios,
        converged=converged,
        n_cases=len(own_calls),
    )


def _with_levels(design: Design, first: _Compared, one_sided: Bool) -> RateModel:
    """The second step: effects constant within cases, given those that aren't; and the errors of both together."""
    effects, within, scores, inverse = first.effects, first.within, first.scores, first.inverse
    second = first.constant | one_sided
    rows, p = design.stretches, design.n_effects
    exposure = rows.days * np.exp(sums_of_effects(design.columns, effects))
    row, cell = cells_of(design.columns)
    exposures = sums_by_code(cell, exposure, len(row))
    contacts = sums_by_code(cell, rows.contacts, len(row))
    own = design.columns[row]
    gram = sums_by_pair(own, exposures, p)
    gram[~second] = gram[:, ~second] = 0.0
    between = told_apart(gram)
    levels, ended = poisson_effects(own, exposures, contacts, between)
    effects = effects + levels
    mean = rows.days * np.exp(sums_of_effects(design.columns, effects))
    whole = sums_by_pair(design.columns, mean, p)
    inverse_between = inverse_of(whole, between)
    level_scores = scores_of(design, rows.contacts - mean, mean, np.zeros(design.n_cases), inverse_between)
    # levels move with the ratios that they are given: the scores of the first step reach them through this
    own = inverse - inverse_between @ (whole * within[None, :]) @ inverse
    across = own @ products_of_scores(design, scores, level_scores) @ inverse_between
    covariance = (
        own @ products_of_scores(design, scores, scores) @ own.T
        + inverse_between @ products_of_scores(design, level_scores, level_scores) @ inverse_between
        + across
        + across.T
    )
    carried = carried_of(design)
    if carried is not None:
        by_ratio, slope, r = slopes_of(design)
        moved = own @ first.pull + inverse_between @ pulls_of(design.columns, by_ratio, slope, p, r)
        together = own @ carried.with_scores(design, scores) + inverse_between @ carried.with_scores(
            design, level_scores
        )
        covariance = covariance + carried.added(together, moved)
    known = within | between
    by_row, by_case = dispersions(design, mean, int(known.sum()))
    return RateModel(
        kind="fixed effects",
        design=design,
        effects=effects,
        covariance=covariance,
        known=known,
        within=within,
        inverse_information=inverse,
        scores=scores,
        n_cases=first.n_cases,
        n_cases_without_contacts=int((sums_of_cases(design.bounds, rows.contacts) == 0).sum()),
        n_contacts=int(rows.contacts.sum()),
        open_days=float(rows.days.sum()),
        dispersion=by_row,
        dispersion_by_case=by_case,
        spread=None,
        converged=first.converged and ended,
        left_out=(*design.left_out, *entangled(design, known)),
        not_within=named(design, one_sided, ONE_SIDED),
    )


def _rounded(information: Float, size: Float) -> Float:
    """Information that is nothing but an error of rounding beside its effect's contacts is none."""
    result = information.copy()
    nothing = np.diag(result) <= 1e-9 * np.maximum(size, 1.0)
    result[nothing] = result[:, nothing] = 0.0
    return result
