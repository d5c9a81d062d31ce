"""Erases the loops of traces.

A trace is a slice of columns: case `k` owns the places `offsets[k]:offsets[k + 1]`, in order of completion.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

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
def grouped_places(group: Int64, n_groups: int) -> Any:
    """(offsets, places): group g owns `places[offsets[g]:offsets[g + 1]]`, ascending; entries of group -1 are left out."""
    offsets = np.zeros(n_groups + 1, np.int64)
    for i in range(len(group)):
        if group[i] >= 0:
            offsets[group[i] + 1] += 1
    for g in range(n_groups):
        offsets[g + 1] += offsets[g]
    free = offsets[:-1].copy()
    places = np.empty(offsets[n_groups], np.int64)
    for i in range(len(group)):
        g = group[i]
        if g >= 0:
            places[free[g]] = i
            free[g] += 1
    return offsets, places


@compiled
def grouped_sums(group: Int64, values: Int64, n_groups: int) -> Int64:
    """The exact sum of the values of each group; entries of group -1 are left out."""
    sums = np.zeros(n_groups, np.int64)
    for i in range(len(group)):
        if group[i] >= 0:
            sums[group[i]] += values[i]
    return sums


@compiled
def grouped_cases(group: Int64, case: Int64, n_groups: int) -> Int64:
    """In how many cases each group occurs. The entries of a case stand side by side; those of group -1 are left out."""
    last = np.full(n_groups, -1, np.int64)
    count = np.zeros(n_groups, np.int64)
    for i in range(len(group)):
        g = group[i]
        if g >= 0 and last[g] != case[i]:
            last[g] = case[i]
            count[g] += 1
    return count


@compiled
def pass_numbers(offsets: Int64, activity: Int32, n_activities: int) -> Int64:
    """For each step how often its case had this activity before: 0 for the first pass, 1 for the second, and so on."""
    seen = np.zeros(n_activities, np.int64)
    result = np.empty(len(activity), np.int64)
    for case in range(len(offsets) - 1):
        for s in range(offsets[case], offsets[case + 1]):
            result[s] = seen[activity[s]]
            seen[activity[s]] += 1
        for s in range(offsets[case], offsets[case + 1]):
            seen[activity[s]] = 0
    return result
