"""Quantiles of values that come in pieces: exact while the values fit, then a sketch whose error is known.

Beyond its budget a group of values is kept as a KLL sketch: levels of values, one of level h standing for 2**h of them. A
level that is over its capacity is sorted and every other value moves up, starting with the first or the second by the
toss of a coin. One such compaction shifts the rank of any value by 0 or ±2**h, 0 on average, so the whole error of
a rank is a sum of independent bounded terms, and what was compacted tells its bound (Hoeffding's inequality).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from streamline.machine import in_threads

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

#: Values held over all groups before any is compacted: 256 MB.
BUDGET = 1 << 25
#: Values of a group's topmost level; a sketch holds about three times as many.
CAPACITY = 4096
#: The capacity of a level relative to the one above it, and the least.
_SHRINK, _LEAST = 2 / 3, 8
#: Groups up to this size are sorted whole; of larger ones only the values wanted are found.
_SMALL = 2048
_BITS = (1 << 64) - 1
_ORDERING = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Piece:
    """Values of some groups at one level: group `groups[j]` owns `values[bounds[j]:bounds[j + 1]]`."""

    level: int
    groups: Int64
    bounds: Int64
    values: Int64

    def of(self, j: int) -> Int64:
        return self.values[self.bounds[j] : self.bounds[j + 1]]


class Origin(Protocol):
    """Where values come from that aren't held: records from which they can be taken at any time."""

    def values(self) -> Int64:
        """All values, group by group, in memory that nobody else looks at."""
        ...

    def quantiles(self, probabilities: Sequence[float]) -> Float | None:
        """(n_groups, k) exact quantiles, interpolated linearly, NaN for groups without values; None if not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantileSketch:
    """The distribution of integers in each of `n_groups` groups. It owns its values, and may change their order.

    Made by `exact` from values, by `of_origin` from records that hold them, by `merged` from other sketches. Merging
    commutes exactly; as long as nothing was compacted it is associative exactly too, else within `rank_error`.
    """

    n_groups: int
    pieces: tuple[_Piece, ...]
    #: (n_groups,) the number of values in each group, exactly.
    count: Int64
    #: (n_groups,) sum of 4**level over the compactions of each group; 0 where its quantiles are exact.
    squares: Float
    budget: int = field(default=BUDGET)
    capacity: int = field(default=CAPACITY)
    #: Where the values are taken from when they are needed; then there are no pieces yet.
    origin: Origin | None = None

    @classmethod
    def of_origin(cls, count: Int64, origin: Origin, *, budget: int = BUDGET) -> QuantileSketch:
        """Values that aren't held as long as `origin` knows the quantiles that are asked for."""
        n = len(count)
        return cls(n_groups=n, pieces=(), count=count, squares=np.zeros(n), budget=budget, origin=origin)

    @classmethod
    def exact(cls, bounds: Int64, values: Int64, *, budget: int = BUDGET, capacity: int = CAPACITY) -> QuantileSketch:
        """All values, group by group: group g owns `values[bounds[g]:bounds[g + 1]]`; compacted if over the budget."""
        n = len(bounds) - 1
        piece = _Piece(level=0, groups=np.arange(n, dtype=np.int64), bounds=bounds, values=values)
        whole = cls(
            n_groups=n, pieces=(piece,), count=np.diff(bounds), squares=np.zeros(n), budget=budget, capacity=capacity
        )
        return whole._within_budget()

    @classmethod
    def merged(cls, parts: Sequence[QuantileSketch], places: Sequence[Int64], n_groups: int) -> QuantileSketch:
        """The sketch of all parts together; group g of part i becomes group `places[i][g]` of `n_groups`.

        The smallest budget and capacity of the parts hold for the whole.
        """
        count, squares = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups)
        pieces = []
        parts = [part.held() for part in parts]
        for part, place in zip(parts, places, strict=True):
            np.add.at(count, place, part.count)
            np.add.at(squares, place, part.squares)
            pieces += [
                _Piece(level=p.level, groups=place[p.groups], bounds=p.bounds, values=p.values) for p in part.pieces
            ]
        whole = cls(
            n_groups=n_groups,
            pieces=tuple(pieces),
            count=count,
            squares=squares,
            budget=min(p.budget for p in parts),
            capacity=min(p.capacity for p in parts),
        )
        return whole._within_budget()

    def held(self) -> QuantileSketch:
        """The same sketch with its own values, without the records that they come from."""
        if self.origin is None:
            return self
        bounds = np.concatenate([[0], np.cumsum(self.count)]).astype(np.int64)
        return QuantileSketch.exact(bounds, self.origin.values(), budget=self.budget, capacity=self.capacity)

    @property
    def n_held(self) -> int:
        """Values that are held."""
        return sum(len(p.values) for p in self.pieces)

    @property
    def is_exact(self) -> bool:
        """Whether every quantile is exact."""
        return not self.squares.any()

    def rank_error(self, *, level: float = 0.99) -> Float:
        """(n_groups,) how far the rank of a quantile may be off, as a share of its group; 0 where it is exact.

        A quantile's rank is within this of the one asked for with probability `level`, whatever the values.
        """
        bound = np.sqrt(2 * np.log(2 / (1 - level)) * self.squares)
        return np.asarray(bound / np.maximum(self.count, 1), dtype=np.float64)

    def quantiles(self, probabilities: Sequence[float]) -> Float:
        """(n_groups, k) quantiles; NaN for groups without values.

        Exact ones are interpolated linearly between the two values next to them; of a sketch, the value at that rank
        is given, off by `rank_error`.
        """
        if self.origin is not None:
            known = self.origin.quantiles(probabilities)
            return self.held().quantiles(probabilities) if known is None else known
        asked = np.asarray(probabilities, dtype=np.float64)
        result = np.full((self.n_groups, len(asked)), np.nan)
        shares = self._shares()
        order = sorted(shares, key=lambda g: -int(self.count[g]))
        large = [g for g in order if self.count[g] > _SMALL]

        def fill(group: int) -> None:
            result[group] = _quantiles(shares[group], asked)

        with _ORDERING:  # values are put in order where they are
            in_threads([lambda g=g: fill(g) for g in large])  # type: ignore[misc]
        for group in order[len(large) :]:
            fill(group)
        return result

    def _shares(self) -> dict[int, list[tuple[int, Int64]]]:
        """For each group with values its (level, values)."""
        found: dict[int, list[tuple[int, Int64]]] = {}
        for piece in self.pieces:
            for j in np.flatnonzero(np.diff(piece.bounds)).tolist():
                found.setdefault(int(piece.groups[j]), []).append((piece.level, piece.of(j)))
        return found

    def with_budget(self, budget: int) -> QuantileSketch:
        """The same values under another budget; compacted if they are over it."""
        return replace(self, budget=budget)._within_budget() if self.origin is None else replace(self, budget=budget)

    def _within_budget(self) -> QuantileSketch:
        """This sketch, or one whose large groups are compacted when it holds more than the budget."""
        if self.n_held <= self.budget:
            return self
        squares = self.squares.copy()
        levels: dict[int, list[tuple[int, Int64]]] = {}
        for group, share in self._shares().items():
            held, more = _compacted(share, self.capacity, seed=int(self.count[group]))
            squares[group] += more
            for level, values in held.items():
                levels.setdefault(level, []).append((group, values))
        pieces = []
        for level, members in sorted(levels.items()):
            members.sort(key=lambda member: member[0])
            sizes = [len(values) for _, values in members]
            pieces.append(
                _Piece(
                    level=level,
                    groups=np.array([g for g, _ in members], dtype=np.int64),
                    bounds=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
                    values=np.concatenate([values for _, values in members]),
                )
            )
        return QuantileSketch(
            n_groups=self.n_groups,
            pieces=tuple(pieces),
            count=self.count,
            squares=squares,
            budget=self.budget,
            capacity=self.capacity,
        )


