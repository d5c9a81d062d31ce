"""Counts and exact sums over the cases of a log, in a form that adds up: transitions, routes, loops, cycle times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.kernels.coding import recoded
from streamline.kernels.loops import erased_loops
from streamline.kernels.variants import trace_hashes, variant_groups
from streamline.kernels.waits import cases_with, group_sums, repeats, room, segment_sums, spread_waits
from streamline.log.event_log import EventLog
from streamline.machine import in_threads, n_processors
from streamline.stats.streams import BUDGET, QuantileSketch
from streamline.stats.totals import Totals
from streamline.units import DAY, HOUR, LOW_BITS

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Part = TypeVar("Part")


def of_slices(log: EventLog, part: Callable[[int, int], Part]) -> list[Part]:
    """`part(first, last)` for slices of the log's cases with about as many steps each, one a processor."""
    bounds = np.searchsorted(log.case_offsets, np.linspace(0, log.n_steps, n_processors() + 1).astype(np.int64))
    bounds[0], bounds[-1] = 0, log.n_cases
    slices = [(int(a), int(b)) for a, b in pairwise(bounds) if a < b]
    return in_threads([partial(part, first, last) for first, last in slices or [(0, 0)]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Routes:
    """The different sequences of activities of a log's cases, and which of them each case took."""

    #: Route r has the activities `activity[offsets[r]:offsets[r + 1]]`.
    offsets: Int64
    activity: Int32
    #: For each case the number of its route.
    of_case: Int32
    #: For each route the number of its cases.
    n_cases: Int64

    @property
    def route_of_step(self) -> Int64:
        """For each step of each route the number of the route."""
        return np.repeat(np.arange(len(self.n_cases)), np.diff(self.offsets))


def routes_of(log: EventLog) -> Routes:
    """Group the cases of a log by their sequence of activities, on all processors."""
    parts = of_slices(log, partial(variants_of, log.case_offsets, log.activity))
    if len(parts) == 1:
        variant, model = parts[0]
    else:
        # the models of all slices, grouped in turn
        models = np.concatenate([model for _, model in parts])
        ends, codes = _sequences(log.case_offsets, log.activity, models)
        common, model = variants_of(ends, codes, 0, len(models))
        bounds = np.cumsum([0, *(len(model) for _, model in parts)])
        moved = [partial(recoded, own, common[bounds[i] : bounds[i + 1]]) for i, (own, _) in enumerate(parts)]
        variant, model = np.concatenate(in_threads(moved)), models[model]
    ends, codes = _sequences(log.case_offsets, log.activity, model)
    return Routes(offsets=ends, activity=codes, of_case=variant, n_cases=np.bincount(variant, minlength=len(model)))


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
        median, p90 = self.waits.quantiles([0.5, 0.9]).T / HOUR
        table = pd.DataFrame(
            {
                "source": names[t.key // max(self.width, 1)],
                "target": names[t.key % max(self.width, 1)],
                "n": t.n,
                "n_cases": t.n_cases,
                "share": t.n_cases / max(n_cases, 1),
                "mean_hours": t.sums() / HOUR / np.maximum(t.n, 1),
                "median_hours": median,
                "p90_hours": p90,
                "rank_error": self.waits.rank_error(),
            }
        )
        return table.sort_values(["n", "source", "target"], ascending=[False, True, True], ignore_index=True)


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


def transition_and_loop_counts(
    log: EventLog, routes: Routes, *, budget: int = BUDGET
) -> tuple[TransitionCounts, LoopCounts]:
    """The transitions of all cases and the loops of the closed ones (see `rework_loops`), found on the routes; their
    times are taken from the cases in one pass."""
    r, width, route = routes, len(log.activities), routes.route_of_step
    place = np.flatnonzero(np.append(False, route[1:] == route[:-1])) if len(route) else np.zeros(0, dtype=np.int64)
    pair = r.activity[place - 1].astype(np.int64) * width + r.activity[place]
    codes, key = pd.factorize(pair, sort=True)
    transition = np.full(len(r.activity), -1, dtype=np.int32)
    transition[place] = codes
    bounds = _ends(weighted(codes, r.n_cases[route[place]], len(key)))
    waits = room(bounds[-1])

    loop, head, trigger, *_ = erased_loops(r.offsets, r.activity, width)
    families, family_key = pd.factorize(r.activity[head].astype(np.int64) * width + r.activity[trigger], sort=True)
    family = np.append(families, -1).astype(np.int32)[loop]
    has_loop = np.zeros(len(r.n_cases), dtype=np.bool_)
    has_loop[route[head]] = True
    returns = np.zeros(len(r.n_cases), dtype=np.bool_)
    returns[route[head][r.activity[head] != r.activity[trigger]]] = True
    closed = np.asarray(log.closed)

    # Each slice of cases fills its own part of each transition's room.
    def in_slice(first: int, last: int) -> tuple[int, int, Int64]:
        of_route = np.bincount(r.of_case[first:last], minlength=len(r.n_cases))
        return first, last, weighted(codes, of_route[route[place]], len(key))

    slices = of_slices(log, in_slice)
    free = bounds[:-1] + np.cumsum([np.zeros(len(key), dtype=np.int64), *(n for _, _, n in slices)], axis=0)[:-1]
    times = in_threads(
        [
            partial(
                spread_waits, log.case_offsets, log.start, log.complete, first, last, r.of_case, r.offsets, transition,
                own, waits, family, has_loop, closed, len(family_key),
            )
            for (first, last, _), own in zip(slices, free, strict=True)
        ]
    )  # fmt: skip
    high, low = segment_sums(bounds, waits)
    totals = Totals(
        key=np.asarray(key, dtype=np.int64),
        n=np.diff(bounds),
        n_cases=cases_with(codes, route[place], r.n_cases, len(key)),
        high=high,
        low=low,
    )
    n_closed = np.bincount(r.of_case[closed], minlength=len(r.n_cases))
    n_loops = weighted(families, n_closed[route[head]], len(family_key))
    some = np.flatnonzero(n_loops)  # families of open cases only aren't counted
    loops = Totals(
        key=np.asarray(family_key, dtype=np.int64)[some],
        n=n_loops[some],
        n_cases=cases_with(families, route[head], n_closed, len(family_key))[some],
        high=np.sum([high for high, _ in times], axis=0)[some],
        low=np.sum([low for _, low in times], axis=0)[some],
    )
    return (
        TransitionCounts(width=width, totals=totals, waits=QuantileSketch.exact(bounds, waits, budget=budget)),
        LoopCounts(totals=loops, n_looping=int(n_closed[has_loop].sum()), n_returning=int(n_closed[returns].sum())),
    )


def activity_counts(routes: Routes, n_activities: int) -> tuple[Int64, int]:
    """(n_activities, 4) of steps, cases that have it, cases that start with it, cases that end with it; and the number of
    cases in which any activity comes twice."""
    r, some = routes, np.diff(routes.offsets) > 0
    route, activity = r.route_of_step, r.activity.astype(np.int64)
    n_cases = cases_with(activity, route, r.n_cases, n_activities)
    first = r.offsets[:-1][some]
    repeated = repeats(r.offsets, r.activity, n_activities)
    table = np.column_stack(
        [
            weighted(activity, r.n_cases[route], n_activities),
            n_cases,
            weighted(activity[first], r.n_cases[some], n_activities),
            weighted(activity[r.offsets[1:][some] - 1], r.n_cases[some], n_activities),
        ]
    )
    return table, int(r.n_cases[repeated].sum())


def weighted(codes: npt.NDArray[np.integer[Any]], weight: Int64, n: int) -> Int64:
    """The sum of the weights of each code, exactly."""
    result = np.zeros(n, dtype=np.int64)
    np.add.at(result, codes, weight)
    return result


def _ends(sizes: Int64) -> Int64:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def with_codes(totals: Totals, place: Int64, width: int) -> Totals:
    """Totals of pairs of activities with other codes: `place[a]`, of `width`, for the code a."""
    own = max(len(place), 1)
    return totals.recoded(place[totals.key // own] * width + place[totals.key % own])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VariantCounts:
    """The different sequences of activities, and their cases; arrays of one entry a variant."""

    #: Variant v has the codes `activity[offsets[v]:offsets[v + 1]]`.
    offsets: Int64
    activity: Int32
    n_cases: Int64
    n_closed: Int64
    #: The sum of the cycle times of its closed cases is `(high << LOW_BITS) + low` microseconds.
    high: Int64
    low: Int64

    def __len__(self) -> int:
        return len(self.n_cases)

    @classmethod
    def merged(cls, parts: Sequence[VariantCounts], places: Sequence[Int64]) -> VariantCounts:
        """All parts together; the code a of part i becomes `places[i][a]`."""
        activity = np.concatenate([place[p.activity] for p, place in zip(parts, places, strict=True)]).astype(np.int32)
        sizes = np.concatenate([np.diff(p.offsets) for p in parts])
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        variant, model = variants_of(offsets, activity, 0, len(sizes))
        sums = {}
        for name in ("n_cases", "n_closed", "high", "low"):
            sums[name] = np.zeros(len(model), dtype=np.int64)
            np.add.at(sums[name], variant, np.concatenate([getattr(p, name) for p in parts]))
        ends, codes = _sequences(offsets, activity, model)
        return cls(offsets=ends, activity=codes, **sums)

    def order(self) -> Int64:
        """Variants by number of cases, the most first, equal ones by the codes of their activities."""
        order = np.argsort(-self.n_cases, kind="stable").tolist()
        counts = self.n_cases[order]
        codes, ends = self.activity.tolist(), self.offsets.tolist()
        first = 0
        for last in [*(np.flatnonzero(np.diff(counts)) + 1).tolist(), len(order)]:
            order[first:last] = sorted(order[first:last], key=lambda i: codes[ends[i] : ends[i + 1]])
            first = last
        return np.asarray(order, dtype=np.int64)

    def table(self, activities: Sequence[str], n_cases: int) -> pd.DataFrame:
        """Most frequent first: activities (a tuple), n_steps, n_cases, share (of `n_cases`), mean_cycle_days (of its
        closed cases; NaN when none is)."""
        order = self.order()
        codes, ends = self.activity.tolist(), self.offsets.tolist()
        routes = [tuple(activities[a] for a in codes[ends[i] : ends[i + 1]]) for i in order.tolist()]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (self.high * float(1 << LOW_BITS) + self.low) / DAY / self.n_closed
        return pd.DataFrame(
            {
                "activities": pd.Series(routes, dtype=object),
                "n_steps": np.diff(self.offsets)[order],
                "n_cases": self.n_cases[order],
                "share": self.n_cases[order] / max(n_cases, 1),
                "mean_cycle_days": mean[order],
            }
        )


def variants_of(offsets: Int64, activity: Int32, first: int, last: int) -> tuple[Int32, Int64]:
    """For each of these cases the number of its variant, and for each variant its first case."""
    variant, model = variant_groups(offsets, activity, first, last, trace_hashes(offsets, activity, first, last))
    return variant, model


def variant_counts(log: EventLog, routes: Routes) -> VariantCounts:
    """The variants of all cases that have a step, with the cycle times of their closed ones."""
    n_closed, high, low = group_sums(
        routes.of_case, log.last_completion - log.arrival, np.asarray(log.closed), len(routes.n_cases)
    )
    some = np.diff(routes.offsets) > 0
    return VariantCounts(
        offsets=_ends(np.diff(routes.offsets)[some]),
        activity=routes.activity,
        n_cases=routes.n_cases[some],
        n_closed=n_closed[some],
        high=high[some],
        low=low[some],
    )


def _sequences(offsets: Int64, activity: Int32, cases: Int64) -> tuple[Int64, Int32]:
    """The traces of these cases, side by side: (ends, activity)."""
    sizes = offsets[cases + 1] - offsets[cases]
    ends = _ends(sizes)
    places = np.repeat(offsets[cases] - ends[:-1], sizes) + np.arange(ends[-1])
    return ends, np.asarray(activity[places], dtype=np.int32)
