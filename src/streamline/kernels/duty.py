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
