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
