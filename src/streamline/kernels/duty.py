"""Loops over the hours on duty of each resource: sorted, disjoint, half-open intervals that resources may share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]


@compiled
def next_end(first: int, last: int, end: Int64, at: int) -> Any:
    """The first place in `first:last` whose interval ends after `at`; `last` when none does."""
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if end[middle] > at:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def time_on_duty(
    first: Int64, last: Int64, begin: Int64, end: Int64, before: Int64, who: Int64, since: Int64, until: Int64
) -> Any:
    """For each question the time that resource `who` is on duty within [since, until).

    Resource `r` owns the intervals `first[r]:last[r]`; `before[i]` is the summed length of all intervals before place i.
    """
    result = np.zeros(len(who), np.int64)
    for q in range(len(who)):
        r = who[q]
        i = next_end(first[r], last[r], end, since[q])
        j = next_end(i, last[r], end, until[q])
        total = before[j] - before[i]
        if i < j:
            total -= max(since[q] - begin[i], 0)
        elif j < last[r]:
            total -= max(since[q] - begin[j], 0)
        if j < last[r]:
            total += max(until[q] - begin[j], 0)
        result[q] = total
    return result


@compiled
def next_on_duty(first: Int64, last: Int64, begin: Int64, end: Int64, who: Int64, at: Int64, none: int) -> Any:
    """For each question the first instant from `at` on at which resource `who` is on duty; `none` where there is no such."""
    result = np.full(len(who), none, np.int64)
    for q in range(len(who)):
        i = next_end(first[who[q]], last[who[q]], end, at[q])
        if i < last[who[q]]:
            result[q] = max(begin[i], at[q])
    return result


@compiled
def back_on_duty(
    first: Int64,
    last: Int64,
    begin: Int64,
    end: Int64,
    before: Int64,
    who: Int64,
    at: Int64,
    duration: Int64,
    none: int,
) -> Any:
    """For each question the latest instant from which resource `who` is on duty for `duration` until `at`; `none` where it
    isn't for so long since its first interval began. `before` as for `time_on_duty`."""
    result = np.full(len(who), none, np.int64)
    for q in range(len(who)):
        r = who[q]
        if duration[q] == 0:
            result[q] = at[q]
            continue
        i = next_end(first[r], last[r], end, at[q])
        left = before[i] - duration[q]  # duty that had passed, since the first interval of all, at the instant wanted
        if i < last[r]:
            left += max(at[q] - begin[i], 0)
        if left < before[first[r]]:
            continue
        # the interval in which so much had passed, the later one where it is the end of one and the begin of the next
        low, high = first[r], min(i, last[r] - 1)
        while low < high:
            middle = (low + high + 1) // 2
            if before[middle] <= left:
                low = middle
            else:
                high = middle - 1
        result[q] = begin[low] + left - before[low]
    return result


@compiled
def first_disorder(begin: Int64, end: Int64, first: Int64, last: Int64) -> Any:
    """The first resource whose intervals are empty or reversed, out of order, touch or overlap; -1 when none has such."""
    bad = np.zeros(len(begin) + 1, np.bool_)
    for i in range(len(begin)):
        bad[i] = begin[i] >= end[i]
    n = np.zeros(len(begin) + 1, np.int64)
    touch = np.zeros(len(begin) + 1, np.int64)
    for i in range(len(begin)):
        n[i + 1] = n[i] + bad[i]
        touch[i + 1] = touch[i] + (i > 0 and begin[i] <= end[i - 1])
    for r in range(len(first)):
        if first[r] < last[r] and (n[last[r]] > n[first[r]] or touch[last[r]] > touch[first[r] + 1]):
            return r
    return -1


