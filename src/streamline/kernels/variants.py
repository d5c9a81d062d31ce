"""Groups cases by their sequence of activities, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]


@compiled
def trace_hashes(offsets: Int64, activity: Int32, first_case: int, last_case: int) -> Any:
    """A 64-bit hash of the sequence of activities of each of these cases."""
    result = np.empty(last_case - first_case, np.uint64)
    for case in range(first_case, last_case):
        first, last = offsets[case], offsets[case + 1]
        value = np.uint64(last - first + 1) * np.uint64(0x9E3779B97F4A7C15)
        for s in range(first, last):
            value = (value ^ np.uint64(activity[s] + 1)) * np.uint64(0xBF58476D1CE4E5B9)
            value = value ^ (value >> np.uint64(29))
        result[case - first_case] = value
    return result


@compiled
def same_trace(offsets: Int64, activity: Int32, a: int, b: int) -> bool:
    """Whether two cases have the same sequence of activities."""
    length = offsets[a + 1] - offsets[a]
    if length != offsets[b + 1] - offsets[b]:
        return False
    for k in range(length):
        if activity[offsets[a] + k] != activity[offsets[b] + k]:
            return False
    return True


@compiled
def variant_groups(offsets: Int64, activity: Int32, first_case: int, last_case: int, of_case: UInt64) -> Any:
    """(variant, model): for each of these cases the number of its variant, and for each variant its first case.

    of_case : the hashes of these cases, from `trace_hashes`. Cases are looked up by them, and the traces themselves are
        compared: two of one hash stay apart.
    """
    size = 1024
    table = np.full(size, -1, np.int32)  # number of a variant
    hashes = np.empty(512, np.uint64)
    model = np.empty(512, np.int64)
    variant = np.empty(last_case - first_case, np.int32)
    m = 0
    for case in range(first_case, last_case):
        value = of_case[case - first_case]
        slot = np.int64(value & np.uint64(size - 1))
        while table[slot] >= 0:
            v = table[slot]
            if hashes[v] == value and same_trace(offsets, activity, case, model[v]):
                break
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            if m == len(model):
                longer = np.empty(2 * m, np.int64)
                longer[:m] = model
                model = longer
                longer_hashes = np.empty(2 * m, np.uint64)
                longer_hashes[:m] = hashes
                hashes = longer_hashes
                size = 4 * m
                table = np.full(size, -1, np.int32)
                for v in range(m):
                    slot = np.int64(hashes[v] & np.uint64(size - 1))
                    while table[slot] >= 0:
                        slot = (slot + 1) & (size - 1)
                    table[slot] = v
                slot = np.int64(value & np.uint64(size - 1))
                while table[slot] >= 0:
                    slot = (slot + 1) & (size - 1)
            table[slot] = m
            hashes[m] = value
            model[m] = case
            m += 1
        variant[case - first_case] = table[slot]
    return variant, model[:m].copy()
