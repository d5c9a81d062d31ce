"""Durations of which some are only known to exceed a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from streamline.stats.bootstrap import share_interval


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
