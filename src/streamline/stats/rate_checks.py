"""Checks of a model of contacts: do they vary as it says, are there too many silent cases, do its rates come true?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from streamline.stats.observed_rates import interval_of_ratio
from streamline.stats.rate_model import RateModel, sums_of_cases
from streamline.stats.stretches import Stretches, sums_by_code

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroCheck:
    """Cases and stretches without a contact: as many as there are, and as many as would be expected."""

    n_cases: int
    silent_cases: int
    #: Were contacts to come one by one at the fitted rates; and with callers who differ (the negative binomial by case).
    expected_one_by_one: float
    expected_with_spread: float
    #: Score test of more silent stretches than a Poisson has: positive for more. It also answers to callers who differ, so
    #: alone it doesn't say that some never call.
    score: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Observed against expected contacts in groups of stretches with like predicted rates, lowest first; (groups,) each."""

    predicted_rate: Float
    n_contacts: Int64
    expected: Float
    open_days: Float
    #: Observed over expected, with its interval by case.
    ratio: Float
    low: Float
    high: Float
    level: float


def zero_check(pooled: RateModel, by_case: RateModel) -> ZeroCheck:
    """Compare the silent with what a pooled Poisson and a negative binomial by case expect.

    pooled, by_case : fits of the same stretches; see `pooled_rates` and `negative_binomial_rates(by="case")`.
    Source: van den Broek 1995 (score test).
    """
    rows = pooled.design.stretches
    bounds = pooled.design.bounds
    calls = sums_of_cases(bounds, rows.contacts)
    mean = pooled.expected(rows)
    alone = np.exp(-sums_of_cases(bounds, mean))
    spread = by_case.spread or 0.0
    total = sums_of_cases(bounds, by_case.expected(rows))
    silent = np.exp(-total) if spread == 0 else np.exp(-np.log1p(spread * total) / spread)
    # with an overall level in the model, the effects' share of the score's variance is the sum of the means
    excess = float((np.where(rows.contacts == 0, np.exp(mean), 0.0) - 1).sum())
    variance = float(np.expm1(mean).sum() - mean.sum())
    score = float(excess / np.sqrt(variance)) if variance > 0 else float("nan")
    return ZeroCheck(
        n_cases=len(calls),
        silent_cases=int((calls == 0).sum()),
        expected_one_by_one=float(alone.sum()),
        expected_with_spread=float(silent.sum()),
        score=score,
        p_value=float(norm.sf(score)),
    )


def calibration(model: RateModel, stretches: Stretches, *, groups: int = 10, level: float = 0.95) -> Calibration:
    """Observed over expected contacts, in groups of about equal expected contacts from the lowest predicted rate to the highest.

    stretches : those that the model was fitted on, or better others (a later period). Stretches with the same predicted rate stay
    together, so there may be fewer groups. At levels where nobody had got in touch the model expects nothing: such stretches
    are a group of their own when there are contacts in them after all (ratio infinite).
    """
    rows = stretches.by_case()
    rows = rows.kept(rows.days > 0) if (rows.days == 0).any() else rows
    expected = model.expected(rows)
    if np.isnan(expected).any():
        raise ValueError("the fit didn't come to an end, so it expects nothing")
    rate, place = np.unique(np.round(expected / rows.days, 12), return_inverse=True)
    weight = sums_by_code(place, expected, len(rate))
    middle = np.cumsum(weight) - weight / 2
    group = np.minimum((groups * middle / max(float(weight.sum()), 1e-300)).astype(np.int64), groups - 1)
    group[rate == 0] = -1
    _, group = np.unique(group, return_inverse=True)
    codes = group[place].astype(np.int64)
    k = int(codes.max(initial=-1)) + 1
    low, high, ratio = interval_of_ratio(
        codes, rows.contacts.astype(np.float64), expected, rows.case_bounds(), k, level=level
    )
    contacts = sums_by_code(codes, rows.contacts, k)
    whole = sums_by_code(codes, expected, k)
    days = sums_by_code(codes, rows.days, k)
    ratio[(whole == 0) & (contacts > 0)] = np.inf
    return Calibration(
        predicted_rate=whole / days,
        n_contacts=contacts.astype(np.int64),
        expected=whole,
        open_days=days,
        ratio=ratio,
        low=low,
        high=high,
        level=level,
    )
