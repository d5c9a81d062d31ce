"""A model of how often customers get in touch: contacts per open day = overall level × one ratio for each factor's level.

The *ratio* of a level is its rate against the rate of its factor's reference level, all other factors alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from streamline.kernels.levels import left_out_scores, products_of_groups, sums_of_groups
from streamline.stats.stretches import LEFT_OUT, REFERENCE, Design, LeftOut, Stretches

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

Kind = Literal["pooled", "negative binomial by stretch", "negative binomial by case", "fixed effects"]

#: A log ratio beyond this is no estimate: contacts come at one level only wherever both could be seen.
SEPARATED = 10.0
#: Up to this many cases errors are those of a jackknife; beyond, for the cases with contacts where these are no more.
MANY_CASES = 5_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ratios:
    """Rate ratios of one factor's levels against its reference, which is 1 without interval; NaN where not estimated."""

    factor: str
    levels: tuple[str, ...]
    reference: str
    ratio: Float
    low: Float
    high: Float
    p_value: Float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictedRates:
    """Contacts per open day of m cells with their intervals.

    At a level without any contact the rate is 0 and there is no interval of the model; `stats.observed_rates` bounds it.
    """

    rate: Float
    low: Float
    high: Float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateModel:
    """Effects of p levels on the log rate, with errors that allow for any dependence within a case."""

    kind: Kind
    design: Design = field(repr=False)
    #: (p,) and (p, p); effects that can't be told from others are 0 without error.
    effects: Float = field(repr=False)
    covariance: Float = field(repr=False)
    #: (p,) whether the effect is estimated.
    known: Bool = field(repr=False)
    #: (p,) whether it is estimated within cases, so that lasting differences between callers don't touch it.
    within: Bool = field(repr=False)
    #: Inverse information (p, p) and each case's scores (see `scores_of`) of the equations that the effects solve: with these,
    #: models that rest on the same stretches are compared case by case.
    inverse_information: Float = field(repr=False)
    scores: Float = field(repr=False)
    #: Cases that the ratios rest on, and cases that are left out of them because nobody got in touch about them.
    n_cases: int
    n_cases_without_contacts: int
    n_contacts: int
    open_days: float
    #: Variance of contacts over what it would be if they came one by one at the fitted rates (Pearson): stretch by stretch,
    #: and case by case.
    dispersion: float
    dispersion_by_case: float
    #: How much callers differ (variance of their propensity, mean 1); None where the model has no such term.
    spread: float | None
    #: Whether the fit came to an end; without it every ratio and rate is NaN.
    converged: bool
    left_out: tuple[LeftOut, ...]
    #: Levels that change within cases and still have their ratio from all cases together.
    not_within: tuple[LeftOut, ...] = ()

    def ratios(self, factor: str, *, level: float = 0.95) -> Ratios:
        """The rate ratios of one factor's levels."""
        at = self.names.index(factor)
        own = self.design.stretches.factors[at]
        place = self.design.places[at]
        ratio, low, high, p_value = (np.full(len(place), np.nan) for _ in range(4))
        ratio[place == REFERENCE] = 1.0
        estimated = np.flatnonzero(place >= 0)
        estimated = estimated[self.known[place[estimated]]]
        if self.converged and len(estimated):
            value = self.effects[place[estimated]]
            error = np.sqrt(np.diag(self.covariance)[place[estimated]])
            width = student.ppf((1 + level) / 2, self.freedom) * error
            ratio[estimated] = np.exp(value)
            low[estimated], high[estimated] = np.exp(value - width), np.exp(value + width)
            p_value[estimated] = 2 * student.sf(np.abs(value) / np.where(error > 0, error, np.nan), self.freedom)
        elif not self.converged:
            ratio[:] = np.nan
        return Ratios(
            factor=factor,
            levels=own.levels,
            reference=own.levels[int(np.flatnonzero(place == REFERENCE)[0])],
            ratio=ratio,
            low=low,
            high=high,
            p_value=p_value,
            level=level,
        )

    def rates(self, codes: Sequence[npt.ArrayLike], *, level: float = 0.95) -> PredictedRates:
        """Contacts per open day of m cells. codes : one (m,) array a factor, as in the stretches that it was fitted on.

        Intervals by the delta method on the log scale, with the errors of all effects together.
        """
        cells, silent = self._cells(codes)
        log_rate = cells @ self.effects
        error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", cells, self.covariance, cells), 0.0))
        width = student.ppf((1 + level) / 2, self.freedom) * error
        rate, low, high = np.exp(log_rate), np.exp(log_rate - width), np.exp(log_rate + width)
        rate[silent] = 0.0
        low[silent] = high[silent] = np.nan
        if not self.converged:
            rate[:] = low[:] = high[:] = np.nan
        return PredictedRates(rate=rate, low=low, high=high, level=level)

    def drawn_effects(self, rng: np.random.Generator, *, draws: int) -> Float:
        """(draws, p): effects as uncertain as they are, all together; for `expected`."""
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        return np.asarray(self.effects + rng.standard_normal((draws, len(self.effects))) @ root.T, dtype=np.float64)

    def expected(self, stretches: Stretches, *, effects: Float | None = None) -> Float:
        """(n,): the contacts that the model expects in each stretch, also of cases that it hasn't seen.

        effects : (p,) one draw of `drawn_effects`; None: those fitted.
        """
        effects = self.effects if effects is None else effects
        if stretches.factors and tuple(f.name for f in stretches.factors) != self.names:
            raise ValueError(f"the model's factors are {', '.join(self.names)}, in this order")
        if not self.converged:
            return np.full(len(stretches), np.nan)
        total = np.full(len(stretches), effects[0])
        for factor, place in zip(stretches.factors, self.design.places, strict=True):
            effect = np.where(place >= 0, effects[np.maximum(place, 0)], 0.0)
            effect[place == LEFT_OUT] = -np.inf
            total += effect[factor.codes]
        return np.asarray(stretches.days * np.exp(total), dtype=np.float64)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors, in order."""
        return tuple(f.name for f in self.design.stretches.factors)

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the errors: cases less one."""
        return max(self.n_cases - 1, 1)

    def _cells(self, codes: Sequence[npt.ArrayLike]) -> tuple[Float, Bool]:
        if len(codes) != len(self.names):
            raise ValueError(f"{len(codes)} codes for the factors {', '.join(self.names)}")
        columns = [np.asarray(c, dtype=np.int64) for c in codes]
        m = len(columns[0]) if columns else 1
        cells = np.zeros((m, self.design.n_effects))
        cells[:, 0] = 1.0
        silent = np.zeros(m, dtype=np.bool_)
        for column, place in zip(columns, self.design.places, strict=True):
            own = place[column]
            some = np.flatnonzero(own >= 0)
            cells[some, own[some]] = 1.0
            silent |= own == LEFT_OUT
        return cells, silent


