"""Which rates to use: those within cases, wherever these can be told.

Pooled ratios are more precise, and wrong where callers who get in touch often are met at some levels more than at others. Ratios
within cases hold there too. A test of whether the two agree is told, and doesn't decide: it misses differences that are as large
as its own error, so intervals of what such a test has passed hold the truth too seldom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import f as fisher

from streamline.stats.discounted import carried_of, moved_pooled, with_carried_errors
from streamline.stats.fixed_effects import within_and_moved
from streamline.stats.negative_binomial import SpreadTest
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.rate_model import RateModel, products_of_scores
from streamline.stats.stretches import Design, Stretches, design_of

Float = npt.NDArray[np.float64]

#: p-value from which on nothing is said to differ. It is higher than that of a usual test: the mistake to fear is to miss a
#: difference, not to see one.
AGREEMENT = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateChoice:
    """Both fits, how far they agree, and which one an estimate uses."""

    pooled: RateModel
    fixed_effects: RateModel
    preferred: Literal["pooled", "fixed effects"]
    #: In words.
    why: str
    #: Effects that both estimate, and the Wald statistic of their differences; NaN where there is none.
    n_shared: int
    statistic: float
    p_value: float
    #: The largest difference of a ratio: pooled over within cases, with the level that it is of.
    largest_factor: float
    largest_at: str
    #: Errors of the shared effects within cases over pooled ones: the median.
    wider: float

    @property
    def model(self) -> RateModel:
        """The preferred fit."""
        return self.pooled if self.preferred == "pooled" else self.fixed_effects


def chosen_rates(
    stretches: Stretches | Design, *, agreement: float = AGREEMENT, differing: SpreadTest | None = None
) -> RateChoice:
    """Fit pooled rates and rates within cases, and compare the ratios that both estimate.

    Rates within cases are preferred; pooled ones where within cases there is nothing to compare, or by `differing`.

    agreement : p-value from which on `differing` says that callers don't differ, and the comparison that pooled rates agree.

    differing : whether callers differ at all, from `negative_binomial_rates(by="case")` of the same stretches. Pass it for
        `new_demand`: where callers don't differ, pooled rates are used whatever the comparison says, since days after a contact
        leave the exposure, which moves the ratios within cases though nobody calls more than others. `net_demand` doesn't
        need it.

    The variance of the difference comes case by case from the scores of both fits together, so it holds when contacts come in
    bursts, where the difference of the two variances (Hausman's own) needn't even be positive.
    Raises ValueError for factors that contacts move, InsufficientDataError without contacts: see `fixed_effects_rates`.
    Source: Hausman 1978; Cameron and Miller 2015, sec. VI (errors by cluster); Guggenberger 2010 (why a test mustn't decide).
    """
    design = stretches if isinstance(stretches, Design) else design_of(stretches)
    pooled = with_carried_errors(pooled_rates(design))
    fixed, moved = within_and_moved(design)
    shared = np.flatnonzero(pooled.known & fixed.within)
    statistic = p_value = largest = wider = float("nan")
    at = ""
    if len(shared) and pooled.converged and fixed.converged:
        difference = pooled.effects[shared] - fixed.effects[shared]
        statistic, p_value = _wald(
            difference, _variance(design, pooled, fixed, moved)[np.ix_(shared, shared)], fixed.n_cases
        )
        wider = float(np.sqrt(np.median(np.diag(fixed.covariance)[shared] / np.diag(pooled.covariance)[shared])))
        worst = int(np.argmax(np.abs(difference)))
        largest, at = float(np.exp(difference[worst])), _level_at(design, int(shared[worst]))
    preferred: Literal["pooled", "fixed effects"]
    if differing is not None and differing.p_value >= agreement and pooled.converged:
        preferred, why = (
            "pooled",
            (
                "Rates are those of all cases pooled: beyond chance, no customer gets in touch more than others whose cases "
                f"await the same (p = {differing.p_value:.2g}), so frequent callers can't bias them."
            ),
        )
    else:
        preferred, why = _chosen(pooled, fixed, len(shared), p_value, agreement, largest, at, wider)
    return RateChoice(
        pooled=pooled,
        fixed_effects=fixed,
        preferred=preferred,
        why=why,
        n_shared=len(shared),
        statistic=statistic,
        p_value=p_value,
        largest_factor=largest,
        largest_at=at,
        wider=wider,
    )


def _variance(design: Design, pooled: RateModel, fixed: RateModel, moved: Float) -> Float:
    """(p, p) of the differences: both fits move with the same cases, and with the ratios by which contacts were discounted."""
    both = (
        fixed.inverse_information @ products_of_scores(design, fixed.scores, pooled.scores) @ pooled.inverse_information
    )
    apart = _own(design, fixed) + _own(design, pooled) - both - both.T
    carried = carried_of(design)
    if carried is not None:
        together = pooled.inverse_information @ carried.with_scores(design, pooled.scores)
        together = together - fixed.inverse_information @ carried.with_scores(design, fixed.scores)
        apart = apart + carried.added(together, moved_pooled(design, pooled) - moved)
    return np.asarray(apart, dtype=np.float64)


def _own(design: Design, model: RateModel) -> Float:
    return (
        model.inverse_information @ products_of_scores(design, model.scores, model.scores) @ model.inverse_information
    )


def _wald(difference: Float, variance: Float, n_cases: int) -> tuple[float, float]:
    """(statistic, p-value); for few cases the F distribution in place of the chi-squared."""
    scale = np.sqrt(np.maximum(np.diag(variance), 0.0))  # below 0 by rounding, where both fits tell the same
    if not (scale > 0).all():
        return float("nan"), float("nan")
    values, vectors = np.linalg.eigh(variance / np.outer(scale, scale))
    some = values > 1e-9 * values.max()
    q = int(some.sum())
    statistic = float((((difference / scale) @ vectors[:, some]) ** 2 / values[some]).sum())
    if n_cases <= q + 1:
        return statistic, float("nan")
    return statistic, float(fisher.sf(statistic * (n_cases - q) / (q * (n_cases - 1)), q, n_cases - q))


def _level_at(design: Design, effect: int) -> str:
    for factor, place in zip(design.stretches.factors, design.places, strict=True):
        for k in np.flatnonzero(place == effect):
            return f"{factor.name}: {factor.levels[k]}"
    raise AssertionError(effect)


def _chosen(
    pooled: RateModel,
    fixed: RateModel,
    n_shared: int,
    p_value: float,
    agreement: float,
    largest: float,
    at: str,
    wider: float,
) -> tuple[Literal["pooled", "fixed effects"], str]:
    if not fixed.converged or not n_shared:
        reason = "no ratio can be told within cases" if fixed.converged else "the comparison within cases has no end"
        return "pooled", (
            f"Rates are those of all cases pooled, because {reason}. If customers who get in touch often have longer cases, the "
            "rates of long waits are too high."
        )
    within = f"{fixed.n_cases:,} cases with a contact ({fixed.n_cases_without_contacts:,} without one say nothing here)"
    if not pooled.converged:
        return "fixed effects", f"Rates are compared within {within}, because those of all cases pooled have no end."
    if np.isnan(p_value):
        return "fixed effects", (
            f"Rates are compared within {within}. There are too few of them to test whether all cases pooled would tell the same."
        )
    if p_value < agreement:
        would = "would" if p_value < 0.05 else "may"
        return "fixed effects", (
            f"Rates are compared within {within}. All cases pooled {would} tell something else (p = {p_value:.2g}; most for "
            f"{at}, by a factor of {largest:.2f}), as happens when customers who get in touch often also have longer cases; "
            "such a difference would be taken for an effect of waiting."
        )
    width = f"make intervals {1 / wider:.0%} as wide" if wider > 1 else "not be more precise"
    return "fixed effects", (
        f"Rates are compared within {within}. All cases pooled would tell about the same (p = {p_value:.2g}) and {width}, but a "
        "comparison that sees no difference doesn't prove that customers are alike."
    )
