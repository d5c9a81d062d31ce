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
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DiscountedStretches(Stretches):
    """n stretches whose contacts are weighed."""

    #: (n,) what the stretch's contacts count for.
    contacts: Float  # type: ignore[assignment]
    #: (n,) which ratio says so, -1 for none, and how it changes with that ratio's logarithm.
    by_ratio: Int64
    slope: Float
    #: The ratios: value, low, high; NaN bounds where nothing tells an error.
    ratios: tuple[tuple[float, float, float], ...]
    #: Cases that moved the logarithms of the ratios, in order, and by how much each: (cases,) and (cases, ratios).
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
            by_ratio=self.by_ratio[rows],
            slope=self.slope[rows],
            factors=tuple(replace(f, codes=f.codes[rows]) for f in self.factors),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carried:
    """How errors of r estimates made before reach effects that solve equations of one or two steps."""

    #: (cases, r): each case's part in each of them.
    moves: Float
    #: What sums over cases are scaled by, as in `products_of_scores`.
    scale: float

    def with_scores(self, design: Design, scores: Float) -> Float:
        """(p, r): the sum over cases of its scores times its part in the estimates."""
        size = np.diff(design.first)
        found = [sums_by_code(design.level, scores * np.repeat(own, size), design.n_effects) for own in self.moves.T]
        return np.column_stack(found) * self.scale

    def added(self, together: Float, moved: Float) -> Float:
        """(p, p) that their errors add to a covariance.

        together : (p, r) covariance of the effects, were the estimates known, with these.
        moved : (p, r) how they move with these.
        """
        across = together @ moved.T
        return np.asarray(
            across + across.T + moved @ (self.moves.T @ self.moves * self.scale) @ moved.T, dtype=np.float64
        )


def scale_of(n_cases: int) -> float:
    """What sums over cases are scaled by: those of a jackknife, or of plain sandwiches."""
    return (n_cases - 1) / n_cases if n_cases <= MANY_CASES else n_cases / (n_cases - 1)


def carried_of(design: Design) -> Carried | None:
    """What a design's effects have to carry; None where contacts count as they are."""
    rows = design.stretches
    if not isinstance(rows, DiscountedStretches) or not len(rows.moved_by):
        return None
    case = rows.case[design.bounds[:-1]]
    place = np.minimum(np.searchsorted(rows.moved_by, case), len(rows.moved_by) - 1)
    moves = np.where((rows.moved_by[place] == case)[:, None], rows.moves[place], 0.0)
    return Carried(moves=moves, scale=scale_of(design.n_cases))


def pulls_of(columns: Int32, by_ratio: Int64, slope: Float, p: int, r: int) -> Float:
    """(p, r): how the sums of contacts at each level move with the ratios."""
    return np.column_stack([sums_by_level(columns, np.where(by_ratio == k, slope, 0.0), p) for k in range(r)])


def slopes_of(design: Design) -> tuple[Int64, Float, int]:
    """(ratio of each row, its slope, number of ratios) of a design of such stretches."""
    rows = design.stretches
    assert isinstance(rows, DiscountedStretches)
    return rows.by_ratio, rows.slope, len(rows.ratios)


def with_carried_errors(pooled: RateModel) -> RateModel:
    """Pooled rates of such stretches, with the ratio's error in theirs."""
    design, inverse = pooled.design, pooled.inverse_information
    carried = carried_of(design)
    if carried is None:
        return pooled
    moved = moved_pooled(design, pooled)
    together = inverse @ carried.with_scores(design, pooled.scores)
    own = inverse @ products_of_scores(design, pooled.scores, pooled.scores) @ inverse
    return replace(pooled, covariance=own + carried.added(together, moved))


def moved_pooled(design: Design, pooled: RateModel) -> Float:
    """(p, r): how pooled effects move with the ratios."""
    by_ratio, slope, r = slopes_of(design)
    pull = pulls_of(design.columns, by_ratio, slope, design.n_effects, r)
    return np.asarray(pooled.inverse_information @ pull, dtype=np.float64)


def without_factor(factors: tuple[Factor, ...], name: str) -> tuple[Factor, ...]:
    """The factors but one."""
    return tuple(f for f in factors if f.name != name)
