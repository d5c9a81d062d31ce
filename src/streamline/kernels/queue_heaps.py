"""Heaps over arrays that are given whole: of instants, the earliest first, and of waiting steps, the most urgent first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


@compiled
def push_instant(at: Int64, item: Int64, n: int, instant: int, new: int) -> Any:
    """Put an item and its instant into the heap `at[:n], item[:n]`; returns the new n."""
    k = n
    while k > 0:
        above = (k - 1) >> 2
        if at[above] <= instant:
            break
        at[k], item[k] = at[above], item[above]
        k = above
    at[k], item[k] = instant, new
    return n + 1


@compiled
def pop_instant(at: Int64, item: Int64, n: int) -> Any:
    """Drop the earliest, `at[0], item[0]`, from the heap `at[:n], item[:n]`; returns the new n. Ties fall anyhow."""
    n -= 1
    instant, moved = at[n], item[n]
    k, below = 0, 1
    while below + 3 < n:  # the least of four without a branch: which it is can't be foretold
        one = below + int(at[below + 1] < at[below])
        two = below + 2 + int(at[below + 3] < at[below + 2])
        one += (two - one) * int(at[two] < at[one])
        if at[one] >= instant:
            break
        at[k], item[k] = at[one], item[one]
        k = one
        below = 4 * k + 1
    if below + 3 >= n and below < n:
        one = below
        for two in range(below + 1, n):
            if at[two] < at[one]:
                one = two
        if at[one] < instant:
            at[k], item[k] = at[one], item[one]
            k = one
    at[k], item[k] = instant, moved
    return n


@compiled
def push_waiting(
    priority: Int64, joined: Int64, step: Int32, base: int, n: int, urgency: int, order: int, new: int
) -> Any:
    """Put a step into the heap of `n` places from `base` on: higher priority first, then the lower order of joining."""
    k = n
    while k > 0:
        above = (k - 1) >> 1
        a = base + above
        if priority[a] > urgency or (priority[a] == urgency and joined[a] < order):
            break
        b = base + k
        priority[b], joined[b], step[b] = priority[a], joined[a], step[a]
        k = above
    priority[base + k], joined[base + k], step[base + k] = urgency, order, new


@compiled
def pop_waiting(priority: Int64, joined: Int64, step: Int32, base: int, n: int) -> Any:
    """Drop the first of the heap of `n` places from `base` on; the last of these places is free afterwards."""
    last = n - 1
    urgency, order, moved = priority[base + last], joined[base + last], step[base + last]
    k = 0
    while 2 * k + 1 < last:
        below = 2 * k + 1
        b = base + below
        if below + 1 < last and (
            priority[b + 1] > priority[b] or (priority[b + 1] == priority[b] and joined[b + 1] < joined[b])
        ):
            below += 1
            b += 1
        if urgency > priority[b] or (urgency == priority[b] and order < joined[b]):
            break
        a = base + k
        priority[a], joined[a], step[a] = priority[b], joined[b], step[b]
        k = below
    priority[base + k], joined[base + k], step[base + k] = urgency, order, moved
