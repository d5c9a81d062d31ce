"""Plain rates, contacts over open days, with intervals that hold for few contacts and for cases that call in bursts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import chi2

from streamline.kernels.levels import products_of_groups
from streamline.stats.stretches import Stretches, sums_by_code

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObservedRates:
    """Contacts per open day of k levels; (k,) each. A level without open days has no rate (NaN)."""

    levels: tuple[str, ...]
    n_contacts: Int64
    open_days: Float
    #: Cases with open days at the level.
    n_cases: Int64
    rate: Float
    low: Float
    high: Float
    level: float


def observed_rates(stretches: Stretches, factor: str, *, level: float = 0.95, spread: float = 0.0) -> ObservedRates:
    """Contacts per open day at each level of a factor, nothing else held alike.

    spread : variance of the callers' propensity (`RateModel.spread`, by case), used where nobody got in touch. The upper bound
        is then the rate at which no contact at all has the chance (1 - level) / 2: exact for contacts one by one (spread 0),
        and larger where callers differ, since silent cases then tell less.

    The interval is the exact one for a Poisson count, of as many contacts as would vary by themselves like these do
    (contacts² / their variance by case; never more than were counted). With a single contact it reaches from 2.5% to 5.6 times
    the rate.
    Source: Garwood 1936; Fay and Feuer 1997 (effective counts).
    """
    rows = stretches.by_case()
    own = next(f for f in rows.factors if f.name == factor)
    k = len(own.levels)
    codes = own.codes.astype(np.int64)
    days = sums_by_code(codes, rows.days, k)
    contacts = sums_by_code(codes, rows.contacts, k)
    low, high, rate = interval_of_ratio(
        codes, rows.contacts.astype(np.float64), rows.days, rows.case_bounds(), k, level=level
    )
    bounds = rows.case_bounds()
    case = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    met = np.unique(case[rows.days > 0] * k + codes[rows.days > 0]) % k
    for silent in np.flatnonzero((contacts == 0) & (days > 0)):
        here = codes == silent
        high[silent] = rate_of_silence(sums_by_code(case[here], rows.days[here], 0), level=level, spread=spread)
    return ObservedRates(
        levels=own.levels,
        n_contacts=contacts.astype(np.int64),
        open_days=days,
        n_cases=np.bincount(met, minlength=k),
        rate=rate,
        low=low,
        high=high,
        level=level,
    )


def interval_of_ratio(
    codes: Int64, counts: Float, exposure: Float, bounds: Int64, k: int, *, level: float
) -> tuple[Float, Float, Float]:
    """(low, high, ratio) of counts over exposure in each of k groups of rows; by case, see `observed_rates`.

    Where a group has no count, low is 0 and high the exact bound of a Poisson count; without exposure all three are NaN.
    """
    total = sums_by_code(codes, counts, k)
    whole = sums_by_code(codes, exposure, k)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(whole > 0, total / whole, np.nan)
    residual = counts - np.nan_to_num(ratio)[codes] * exposure
    n = len(bounds) - 1
    products = products_of_groups(
        bounds, codes.astype(np.int32)[:, None], residual, residual, np.full(n, n / max(n - 1, 1)), k
    )
    variance = np.diag(products)
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.minimum(np.where(variance > 0, total**2 / variance, total), total)
        tail = (1 - level) / 2
        low = np.where(total > 0, ratio * chi2.ppf(tail, 2 * effective) / (2 * effective), 0.0)
        high = np.where(total > 0, ratio * chi2.isf(tail, 2 * effective + 2) / (2 * effective), -np.log(tail) / whole)
    low[whole == 0] = high[whole == 0] = np.nan
    return low, high, ratio


def rate_of_silence(days: Float, *, level: float, spread: float) -> float:
    """The rate at which cases with so many open days all stay silent with the chance (1 - level) / 2."""
    tail = -np.log((1 - level) / 2)
    simple = tail / days.sum()
    if spread <= 0:
        return float(simple)

    def short(log_rate: float) -> float:
        return float(np.log1p(spread * np.exp(log_rate) * days).sum() / spread - tail)

    top = np.log(simple)
    while short(top) < 0:
        top += 1.0
        if top > np.log(simple) + 50:  # however high the rate: a few cases may be silent customers
            return float("inf")
    return float(np.exp(brentq(short, np.log(simple) - 1e-9, top)))
