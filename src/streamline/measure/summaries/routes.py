"""The different routes of a log's cases, and counts and exact sums over them, in a form that adds up."""

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
from streamline.kernels.sequences import ALL_BITS, first_likes, numbered_likes, sequence_groups, side_by_side
from streamline.kernels.waits import cases_with, closed_times, code_sums, repeats
from streamline.log.event_log import EventLog
from streamline.machine import in_threads, n_processors
from streamline.units import DAY, LOW_BITS

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
    #: For each step of each route the number of the route.
    of_step: Int64
    #: (n_routes, 3) how many of its cases are closed, and the sum of their cycle times, `(high << LOW_BITS) + low`
    #: microseconds.
    closed: Int64
    #: The cycle times of all closed cases, in no order.
    cycle_times: Int64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutePart:
    """The routes of a slice of the cases, numbered by themselves."""

    of_case: Int32
    n_cases: Int64
    #: For each route a case of the log that took it, and its key (see `kernels.sequences`).
    model: Int64
    keys: npt.NDArray[np.uint64]
    closed: Int64
    cycle_times: Int64


def route_parts(log: EventLog) -> list[RoutePart]:
    """The cases of a log grouped by their sequence of activities, slice by slice, on all processors."""
    closed, bits = np.asarray(log.closed), _bits(len(log.activities))

    def in_slice(first: int, last: int) -> RoutePart:
        mine = slice(first, last)
        begin, end = log.case_offsets[:-1][mine], log.case_offsets[1:][mine]
        of_case, n_cases, model, keys = sequence_groups(begin, end, log.activity, bits, ALL_BITS)
        sums = np.zeros((len(n_cases), 3), dtype=np.int64)
        times = closed_times(end, log.complete, log.arrival[mine], closed[mine], of_case, sums)
        return RoutePart(
            of_case=of_case, n_cases=n_cases, model=model + first, keys=keys, closed=sums, cycle_times=times
        )

    return of_slices(log, in_slice)


def joined_routes(log: EventLog, parts: Sequence[RoutePart]) -> Routes:
    """The routes of all slices as one numbering."""
    models, begin, end = np.concatenate([part.model for part in parts]), log.case_offsets[:-1], log.case_offsets[1:]
    first_like = np.empty(len(models), dtype=np.int64)
    keys = np.concatenate([part.keys for part in parts])
    first_likes(begin[models], end[models], log.activity, keys, 0, 1, first_like)
    number, firsts = numbered_likes(first_like)
    model = models[firsts]
    bounds = np.cumsum([len(part.model) for part in parts])[:-1]
    moved = [partial(recoded, part.of_case, own) for part, own in zip(parts, np.split(number, bounds), strict=True)]
    ends, codes = side_by_side(begin[model], end[model], log.activity)
    sums = np.concatenate([part.closed for part in parts])
    return Routes(
        offsets=ends,
        activity=codes,
        of_case=np.concatenate([move() for move in moved]),
        n_cases=weighted(number, np.concatenate([part.n_cases for part in parts]), len(model)),
        of_step=np.repeat(np.arange(len(model)), np.diff(ends)),
        closed=np.column_stack([weighted(number, np.ascontiguousarray(column), len(model)) for column in sums.T]),
        cycle_times=np.concatenate([part.cycle_times for part in parts]),
    )


def routes_of(log: EventLog) -> Routes:
    """Group the cases of a log by their sequence of activities, on all processors."""
    return joined_routes(log, route_parts(log))


def _bits(n_activities: int) -> int:
    """That hold any code of so many activities."""
    return max((n_activities - 1).bit_length(), 1)


def activity_counts(routes: Routes, n_activities: int) -> tuple[Int64, int]:
    """(n_activities, 4) of steps, cases that have it, cases that start with it, cases that end with it; and the number of
    cases in which any activity comes twice."""
    r, some = routes, np.diff(routes.offsets) > 0
    route, activity = r.of_step, r.activity
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
    return np.asarray(code_sums(codes, weight, n), dtype=np.int64)


def _ends(sizes: Int64) -> Int64:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


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
    def merged(cls, parts: Sequence[VariantCounts], places: Sequence[Int64], width: int) -> VariantCounts:
        """All parts together; the code a of part i becomes `places[i][a]`, of `width` activities."""
        activity = np.concatenate([place[p.activity] for p, place in zip(parts, places, strict=True)]).astype(np.int32)
        sizes = np.concatenate([np.diff(p.offsets) for p in parts])
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        variant, _, model = variants_of(offsets[:-1], offsets[1:], activity, width)
        sums = {}
        for name in ("n_cases", "n_closed", "high", "low"):
            sums[name] = np.zeros(len(model), dtype=np.int64)
            np.add.at(sums[name], variant, np.concatenate([getattr(p, name) for p in parts]))
        ends, codes = side_by_side(offsets[model], offsets[model + 1], activity)
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


def variants_of(begin: Int64, end: Int64, activity: Int32, n_activities: int) -> tuple[Int32, Int64, Int64]:
    """For each trace the number of its variant; for each variant how many there are, and its first trace. Trace k owns the
    places from `begin[k]` up to `end[k]`."""
    variant, n, model, _ = sequence_groups(begin, end, activity, _bits(n_activities), ALL_BITS)
    return variant, n, model


def variant_counts(routes: Routes) -> VariantCounts:
    """The variants of all cases that have a step."""
    sizes = np.diff(routes.offsets)
    some = sizes > 0
    n_closed, high, low = routes.closed[some].T
    return VariantCounts(
        offsets=_ends(sizes[some]),
        activity=routes.activity,
        n_cases=routes.n_cases[some],
        n_closed=n_closed.copy(),
        high=high.copy(),
        low=low.copy(),
    )
