"""Work that was interrupted: which steps took longer because their person was away in between, and for how long.

The time that a step takes on duty is its work, and, where its person was away in between, the absence besides. Absences are of
the person: whatever she was doing, they come at the same rate an hour of work, and last as long by the same distribution.
Work is of the activity, and is taken to be lognormal there, as service times commonly are (Brown et al. 2005, "Statistical
analysis of a telephone call center"). The three are estimated together by expectation maximisation; an absence has one
of a hundred lengths, each with a probability of its own.

What can't be told: an absence that is short beside how the work itself varies. And where work has a longer tail than the
lognormal, its tail is taken for absence. So nothing is estimated here unless absence is known from elsewhere, and no more of
it than that: `most` is its time for an hour of work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Lengths that an absence may have, at most.
N_LENGTHS = 100
#: Steps that a kind needs.
ENOUGH = 50
ROUNDS = 200
#: The estimate has settled when the absence in an hour of work moves by less than this, in hours.
SETTLED = 1e-5
#: A kind's spread of log work is at least this.
_LEAST_SPREAD = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Interruptions:
    """Absence within work."""

    #: Lengths of absences, ascending, in the unit of the times given; and how likely each is.
    length: Float
    probability: Float
    #: Absences an hour (unit) of work.
    rate: float
    #: Centre and spread of the logarithm of work, one a kind; NaN for kinds with few steps.
    centre: Float
    spread: Float

    @property
    def mean_length(self) -> float:
        """Mean length of an absence."""
        return float(self.length @ self.probability)

    def drawn(self, worked: Float, kind: Int64, rng: np.random.Generator) -> Float:
        """For each step the absence in it, drawn from what may have been; 0 where it wasn't interrupted."""
        result = np.zeros(len(worked))
        mine = np.flatnonzero((worked > 0) & ~np.isnan(self.centre[kind]))
        if len(mine) == 0 or self.rate == 0:
            return result
        weight = _weights(worked[mine], kind[mine], self)
        total = np.cumsum(weight, axis=1)
        place = (total < (rng.random(len(mine)) * total[:, -1])[:, None]).sum(axis=1)
        result[mine] = np.concatenate([[0.0], self.length])[np.minimum(place, len(self.length))]
        return result


def interruptions(worked: Float, kind: Int64, *, longest: float, most: float) -> Interruptions:
    """Estimate absence within work.

    worked : (n,) time that each step took on duty, hours or any other unit. kind : (n,) what sort of work each was, codes from 0.
    longest : the longest an absence may be. most : absence in an hour of work at most.
    """
    n_kinds = int(kind.max(initial=-1)) + 1
    length = (np.arange(N_LENGTHS) + 0.5) * longest / N_LENGTHS
    centre, spread = np.full(n_kinds, np.nan), np.full(n_kinds, np.nan)
    for k in range(n_kinds):
        mine = worked[(kind == k) & (worked > 0)]
        if len(mine) >= ENOUGH:
            low, middle = np.quantile(np.log(mine), [0.16, 0.5])
            centre[k], spread[k] = middle, max(middle - low, _LEAST_SPREAD)
    kept = (worked > 0) & ~np.isnan(centre[kind])
    value, of_kind, count = _pooled(worked[kept], kind[kept])
    found = Interruptions(
        length=length, probability=np.full(N_LENGTHS, 1 / N_LENGTHS), rate=most / longest if len(value) else 0.0,
        centre=centre, spread=spread,
    )  # fmt: skip
    before = float("inf")
    for _ in range(ROUNDS):
        amount = found.rate * found.mean_length
        if len(value) == 0 or found.rate == 0 or abs(amount - before) < SETTLED:
            break
        before = amount
        found = _renewed(found, value, of_kind, count, most)
    return found


def _renewed(old: Interruptions, value: Float, kind: Int64, count: Float, most: float) -> Interruptions:
    """One round: who was interrupted by the estimate, and the estimate by who was interrupted."""
    weight = _weights(value, kind, old)
    weight *= (count / weight.sum(axis=1))[:, None]
    by_length = weight[:, 1:].sum(axis=0)
    n_away = float(by_length.sum())
    work = np.maximum(value[:, None] - np.concatenate([[0.0], old.length]), 0.0)
    probability = by_length / n_away if n_away > 0 else old.probability
    rate = n_away / float((weight * work).sum())
    mean = float(old.length @ probability)
    logs = np.log(np.where(work > 0, work, 1.0))
    n_kinds = len(old.centre)
    size = np.bincount(kind, weights=weight.sum(axis=1), minlength=n_kinds)
    some = size > 0
    centre, spread = old.centre.copy(), old.spread.copy()
    centre[some] = (np.bincount(kind, weights=(weight * logs).sum(axis=1), minlength=n_kinds) / np.maximum(size, 1e-9))[
        some
    ]
    off = (weight * (logs - centre[kind][:, None]) ** 2).sum(axis=1)
    spread[some] = np.sqrt(np.bincount(kind, weights=off, minlength=n_kinds) / np.maximum(size, 1e-9))[some]
    return Interruptions(
        length=old.length, probability=probability, rate=min(rate, most / mean) if mean > 0 else 0.0, centre=centre,
        spread=np.where(np.isnan(spread), spread, np.maximum(spread, _LEAST_SPREAD)),
    )  # fmt: skip


def _weights(value: Float, kind: Int64, found: Interruptions) -> Float:
    """(n, 1 + lengths): how likely each step is as work alone, and as work with an absence of each length.

    Work of w hours is uninterrupted with chance exp(-rate w), and interrupted once with the rest.
    """
    work = value[:, None] - np.concatenate([[0.0], found.length])
    some = work > 0
    safe = np.where(some, work, 1.0)
    scaled = (np.log(safe) - found.centre[kind][:, None]) / found.spread[kind][:, None]
    density = np.where(some, np.exp(-0.5 * scaled**2) / (safe * found.spread[kind][:, None]), 0.0)
    calm = np.exp(-found.rate * safe)
    density[:, 0] *= calm[:, 0]
    density[:, 1:] *= (1 - calm[:, 1:]) * found.probability
    density[:, 0] = np.maximum(density[:, 0], 1e-300)
    return np.asarray(density, dtype=np.float64)


def _pooled(worked: Float, kind: Int64) -> tuple[Float, Int64, Float]:
    """(values, kinds, how many of each): values within a two hundredth of each other are taken together."""
    key = np.rint(np.log(worked) * 200).astype(np.int64)
    _, first, code, count = np.unique(
        np.stack([kind, key]), axis=1, return_index=True, return_inverse=True, return_counts=True
    )
    value = np.bincount(code.ravel(), weights=worked) / count
    return value, kind[first], count.astype(np.float64)
