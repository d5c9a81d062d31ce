"""Rates of contacts with all cases pooled: Poisson quasi-likelihood, with errors that resample nothing and assume little.

The mean is a product of effects; nothing else of the Poisson distribution is used: contacts may come in bursts, and those of a
case may go together in any way. What it does assume is that callers who get in touch often are spread over the levels like the
others; where they aren't (their cases take longer), see `stats.fixed_effects`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.kernels.levels import sums_by_level, sums_by_pair, sums_of_effects
from streamline.stats.newton import inverse_of, newton, told_apart
from streamline.stats.rate_model import SEPARATED, RateModel, dispersions, products_of_scores, scores_of
from streamline.stats.stretches import Design, LeftOut, Stretches, cells_of, design_of, sums_by_code

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

TOLD_BY_OTHERS = "told by the other factors"


def pooled_rates(stretches: Stretches | Design) -> RateModel:
    """Fit contacts per open day as a product of one ratio for each level, over all cases.

    Rows with the same levels are put together for the fit, so a Newton step costs as many terms as there are cells; the errors
    take one pass over the stretches (sandwich by case).

    Raises InsufficientDataError without a contact in any open day.
    Source: McCullagh and Nelder 1989, ch. 6 and 9; Liang and Zeger 1986 (errors by case).
    """
    design = stretches if isinstance(stretches, Design) else design_of(stretches)
    refuse_without_contacts(design)
    rows = design.stretches
    first, cell = cells_of(design.columns)
    days = sums_by_code(cell, rows.days, len(first))
    contacts = sums_by_code(cell, rows.contacts, len(first))
    own = design.columns[first]
    chosen = told_apart(sums_by_pair(own, days, design.n_effects))
    effects, converged = poisson_effects(own, days, contacts, chosen)
    mean = rows.days * np.exp(sums_of_effects(design.columns, effects))
    inverse = inverse_of(sums_by_pair(design.columns, mean, design.n_effects), chosen)
    scores = scores_of(design, rows.contacts - mean, mean, np.zeros(design.n_cases), inverse)
    covariance = inverse @ products_of_scores(design, scores, scores) @ inverse
    by_row, by_case = dispersions(design, mean, int(chosen.sum()))
    return RateModel(
        kind="pooled",
        design=design,
        effects=effects,
        covariance=covariance,
        known=chosen,
        within=np.zeros(design.n_effects, dtype=np.bool_),
        inverse_information=inverse,
        scores=scores,
        n_cases=design.n_cases,
        n_cases_without_contacts=0,
        n_contacts=int(rows.contacts.sum()),
        open_days=float(rows.days.sum()),
        dispersion=by_row,
        dispersion_by_case=by_case,
        spread=None,
        converged=converged,
        left_out=(*design.left_out, *entangled(design, chosen)),
    )


def poisson_effects(columns: npt.NDArray[np.int32], days: Float, contacts: Float, chosen: Bool) -> tuple[Float, bool]:
    """(the effects, 0 where they aren't chosen; whether the fit came to an end). days : exposures, above 0."""
    p = len(chosen)

    def likelihood(beta: Float) -> tuple[float, Float, Float]:
        whole = np.zeros(p)
        whole[chosen] = beta
        linear = sums_of_effects(columns, whole)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = days * np.exp(linear)
            value = float(contacts @ linear - mean.sum())
            score = sums_by_level(columns, contacts - mean, p)[chosen]
        return value, score, sums_by_pair(columns, mean, p)[np.ix_(chosen, chosen)]

    start = np.zeros(int(chosen.sum()))
    start[0] = np.log(contacts.sum() / days.sum())
    beta, converged = newton(likelihood, start)
    effects = np.zeros(p)
    effects[chosen] = beta
    return effects, converged and bool(np.abs(beta[1:]).max(initial=0.0) < SEPARATED)


def refuse_without_contacts(design: Design) -> None:
    """No contact, no rates."""
    if design.stretches.contacts.sum() == 0:
        raise InsufficientDataError(
            "There is no contact in any open day of these cases, so rates can't be told by what a case awaits."
        )


def entangled(design: Design, chosen: Bool) -> tuple[LeftOut, ...]:
    """The levels whose effect can't be told from those of others."""
    return named(design, ~chosen, TOLD_BY_OTHERS)


def named(design: Design, which: Bool, reason: str) -> tuple[LeftOut, ...]:
    """The levels of some of the effects, by name."""
    return tuple(
        LeftOut(factor=factor.name, level=factor.levels[k], reason=reason)
        for factor, place in zip(design.stretches.factors, design.places, strict=True)
        for k in np.flatnonzero(place >= 0)
        if which[place[k]]
    )
