"""Durations of which some are only known to exceed a time: shares, curves, quantiles, and ways to end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from streamline.stats.bootstrap import share_interval

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepCurve:
    """A share that changes at the times `at` only, with its interval; (k,) each, NaN where there is no bound.

    `at_risk` is the number followed as far as just before each time.
    """

    at: Float
    share: Float
    low: Float
    high: Float
    at_risk: Int64

    def value(self, times: npt.ArrayLike, *, before: float) -> Float:
        """The share at each time; `before` the first change it is `before`."""
        place = np.searchsorted(self.at, np.asarray(times, dtype=np.float64), side="right")
        return np.asarray(np.append(before, self.share)[place], dtype=np.float64)


def survival_curve(durations: npt.ArrayLike, done: Bool, *, level: float = 0.95) -> StepCurve:
    """The Kaplan-Meier share that isn't done yet, at each time at which some were.

    durations : (n,) time until done, or until last seen. done : (n,) whether it was done.

    Intervals hold at each time by itself: Greenwood's error on the log(-log) scale. Where nobody is left there is none below
    0, and the upper bound is the one before.
    Source: Kaplan and Meier 1958; Kalbfleisch and Prentice 2002, sec. 1.4.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    if not done.any():
        none = np.zeros(0)
        return StepCurve(at=none, share=none, low=none, high=none, at_risk=np.zeros(0, dtype=np.int64))
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = SurvfuncRight(np.asarray(durations, dtype=np.float64), done.astype(np.int64))
        share, error = np.asarray(curve.surv_prob), np.asarray(curve.surv_prob_se)
        low, high = _loglog(share, error, level)
    nobody = share <= 0
    low[nobody] = 0.0
    high[nobody] = high[~nobody][-1] if (~nobody).any() else np.nan
    at_risk = np.asarray(curve.n_risk).astype(np.int64)
    return StepCurve(at=np.asarray(curve.surv_times), share=share, low=low, high=high, at_risk=at_risk)


def survival_quantile(curve: StepCurve, share_done: float) -> tuple[float, float, float]:
    """The time by which that share is done, with its interval; NaN where it isn't reached.

    The time is the first at which the curve is at or below `1 - share_done`; the bounds are where those of the curve are.
    Source: Brookmeyer and Crowley 1982, with the log(-log) interval.
    """

    def first(values: Float) -> float:
        reached = np.flatnonzero(np.nan_to_num(values, nan=np.inf) <= 1 - share_done + 1e-12)
        return float(curve.at[reached[0]]) if len(reached) else float("nan")

    return first(curve.share), first(curve.low), first(curve.high)


def incidence_curves(
    durations: npt.ArrayLike, way: Int64, n_ways: int, *, level: float = 0.95
) -> tuple[StepCurve, ...]:
    """The share that has ended in each way by each time, while others end in other ways or aren't done yet.

    way : (n,) 0 for those that aren't done, else 1 to `n_ways`. The shares of all ways and of those that aren't done add
        up to 1 at any time; one minus a Kaplan-Meier curve that takes the other ways as censored would be too much.

    Intervals on the log(-log) scale; NaN where a way hasn't occurred yet or nobody is left.
    Source: Aalen and Johansen 1978; the error of Marubini and Valsecchi 1995.
    """
    from statsmodels.duration.survfunc import CumIncidenceRight

    none = np.zeros(0)
    if not (way > 0).any():
        empty = StepCurve(at=none, share=none, low=none, high=none, at_risk=np.zeros(0, dtype=np.int64))
        return (empty,) * n_ways
    times = np.asarray(durations, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        fitted = CumIncidenceRight(times, way)
        at = np.asarray(fitted.times)
        at_risk = len(times) - np.searchsorted(np.sort(times), at, side="left")
        curves = []
        for k in range(n_ways):
            if k >= len(fitted.cinc):  # nobody ended in the last ways
                share, low = np.zeros(len(at)), np.full(len(at), np.nan)
                high = low
            else:
                share, error = np.asarray(fitted.cinc[k]), np.asarray(fitted.cinc_se[k])
                low, high = _loglog(share, error, level)
            curves.append(StepCurve(at=at, share=share, low=low, high=high, at_risk=at_risk.astype(np.int64)))
    return tuple(curves)


def _loglog(share: Float, error: Float, level: float) -> tuple[Float, Float]:
    """Bounds on the log(-log) scale; NaN where the share is 0 or 1 or its error isn't known."""
    z = norm.ppf((1 + level) / 2) * error / (share * np.log(share))
    one, two = share ** np.exp(z), share ** np.exp(-z)
    known = (share > 0) & (share < 1) & np.isfinite(error)
    low, high = np.where(known, np.minimum(one, two), np.nan), np.where(known, np.maximum(one, two), np.nan)
    return low, high


def share_done_by(
    durations: npt.NDArray[np.float64],
    done: npt.NDArray[np.bool_],
    at: float,
    *,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Share of cases done within `at`, with its interval, counting cases that aren't done as censored.

    durations : (n,) time until done, or until last seen. done : (n,) whether it was done.

    Returns (share, low, high), 0 to 1; NaN where the longest case that was seen is shorter than `at`. Where the share
    is 0 or 1 that interval has no width, and Wilson's over the cases whose outcome at that time is known is given.
    Source: Kaplan and Meier 1958; the interval on the log(-log) scale, Kalbfleisch and Prentice 2002, sec. 1.4.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    if len(durations) == 0 or (durations.max() < at and not done[durations == durations.max()].any()):
        return float("nan"), float("nan"), float("nan")
    curve = SurvfuncRight(np.asarray(durations, dtype=float), done.astype(int))
    before = np.flatnonzero(curve.surv_times <= at)
    survival, error = 1.0, 0.0
    if len(before):
        survival, error = float(curve.surv_prob[before[-1]]), float(curve.surv_prob_se[before[-1]])
    if survival in (0.0, 1.0) or error == 0:
        known = int((done | (durations >= at)).sum())
        return 1 - survival, *share_interval((1 - survival) * known, known, level=level)
    z = norm.ppf((1 + level) / 2) * error / (survival * np.log(survival))
    bounds = survival ** np.exp(np.array([-z, z]))
    return 1 - survival, 1 - float(bounds.max()), 1 - float(bounds.min())


def share_done(
    durations: npt.NDArray[np.int64],
    done: npt.NDArray[np.bool_],
    at: float,
    *,
    weights: npt.NDArray[np.float64] | None = None,
) -> float:
    """Kaplan-Meier share of cases done within `at`; each case counts `weights` times. NaN without cases.

    Without cases that are censored before `at` it is the plain share. Cases last seen before `at` leave the risk set
    after those done at the same time.
    """
    counts = np.ones(len(durations)) if weights is None else weights
    total = float(counts.sum())
    early = ~done & (durations <= at)
    if total == 0:
        return float("nan")
    if not early.any():
        return float(counts[done & (durations <= at)].sum() / total)
    order = np.lexsort((~done, durations))
    at_risk = total - np.concatenate([[0.0], np.cumsum(counts[order])[:-1]])
    within = done[order] & (durations[order] <= at) & (at_risk > 0)
    # one factor a case; cases done at one instant give the same product as one factor for all of them
    factors = 1 - counts[order][within] / at_risk[within]
    return float(1 - np.prod(np.maximum(factors, 0.0)))
