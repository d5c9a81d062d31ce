"""Loops over cases whose routes are known: waits by transition, counts of routes, exact sums.

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
def spread_waits(
    offsets: Int64, start: Int64, complete: Int64, first_case: int, last_case: int, route: Int32, route_offsets: Int64,
    transition: Int32, free: Int64, waits: Int64,
) -> None:  # fmt: skip
    """Put the wait before each step but a case's first into the room of its transition.

    A wait runs from the completion before to the start; to the completion where no start is recorded.

    transition : for each step of each route the number of the transition that leads to it; not looked at for the first.
    free : for each transition the next free place of `waits`; moves on.
    """
    for case in range(first_case, last_case):
        at = route_offsets[route[case]]
        first = offsets[case]
        for s in range(first + 1, offsets[case + 1]):
            e = transition[at + s - first]
            begun = complete[s] if start[s] == MISSING else start[s]
            waits[free[e]] = begun - complete[s - 1]
            free[e] += 1


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
def code_sums(codes: Int64, weight: Int64, n_codes: int) -> Any:
    """For each code the sum of the weights of its places."""
    result = np.zeros(n_codes, np.int64)
    for i in range(len(codes)):
        result[codes[i]] += weight[i]
    return result


@compiled
def closed_times(end: Int64, complete: Int64, arrival: Int64, closed: Bool, route: Int32, sums: Int64) -> Any:
    """The time from arrival to last completion of each closed case, in order.

    end : for each case the place after its last step; a closed case has one. route : its route.
    sums : (n_routes, 3) how many closed cases, and the sum of their times as `(high << LOW_BITS) + low`; is added to.
    """
    n = 0
    for k in range(len(end)):
        n += closed[k]
    times = np.empty(n, np.int64)
    n = 0
    for k in range(len(end)):
        if closed[k]:
            time = complete[end[k] - 1] - arrival[k]
            times[n] = time
            n += 1
            sums[route[k], 0] += 1
            sums[route[k], 1] += time >> LOW_BITS
            sums[route[k], 2] += time & LOW_MASK
    return times
