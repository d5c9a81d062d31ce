"""What follows what, with the waits between, and the time in loops: counts and exact sums that add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.kernels.brackets import (
    BELOW_LOWER,
    HIGH,
    LEAST,
    LOW,
    LOWER_FROM,
    MOST,
    bracket_rows,
    bracketed_waits,
    by_code,
    sampled_waits,
)
from streamline.kernels.loops import erased_loops
from streamline.kernels.room import room
from streamline.kernels.waits import cases_with, spread_waits
from streamline.log.event_log import EventLog
from streamline.machine import in_threads
from streamline.measure.summaries.routes import Routes, of_slices, weighted
from streamline.stats.streams import BUDGET, QuantileSketch, interpolated
from streamline.stats.totals import Totals
from streamline.units import HOUR

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

#: The quantiles of waits that are told.
LOWER, UPPER = 0.5, 0.9
#: Steps that are sampled to bracket the quantiles, and how many standard deviations of its rank a bracket reaches.
_SAMPLED, _DEVIATIONS = 1 << 16, 3.5
#: Logs of fewer steps hold their waits.
HELD_BELOW = 1 << 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransitionCounts:
    """Which step directly follows which, with the waits between them, among `width` activities."""

    width: int
    #: By source code × width + target code, with the exact sum of the waits in microseconds.
    totals: Totals
    #: The waits of each transition, in the order of `totals`.
    waits: QuantileSketch

    @classmethod
    def merged(cls, parts: Sequence[TransitionCounts], places: Sequence[Int64], width: int) -> TransitionCounts:
        """All parts together; the code a of part i is `places[i][a]` of `width` activities."""
        moved = [with_codes(part.totals, place, width) for part, place in zip(parts, places, strict=True)]
        totals, rows = Totals.merged(moved)
        return cls(width=width, totals=totals, waits=QuantileSketch.merged([p.waits for p in parts], rows, len(totals)))

    def table(self, activities: Sequence[str], n_cases: int) -> pd.DataFrame:
        """Most frequent first: source, target, n, n_cases, share (of `n_cases`), mean_hours, median_hours, p90_hours,
        rank_error."""
        names, t = np.asarray(activities, dtype=object), self.totals
        median, p90 = self.waits.quantiles([LOWER, UPPER]).T / HOUR
        order = np.lexsort((t.key, -t.n))  # codes are in the order of the names
        return pd.DataFrame(
            {
                "source": names[t.key[order] // max(self.width, 1)],
                "target": names[t.key[order] % max(self.width, 1)],
                "n": t.n[order],
                "n_cases": t.n_cases[order],
                "share": t.n_cases[order] / max(n_cases, 1),
                "mean_hours": (t.sums() / HOUR / np.maximum(t.n, 1))[order],
                "median_hours": median[order],
                "p90_hours": p90[order],
                "rank_error": self.waits.rank_error()[order],
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoopCounts:
    """Families of loops, and how many cases have any."""

    #: By head code × n_activities + trigger code, with the time of the steps in them, in microseconds.
    totals: Totals
    #: Cases with any loop, and those with one that isn't a step repeated at once.
    n_looping: int
    n_returning: int

    @classmethod
    def merged(cls, parts: Sequence[LoopCounts], places: Sequence[Int64], width: int) -> LoopCounts:
        """All parts together; the code a of part i is `places[i][a]` of `width` activities."""
        moved = [with_codes(part.totals, place, width) for part, place in zip(parts, places, strict=True)]
        return cls(
            totals=Totals.merged(moved)[0],
            n_looping=sum(p.n_looping for p in parts),
            n_returning=sum(p.n_returning for p in parts),
        )


def with_codes(totals: Totals, place: Int64, width: int) -> Totals:
    """Totals of pairs of activities with other codes: `place[a]`, of `width`, for the code a."""
    own = max(len(place), 1)
    return totals.recoded(place[totals.key // own] * width + place[totals.key % own])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Waits:
    """The waits of a log's transitions; they are taken from the log when they are needed (an `Origin`)."""

    log: EventLog
    routes: Routes
    #: For each step of each route the number of the transition that leads to it; -1 for the first.
    transition: Int32
    #: How often each transition occurs.
    count: Int64
    #: (n_transitions, 2) the quantiles LOWER and UPPER; None while they aren't known.
    known: Float | None = None

    def columns(self) -> tuple[Int64, Int64, Int64]:
        """What all kernels take first."""
        return self.log.case_offsets, self.log.start, self.log.complete

    def of_steps(self) -> tuple[Int32, Int64, Int32]:
        """What all kernels know the transitions by."""
        return self.routes.of_case, self.routes.offsets, self.transition

    def values(self) -> Int64:
        """All waits, transition by transition, on all processors."""
        some = np.flatnonzero(self.transition >= 0)
        route, code = self.routes.of_step[some], self.transition[some]

        def in_slice(first: int, last: int) -> tuple[int, int, Int64]:
            of_route = np.bincount(self.routes.of_case[first:last], minlength=len(self.routes.n_cases))
            return first, last, weighted(code, of_route[route], len(self.count))

        # Each slice of cases fills its own part of each transition's room.
        slices = of_slices(self.log, in_slice)
        bounds = np.concatenate([[0], np.cumsum(self.count)]).astype(np.int64)
        free = bounds[:-1] + np.cumsum([np.zeros_like(self.count), *(n for _, _, n in slices)], axis=0)[:-1]
        waits = room(bounds[-1])
        in_threads(
            [
                partial(spread_waits, *self.columns(), first, last, *self.of_steps(), own, waits)
                for (first, last, _), own in zip(slices, free, strict=True)
            ]
        )
        return np.asarray(waits, dtype=np.int64)

    def quantiles(self, probabilities: Sequence[float]) -> Float | None:
        """The two that are known."""
        return self.known if tuple(probabilities) == (LOWER, UPPER) else None


