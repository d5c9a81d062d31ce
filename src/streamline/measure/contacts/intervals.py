"""Intervals of contacts per day and per case: cases are resampled; where contacts are few, the exact Poisson bounds count too."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from streamline.stats.bootstrap import ratio_intervals, share_interval

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: With fewer contacts than this, resampled cases alone give bounds that are too close (none at all from 0 contacts).
FEW = 30
#: Figures from fewer contacts aren't drawn in charts; tables give them with their intervals.
FEWEST_SHOWN = 10


def rate_interval(contacts: Float, below: Float, *, level: float, draws: int, seed: int) -> tuple[float, float]:
    """Bounds of sum(contacts) / sum(below), such as contacts per open day; both (n,), one entry a case.

    With fewer than 30 contacts the wider of both: resampled cases, and the exact bounds for independent contacts (Garwood
    1936). NaN where `below` adds up to 0.
    """
    total, size = float(contacts.sum()), float(below.sum())
    if size <= 0:
        return float("nan"), float("nan")
    some = (contacts != 0) | (below != 0)
    bounds = ratio_intervals(contacts[some][:, None], below[some], level=level, draws=draws, seed=seed)
    low, high = float(bounds[0][0]), float(bounds[1][0])
    if total < FEW:
        exact = poisson_bounds(total, level=level)
        # of a single case nothing is known but its contacts
        low = np.fmin(low, exact[0] / size)
        high = np.fmax(high, exact[1] / size)
    return float(low), float(high)


def rate_intervals(
    group: Int64, case: Int64, contacts: Float, below: Float, n_groups: int, *, level: float, draws: int, seed: int
) -> tuple[Float, Float]:
    """`rate_interval` of each group of rows; `case` tells which rows belong together. Cost: rows × log(rows)."""
    order = np.lexsort((case, group))
    group, case, contacts, below = group[order], case[order], contacts[order], below[order]
    bounds = np.searchsorted(group, np.arange(n_groups + 1))
    low, high = np.full(n_groups, np.nan), np.full(n_groups, np.nan)
    for g in range(n_groups):
        mine = slice(int(bounds[g]), int(bounds[g + 1]))
        if bounds[g] == bounds[g + 1]:
            continue
        first = np.flatnonzero(np.diff(case[mine], prepend=case[mine][0] - 1))
        low[g], high[g] = rate_interval(
            np.add.reduceat(contacts[mine], first),
            np.add.reduceat(below[mine], first),
            level=level,
            draws=draws,
            seed=seed,
        )
    return low, high


def numbered(ascending: Int64) -> Int64:
    """Equal neighbours as consecutive numbers from 0.

    >>> numbered(np.array([3, 3, 8, 9, 9])).tolist()
    [0, 0, 1, 2, 2]
    """
    result = np.zeros(len(ascending), dtype=np.int64)
    result[1:] = np.cumsum(ascending[1:] != ascending[:-1])
    return result


def n_different(ascending: Int64) -> int:
    """How many different values there are in ascending ones."""
    return int(np.count_nonzero(ascending[1:] != ascending[:-1])) + 1 if len(ascending) else 0


def poisson_bounds(total: float, *, level: float) -> tuple[float, float]:
    """Exact bounds of the mean of a Poisson count.

    >>> [round(b, 3) for b in poisson_bounds(0, level=0.95)], [round(b, 3) for b in poisson_bounds(5, level=0.95)]
    ([0.0, 3.689], [1.623, 11.668])
    """
    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * total)) / 2 if total > 0 else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * (total + 1))) / 2


def share_bounds(
    case: Int64, weight: Float, chosen: Bool, *, level: float, draws: int, seed: int
) -> tuple[float, float]:
    """Bounds of the chosen contacts' share of the weight; one entry a contact, in order of case.

    The contacts of a case are drawn together. With fewer than 30 cases that have a chosen contact, or one that isn't, the wider
    of both: resampled cases, and Wilson's bounds for as many independent contacts as there are cases. NaN without any weight.
    """
    unit = numbered(case)
    below = np.bincount(unit, weights=weight).astype(np.float64)
    above = np.bincount(unit, weights=np.where(chosen, weight, 0.0)).astype(np.float64)
    n, total = len(below), float(below.sum())
    if not total > 0:
        return float("nan"), float("nan")
    bounds = ratio_intervals(above[:, None], below, level=level, draws=draws, seed=seed)
    low, high = float(bounds[0][0]), float(bounds[1][0])
    if min(np.count_nonzero(above), np.count_nonzero(below > above)) < FEW:
        exact = share_interval(float(above.sum()) / total * n, n, level=level)
        low, high = float(np.fmin(low, exact[0])), float(np.fmax(high, exact[1]))
    return max(low, 0.0), min(high, 1.0)
