"""Exact sums and quantiles of the waits between the steps of cases, without holding the waits.

A sample of the waits brackets each wanted quantile of each transition between two limits. One pass then adds up the waits,
counts those below each bracket and keeps those inside it: the quantile is the value of that rank among the kept ones. Where
a bracket missed, which the counts tell, the transition's waits are all kept in another pass; so the answer is always exact.

Cases, routes and transitions are laid out as in `kernels.waits`. Two quantiles are bracketed, the lower one first.
Source: Floyd and Rivest 1975, "Expected time bounds for selection"; applied to many groups at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.waits import LOW_MASK
from streamline.units import LOW_BITS

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

MISSING = np.iinfo(np.int64).min
LEAST, MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
#: Columns of a transition's row: the limits of the lower and of the upper bracket, how many waits are below each, and the
#: sum of the waits, `(high << LOW_BITS) + low`. One row fills a line of the processor's cache.
LOWER_FROM, LOWER_TO, UPPER_FROM, UPPER_TO, BELOW_LOWER, BELOW_UPPER, HIGH, LOW = range(8)


@compiled
def sampled_waits(
    offsets: Int64, start: Int64, complete: Int64, cases: Int64, activity: Int32, n_activities: int
) -> Any:
    """(pair, wait) of each step but the first of these cases; pair is source × n_activities + target."""
    n = 0
    for case in cases:
        n += max(offsets[case + 1] - offsets[case] - 1, 0)
    pair, wait = np.empty(n, np.int64), np.empty(n, np.int64)
    n = 0
    for case in cases:
        for s in range(offsets[case] + 1, offsets[case + 1]):
            pair[n] = np.int64(activity[s - 1]) * n_activities + activity[s]
            wait[n] = (complete[s] if start[s] == MISSING else start[s]) - complete[s - 1]
            n += 1
    return pair, wait


@compiled
def by_code(code: Int32, values: Int64, n_codes: int) -> Any:
    """(bounds, values): the values of code k are `values[bounds[k]:bounds[k + 1]]`, in their order."""
    bounds = np.zeros(n_codes + 1, np.int64)
    for i in range(len(code)):
        bounds[code[i] + 1] += 1
    for k in range(n_codes):
        bounds[k + 1] += bounds[k]
    free = bounds[:-1].copy()
    ordered = np.empty(len(values), np.int64)
    for i in range(len(code)):
        ordered[free[code[i]]] = values[i]
        free[code[i]] += 1
    return bounds, ordered


@compiled
def bracket_rows(bounds: Int64, values: Int64, lower: float, upper: float, deviations: float) -> Any:
    """(n_transitions, 8) rows with a bracket for each of the two quantiles, from a sample of each transition's waits.

    bounds, values : the sample, as from `by_code`; is put in order. lower, upper : the probabilities.
    deviations : how many standard deviations of the quantile's rank a bracket reaches to either side; beyond the sample's
        ends it is open. Brackets that meet become one.
    """
    rows = np.zeros((len(bounds) - 1, 8), np.int64)
    for k in range(len(rows)):
        sample = np.sort(values[bounds[k] : bounds[k + 1]])
        n = len(sample)
        for j in range(2):
            share = lower if j == 0 else upper
            reach = deviations * np.sqrt(n * share * (1 - share)) + 2
            first, last = int(np.floor(share * n - reach)), int(np.ceil(share * n + reach))
            rows[k, 2 * j] = sample[first] if first >= 0 else LEAST
            rows[k, 2 * j + 1] = sample[last] if last < n else MOST
        if rows[k, UPPER_FROM] <= rows[k, LOWER_TO]:
            rows[k, UPPER_FROM] = rows[k, LOWER_FROM]
            rows[k, LOWER_TO] = rows[k, UPPER_TO]
    return rows


@compiled
def _sifted(
    offsets: Int64, start: Int64, complete: Int64, first_case: int, last_case: int, route: Int32, route_offsets: Int64,
    transition: Int32, rows: Int64, family: Int32, has_loop: Bool, counted: Bool, in_loops: Int64, code: Int32, kept: Int64,
    n: int,
) -> Any:  # fmt: skip
    """Do what `bracketed_waits` does, for as long as there is room for a case's waits; (the next case, n kept)."""
    for case in range(first_case, last_case):
        first, last = offsets[case], offsets[case + 1]
        if n + last - first > len(kept):
            return case, n
        if first == last:
            continue
        at = route_offsets[route[case]] - first
        before = complete[first]
        for s in range(first + 1, last):
            done, begun = complete[s], start[s]
            wait = (done if begun == MISSING else begun) - before
            before = done
            e = transition[at + s]
            rows[e, HIGH] += wait >> LOW_BITS
            rows[e, LOW] += wait & LOW_MASK
            rows[e, BELOW_LOWER] += wait < rows[e, LOWER_FROM]
            rows[e, BELOW_UPPER] += wait < rows[e, UPPER_FROM]
            # without a branch: which waits are inside can't be foreseen
            lower = (wait >= rows[e, LOWER_FROM]) & (wait <= rows[e, LOWER_TO])
            upper = (wait >= rows[e, UPPER_FROM]) & (wait <= rows[e, UPPER_TO])
            code[n] = np.int32(2 * e + int(upper))
            kept[n] = wait
            n += int(lower | upper)
        if has_loop[route[case]] and counted[case]:
            for s in range(first + 1, last):
                f = family[at + s]
                if f >= 0:
                    time = complete[s] - complete[s - 1]
                    in_loops[f, 0] += time >> LOW_BITS
                    in_loops[f, 1] += time & LOW_MASK
    return last_case, n


@compiled
def bracketed_waits(
    offsets: Int64, start: Int64, complete: Int64, first_case: int, last_case: int, route: Int32, route_offsets: Int64,
    transition: Int32, rows: Int64, room: int, family: Int32, has_loop: Bool, counted: Bool, in_loops: Int64,
) -> Any:  # fmt: skip
    """Count, add up and sift the waits before each step but a case's first, and add up the time in loops.

    In a loop a step takes the time from the completion before it to its own; a case's first step is never in one.

    rows : (n_transitions, 8) with limits from `bracket_rows`; counts and sums are added to it.
    room : how many kept waits are expected; it grows where they are more.
    family : for each step of each route the number of the family of its loop, -1 for first-pass steps.
    has_loop : for each route whether any of its steps is in a loop. counted : cases whose time in loops is added up.
    in_loops : (n_families, 2) the time of each family's steps, `(high << LOW_BITS) + low`; is added to.

    Returns (code, wait) of the kept waits: code is twice the transition, and one more for a wait inside the upper bracket.
    """
    code, kept = np.empty(room, np.int32), np.empty(room, np.int64)
    case, n = first_case, 0
    while True:  # one turn for each size of the room: a loop that changes an array's size is slow
        case, n = _sifted(
            offsets, start, complete, case, last_case, route, route_offsets, transition, rows, family, has_loop, counted,
            in_loops, code, kept, n,
        )  # fmt: skip
        if case == last_case:
            return code[:n], kept[:n]
        size = 2 * len(kept) + offsets[case + 1] - offsets[case]
        less_code, less = code, kept
        code, kept = np.empty(size, np.int32), np.empty(size, np.int64)
        code[:n] = less_code[:n]
        kept[:n] = less[:n]
