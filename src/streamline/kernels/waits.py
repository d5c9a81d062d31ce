"""Loops over the times of cases whose routes are known: waits by transition, time by family of loops, exact sums.

A case `k` owns the places `offsets[k]:offsets[k + 1]`. Its route is `route[k]`, a number; route `r` owns the places
`route_offsets[r]:route_offsets[r + 1]` of columns that say something about each of its steps. A kernel works on the cases
from `first_case` up to, but not including, `last_case`, so that several can work on one log at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.units import LOW_BITS

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

MISSING = np.iinfo(np.int64).min
LOW_MASK = (1 << LOW_BITS) - 1


@compiled
def room(n: int) -> Any:
    """Room for n int64 values, from the plain allocator: numpy's asks for large pages, which take longer to get."""
    return np.empty(n, np.int64)


@compiled
def spread_waits(
    offsets: Int64, start: Int64, complete: Int64, first_case: int, last_case: int, route: Int32, route_offsets: Int64,
    transition: Int32, free: Int64, waits: Int64, family: Int32, has_loop: Bool, counted: Bool, n_families: int,
) -> Any:  # fmt: skip
    """Put the wait before each step but a case's first into the room of its transition, and add up the time in loops.

    A wait runs from the completion before to the start; to the completion where no start is recorded. In a loop a step
    takes the time from the completion before it to its own; a case's first step is never in one.

    transition : for each step of each route the number of the transition that leads to it; not looked at for the first.
    free : for each transition the next free place of `waits`; moves on.
    family : for each step of each route the number of the family of its loop, -1 for first-pass steps.
    has_loop : for each route whether any of its steps is in a loop. counted : cases whose time in loops is added up.

    Returns (high, low): for each family the time of its steps, `(high << LOW_BITS) + low`.
    """
    high, low = np.zeros(n_families, np.int64), np.zeros(n_families, np.int64)
    for case in range(first_case, last_case):
        at = route_offsets[route[case]]
        first = offsets[case]
        for s in range(first + 1, offsets[case + 1]):
            e = transition[at + s - first]
            begun = complete[s] if start[s] == MISSING else start[s]
            waits[free[e]] = begun - complete[s - 1]
            free[e] += 1
        if has_loop[route[case]] and counted[case]:
            for s in range(first + 1, offsets[case + 1]):
                f = family[at + s - first]
                if f >= 0:
                    time = complete[s] - complete[s - 1]
                    high[f] += time >> LOW_BITS
                    low[f] += time & LOW_MASK
    return high, low


@compiled
def cases_with(codes: Int64, route: Int64, weight: Int64, n_codes: int) -> Any:
    """For each code the sum of the weights of the routes that have it, each counted once.

    codes, route : of steps of routes, those of one route side by side.
    """
    result = np.zeros(n_codes, np.int64)
    seen = np.full(n_codes, -1, np.int64)
    for i in range(len(codes)):
        if seen[codes[i]] != route[i]:
            seen[codes[i]] = route[i]
            result[codes[i]] += weight[route[i]]
    return result


@compiled
def repeats(route_offsets: Int64, activity: Int32, n_activities: int) -> Any:
    """For each route whether any activity comes twice in it."""
    result = np.zeros(len(route_offsets) - 1, np.bool_)
    seen = np.full(n_activities, -1, np.int64)
    for r in range(len(route_offsets) - 1):
        for s in range(route_offsets[r], route_offsets[r + 1]):
            if seen[activity[s]] == r:
                result[r] = True
            seen[activity[s]] = r
    return result


@compiled
def segment_sums(bounds: Int64, values: Int64) -> Any:
    """The sum of each segment `values[bounds[k]:bounds[k + 1]]` as `(high << LOW_BITS) + low`: two arrays."""
    high, low = np.zeros(len(bounds) - 1, np.int64), np.zeros(len(bounds) - 1, np.int64)
    for k in range(len(bounds) - 1):
        upper, lower = np.int64(0), np.int64(0)
        for i in range(bounds[k], bounds[k + 1]):
            upper += values[i] >> LOW_BITS
            lower += values[i] & LOW_MASK
        high[k] = upper
        low[k] = lower
    return high, low


@compiled
def group_sums(group: Int32, values: Int64, counted: Bool, n_groups: int) -> Any:
    """(n, high, low): for each group how many of its members are counted, and the sum of their values."""
    n = np.zeros(n_groups, np.int64)
    high, low = np.zeros(n_groups, np.int64), np.zeros(n_groups, np.int64)
    for i in range(len(group)):
        if counted[i]:
            n[group[i]] += 1
            high[group[i]] += values[i] >> LOW_BITS
            low[group[i]] += values[i] & LOW_MASK
    return n, high, low
