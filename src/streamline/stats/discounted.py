"""Stretches whose contacts don't all count as one, because a ratio that was estimated first says what they count for.

What is estimated from them carries the error of that ratio: both move with the same cases, so it is followed case by case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from streamline.kernels.levels import sums_by_level
from streamline.stats.rate_model import MANY_CASES, RateModel, products_of_scores
from streamline.stats.stretches import Design, Factor, Stretches, sums_by_code

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DiscountedStretches(Stretches):
    """n stretches whose contacts are weighed."""

    #: (n,) what the stretch's contacts count for.
    contacts: Float  # type: ignore[assignment]
    #: (n,) how that changes with the logarithm of the ratio.
    slope: Float
    #: The ratio: value, low, high; NaN bounds where nothing tells its error.
    ratio: tuple[float, float, float]
    #: Cases that moved the logarithm of the ratio, in order, and by how much each.
    moved_by: npt.NDArray[np.integer]
    moves: Float

    def __post_init__(self) -> None:
        if not np.isfinite(self.contacts).all() or (self.contacts < 0).any():
            raise ValueError("contacts have to count for a finite number of at least 0")
        if len(self.contacts) != len(self.case) or len(self.slope) != len(self.case):
            raise ValueError(f"{len(self.case)} stretches, {len(self.contacts)} contacts, {len(self.slope)} slopes")

    def kept(self, rows: Bool | Int64) -> DiscountedStretches:
        """Some of the stretches."""
        return replace(
            self,
            case=self.case[rows],
            days=self.days[rows],
            contacts=self.contacts[rows],
            slope=self.slope[rows],
            factors=tuple(replace(f, codes=f.codes[rows]) for f in self.factors),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carried:
    """How the ratio's error reaches effects that solve equations of one or two steps."""

    #: (n,) see `DiscountedStretches`, and (cases,) each case's part in the ratio's logarithm.
    slope: Float
    moves: Float
    #: What sums over cases are scaled by, as in `products_of_scores`.
    scale: float

    def with_scores(self, design: Design, scores: Float) -> Float:
        """(p,): the sum over cases of its scores times its part in the ratio."""
        own = scores * np.repeat(self.moves, np.diff(design.first))
        return sums_by_code(design.level, own, design.n_effects) * self.scale

    def added(self, together: Float, moved: Float) -> Float:
        """(p, p) that the ratio's error adds to a covariance.

        together : (p,) covariance of the effects, were the ratio known, with the ratio. moved : (p,) how they move with it.
        """
        own = float(self.moves @ self.moves) * self.scale
        return np.outer(together, moved) + np.outer(moved, together) + own * np.outer(moved, moved)


def carried_of(design: Design) -> Carried | None:
    """What a design's effects have to carry; None where contacts count as they are."""
    rows = design.stretches
    if not isinstance(rows, DiscountedStretches) or not len(rows.moved_by):
        return None
    case = rows.case[design.bounds[:-1]]
    place = np.minimum(np.searchsorted(rows.moved_by, case), len(rows.moved_by) - 1)
    n = design.n_cases
    return Carried(
        slope=rows.slope,
        moves=np.where(rows.moved_by[place] == case, rows.moves[place], 0.0),
        scale=(n - 1) / n if n <= MANY_CASES else n / (n - 1),
    )


def with_carried_errors(pooled: RateModel) -> RateModel:
    """Pooled rates of such stretches, with the ratio's error in theirs."""
    design, inverse = pooled.design, pooled.inverse_information
    carried = carried_of(design)
    if carried is None:
        return pooled
    moved = moved_pooled(design, pooled, carried)
    together = inverse @ carried.with_scores(design, pooled.scores)
    own = inverse @ products_of_scores(design, pooled.scores, pooled.scores) @ inverse
    return replace(pooled, covariance=own + carried.added(together, moved))


def moved_pooled(design: Design, pooled: RateModel, carried: Carried) -> Float:
    """(p,): how pooled effects move with the ratio."""
    pull = sums_by_level(design.columns, carried.slope, design.n_effects)
    return np.asarray(pooled.inverse_information @ pull, dtype=np.float64)


def without_factor(factors: tuple[Factor, ...], name: str) -> tuple[Factor, ...]:
    """The factors but one."""
    return tuple(f for f in factors if f.name != name)
