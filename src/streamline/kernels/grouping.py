"""Puts the rows of each case side by side, in order of time, by counting instead of sorting."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

MISSING = np.iinfo(np.int64).min
#: Later than any instant.
NEVER = np.iinfo(np.int64).max
#: Up to this many rows a case that is out of order is put in order by insertion, beyond it by sorting.
SHORT = 48


@compiled
def scan_groups(group: Int32, n_groups: int, complete: Int64, start: Int64) -> Any:
    """What one pass over the rows tells of their groups: (first, size, late, unsorted).

    group : n codes from 0 to `n_groups` - 1. complete, start : n instants; a row without a start (MISSING) counts as
        starting at its completion.
    first : (n_groups,) the earliest start of its rows; NEVER without rows. size : (n_groups,) number of its rows.
    late : places i, ascending, such that the row of the same group before i completed after row i.
    unsorted : (n_groups,) whether its rows aren't in the order (completion, start).
    """
    first = np.full(n_groups, NEVER, np.int64)
    last = np.full(n_groups, MISSING, np.int64)
    last_begun = np.full(n_groups, MISSING, np.int64)
    size = np.zeros(n_groups, np.int64)
    unsorted = np.zeros(n_groups, np.bool_)
    n_late = 0
    for i in range(len(group)):
        k = group[i]
        done = complete[i]
        begun = done if start[i] == MISSING else start[i]
        first[k] = min(first[k], begun)
        size[k] += 1
        if done < last[k]:
            n_late += 1
            unsorted[k] = True
        elif done == last[k] and begun < last_begun[k]:
            unsorted[k] = True
        last[k] = done
        last_begun[k] = begun
    late = np.empty(n_late, np.int64)
    if n_late:
        last[:] = MISSING
        n_late = 0
        for i in range(len(group)):
            k = group[i]
            if complete[i] < last[k]:
                late[n_late] = i
                n_late += 1
            last[k] = complete[i]
    return first, size, late, unsorted


@compiled
def order_by_insertion(values: Int64, most: int) -> Any:
    """(order, done): the places of the values in their order, equal ones as they stand.

    For values that are nearly in order. It gives up, and `done` is False, after moving a place `most` times per value.
    """
    order = np.empty(len(values), np.int64)
    left = np.int64(most) * len(values)
    for i in range(len(values)):
        p = i
        while p > 0 and values[order[p - 1]] > values[i]:
            order[p] = order[p - 1]
            p -= 1
        order[p] = i
        left -= i - p
        if left < 0:
            return order, False
    return order, True


@compiled
def places_in(order: Int64, n: int) -> Any:
    """(n,) int32: for each number the place in `order` at which it stands, -1 where it doesn't."""
    place = np.full(n, -1, np.int32)
    for i in range(len(order)):
        place[order[i]] = i
    return place


@compiled
def any_equal_neighbours(values: Int64, order: Int64) -> bool:
    """Whether two values next to each other in this order are equal."""
    for i in range(1, len(order)):
        if values[order[i]] == values[order[i - 1]]:
            return True
    return False


@compiled
def _after(complete: Int64, start: Int64, i: int, j: int) -> bool:
    """Whether row i belongs after row j, by (completion, start); equal rows keep their order."""
    if complete[i] != complete[j]:
        return bool(complete[i] > complete[j])
    begun_i = complete[i] if start[i] == MISSING else start[i]
    begun_j = complete[j] if start[j] == MISSING else start[j]
    return bool(begun_i > begun_j)


@compiled
def grouped_rows(
    group: Int32, number: Int32, size: Int64, unsorted: Bool, n_numbers: int, complete: Int64, start: Int64
) -> Any:
    """Rows by the number of their group, and within a group by (complete, start, place).

    group, size, unsorted, complete, start : as for and from `scan_groups`.
    number : for each group its number, 0 to `n_numbers` - 1, or -1 for a group without rows.

    Returns (offsets, order): the group numbered `k` owns `order[offsets[k]:offsets[k + 1]]`. Cost grows with the rows;
    only groups whose rows are out of order are sorted.
    """
    offsets = np.zeros(n_numbers + 1, np.int64)
    for g in range(len(number)):
        if number[g] >= 0:
            offsets[number[g] + 1] = size[g]
    for k in range(n_numbers):
        offsets[k + 1] += offsets[k]
    free = np.empty(len(number), np.int64)
    for g in range(len(number)):
        free[g] = offsets[number[g]] if number[g] >= 0 else 0
    order = np.empty(len(group), np.int64)
    for i in range(len(group)):
        g = group[i]
        order[free[g]] = i
        free[g] += 1
    for g in range(len(number)):
        if not unsorted[g]:
            continue
        first, last = offsets[number[g]], offsets[number[g] + 1]
        if last - first <= SHORT:
            for p in range(first + 1, last):
                row, q = order[p], p
                while q > first and _after(complete, start, order[q - 1], row):
                    order[q] = order[q - 1]
                    q -= 1
                order[q] = row
        else:  # two stable sorts, the less important key first
            rows = order[first:last].copy()
            begun = start[rows]
            for j in range(len(rows)):
                if begun[j] == MISSING:
                    begun[j] = complete[rows[j]]
            rows = rows[np.argsort(begun, kind="mergesort")]
            order[first:last] = rows[np.argsort(complete[rows], kind="mergesort")]
    return offsets, order