class Sample(NamedTuple):
    """Waits drawn from a log: the pair of activities of each as source × n_activities + target, and the wait."""

    pair: Int64
    wait: Int64
    #: Whether any were to be drawn.
    is_drawn: bool


def transition_and_loop_counts(
    log: EventLog, routes: Routes, sample: Sample | None = None, *, budget: int = BUDGET
) -> tuple[TransitionCounts, LoopCounts]:
    """The transitions of all cases and the loops of the closed ones (see `rework_loops`), found on the routes; their
    times are taken from the cases in one pass.

    sample : from `sampled`; drawn when None.
    """
    r, width, route = routes, len(log.activities), routes.of_step
    place = np.flatnonzero(route[1:] == route[:-1]) + 1
    codes, key = numbered(r.activity[place - 1].astype(np.int64) * width + r.activity[place])
    transition = np.full(len(r.activity), -1, dtype=np.int32)
    transition[place] = codes
    waits = _Waits(log=log, routes=r, transition=transition, count=weighted(codes, r.n_cases[route[place]], len(key)))

    tasks: list[Callable[[], Any]] = [
        partial(erased_loops, r.offsets, r.activity, width),
        partial(_brackets, sampled(log) if sample is None else sample, key),
    ]
    (loop, head, trigger, *_), rows = in_threads(tasks)
    families, family_key = numbered(r.activity[head].astype(np.int64) * width + r.activity[trigger])
    has_loop = np.zeros(len(r.n_cases), dtype=np.bool_)
    has_loop[route[head]] = True
    returns = np.zeros(len(r.n_cases), dtype=np.bool_)
    returns[route[head][r.activity[head] != r.activity[trigger]]] = True
    closed = np.asarray(log.closed)

    family = np.append(families, -1).astype(np.int32)[loop]
    found, in_loops, sketch = _timed(waits, rows, (family, has_loop, closed), len(family_key), budget=budget)
    totals = Totals(
        key=np.asarray(key, dtype=np.int64),
        n=waits.count,
        n_cases=cases_with(codes, route[place], r.n_cases, len(key)),
        high=found[:, HIGH].copy(),
        low=found[:, LOW].copy(),
    )
    n_closed = np.ascontiguousarray(r.closed[:, 0])
    n_loops = weighted(families, n_closed[route[head]], len(family_key))
    some = np.flatnonzero(n_loops)  # families of open cases only aren't counted
    loops = Totals(
        key=np.asarray(family_key, dtype=np.int64)[some],
        n=n_loops[some],
        n_cases=cases_with(families, route[head], n_closed, len(family_key))[some],
        high=in_loops[some, 0],
        low=in_loops[some, 1],
    )
    return (
        TransitionCounts(width=width, totals=totals, waits=sketch),
        LoopCounts(totals=loops, n_looping=int(n_closed[has_loop].sum()), n_returning=int(n_closed[returns].sum())),
    )


def _timed(
    waits: _Waits, rows: Int64, loops: tuple[Int32, Bool, Bool], n_families: int, *, budget: int
) -> tuple[Int64, Int64, QuantileSketch]:
    """The rows of the transitions (see `kernels.brackets`), the time in each family of loops, and the waits."""
    log, count = waits.log, waits.count
    few = _is_held(log)
    rows, in_loops, kept = _sifted(waits, rows, loops, n_families, expected=0 if few else _expected(waits, rows))
    if few:
        return rows, in_loops, QuantileSketch.exact(_ends(count), waits.values(), budget=budget)
    known = _selected(rows, kept, count)
    missed = np.isnan(known).any(axis=1) & (count > 0)
    if missed.any():
        family, has_loop, closed = loops
        without = (family, np.zeros_like(has_loop), closed)
        again, _, kept = _sifted(waits, _wide(missed), without, n_families, expected=int(count[missed].sum()))
        known[missed] = _selected(again, kept, count)[missed]
    origin = _Waits(log=log, routes=waits.routes, transition=waits.transition, count=count, known=known)
    return rows, in_loops, QuantileSketch.of_origin(count, origin, budget=budget)


