"""Level shifts in a short series: from where on its values are higher or lower than before, as a whole.

The series is replaced by the normal scores of its ranks, so that a single extreme month makes no shift. Its segments are
found by PELT (Killick, Fearnhead and Eckley 2012; library `ruptures`) with squared error and a penalty for each shift. The
penalty is not a rule of thumb: series without any shift are simulated, of the same length and with the same autocorrelation,
and the penalty is the one that a shift in such a series passes with a stated probability only. A queue's months hang
together; without that, every slow wave would be a shift. The price is power: in two years of months a step of three standard
deviations is found in about seven of ten series, and a change that is taken back within the year mostly isn't.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter
from scipy.stats import norm, rankdata

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Values that a segment has at least, and a series; and at most, beyond which simulating takes too long.
SHORTEST, FEWEST, MOST = 3, 12, 400
#: Probability with which a series without a shift shows one.
FALSE_ALARMS = 0.05
#: Series simulated for a penalty, and their seed.
_SIMULATED, _SEED = 2000, 1
#: Autocorrelations are rounded up to this, and beyond the largest nothing is called a shift: it can't be told from a walk.
_STEP, _LARGEST = 0.05, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifts:
    """Where a series shifts. `at` holds the place of the first value after each shift, ascending; empty for none."""

    at: tuple[int, ...]
    #: Squared normal scores that a shift must explain.
    penalty: float
    #: Correlation of neighbouring values that the penalty allows for, 0 to 0.9.
    autocorrelation: float


def level_shifts(values: npt.ArrayLike, *, false_alarms: float = FALSE_ALARMS) -> Shifts:
    """Find the level shifts of a series.

    values : (n,) finite values at equal distances in time, `FEWEST` to `MOST` of them.
    false_alarms : probability of finding any in a series that has none, between 0 and 1.

    Raises ValueError for another number of values.
    """
    series = np.asarray(values, dtype=np.float64)
    n = len(series)
    if not FEWEST <= n <= MOST:
        raise ValueError(f"{n:,} values: level shifts are sought in series of {FEWEST} to {MOST}.")
    if (series == series[0]).all():
        return Shifts(at=(), penalty=float("nan"), autocorrelation=0.0)
    from ruptures import Pelt

    scores = _normal_scores(series[None, :])[0]
    autocorrelation = _autocorrelation(scores)
    penalty = _penalty(n, autocorrelation, false_alarms)
    ends = Pelt(model="l2", min_size=SHORTEST, jump=1).fit(scores).predict(pen=penalty)
    return Shifts(at=tuple(int(e) for e in ends[:-1]), penalty=penalty, autocorrelation=autocorrelation)


def _normal_scores(series: Float) -> Float:
    """Each row's values replaced by normal quantiles of their ranks (van der Waerden); equal values have equal scores."""
    return np.asarray(norm.ppf(rankdata(series, axis=1) / (series.shape[1] + 1)), dtype=np.float64)


def _autocorrelation(scores: Float) -> float:
    """The lag-one correlation of the noise, from the differences between neighbours, in which a shift is one value of many.

    For noise with correlation r from one value to the next, neighbouring differences correlate by -(1 - r) / 2
    (Shi, Gallagher, Lund and Killick 2022, sec. 3). One standard error is added: a correlation taken too small makes
    shifts of waves.
    """
    steps = np.diff(scores)
    squares = float((steps**2).sum())
    if squares == 0:
        return _LARGEST
    estimate = 1 + 2 * float((steps[1:] * steps[:-1]).sum()) / squares + 1 / np.sqrt(len(scores))
    return float(np.clip(np.ceil(np.round(estimate / _STEP, 6)) * _STEP, 0.0, _LARGEST))


@lru_cache(maxsize=256)
def _penalty(n: int, autocorrelation: float, false_alarms: float) -> float:
    """The penalty that the best one or two shifts of a series without any pass with the probability `false_alarms`."""
    rng = np.random.Generator(np.random.PCG64(_SEED))
    noise = rng.standard_normal((_SIMULATED, n))
    noise[:, 0] /= np.sqrt(1 - autocorrelation**2)
    scores = _normal_scores(lfilter([1.0], [1.0, -autocorrelation], noise, axis=1))
    return float(np.quantile(_most_explained(scores), 1 - false_alarms))


def _most_explained(scores: Float) -> Float:
    """For each row the most that one shift explains of the squares, or two explain, by half: what their penalty must reach."""
    m, n = scores.shape
    sums = np.concatenate([np.zeros((m, 1)), np.cumsum(scores, axis=1)], axis=1)
    whole = sums[:, -1] ** 2 / n
    most = np.zeros(m)
    for i in range(SHORTEST, n - SHORTEST + 1):
        first = sums[:, i] ** 2 / i
        one = first + (sums[:, -1] - sums[:, i]) ** 2 / (n - i) - whole
        most = np.maximum(most, one)
        j = np.arange(i + SHORTEST, n - SHORTEST + 1)
        if len(j):
            middle = (sums[:, j] - sums[:, [i]]) ** 2 / (j - i)
            last = (sums[:, [-1]] - sums[:, j]) ** 2 / (n - j)
            most = np.maximum(most, (first[:, None] + middle + last - whole[:, None]).max(axis=1) / 2)
    return most