def sums_of_cases(bounds: Int64, values: npt.NDArray[np.generic]) -> Float:
    """(cases,): the sum of the values of each case's rows."""
    if len(bounds) < 2:
        return np.zeros(0)
    return np.asarray(np.add.reduceat(values.astype(np.float64), bounds[:-1]), dtype=np.float64)


def scores_of(design: Design, residual: Float, mean: Float, pull: Float, inverse: Float) -> Float:
    """For each case and each of its levels (`design.first`, `design.level`) its score: the sum of residuals.

    Of up to `MANY_CASES` cases (else of as many with contacts) each is scaled to what it would be if the case weren't in the fit,
    so that the sandwich is the jackknife that leaves out one case at a time (to its first step): plain scores, taken at a fit
    that each case has pulled to itself, are too small. Beyond, they hardly differ.
    mean, pull : what the case adds to the information, see `left_out_scores`; the same as in `inverse`.
    """
    rows = design.bounds, design.columns, design.first, design.level
    plain = sums_of_groups(*rows, residual, design.n_effects)
    which = np.ones(design.n_cases, dtype=np.bool_)
    if design.n_cases > MANY_CASES:
        which = sums_of_cases(design.bounds, design.stretches.contacts) > 0
        if which.sum() > MANY_CASES:
            return np.asarray(plain, dtype=np.float64)
    return np.asarray(left_out_scores(*rows, plain, mean, pull, inverse, which), dtype=np.float64)


def products_of_scores(design: Design, left: Float, right: Float) -> Float:
    """(p, p): the sum over cases of the products of their scores."""
    n = design.n_cases
    own = design.level[:, None]
    total = products_of_groups(design.first, own, left, right, np.ones(n), design.n_effects)
    scale = (n - 1) / n if n <= MANY_CASES else n / (n - 1)
    return np.asarray(total * scale, dtype=np.float64)


def dispersions(design: Design, mean: Float, n_known: int) -> tuple[float, float]:
    """Pearson's dispersion stretch by stretch and case by case."""
    contacts = design.stretches.contacts
    by_row = float(((contacts - mean) ** 2 / mean).sum() / max(len(mean) - n_known, 1))
    expected = sums_of_cases(design.bounds, mean)
    by_case = float(
        ((sums_of_cases(design.bounds, contacts) - expected) ** 2 / expected).sum() / max(len(expected) - n_known, 1)
    )
    return by_row, by_case
