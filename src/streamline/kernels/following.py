"""The times between a step's completion and the start of each later step of its case, without listing the pairs.

Step j *eventually follows* step i of its case when i was completed by j's start and comes before it in the order of
(completion, start, place in the source); a step without a recorded start starts at its completion. It *directly follows*
i when it is also the next one in that order. Steps that overlap don't follow each other.

A case of m steps has up to m² / 2 such pairs. They aren't visited one by one: for each activity the completions so far
are kept as a count, a mean and a sum of squares, so that a step costs as much as its case has different activities.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

MISSING = np.iinfo(np.int64).min


@compiled
def begun_order(begun: Int64, first: int, last: int) -> Any:
    """The places `first` to `last` in the order of their starts, equal ones by place."""
    for s in range(first + 1, last):
        if begun[s] < begun[s - 1]:
            return first + np.argsort(begun[first:last], kind="mergesort")
    return np.arange(first, last)


@compiled
def _slot(keys: Int64, key: int) -> Any:
    """Where a key is in an open table of a power of two of slots, or where it would go."""
    mask = np.uint64(len(keys) - 1)
    value = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = (value ^ (value >> np.uint64(32))) & mask
    while keys[slot] != -1 and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@compiled
def pair_moments(
    offsets: Int64, activity: Int32, begun: Int64, complete: Int64, n_activities: int, directly: bool
) -> Any:
    """Count, mean and sum of squared deviations of the times of each pair of activities that follow each other.

    begun : for each step its start, or its completion where none is recorded. directly : only steps that follow each
    other directly.

    Returns (key, n, n_cases, mean, squares), one entry a pair that occurs, by rising key = source × n_activities +
    target; means are in microseconds. Moments are merged as by Chan, Golub and LeVeque (1983), which loses no digits.
    """
    size = 64
    keys = np.full(size, -1, np.int64)
    n = np.zeros(size, np.int64)
    n_cases = np.zeros(size, np.int64)
    latest = np.full(size, -1, np.int64)  # the last case that had the pair
    mean = np.zeros(size, np.float64)
    squares = np.zeros(size, np.float64)
    used = 0

    count = np.zeros(n_activities, np.int64)
    centre = np.zeros(n_activities, np.float64)
    spread = np.zeros(n_activities, np.float64)
    seen = np.empty(n_activities, np.int64)
    for case in range(len(offsets) - 1):
        first, last = offsets[case], offsets[case + 1]
        if last - first < 2:
            continue
        base, n_seen, p = complete[first], 0, first
        for j in begun_order(begun, first, last):
            if directly:
                if j == first or complete[j - 1] > begun[j]:
                    continue
                for k in range(n_seen):
                    count[seen[k]] = 0
                n_seen, p = 0, j - 1
            while p < j and complete[p] <= begun[j]:
                a = activity[p]
                if count[a] == 0:
                    seen[n_seen] = a
                    n_seen += 1
                    centre[a] = 0.0
                    spread[a] = 0.0
                count[a] += 1
                away = np.float64(complete[p] - base) - centre[a]
                centre[a] += away / count[a]
                spread[a] += away * (np.float64(complete[p] - base) - centre[a])
                p += 1
            for k in range(n_seen):
                a = seen[k]
                key = a * n_activities + activity[j]
                slot = _slot(keys, key)
                if keys[slot] == -1:
                    keys[slot] = key
                    used += 1
                    if 2 * used > size:
                        old = np.flatnonzero(keys != -1)
                        size *= 2
                        fresh = np.full(size, -1, np.int64)
                        place = np.empty(len(old), np.int64)
                        for x in range(len(old)):
                            place[x] = _slot(fresh, keys[old[x]])
                            fresh[place[x]] = keys[old[x]]
                        keys = fresh
                        n, n_cases = _moved(n, old, place, size), _moved(n_cases, old, place, size)
                        latest = _moved(latest, old, place, size)
                        mean, squares = _moved(mean, old, place, size), _moved(squares, old, place, size)
                        slot = _slot(keys, key)
                if n[slot] == 0 or latest[slot] != case:
                    latest[slot] = case
                    n_cases[slot] += 1
                time = np.float64(begun[j] - base) - centre[a]
                total = n[slot] + count[a]
                away = time - mean[slot]
                mean[slot] += away * (count[a] / total)
                squares[slot] += spread[a] + away * away * (np.float64(n[slot]) * count[a] / total)
                n[slot] = total
        for k in range(n_seen):
            count[seen[k]] = 0
    some = np.flatnonzero(keys != -1)
    some = some[np.argsort(keys[some])]
    return keys[some], n[some], n_cases[some], mean[some], squares[some]


@compiled
def _moved(values: Any, old: Int64, place: Int64, size: int) -> Any:
    """The values at the old slots, at their places in a table of another size."""
    result = np.zeros(size, values.dtype)
    result[place] = values[old]
    return result


@compiled
def outside(
    offsets: Int64,
    activity: Int32,
    begun: Int64,
    complete: Int64,
    n_activities: int,
    directly: bool,
    key: Int64,
    least: Int64,
    most: Int64,
    room: int,
) -> Any:
    """The pairs of steps whose time lies outside the bounds of their pair of activities.

    key : rising keys as of `pair_moments`; least, most : for each the bounds in microseconds, inside of which nothing is
    noted; pairs of other activities aren't looked at. room : how many pairs of steps to list.

    Returns (n, n_cases, of_case, pair, source, target): for each key the pairs of steps outside and their cases; for each
    case its pairs outside; and the first `room` of them case by case, as place among the keys and the places of both
    steps. A search in sorted completions finds them, so that the cost is that of `pair_moments` and of what is listed.
    """
    n = np.zeros(len(key), np.int64)
    n_cases = np.zeros(len(key), np.int64)
    latest = np.full(len(key), -1, np.int64)
    of_case = np.zeros(len(offsets) - 1, np.int64)
    pair = np.empty(room, np.int64)
    source = np.empty(room, np.int64)
    target = np.empty(room, np.int64)
    listed = 0

    count = np.zeros(n_activities, np.int64)
    begins = np.zeros(n_activities, np.int64)
    seen = np.empty(n_activities, np.int64)
    for case in range(len(offsets) - 1):
        first, last = offsets[case], offsets[case + 1]
        if last - first < 2:
            continue
        # the steps of the case, activity by activity: those of `a` are by_activity[begins[a]:], in order of completion
        n_seen = 0
        for s in range(first, last):
            if count[activity[s]] == 0:
                seen[n_seen] = activity[s]
                n_seen += 1
            count[activity[s]] += 1
        at = 0
        for k in range(n_seen):
            begins[seen[k]] = at
            at += count[seen[k]]
            count[seen[k]] = 0
        by_activity = np.empty(last - first, np.int64)
        completions = np.empty(last - first, np.int64)
        p = first
        for j in begun_order(begun, first, last):
            if directly:
                if j == first or complete[j - 1] > begun[j]:
                    continue
                for k in range(n_seen):
                    count[seen[k]] = 0
                p = j - 1
            while p < j and complete[p] <= begun[j]:
                a = activity[p]
                by_activity[begins[a] + count[a]] = p
                completions[begins[a] + count[a]] = complete[p]
                count[a] += 1
                p += 1
            for k in range(n_seen):
                a = seen[k]
                if count[a] == 0:
                    continue
                wanted = a * n_activities + activity[j]
                x = np.searchsorted(key, wanted)
                if x == len(key) or key[x] != wanted:
                    continue
                mine = completions[begins[a] : begins[a] + count[a]]
                n_early = np.searchsorted(mine, begun[j] - most[x], side="left")
                late = max(n_early, np.searchsorted(mine, begun[j] - least[x], side="right"))
                found = n_early + count[a] - late
                if found == 0:
                    continue
                n[x] += found
                of_case[case] += found
                if latest[x] != case:
                    latest[x] = case
                    n_cases[x] += 1
                for q in range(count[a]):
                    if listed == room:
                        break
                    if q < n_early or q >= late:
                        pair[listed] = x
                        source[listed] = by_activity[begins[a] + q]
                        target[listed] = j
                        listed += 1
        for k in range(n_seen):
            count[seen[k]] = 0
    return n, n_cases, of_case, pair[:listed], source[:listed], target[:listed]
