"""Counts and exact sums over the cases of a log, in a form that adds up: transitions, routes, loops, cycle times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.kernels import transitions as kernels
from streamline.kernels.variants import trace_hashes, variant_groups
from streamline.log.event_log import EventLog
from streamline.stats.streams import BUDGET, QuantileSketch
from streamline.stats.totals import LOW_BITS, Totals
from streamline.threads import in_threads, n_processors
from streamline.units import DAY, HOUR

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Part = TypeVar("Part")

LOW_MASK = (1 << LOW_BITS) - 1


def of_slices(log: EventLog, part: Callable[[int, int], Part]) -> list[Part]:
    """`part(first, last)` for slices of the log's cases with about as many steps each, one a processor."""
    bounds = np.searchsorted(log.case_offsets, np.linspace(0, log.n_steps, n_processors() + 1).astype(np.int64))
    bounds[0], bounds[-1] = 0, log.n_cases
    slices = [(int(a), int(b)) for a, b in pairwise(bounds) if a < b]
    return in_threads([partial(part, first, last) for first, last in slices or [(0, 0)]])


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


def transition_counts(log: EventLog, first: int, last: int, *, budget: int = BUDGET) -> TransitionCounts:
    """The transitions of the cases from `first` up to `last`."""
    width = len(log.activities)
    table, number = kernels.transitions(log.case_offsets, log.activity, log.start, log.complete, width, first, last)
    n = table[:, kernels.COUNT].copy()
    bounds, waits = kernels.waits_by_transition(log.case_offsets, log.start, log.complete, first, last, number, n)
    totals, place = totals_of(table)
    sketch = QuantileSketch.exact(bounds, waits, budget=budget)
    return TransitionCounts(width=width, totals=totals, waits=QuantileSketch.merged([sketch], [place], len(totals)))


def all_transitions(log: EventLog, *, budget: int = BUDGET) -> TransitionCounts:
    """The transitions of all cases, on all processors."""
    parts = of_slices(log, partial(transition_counts, log, budget=budget))
    same = np.arange(len(log.activities))
    return TransitionCounts.merged(parts, [same] * len(parts), len(log.activities))


def totals_of(table: Int64) -> tuple[Totals, Int64]:
    """A kernel's table of totals, in order of its keys, and the place there of each of its rows."""
    columns = {
        "key": kernels.KEY,
        "n": kernels.COUNT,
        "n_cases": kernels.CASES,
        "high": kernels.HIGH,
        "low": kernels.LOW,
    }
    return Totals.of(**{name: table[:, column] for name, column in columns.items()})


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


def variant_counts(log: EventLog, cycle: Int64, first: int, last: int) -> VariantCounts:
    """The variants of the cases from `first` up to `last`; `cycle` has the cycle times of all cases."""
    offsets, closed = log.case_offsets, log.closed[first:last]
    variant, model = variants_of(offsets, log.activity, first, last)
    m, counted = len(model), np.where(closed, cycle[first:last], 0)
    high, low = np.zeros(m, dtype=np.int64), np.zeros(m, dtype=np.int64)
    np.add.at(high, variant, counted >> LOW_BITS)
    np.add.at(low, variant, counted & LOW_MASK)
    n_cases = np.bincount(variant, minlength=m)
    n_closed = np.bincount(variant[closed], minlength=m)
    some = offsets[model] < offsets[model + 1]  # cases without any step have no route
    ends, codes = _sequences(offsets, log.activity, model[some])
    return VariantCounts(
        offsets=ends,
        activity=codes,
        n_cases=n_cases[some],
        n_closed=n_closed[some],
        high=high[some],
        low=low[some],
    )


def all_variants(log: EventLog) -> VariantCounts:
    """The variants of all cases, on all processors."""
    parts = of_slices(log, partial(variant_counts, log, log.last_completion - log.arrival))
    return VariantCounts.merged(parts, [np.arange(len(log.activities))] * len(parts))


def _sequences(offsets: Int64, activity: Int32, cases: Int64) -> tuple[Int64, Int32]:
    """The traces of these cases, side by side: (ends, activity)."""
    sizes = offsets[cases + 1] - offsets[cases]
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.repeat(offsets[cases] - ends[:-1], sizes) + np.arange(ends[-1])
    return ends, np.asarray(activity[places], dtype=np.int32)
