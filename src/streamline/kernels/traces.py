"""Loops over traces: predecessors, critical paths, overlaps.

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
#: Up to this many steps a case's overlaps are found by comparing all of them, beyond it by searching.
SHORT = 64


@compiled
def are_concurrent(first: int, second: int, partner_offsets: Int64, partners: Int32) -> bool:
    """Whether the second activity is one of the partners of the first."""
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
                if complete[p] <= begun and not are_concurrent(activity[s], activity[p], partner_offsets, partners):
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
def _overlap(start: Int64, complete: Int64, a: int, b: int) -> bool:
    """Whether two steps ran at the same time for a while; neither does without a recorded start or a duration."""
    if start[a] == MISSING or start[b] == MISSING or start[a] == complete[a] or start[b] == complete[b]:
        return False
    return bool(min(complete[a], complete[b]) > max(start[a], start[b]))


@compiled
def _overlapped(
    offsets: Int64, activity: Int32, start: Int64, complete: Int64, n_activities: int, step: Int64, other: Int32
) -> int:
    """Write what `overlapped_activities` returns as far as there is room; returns how many entries there are."""
    n = 0
    seen = np.full(n_activities, -1, np.int64)
    for case in range(len(offsets) - 1):
        first, last = offsets[case], offsets[case + 1]
        one_by_one = True  # completions rise, so each step can only overlap the one before it if any
        for s in range(first + 1, last):
            if start[s] != MISSING and start[s] < complete[s - 1]:
                one_by_one = False
                break
        if one_by_one:
            continue
        if last - first <= SHORT:
            for s in range(first, last):
                for p in range(first, last):
                    b = activity[p]
                    if b != activity[s] and seen[b] != s and _overlap(start, complete, s, p):
                        seen[b] = s
                        if n < len(step):
                            step[n] = s
                            other[n] = b
                        n += 1
            continue
        # Long cases: the lasting steps by activity, their starts and their ends each in order.
        lasting = np.empty(last - first, np.int64)
        m = 0
        for s in range(first, last):
            if start[s] != MISSING and start[s] < complete[s]:
                lasting[m] = s
                m += 1
        lasting = lasting[:m]
        by_activity = lasting[np.argsort(activity[lasting], kind="mergesort")]
        starts, ends = start[by_activity], complete[by_activity]
        bounds = np.empty(m + 1, np.int64)
        names = np.empty(m, np.int32)
        k = 0
        for i in range(m):
            if i == 0 or activity[by_activity[i]] != activity[by_activity[i - 1]]:
                bounds[k] = i
                names[k] = activity[by_activity[i]]
                k += 1
        bounds[k] = m
        for j in range(k):
            starts[bounds[j] : bounds[j + 1]] = np.sort(starts[bounds[j] : bounds[j + 1]])
            ends[bounds[j] : bounds[j + 1]] = np.sort(ends[bounds[j] : bounds[j + 1]])
        for s in lasting:
            for j in range(k):
                if names[j] == activity[s]:
                    continue
                begun = np.searchsorted(starts[bounds[j] : bounds[j + 1]], complete[s], side="left")
                ended = np.searchsorted(ends[bounds[j] : bounds[j + 1]], start[s], side="right")
                if begun > ended:
                    if n < len(step):
                        step[n] = s
                        other[n] = names[j]
                    n += 1
    return n


@compiled
def overlapped_activities(offsets: Int64, activity: Int32, start: Int64, complete: Int64, n_activities: int) -> Any:
    """(step, other): for each step the other activities of which a step of its case ran at the same time, each once.

    Steps without a recorded start or a duration overlap nothing. The cost of a case grows with its steps times its
    different activities.
    """
    step, other = np.empty(1024, np.int64), np.empty(1024, np.int32)
    n = _overlapped(offsets, activity, start, complete, n_activities, step, other)
    if n > len(step):
        step, other = np.empty(n, np.int64), np.empty(n, np.int32)
        _overlapped(offsets, activity, start, complete, n_activities, step, other)
    return step[:n].copy(), other[:n].copy()
