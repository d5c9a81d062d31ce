"""Which rates to use: those of all cases pooled, or those within cases.

Pooled ratios are more precise, and wrong where callers who get in touch often are met at some levels more than at others. Ratios
within cases hold there too. Where the two differ by more than chance explains, only the latter can be right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import f as fisher

from streamline.stats.fixed_effects import fixed_effects_rates
from streamline.stats.negative_binomial import SpreadTest
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.rate_model import RateModel, products_of_scores
from streamline.stats.stretches import Design, Stretches, design_of

Float = npt.NDArray[np.float64]

#: From this p-value on, pooled ratios are used. It is higher than that of a usual test: the mistake to fear is to miss a
#: difference, not to see one.
AGREEMENT = 0.25
#: How much wider intervals within cases are, at the least, for pooled ratios to be used: a test misses small differences, and
#: where nothing is gained by pooling, nothing should be risked by it.
WORTH_POOLING = 1.25


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

    agreement : p-value of the comparison from which on pooled ratios are used, provided that they are the more precise ones
        (`WORTH_POOLING`).

    differing : whether callers differ at all, from `negative_binomial_rates(by="case")` of the same stretches. Pass it for
        `new_demand`: where callers don't differ, pooled rates are used whatever the comparison says, since days after a contact
        leave the exposure, which moves the ratios within cases though nobody calls more than others.

    The variance of the difference comes case by case from the scores of both fits together, so it holds when contacts come in
    bursts, where the difference of the two variances (Hausman's own) needn't even be positive.
    Raises ValueError for factors that contacts move, InsufficientDataError without contacts: see `fixed_effects_rates`.
    Source: Hausman 1978; Cameron and Miller 2015, sec. VI (errors by cluster).
    """
    design = stretches if isinstance(stretches, Design) else design_of(stretches)
    pooled, fixed = pooled_rates(design), fixed_effects_rates(design)
    shared = np.flatnonzero(pooled.known & fixed.within)
    statistic = p_value = largest = wider = float("nan")
    at = ""
    if len(shared) and pooled.converged and fixed.converged:
        difference = pooled.effects[shared] - fixed.effects[shared]
        statistic, p_value = _wald(difference, _variance(design, pooled, fixed)[np.ix_(shared, shared)], fixed.n_cases)
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


def _variance(design: Design, pooled: RateModel, fixed: RateModel) -> Float:
    """(p, p) of the differences: both fits move with the same cases."""
    both = (
        fixed.inverse_information @ products_of_scores(design, fixed.scores, pooled.scores) @ pooled.inverse_information
    )
    own = products_of_scores(design, fixed.scores, fixed.scores)
    within = fixed.inverse_information @ own @ fixed.inverse_information
    return np.asarray(within + pooled.covariance - both - both.T, dtype=np.float64)


def _wald(difference: Float, variance: Float, n_cases: int) -> tuple[float, float]:
    """(statistic, p-value); for few cases the F distribution in place of the chi-squared."""
    scale = np.sqrt(np.diag(variance))
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
    if wider < WORTH_POOLING:
        return "fixed effects", (
            f"Rates are compared within {within}. All cases pooled would tell about the same (p = {p_value:.2g}) and hardly more "
            "precisely, so nothing is gained by relying on customers being alike."
        )
    return "pooled", (
        f"Rates are those of all cases pooled. A comparison within {within} doesn't contradict them (p = {p_value:.2g}) and "
        f"would make intervals {wider:.1f} times as wide."
    )
