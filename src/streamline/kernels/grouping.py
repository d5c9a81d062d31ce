"""Puts the rows of each case side by side, in order of time, by counting instead of sorting."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Int64 = npt.NDArray[np.int64]

#: Up to this many rows a case that is out of order is put in order by insertion, beyond it by sorting.
SHORT = 48


@njit(cache=True, nogil=True)
def _after(complete: Int64, begun: Int64, i: int, j: int) -> bool:
    """Whether row i belongs after row j, by (completion, start); equal rows keep their order."""
    if complete[i] != complete[j]:
        return bool(complete[i] > complete[j])
    return bool(begun[i] > begun[j])


@njit(cache=True, nogil=True)
def grouped_rows(group: Int64, n_groups: int, complete: Int64, begun: Int64) -> Any:
    """Rows by group, and within a group by (complete, begun, place).

    group : n codes from 0 to `n_groups` - 1, or less than 0 for rows that are left out.
    complete, begun : n instants.

    Returns (offsets, order): group `k` owns `order[offsets[k]:offsets[k + 1]]`. Cost grows with n; only groups whose
    rows are out of order are sorted.
    """
    n = len(group)
    offsets = np.zeros(n_groups + 1, np.int64)
    for i in range(n):
        if group[i] >= 0:
            offsets[group[i] + 1] += 1
    for k in range(n_groups):
        offsets[k + 1] += offsets[k]
    free = offsets[:-1].copy()
    order = np.empty(offsets[n_groups], np.int64)
    for i in range(n):
        k = group[i]
        if k >= 0:
            order[free[k]] = i
            free[k] += 1
    for k in range(n_groups):
        first, last = offsets[k], offsets[k + 1]
        if last - first <= SHORT:
            for p in range(first + 1, last):
                row, q = order[p], p
                while q > first and _after(complete, begun, order[q - 1], row):
                    order[q] = order[q - 1]
                    q -= 1
                order[q] = row
            continue
        sorted_already = True
        for p in range(first + 1, last):
            if _after(complete, begun, order[p - 1], order[p]):
                sorted_already = False
                break
        if not sorted_already:  # two stable sorts, the less important key first
            rows = order[first:last].copy()
            rows = rows[np.argsort(begun[rows], kind="mergesort")]
            order[first:last] = rows[np.argsort(complete[rows], kind="mergesort")]
    return offsets, order