@compiled
def group_bounds(number: Int32, size: Int64, n_numbers: int) -> Any:
    """(n_numbers + 1,) where each group's rows begin and end, in order of their numbers; the rest as in `grouped_rows`."""
    offsets = np.zeros(n_numbers + 1, np.int64)
    for g in range(len(number)):
        if number[g] >= 0:
            offsets[number[g] + 1] = size[g]
    for k in range(n_numbers):
        offsets[k + 1] += offsets[k]
    return offsets


@compiled
def _first_places(number: Int32, offsets: Int64) -> Any:
    """For each group where its first row goes."""
    free = np.zeros(len(number), np.int64)
    for g in range(len(number)):
        if number[g] >= 0:
            free[g] = offsets[number[g]]
    return free


@compiled
def scattered(values: Int64, group: Int32, number: Int32, offsets: Int64) -> Any:
    """The values by the number of their group, those of a group as they stand; `offsets` as from `group_bounds`."""
    free = _first_places(number, offsets)
    result = np.empty(len(group), np.int64)
    for i in range(len(group)):
        place = free[group[i]]
        free[group[i]] = place + 1
        result[place] = values[i]
    return result


@compiled
def scattered_codes(codes: Int32, place_of: Int32, group: Int32, number: Int32, offsets: Int64) -> Any:
    """The same for `place_of[code]` of each row; -1 where the code is -1."""
    free = _first_places(number, offsets)
    result = np.empty(len(group), np.int32)
    for i in range(len(group)):
        place = free[group[i]]
        free[group[i]] = place + 1
        result[place] = place_of[codes[i]] if codes[i] >= 0 else -1
    return result


@compiled
def scattered_rows(first: int, group: Int32, number: Int32, offsets: Int64) -> Any:
    """The same for the numbers `first`, `first + 1`, … of the rows."""
    free = _first_places(number, offsets)
    result = np.empty(len(group), np.int64)
    for i in range(len(group)):
        place = free[group[i]]
        free[group[i]] = place + 1
        result[place] = first + i
    return result


@compiled
def tied_runs(offsets: Int64, complete: Int64) -> Any:
    """(first, last): the places of each run of two or more neighbours of one group with the same completion."""
    n = 0
    for k in range(len(offsets) - 1):
        for i in range(offsets[k] + 1, offsets[k + 1]):
            n += complete[i] == complete[i - 1] and (i == offsets[k] + 1 or complete[i - 2] != complete[i])
    first, last = np.empty(n, np.int64), np.empty(n, np.int64)
    if n == 0:
        return first, last
    n = 0
    for k in range(len(offsets) - 1):
        for i in range(offsets[k] + 1, offsets[k + 1]):
            if complete[i] == complete[i - 1]:
                if i == offsets[k] + 1 or complete[i - 2] != complete[i]:
                    first[n] = i - 1
                    n += 1
                last[n - 1] = i + 1
    return first, last


@compiled
def repeated_rows(first: Int64, last: Int64, start: Int64, activity: Int32, who: Int32) -> Any:
    """Places of rows that equal an earlier one of their run in start (recorded or not), activity and `who`.

    first, last : the runs, as from `tied_runs`. Of equal rows all but the first are returned, in no order.
    """
    n = 0
    for r in range(len(first)):
        n += last[r] - first[r]
    found = np.empty(n, np.int64)
    n = 0
    for r in range(len(first)):
        rows = np.arange(first[r], last[r])
        rows = rows[np.argsort(who[rows], kind="mergesort")]
        rows = rows[np.argsort(activity[rows], kind="mergesort")]
        rows = rows[np.argsort(start[rows], kind="mergesort")]
        for j in range(1, len(rows)):
            a, b = rows[j - 1], rows[j]
            if activity[a] == activity[b] and who[a] == who[b] and start[a] == start[b]:
                found[n] = b
                n += 1
    return found[:n].copy()
