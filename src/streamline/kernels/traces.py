"""Loops over traces: predecessors, critical paths, loop erasure, hashes.

A trace is a slice of columns: case `k` owns the places `offsets[k]:offsets[k + 1]`, in order of completion.
`MISSING` marks instants that were not recorded. All arrays are one-dimensional; nothing is changed in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

MISSING = np.iinfo(np.int64).min


@compiled
def _concurrent(first: int, second: int, partner_offsets: Int64, partners: Int32) -> bool:
    for k in range(partner_offsets[first], partner_offsets[first + 1]):
        if partners[k] == second:
            return True
    return False


@compiled
def predecessors(
    offsets: Int64, activity: Int32, start: Int64, complete: Int64, partner_offsets: Int64, partners: Int32
) -> Any:
    """For each step the place of its predecessor, or -1 where the arrival enabled it.

    The predecessor is the latest earlier step that was completed by this one's start (by its completion, where no
    start is recorded) and whose activity isn't concurrent with this one's. The activities concurrent with activity
    `a` are `partners[partner_offsets[a]:partner_offsets[a + 1]]`.
    """
    result = np.full(len(activity), -1, np.int64)
    for case in range(len(offsets) - 1):
        for s in range(offsets[case], offsets[case + 1]):
            begun = complete[s] if start[s] == MISSING else start[s]
            for p in range(s - 1, offsets[case] - 1, -1):
                if complete[p] <= begun and not _concurrent(activity[s], activity[p], partner_offsets, partners):
                    result[s] = p
                    break
    return result


@compiled
def critical_steps(offsets: Int64, predecessor: Int64) -> Any:
    """Which steps lie on the critical path of their case: from the last completion back, predecessor by predecessor."""
    result = np.zeros(len(predecessor), np.bool_)
    for case in range(len(offsets) - 1):
        step = offsets[case + 1] - 1
        while step >= offsets[case]:
            result[step] = True
            step = predecessor[step]
    return result


@compiled
def overlaps(offsets: Int64, start: Int64, complete: Int64) -> Any:
    """Pairs of steps of one case that ran at the same time for a while: two arrays of places, m entries each.

    The first of a pair is the one that stands earlier; steps without a recorded start are in no pair.
    """
    n = 0
    first = np.empty(16, np.int64)
    second = np.empty(16, np.int64)
    for case in range(len(offsets) - 1):
        for s in range(offsets[case], offsets[case + 1]):
            if start[s] == MISSING:
                continue
            for p in range(s - 1, offsets[case] - 1, -1):
                if complete[p] <= start[s]:
                    break
                if start[p] != MISSING and start[p] < complete[p] and start[s] < complete[s]:
                    if n == len(first):
                        grown_first = np.empty(2 * n, np.int64)
                        grown_second = np.empty(2 * n, np.int64)
                        grown_first[:n] = first
                        grown_second[:n] = second
                        first, second = grown_first, grown_second
                    first[n] = p
                    second[n] = s
                    n += 1
    return first[:n], second[:n]


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
def trace_hashes(offsets: Int64, activity: Int32) -> Any:
    """Two independent 64-bit hashes of each case's sequence of activities: n_cases rows of two uint64."""
    result = np.empty((len(offsets) - 1, 2), np.uint64)
    for case in range(len(offsets) - 1):
        one = np.uint64(14695981039346656037)
        two = np.uint64(0x9E3779B97F4A7C15)
        for s in range(offsets[case], offsets[case + 1]):
            code = np.uint64(activity[s] + 1)
            one = (one ^ code) * np.uint64(1099511628211)
            two = two + code * np.uint64(0xBF58476D1CE4E5B9)
            two = (two ^ (two >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            two = two ^ (two >> np.uint64(31))
        result[case, 0] = one
        result[case, 1] = two
    return result


@compiled
def same_traces(offsets: Int64, activity: Int32, case: Int64, model: Int64) -> Any:
    """For each i whether the cases `case[i]` and `model[i]` have the same sequence of activities."""
    result = np.ones(len(case), np.bool_)
    for i in range(len(case)):
        a, b = offsets[case[i]], offsets[model[i]]
        length = offsets[case[i] + 1] - a
        if length != offsets[model[i] + 1] - b:
            result[i] = False
            continue
        for k in range(length):
            if activity[a + k] != activity[b + k]:
                result[i] = False
                break
    return result