@compiled
def without(begin: Int64, end: Int64, hole_begin: Int64, hole_end: Int64) -> Any:
    """Sorted, disjoint intervals less some others, which are sorted and disjoint too: (begin, end)."""
    kept_begin = np.empty(len(begin) + len(hole_begin), np.int64)
    kept_end = np.empty(len(begin) + len(hole_begin), np.int64)
    n, first = 0, 0
    for i in range(len(begin)):
        at = begin[i]
        while first < len(hole_begin) and hole_end[first] <= at:
            first += 1
        h = first
        while h < len(hole_begin) and hole_begin[h] < end[i]:
            if hole_begin[h] > at:
                kept_begin[n], kept_end[n] = at, hole_begin[h]
                n += 1
            at = max(at, hole_end[h])
            h += 1
        if at < end[i]:
            kept_begin[n], kept_end[n] = at, end[i]
            n += 1
    return kept_begin[:n], kept_end[:n]


@compiled
def joined(begin: Int64, end: Int64, more_begin: Int64, more_end: Int64) -> Any:
    """Sorted, disjoint intervals with others that are sorted too and meet none of them inside; those that touch are one."""
    kept_begin = np.empty(len(begin) + len(more_begin), np.int64)
    kept_end = np.empty(len(begin) + len(more_begin), np.int64)
    n, i, j = 0, 0, 0
    while i < len(begin) or j < len(more_begin):
        if j == len(more_begin) or (i < len(begin) and begin[i] < more_begin[j]):
            at, until = begin[i], end[i]
            i += 1
        else:
            at, until = more_begin[j], more_end[j]
            j += 1
        if n and kept_end[n - 1] >= at:
            kept_end[n - 1] = max(kept_end[n - 1], until)
        else:
            kept_begin[n], kept_end[n] = at, until
            n += 1
    return kept_begin[:n], kept_end[:n]


@compiled
def merged_by_group(offsets: Int64, begin: Int64, end: Int64) -> Any:
    """The intervals of each group put together where they overlap or touch: (size, begin, end).

    Group `k` owns the places `offsets[k]:offsets[k + 1]`, in order of `begin`, and has `size[k]` intervals afterwards.
    """
    size = np.zeros(len(offsets) - 1, np.int64)
    kept_begin, kept_end = np.empty(len(begin), np.int64), np.empty(len(begin), np.int64)
    n = 0
    for k in range(len(offsets) - 1):
        before = n
        for i in range(offsets[k], offsets[k + 1]):
            if n > before and begin[i] <= kept_end[n - 1]:
                kept_end[n - 1] = max(kept_end[n - 1], end[i])
            else:
                kept_begin[n], kept_end[n] = begin[i], end[i]
                n += 1
        size[k] = n - before
    return size, kept_begin[:n], kept_end[:n]


@compiled
def outside_duty(
    first: Int64, last: Int64, begin: Int64, end: Int64, offsets: Int64, own_begin: Int64, own_end: Int64
) -> Any:
    """What lies outside the duty of each resource, of its own intervals: (size, begin, end).

    Resource `r` is on duty in the intervals `first[r]:last[r]` and owns `offsets[r]:offsets[r + 1]`, both sorted and
    disjoint; `size[r]` intervals of it lie outside.
    """
    size = np.zeros(len(offsets) - 1, np.int64)
    most = len(own_begin)
    for r in range(len(size)):
        most += last[r] - first[r] if offsets[r] < offsets[r + 1] else 0
    kept_begin, kept_end = np.empty(most, np.int64), np.empty(most, np.int64)
    n = 0
    for r in range(len(size)):
        i = first[r]
        before = n
        for k in range(offsets[r], offsets[r + 1]):
            at = own_begin[k]
            i = next_end(i, last[r], end, at)
            j = i
            while j < last[r] and begin[j] < own_end[k]:
                if begin[j] > at:
                    kept_begin[n], kept_end[n] = at, begin[j]
                    n += 1
                at = max(at, end[j])
                j += 1
            if at < own_end[k]:
                kept_begin[n], kept_end[n] = at, own_end[k]
                n += 1
        size[r] = n - before
    return size, kept_begin[:n], kept_end[:n]
