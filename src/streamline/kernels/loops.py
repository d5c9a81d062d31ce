"""Loops in traces: erasure, families of loops with exact sums of their time, repeats of activities.

A trace is a slice of columns: case `k` owns the places `offsets[k]:offsets[k + 1]`, in order of completion.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.transitions import (
    CASES,
    COUNT,
    HIGH,
    LAST_CASE,
    LOW,
    LOW_BITS,
    LOW_MASK,
    N_TOTALS,
    added,
    slot_of,
    with_room,
)  # fmt: skip

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@compiled
def erased_loops(offsets: Int64, activity: Int32, n_activities: int) -> Any:
    """Erase loops from each trace, left to right.

    The path so far is kept; when the next activity is already on it, the steps after that earlier occurrence,
    together with this repeat, are one loop occurrence and leave the path.

    Returns (loop, head, trigger, leaving, repeat, onward):
    loop : for each step the number of its loop occurrence, -1 for first-pass steps.
    head, trigger, leaving, repeat : for each of the m occurrences the places of the step returned to, of the first
        step after it, of the last step of the path before the return (the head itself when an activity directly
        follows itself), and of the repeat. Occurrences are numbered in the order in which they close, case by case.
    onward : for each occurrence the activity that finally followed its head on the path, -1 when none did.
    """
    n = len(activity)
    loop = np.full(n, -1, np.int64)
    head = np.empty(n, np.int64)
    trigger = np.empty(n, np.int64)
    leaving = np.empty(n, np.int64)
    repeat = np.empty(n, np.int64)
    m = 0
    onward_of_step = np.full(n, -1, np.int64)
    place = np.full(n_activities, -1, np.int64)  # where on the path an activity is
    path = np.empty(n, np.int64)
    for case in range(len(offsets) - 1):
        depth = 0
        for s in range(offsets[case], offsets[case + 1]):
            a = activity[s]
            at = place[a]
            if at < 0:
                place[a] = depth
                path[depth] = s
                depth += 1
                continue
            head[m] = path[at]
            trigger[m] = path[at + 1] if at + 1 < depth else s
            leaving[m] = path[depth - 1]
            repeat[m] = s
            for d in range(at + 1, depth):
                loop[path[d]] = m
                place[activity[path[d]]] = -1
                onward_of_step[path[d]] = activity[path[d + 1]] if d + 1 < depth else -1
            loop[s] = m
            depth = at + 1
            m += 1
        for d in range(depth):
            place[activity[path[d]]] = -1
            onward_of_step[path[d]] = activity[path[d + 1]] if d + 1 < depth else -1
    onward = np.empty(m, np.int64)
    for k in range(m):
        onward[k] = onward_of_step[head[k]]
    return loop, head[:m], trigger[:m], leaving[:m], repeat[:m], onward


@compiled
def _count(
    offsets: Int64, activity: Int32, complete: Int64, arrival: Int64, counted: Bool, n_activities: int, last_case: int,
    place: Int64, path: Int64, keys: Int64, numbers: Int32, totals: Int64, m: int, case: int,
) -> Any:  # fmt: skip
    """Count the cases from `case` on, as long as the tables have room: the next case, the keys so far, and the cases
    with any loop and with one that isn't a step repeated at once."""
    n_looping, n_returning = 0, 0
    while case < last_case:
        first, last = offsets[case], offsets[case + 1]
        if 2 * (m + last - first) > len(keys) or m + last - first > len(totals):
            break
        depth, looping, returning = 0, False, False
        for s in range(first, last if counted[case] else first):
            a = activity[s]
            at = place[a]
            if at < 0:
                place[a] = depth
                path[depth] = s
                depth += 1
                continue
            trigger = activity[path[at + 1]] if at + 1 < depth else a
            family = np.int64(a) * n_activities + trigger
            slot = slot_of(keys, family)
            if keys[slot] == -1:
                m = added(keys, numbers, totals, m, slot, family)
            f = np.int64(numbers[slot])
            totals[f, COUNT] += 1
            if totals[f, LAST_CASE] != case:
                totals[f, LAST_CASE] = case
                totals[f, CASES] += 1
            looping = True
            returning = returning or trigger != a
            for d in range(at + 1, depth + 1):
                step = path[d] if d < depth else s
                since = complete[step - 1] if step > first else arrival[case]
                time = complete[step] - since
                totals[f, HIGH] += time >> LOW_BITS
                totals[f, LOW] += time & LOW_MASK
                if d < depth:
                    place[activity[step]] = -1
            depth = at + 1
        n_looping += looping
        n_returning += returning
        for d in range(depth):
            place[activity[path[d]]] = -1
        case += 1
    return case, m, n_looping, n_returning


@compiled
def loop_families(
    offsets: Int64,
    activity: Int32,
    complete: Int64,
    arrival: Int64,
    counted: Bool,
    n_activities: int,
    first_case: int,
    last_case: int,
) -> Any:
    """Count the loop occurrences of each family (head and trigger, see `erased_loops`), and add up their time.

    A step takes the time from the completion before it (the arrival, for the first) to its own completion. Only cases
    that are `counted` count, those from `first_case` up to `last_case`.

    Returns (totals, n_looping, n_returning): one row a family, in order of first appearance, with the columns of
    `transitions` (KEY is head code × n_activities + trigger code, the sums are of the time in the occurrences); then
    the cases with any loop, and those with one that isn't a step repeated at once.
    """
    keys, numbers = np.full(64, -1, np.int64), np.empty(64, np.int32)
    totals = np.zeros((32, N_TOTALS), np.int64)
    longest = 0
    for case in range(first_case, last_case):
        longest = max(longest, offsets[case + 1] - offsets[case])
    place = np.full(n_activities, -1, np.int64)  # where on the path an activity is
    path = np.empty(longest, np.int64)
    case, m, n_looping, n_returning = first_case, 0, 0, 0
    while case < last_case:
        keys, numbers, totals = with_room(keys, numbers, totals, m, offsets[case + 1] - offsets[case])
        case, m, looping, returning = _count(
            offsets, activity, complete, arrival, counted, n_activities, last_case, place, path, keys, numbers, totals,
            m, case,
        )  # fmt: skip
        n_looping += looping
        n_returning += returning
    return totals[:m].copy(), n_looping, n_returning


@compiled
def repeats(offsets: Int64, activity: Int32, n_activities: int, first_case: int, last_case: int) -> Any:
    """(n_steps, n_cases, n_starting, n_ending, n_repeating): per activity its steps, the cases that have it, those that
    begin and those that end with it; and the number of cases in which any activity comes twice.

    An activity's repeats, its steps beyond the first in each case, are n_steps - n_cases.
    """
    n_steps = np.zeros(n_activities, np.int64)
    n_cases = np.zeros(n_activities, np.int64)
    n_starting = np.zeros(n_activities, np.int64)
    n_ending = np.zeros(n_activities, np.int64)
    seen = np.full(n_activities, -1, np.int64)
    n_repeating = 0
    for case in range(first_case, last_case):
        first, last = offsets[case], offsets[case + 1]
        if first == last:
            continue
        n_starting[activity[first]] += 1
        n_ending[activity[last - 1]] += 1
        repeating = False
        for s in range(first, last):
            a = activity[s]
            n_steps[a] += 1
            if seen[a] == case:
                repeating = True
            else:
                seen[a] = case
                n_cases[a] += 1
        n_repeating += repeating
    return n_steps, n_cases, n_starting, n_ending, n_repeating
