"""The distribution of a quantity of which some values are known only to lie between two bounds.

A delay that ends while nobody is free to go on is hidden by the queue: it lasted at least so long, and at most so long. Where
somebody was free it is known exactly. The non-parametric maximum likelihood estimate puts probability on points inside the
bounds only, and an unknown value can be drawn from it between its own bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Points of support at most: more are pooled at quantiles.
MOST_POINTS = 512
#: The estimate has settled when no probability moves by more than this.
SETTLED = 1e-7
MOST_ROUNDS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distribution:
    """Probabilities at points, ascending; both of shape (k,)."""

    points: Int64
    probability: Float
    #: The values that are known exactly.
    exact: Int64
    n_bounded: int

    @property
    def n_exact(self) -> int:
        """How many values are known exactly."""
        return len(self.exact)

    @property
    def mean(self) -> float:
        """Mean of the distribution, in the unit of the points."""
        return float(self.points @ self.probability)

    def between(self, low: Int64, high: Int64, chance: Float) -> Int64:
        """One value for each pair of bounds, drawn from the distribution between them (both included).

        chance : (n,) uniform on [0, 1). A pair with no point between them gets its lower bound: nothing is known beyond it.
        """
        first = np.searchsorted(self.points, low, side="left")
        last = np.searchsorted(self.points, high, side="right")
        total = np.concatenate([[0.0], np.cumsum(self.probability)])
        share = total[last] - total[first]
        place = np.searchsorted(total, total[first] + chance * share, side="right") - 1
        place = np.clip(place, first, np.maximum(last - 1, first))
        some = (last > first) & (share > 0)
        return np.where(some, self.points[np.minimum(place, len(self.points) - 1)], low).astype(np.int64)


def bounded_distribution(low: Int64, high: Int64) -> Distribution:
    """Estimate the distribution of n values, each known to lie in [low, high]; exact where the two are equal.

    low, high : (n,) whole numbers, low <= high, n >= 1. The bounds must tell nothing of the value beyond that it lies between
        them (independent censoring): for delays behind a queue, that how long a case is delayed has no bearing on how long
        the queue is when it arrives.
    Where bounds overlap and nothing tells the points between them apart, probability stands at the upper end of the
    overlap's lowest exact point; several answers are then equally likely, and this one is the shortest that fits.
    Source: Turnbull 1976 (self-consistent estimate for interval-censored data).
    """
    if len(low) == 0 or len(low) != len(high):
        raise ValueError(f"{len(low)} lower and {len(high)} upper bounds; at least one of each, and as many of both")
    if (low > high).any():
        raise ValueError(f"{int((low > high).sum()):,} lower bounds lie above their upper ones")
    exact = low == high
    points = _thinned(np.unique(np.concatenate([low[exact], _bare(low, high, np.unique(low[exact]))])))
    first = np.searchsorted(points, low, side="left")
    last = np.searchsorted(points, high, side="right")
    # an exact value that was pooled stands at the nearest point
    near = np.minimum(first, len(points) - 1)
    first = np.where(last <= first, near, first)
    last = np.where(last <= first, near + 1, last)
    ends, count = np.unique(np.stack([first, last]), axis=1, return_counts=True)
    probability = np.full(len(points), 1 / len(points))
    for _ in range(MOST_ROUNDS):
        total = np.concatenate([[0.0], np.cumsum(probability)])
        inside = total[ends[1]] - total[ends[0]]
        weight = count / np.maximum(inside, 1e-300)
        step = np.zeros(len(points) + 1)
        np.add.at(step, ends[0], weight)
        np.add.at(step, ends[1], -weight)
        renewed = probability * np.cumsum(step)[:-1] / len(low)
        renewed /= renewed.sum()
        moved = float(np.abs(renewed - probability).max())
        probability = renewed
        if moved < SETTLED:
            break
    return Distribution(points=points, probability=probability, exact=low[exact], n_bounded=int((~exact).sum()))


def _bare(low: Int64, high: Int64, exact: Int64) -> Int64:
    """Points for the bounds between which no exact value lies: the fewest that serve them all, each as low as it can be.

    Going up, the first such pair of bounds to end gets a point at the greatest lower bound of those that share it.
    """
    empty = np.searchsorted(exact, high, side="right") <= np.searchsorted(exact, low, side="left")
    order = np.argsort(high[empty], kind="stable")
    lows, highs = low[empty][order], high[empty][order]
    found: list[int] = []
    at = 0
    while at < len(lows):
        end = highs[at]
        sharing = lows[at:] <= end
        found.append(int(lows[at:][sharing].max()))
        later = np.flatnonzero(lows[at:] > found[-1])
        at = at + int(later[0]) if len(later) else len(lows)
    return np.array(found, dtype=np.int64)


def _thinned(points: Int64) -> Int64:
    if len(points) <= MOST_POINTS:
        return points
    place = np.unique(np.rint(np.linspace(0, len(points) - 1, MOST_POINTS)).astype(np.int64))
    return points[place]
