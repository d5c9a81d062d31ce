"""Time and counts of intervals in buckets between ascending edges, and what is left of intervals cut by others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

MISSING = np.iinfo(np.int64).min


@compiled
def bucket_times(begin: Int64, end: Int64, weight: Int64, edges: Int64) -> Any:
    """How long intervals lie in each bucket: (whole, partial), n - 1 values each for n ascending edges.

    Interval i is [begin[i], end[i]) and counts weight[i] times. Bucket j is [edges[j], edges[j + 1]): `whole[j]` intervals
    cover all of it, and the others lie in it for `partial[j]` together. What lies outside the edges doesn't count. The
    cost grows with intervals plus buckets, however long the intervals are.
    """
    n = len(edges) - 1
    whole = np.zeros(n + 1, np.int64)
    partial = np.zeros(n, np.int64)
    for i in range(len(begin)):
        a, b = max(begin[i], edges[0]), min(end[i], edges[n])
        if a >= b:
            continue
        j = np.searchsorted(edges, a, side="right") - 1
        k = np.searchsorted(edges, b, side="left") - 1
        if j == k:
            partial[j] += weight[i] * (b - a)
            continue
        partial[j] += weight[i] * (edges[j + 1] - a)
        partial[k] += weight[i] * (b - edges[k])
        if k > j + 1:
            whole[j + 1] += weight[i]
            whole[k] -= weight[i]
    return np.cumsum(whole)[:n], partial


@compiled
def busy_stretches(
    offsets: Int64, start: Int64, complete: Int64, first: Int64, last: Int64, begin: Int64, end: Int64
) -> Any:
    """When each resource is busy, and when it is busy on duty: (who, since, until, on_duty), stretches.

    Resource r owns the steps `offsets[r]:offsets[r + 1]`, in order of their starts, and is on duty in [begin[i], end[i]) for i in
    `first[r]:last[r]`, sorted and apart. Steps at the same time are one stretch. Stretches with `on_duty` are what is left within
    duty, those without it are all of them; both are in order for each resource. Their number is at most the steps, twice, plus
    the hours on duty of each resource.
    """
    room = 2 * len(start)
    for r in range(len(offsets) - 1):
        if offsets[r + 1] > offsets[r]:
            room += last[r] - first[r]
    who, since, until = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    on_duty = np.empty(room, np.bool_)
    n = 0
    for r in range(len(offsets) - 1):
        s, i = offsets[r], first[r]
        while s < offsets[r + 1]:
            a, b = start[s], complete[s]
            s += 1
            while s < offsets[r + 1] and start[s] <= b:
                b = max(b, complete[s])
                s += 1
            if a >= b:
                continue
            who[n], since[n], until[n], on_duty[n] = r, a, b, False
            n += 1
            while i < last[r] and end[i] <= a:
                i += 1
            j = i
            while j < last[r] and begin[j] < b:
                who[n], since[n], until[n], on_duty[n] = r, max(a, begin[j]), min(b, end[j]), True
                n += 1
                if end[j] > b:
                    break
                j += 1
            i = j
    return who[:n].copy(), since[:n].copy(), until[:n].copy(), on_duty[:n].copy()


@compiled
def enabled_unfinished(
    case: Int64, activity: Int32, start: Int64, offsets: Int64, activity_of: Int32, complete: Int64, arrival: Int64,
    partner_offsets: Int64, partners: Int32,
) -> Any:  # fmt: skip
    """When each step that was started and not completed could have begun.

    That is the latest completion in its case by its start, of an activity that isn't concurrent with its own; the case's
    arrival when there is none. Activity `a` is concurrent with `partners[partner_offsets[a]:partner_offsets[a + 1]]`.
    """
    result = np.empty(len(case), np.int64)
    for u in range(len(case)):
        result[u] = min(arrival[case[u]], start[u])
        for p in range(offsets[case[u] + 1] - 1, offsets[case[u]] - 1, -1):
            if complete[p] > start[u]:
                continue
            alone = True
            for k in range(partner_offsets[activity[u]], partner_offsets[activity[u] + 1]):
                if partners[k] == activity_of[p]:
                    alone = False
            if alone:
                result[u] = complete[p]
                break
    return result
