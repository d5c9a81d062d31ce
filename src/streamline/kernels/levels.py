"""Sums over rows that each have one level of every factor: what a regression on levels needs, in one pass each.

A row is given by the places of its levels in a vector of effects, `columns[i]`, with -1 for a level without an effect of its
own (the reference). So a design of a hundred effects takes a few numbers a row, not a hundred.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


@compiled
def sums_of_effects(columns: Int32, effects: Float) -> Any:
    """(n,): for each row the sum of the effects of its levels. columns : (n, factors); effects : (p,)."""
    n, width = columns.shape
    total = np.zeros(n)
    for i in range(n):
        for f in range(width):
            j = columns[i, f]
            if j >= 0:
                total[i] += effects[j]
    return total


@compiled
def sums_by_level(columns: Int32, values: Float, p: int) -> Any:
    """(p,): for each effect the sum of the values of the rows that have it."""
    n, width = columns.shape
    total = np.zeros(p)
    for i in range(n):
        for f in range(width):
            j = columns[i, f]
            if j >= 0:
                total[j] += values[i]
    return total


@compiled
def sums_by_pair(columns: Int32, values: Float, p: int) -> Any:
    """(p, p): for each two effects the sum of the values of the rows that have both."""
    n, width = columns.shape
    total = np.zeros((p, p))
    for i in range(n):
        for f in range(width):
            j = columns[i, f]
            if j >= 0:
                for g in range(width):
                    k = columns[i, g]
                    if k >= 0:
                        total[j, k] += values[i]
    return total


@compiled
def products_of_groups(bounds: Int64, columns: Int32, left: Float, right: Float, scale: Float, p: int) -> Any:
    """(p, p): the sum over groups g of scale[g] × (sums of `left` by level in g) ⊗ (sums of `right` by level in g).

    bounds : (groups + 1,), group g owns the rows bounds[g]:bounds[g + 1]. left, right : (n,). scale : (groups,).

    A group touches no more effects than it has rows × factors, nor more than p, so the work grows with the rows.
    """
    width = columns.shape[1]
    total = np.zeros((p, p))
    own_left, own_right = np.zeros(p), np.zeros(p)
    touched = np.empty(p, np.int64)
    seen = np.full(p, -1, np.int64)
    for g in range(len(bounds) - 1):
        if scale[g] == 0.0:
            continue
        n_touched = 0
        for i in range(bounds[g], bounds[g + 1]):
            for f in range(width):
                j = columns[i, f]
                if j >= 0:
                    if seen[j] != g:
                        seen[j] = g
                        own_left[j] = own_right[j] = 0.0
                        touched[n_touched] = j
                        n_touched += 1
                    own_left[j] += left[i]
                    own_right[j] += right[i]
        for a in range(n_touched):
            j = touched[a]
            for b in range(n_touched):
                k = touched[b]
                total[j, k] += scale[g] * own_left[j] * own_right[k]
    return total
