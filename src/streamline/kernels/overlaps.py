"""Loops that lay waits beside the duty and the work of one resource: how much of each wait it was away, busy, free.

Resource `k` owns the steps `offsets[k]:offsets[k + 1]` and the waits `wait_offsets[k]:wait_offsets[k + 1]`; its hours on
duty are `begin[i]` to `end[i]` for `i` in `first[k]:last[k]`, sorted, disjoint and apart, with `before[i]` the summed length
of all intervals before place i. All stretches are half-open; instants and durations are int64 microseconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.duty import next_end

Int64 = npt.NDArray[np.int64]


@compiled
def _worked(first: int, last: int, begin: Int64, end: Int64, before: Int64, at: int) -> int:
    """Time on duty up to an instant, from the beginning of the intervals `first:last`."""
    i = next_end(first, last, end, at)
    time = before[i] - before[first]
    if i < last and at > begin[i]:
        time += at - begin[i]
    return int(time)


@compiled
def _reached(place: Int64, segment: int) -> int:
    """The first segment from this one on that isn't painted yet, where `place` leads past painted ones."""
    here = segment
    while place[here] != here:
        here = place[here]
    while place[segment] != here:
        place[segment], segment = here, place[segment]
    return here


@compiled
def _segment(points: Int64, at: int) -> int:
    """The segment that an instant lies in, from one point to the next; -1 before all of them."""
    return int(np.searchsorted(points, at, side="right")) - 1


@compiled
def _painted_until(tree: Int64, painted: Int64, points: Int64, clock: Int64, at: int, worked: int) -> int:
    """Time on duty in painted segments up to an instant; `worked` is the time on duty up to it."""
    k = _segment(points, at)
    if k < 0:
        return 0
    total = np.int64(0)
    node = min(k, len(tree) - 1)
    while node > 0:
        total += tree[node]
        node -= node & -node
    if k < len(painted) and painted[k]:
        total += worked - clock[k]
    return int(total)


@compiled
def waits_beside_work(
    offsets: Int64, start: Int64, complete: Int64, enabled: Int64,
    wait_offsets: Int64, since: Int64, until: Int64, queued: Int64,
    first: Int64, last: Int64, begin: Int64, end: Int64, before: Int64,
) -> Any:  # fmt: skip
    """Split each wait [since, until) into four parts that add up to it; one row a wait, five columns of microseconds.

    The columns: the resource was off duty; on duty and busy with a step that was enabled no later than `queued`; on duty
    and busy, but only with steps enabled later; on duty and free. The fifth is no part: from `since` to the end of the
    last instant at which it was on duty and free, 0 where it never was. A wait whose end isn't after its beginning has none.

    start, complete, enabled : of the steps that keep their resource busy, in any order; those without duration are let be.
    queued : for each wait the instant at which it joined the queue, which may lie before `since`.

    The steps' ends cut time into segments. Waits are taken in order of `queued`, while steps enabled by then paint the
    segments that they last: each segment once, in a tree of sums. The cost grows as n log n, however long the queues are.
    """
    result = np.zeros((len(since), 5), np.int64)
    for k in range(len(offsets) - 1):
        if wait_offsets[k] == wait_offsets[k + 1]:
            continue
        steps = np.empty(offsets[k + 1] - offsets[k], np.int64)
        n = 0
        for s in range(offsets[k], offsets[k + 1]):
            if complete[s] > start[s]:
                steps[n] = s
                n += 1
        steps = steps[:n]
        points = np.empty(2 * n, np.int64)
        for i in range(n):
            points[2 * i] = start[steps[i]]
            points[2 * i + 1] = complete[steps[i]]
        points = np.sort(points)
        m = 0
        for i in range(len(points)):
            if i == 0 or points[i] != points[i - 1]:
                points[m] = points[i]
                m += 1
        points = points[:m]
        n_segments = max(m - 1, 0)
        clock = np.empty(m, np.int64)
        for i in range(m):
            clock[i] = _worked(first[k], last[k], begin, end, before, points[i])
        busy, painted = np.zeros(n_segments, np.int64), np.zeros(n_segments, np.int64)
        place = np.arange(n_segments + 1)
        tree = np.zeros(n_segments + 1, np.int64)
        # all work: from where to where any step lasts
        for i in range(n):
            a = np.searchsorted(points, start[steps[i]])
            b = np.searchsorted(points, complete[steps[i]])
            here = _reached(place, a)
            while here < b:
                busy[here] = 1
                place[here] = here + 1
                here = _reached(place, here)
        busy_before = np.zeros(n_segments + 1, np.int64)
        for j in range(n_segments):
            busy_before[j + 1] = busy_before[j] + busy[j] * (clock[j + 1] - clock[j])
        # for each segment the last one up to it in which the resource is on duty and free; -1 stands for before all work
        free_at = np.full(n_segments + 1, -1, np.int64)
        for j in range(n_segments):
            free_at[j + 1] = j if busy[j] == 0 and clock[j + 1] > clock[j] else free_at[j]
        place = np.arange(n_segments + 1)
        by_enabling = steps[np.argsort(enabled[steps], kind="mergesort")]
        waits = wait_offsets[k] + np.argsort(queued[wait_offsets[k] : wait_offsets[k + 1]], kind="mergesort")
        done = 0
        for w in waits:
            if until[w] <= since[w]:
                continue
            while done < n and enabled[by_enabling[done]] <= queued[w]:
                s = by_enabling[done]
                done += 1
                here = _reached(place, np.searchsorted(points, start[s]))
                b = np.searchsorted(points, complete[s])
                while here < b:
                    painted[here] = 1
                    length = clock[here + 1] - clock[here]
                    node = here + 1
                    while node < len(tree):
                        tree[node] += length
                        node += node & -node
                    place[here] = here + 1
                    here = _reached(place, here)
            from_clock = _worked(first[k], last[k], begin, end, before, since[w])
            to_clock = _worked(first[k], last[k], begin, end, before, until[w])
            earlier = _painted_until(tree, painted, points, clock, until[w], to_clock)
            earlier -= _painted_until(tree, painted, points, clock, since[w], from_clock)
            at_work = _busy_until(busy_before, busy, points, clock, until[w], to_clock)
            at_work -= _busy_until(busy_before, busy, points, clock, since[w], from_clock)
            result[w, 0] = until[w] - since[w] - (to_clock - from_clock)
            result[w, 1] = earlier
            result[w, 2] = at_work - earlier
            result[w, 3] = to_clock - from_clock - at_work
            if result[w, 3] > 0:
                j = _segment(points, until[w])
                in_busy = 0 <= j < n_segments and busy[j] == 1
                until_free = until[w]
                if j >= 0 and (in_busy or to_clock == clock[j]):
                    j = free_at[min(j, n_segments)]
                    until_free = points[j + 1]
                i = next_end(first[k], last[k], end, until_free - 1)
                if i == last[k] or begin[i] >= until_free:
                    until_free = end[i - 1]
                result[w, 4] = until_free - since[w]
    return result