def sampled(log: EventLog) -> Sample:
    """Some waits of a large log, from cases drawn at random (always the same ones); of one whose waits are held none."""
    n = 0 if _is_held(log) else max(1, round(_SAMPLED * log.n_cases / log.n_steps))
    cases = np.random.Generator(np.random.PCG64(1)).integers(0, max(log.n_cases, 1), n)
    pair, wait = sampled_waits(log.case_offsets, log.start, log.complete, cases, log.activity, len(log.activities))
    return Sample(pair, wait, n > 0)


def _is_held(log: EventLog) -> bool:
    """Whether the waits of a log are held."""
    return log.n_steps < max(HELD_BELOW, 1)


def _brackets(sample: Sample, key: Int64) -> Int64:
    """A bracket for each quantile of the transition with this key; without a sample rows that keep nothing."""
    if not sample.is_drawn:
        return _wide(np.zeros(len(key), dtype=np.bool_))
    code = np.searchsorted(key, sample.pair).astype(np.int32)
    bounds, waits = by_code(code, sample.wait, len(key))
    return np.asarray(bracket_rows(bounds, waits, LOWER, UPPER, _DEVIATIONS), dtype=np.int64)


def _wide(all_of: Bool) -> Int64:
    """Rows that keep all waits of the marked transitions, and none of the others."""
    rows = np.zeros((len(all_of), 8), dtype=np.int64)
    rows[:, LOWER_FROM : LOWER_FROM + 4] = np.where(all_of[:, None], [LEAST, MOST] * 2, [MOST, LEAST] * 2)
    return rows


def _expected(waits: _Waits, rows: Int64) -> int:
    """About how many waits the brackets will keep: as large a share as of the sample, or all of a rare transition."""
    open_ = (rows[:, LOWER_FROM : LOWER_FROM + 4] == LEAST) | (rows[:, LOWER_FROM : LOWER_FROM + 4] == MOST)
    rare = open_.any(axis=1)
    return int(waits.count[rare].sum() + 0.2 * waits.count[~rare].sum())


def _sifted(
    waits: _Waits, rows: Int64, loops: tuple[Int32, Bool, Bool], n_families: int, *, expected: int
) -> tuple[Int64, Int64, list[tuple[Int64, Int64]]]:
    """The rows with counts and sums, the time in loops, and the kept waits of each slice by code; on all processors."""

    def in_slice(first: int, last: int) -> tuple[Int64, Int64, tuple[Int64, Int64]]:
        own, in_loops = rows.copy(), np.zeros((n_families, 2), dtype=np.int64)
        share = (last - first) / max(waits.log.n_cases, 1)
        code, kept = bracketed_waits(
            *waits.columns(), first, last, *waits.of_steps(), own, int(expected * share), *loops, in_loops
        )
        return own, in_loops, by_code(code, kept, 2 * len(rows))

    slices = of_slices(waits.log, in_slice)
    total = rows.copy()
    total[:, BELOW_LOWER:] = np.sum([own[:, BELOW_LOWER:] for own, _, _ in slices], axis=0)
    return total, np.sum([in_loops for _, in_loops, _ in slices], axis=0), [kept for _, _, kept in slices]


def _selected(rows: Int64, kept: Sequence[tuple[Int64, Int64]], count: Int64) -> Float:
    """(n_transitions, 2) quantiles; NaN where a bracket missed, or there is no wait."""
    result = np.full((len(count), 2), np.nan)
    one = rows[:, LOWER_FROM] == rows[:, LOWER_FROM + 2]  # both brackets are one, which is the upper

    def fill(k: int, j: int) -> None:
        of = 2 * k + (1 if one[k] else j)
        values = np.concatenate([found[bounds[of] : bounds[of + 1]] for bounds, found in kept])
        result[k, j] = interpolated(values, int(count[k]), (LOWER, UPPER)[j], below=int(rows[k, BELOW_LOWER + j]))

    in_threads([partial(fill, int(k), j) for k in np.flatnonzero(count) for j in range(2)])
    return result


def numbered(keys: Int64) -> tuple[Int64, Int64]:
    """For each key its number among the different ones in ascending order, and those; as `pandas.factorize` sorted."""
    most = int(keys.max(initial=-1)) + 1
    if most > 4 * len(keys) + 1024:
        codes, different = pd.factorize(keys, sort=True)
        return codes.astype(np.int64), np.asarray(different, dtype=np.int64)
    held = np.zeros(most, dtype=np.bool_)
    held[keys] = True
    different = np.flatnonzero(held)
    number = np.empty(most, dtype=np.int64)
    number[different] = np.arange(len(different))
    return number[keys], different


def _ends(sizes: Int64) -> Int64:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