def _compacted(share: Sequence[tuple[int, Int64]], capacity: int, *, seed: int) -> tuple[dict[int, Int64], float]:
    """The group's values by level, each within its capacity, and the sum of 4**level over the compactions.

    The coin depends on what the values are, not on their order, so that the order of merging can't show and parts of
    one size don't toss the same coins.
    Source: Karnin, Lang, Liberty 2016, "Optimal quantile approximation in streams".
    """
    held: dict[int, Int64] = {}
    for level in sorted({level for level, _ in share}):
        held[level] = np.concatenate([values for at, values in share if at == level])
    squares = 0.0
    level = min(held)
    while level in held:
        top = max(held)
        room = max(int(capacity * _SHRINK ** (top - level)), _LEAST)
        values = held[level]
        if len(values) > room:
            values = np.sort(values)
            kept = values[len(values) - len(values) % 2 :]  # an odd one stays
            mixed = int(np.bitwise_xor.reduce(values)) & _BITS, int(values.view(np.uint64).sum()) & _BITS
            coin = int(np.random.Generator(np.random.PCG64([seed, level, len(values), *mixed])).integers(2))
            up = values[coin : len(values) - len(values) % 2 : 2]
            held[level] = kept
            held[level + 1] = np.concatenate([held.get(level + 1, up[:0]), up])
            squares += 4.0**level
            # a higher top leaves less room below: begin again
            level = min(held) if level + 1 > top else level + 1
            continue
        level += 1
        while level not in held and level < max(held):
            level += 1
    return {at: values for at, values in held.items() if len(values)}, squares


def _quantiles(share: Sequence[tuple[int, Int64]], asked: Float) -> Float:
    """Quantiles of one group's values."""
    if all(level == 0 for level, _ in share):
        values = share[0][1] if len(share) == 1 else np.concatenate([values for _, values in share])
        return _interpolated(values, asked)
    values = np.concatenate([values for _, values in share])
    weight = np.concatenate([np.full(len(values), 1 << level, dtype=np.int64) for level, values in share])
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    place = np.searchsorted(reached, asked * reached[-1], side="left")
    return np.asarray(values[order][np.minimum(place, len(values) - 1)], dtype=np.float64)


def _interpolated(values: Int64, asked: Float) -> Float:
    """Exact quantiles, linear between neighbours; of a large group only the values wanted are put in their place."""
    at = asked * (len(values) - 1)
    below = np.floor(at).astype(np.int64)
    above = np.minimum(below + 1, len(values) - 1)
    if len(values) <= _SMALL:
        values = np.sort(values)
    else:
        # One at a time, the largest first: each leaves the smaller ones before it. Several at once take far longer.
        values = values if values.flags.writeable else values.copy()
        unordered = values
        for k in sorted({int(k) for k in (*below, *above)}, reverse=True):
            unordered.partition(k)
            unordered = unordered[:k] if k else unordered
    low, high = values[below].astype(np.float64), values[above].astype(np.float64)
    return low + (high - low) * (at - below)


def interpolated(values: Int64, n: int, probability: float, *, below: int = 0) -> float:
    """A quantile of n values of which `below` are less than all of these, and the rest greater; NaN if it isn't here.

    The order of the values may change.
    """
    at = probability * (n - 1)
    first = math.floor(at) - below
    second = min(math.floor(at) + 1, n - 1) - below
    if n == 0 or first < 0 or second >= len(values):
        return math.nan
    values.partition(second)
    low = values[second] if first == second else values[:second].max()
    return float(low) + (float(values[second]) - float(low)) * (at - math.floor(at))