@compiled
def _busy_until(busy_before: Int64, busy: Int64, points: Int64, clock: Int64, at: int, worked: int) -> int:
    """Time on duty in busy segments up to an instant; `worked` is the time on duty up to it."""
    k = _segment(points, at)
    if k < 0:
        return 0
    if k >= len(busy):
        return int(busy_before[len(busy)])
    return int(busy_before[k] + busy[k] * (worked - clock[k]))


@compiled
def common_stretches(
    first: Int64, last: Int64, begin: Int64, end: Int64,
    other_first: Int64, other_last: Int64, other_begin: Int64, other_end: Int64,
) -> Any:  # fmt: skip
    """For each resource the stretches that two lists of intervals have in common: (offsets, begin, end).

    Resource `r` owns the places `first[r]:last[r]` of the one and `other_first[r]:other_last[r]` of the other; each of
    its lists is in order and disjoint. Stretches that touch are joined, those without length left out. The cost grows with
    the others, and with the logarithm of the first list, which resources may share.
    """
    n = len(first)
    offsets = np.zeros(n + 1, np.int64)
    for counting in (True, False):
        if not counting:
            for r in range(n):
                offsets[r + 1] += offsets[r]
            common_begin, common_end = np.empty(offsets[n], np.int64), np.empty(offsets[n], np.int64)
        for r in range(n):
            i = first[r]
            found, reached = 0, np.int64(0)
            for j in range(other_first[r], other_last[r]):
                if other_begin[j] >= other_end[j]:
                    continue
                i = next_end(i, last[r], end, other_begin[j])
                while i < last[r] and begin[i] < other_end[j]:
                    since = max(begin[i], other_begin[j])
                    until = min(end[i], other_end[j])
                    if found == 0 or since > reached:
                        found += 1
                        if not counting:
                            common_begin[offsets[r] + found - 1] = since
                    reached = until
                    if not counting:
                        common_end[offsets[r] + found - 1] = until
                    if end[i] > other_end[j]:
                        break
                    i += 1
            if counting:
                offsets[r + 1] = found
    return offsets, common_begin, common_end


@compiled
def opened_before(first: Int64, last: Int64, begin: Int64, end: Int64, who: Int64, at: Int64) -> Any:
    """For each question since when resource `who` has been on duty at the instant before `at`; `at` itself if it wasn't."""
    result = at.copy()
    for q in range(len(at)):
        i = next_end(first[who[q]], last[who[q]], end, at[q] - 1)
        if i < last[who[q]]:
            result[q] = min(begin[i], at[q])
    return result
