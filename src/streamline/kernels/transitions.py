"""Loops over the steps that directly follow each other: counts, exact sums of waits, and the waits themselves.

A trace is a slice of columns: case `k` owns the places `offsets[k]:offsets[k + 1]`. A kernel works on the cases from
`first_case` up to, but not including, `last_case`, so that several can work on one log at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

MISSING = np.iinfo(np.int64).min
#: A sum of int64 is kept as two: of the values' upper parts and of their lowest 20 bits, so that it can't overflow.
LOW_BITS = 20
LOW_MASK = (1 << LOW_BITS) - 1

# Columns of a table of totals, one row a key.
KEY, COUNT, CASES, HIGH, LOW, LAST_CASE = range(6)
N_TOTALS = 6

_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@compiled
def slot_of(keys: Int64, key: int) -> Any:
    """Where `key` stands, or would stand, in an open table of keys; its size is a power of 2, free slots hold -1."""
    mask = np.uint64(len(keys) - 1)
    mixed = np.uint64(key) * _SPREAD
    slot = (mixed ^ (mixed >> np.uint64(32))) & mask
    while keys[slot] != -1 and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return np.int64(slot)


@compiled
def with_room(keys: Int64, numbers: Int32, totals: Int64, m: int, more: int) -> Any:
    """The table of `m` keys, their numbers and totals, with room for as many more; the same ones when they have it."""
    if 2 * (m + more) <= len(keys) and m + more <= len(totals):
        return keys, numbers, totals
    size = len(keys)
    while size < 4 * (m + more):
        size *= 2
    more_keys = np.full(size, -1, np.int64)
    more_numbers = np.empty(size, np.int32)
    for i in range(len(keys)):
        if keys[i] != -1:
            slot = slot_of(more_keys, keys[i])
            more_keys[slot] = keys[i]
            more_numbers[slot] = numbers[i]
    more_totals = np.zeros((size // 2, N_TOTALS), np.int64)
    more_totals[:m] = totals[:m]
    return more_keys, more_numbers, more_totals


@compiled
def added(keys: Int64, numbers: Int32, totals: Int64, m: int, slot: int, key: int) -> int:
    """Put a new key at its free slot, with the number `m`; returns how many there are. There must be room for it."""
    keys[slot] = key
    numbers[slot] = m
    totals[m, KEY] = key
    totals[m, LAST_CASE] = -1
    return m + 1


@compiled
def _count(
    offsets: Int64, activity: Int32, start: Int64, complete: Int64, n_activities: int, last_case: int, number: Int32,
    origin: int, keys: Int64, numbers: Int32, totals: Int64, m: int, case: int,
) -> Any:  # fmt: skip
    """Count the cases from `case` on, as long as the tables have room; returns the next case and the keys so far."""
    while case < last_case:
        first, last = offsets[case], offsets[case + 1]
        if 2 * (m + last - first) > len(keys) or m + last - first > len(totals):
            break
        if first < last:
            number[first - origin] = -1
        for s in range(first + 1, last):
            pair = np.int64(activity[s - 1]) * n_activities + activity[s]
            slot = slot_of(keys, pair)
            if keys[slot] == -1:
                m = added(keys, numbers, totals, m, slot, pair)
            e = np.int64(numbers[slot])
            begun = complete[s] if start[s] == MISSING else start[s]
            wait = begun - complete[s - 1]
            totals[e, COUNT] += 1
            totals[e, HIGH] += wait >> LOW_BITS
            totals[e, LOW] += wait & LOW_MASK
            if totals[e, LAST_CASE] != case:
                totals[e, LAST_CASE] = case
                totals[e, CASES] += 1
            number[s - origin] = e
        case += 1
    return case, m


@compiled
def transitions(
    offsets: Int64, activity: Int32, start: Int64, complete: Int64, n_activities: int, first_case: int, last_case: int
) -> Any:
    """Count which step directly follows which, and add up the waits between them.

    A wait runs from the completion of the one to the start of the other; to its completion where no start is recorded.

    Returns (totals, number): one row a transition, in order of first appearance, with the columns KEY (source code ×
    n_activities + target code), COUNT (occurrences), CASES, and HIGH and LOW, of which the sum of waits is
    `(high << LOW_BITS) + low`; and for each step of these cases the number of the transition that leads to it, -1 for
    a case's first.
    """
    keys, numbers = np.full(64, -1, np.int64), np.empty(64, np.int32)
    totals = np.zeros((32, N_TOTALS), np.int64)
    origin = offsets[first_case]
    number = np.empty(offsets[last_case] - origin, np.int32)
    case, m = first_case, 0
    while case < last_case:
        keys, numbers, totals = with_room(keys, numbers, totals, m, offsets[case + 1] - offsets[case])
        case, m = _count(
            offsets, activity, start, complete, n_activities, last_case, number, origin, keys, numbers, totals, m, case
        )
    return totals[:m].copy(), number


@compiled
def waits_by_transition(
    offsets: Int64, start: Int64, complete: Int64, first_case: int, last_case: int, number: Int32, n: Int64
) -> Any:
    """The waits of each transition, side by side: transition e owns `waits[bounds[e]:bounds[e + 1]]`.

    number, n : as from `transitions` for the same cases.
    """
    bounds = np.zeros(len(n) + 1, np.int64)
    for e in range(len(n)):
        bounds[e + 1] = bounds[e] + n[e]
    free = bounds[:-1].copy()
    waits = np.empty(bounds[-1], np.int64)
    origin = offsets[first_case]
    for s in range(origin, offsets[last_case]):
        e = number[s - origin]
        if e >= 0:
            begun = complete[s] if start[s] == MISSING else start[s]
            waits[free[e]] = begun - complete[s - 1]
            free[e] += 1
    return bounds, waits
