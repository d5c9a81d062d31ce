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
Bool = npt.NDArray[np.bool_]


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


@compiled
def levels_of_groups(bounds: Int64, columns: Int32, p: int) -> Any:
    """(first, level): group g has the different effects level[first[g]:first[g + 1]], in the order of its rows."""
    width = columns.shape[1]
    seen = np.full(p, -1, np.int64)
    first = np.zeros(len(bounds), np.int64)
    for g in range(len(bounds) - 1):
        first[g + 1] = first[g]
        for i in range(bounds[g], bounds[g + 1]):
            for f in range(width):
                j = columns[i, f]
                if j >= 0 and seen[j] != g:
                    seen[j] = g
                    first[g + 1] += 1
    level = np.empty(first[-1], np.int32)
    seen[:] = -1
    at = 0
    for g in range(len(bounds) - 1):
        for i in range(bounds[g], bounds[g + 1]):
            for f in range(width):
                j = columns[i, f]
                if j >= 0 and seen[j] != g:
                    seen[j] = g
                    level[at] = j
                    at += 1
    return first, level


@compiled
def sums_of_groups(bounds: Int64, columns: Int32, first: Int64, level: Int32, values: Float, p: int) -> Any:
    """For each group and each of its effects (as told by `levels_of_groups`) the sum of the values of its rows that have it."""
    width = columns.shape[1]
    own = np.zeros(p)
    total = np.empty(len(level))
    for g in range(len(bounds) - 1):
        for a in range(first[g], first[g + 1]):
            own[level[a]] = 0.0
        for i in range(bounds[g], bounds[g + 1]):
            for f in range(width):
                j = columns[i, f]
                if j >= 0:
                    own[j] += values[i]
        for a in range(first[g], first[g + 1]):
            total[a] = own[level[a]]
    return total


@compiled
def left_out_scores(
    bounds: Int64,
    columns: Int32,
    first: Int64,
    level: Int32,
    score: Float,
    mean: Float,
    pull: Float,
    inverse: Float,
    which: Bool,
) -> Any:
    """The scores of each group, scaled to what they would be if the group weren't in the fit (to its first step).

    score : as from `sums_of_groups`. mean : (n,) and pull : (groups,), so that a group's own information is the sum of
        mean × x ⊗ x over its rows less pull × (sums of mean by level) ⊗ (the same). inverse : (p, p) of all groups' information.
    which : (groups,) the groups to do so for; the scores of the others stay as they are.

    Solves (1 − own information × inverse) z = score over the group's own effects. Where that is singular, without the group an
    effect would be unknown, and the least change that explains the score is taken.
    """
    width = columns.shape[1]
    place = np.zeros(inverse.shape[0], np.int64)
    result = score.copy()
    for g in range(len(bounds) - 1):
        if not which[g]:
            continue
        k = first[g + 1] - first[g]
        own = np.zeros((k, k))
        sums = np.zeros(k)
        silent = True
        for a in range(k):
            place[level[first[g] + a]] = a
            silent = silent and score[first[g] + a] == 0.0
        if silent:
            continue
        for i in range(bounds[g], bounds[g + 1]):
            for f in range(width):
                j = columns[i, f]
                if j >= 0:
                    a = place[j]
                    sums[a] += mean[i]
                    for h in range(width):
                        m = columns[i, h]
                        if m >= 0:
                            own[a, place[m]] += mean[i]
        for a in range(k):
            for b in range(k):
                own[a, b] -= pull[g] * sums[a] * sums[b]
        left = np.eye(k)
        right = np.empty(k)
        for a in range(k):
            right[a] = score[first[g] + a]
            for b in range(k):
                for c in range(k):
                    left[a, b] -= own[a, c] * inverse[level[first[g] + c], level[first[g] + b]]
        solution = np.linalg.lstsq(left, right, 1e-8)[0]
        for a in range(k):
            result[first[g] + a] = solution[a]
    return result
