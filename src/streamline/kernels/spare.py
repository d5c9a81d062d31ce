"""Who was free while work waited."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.duty import next_end

Int64 = npt.NDArray[np.int64]


@compiled
def last_free(begin: Int64, end: Int64, at: Int64) -> Any:
    """For each instant the end of the last free time before it: itself where somebody is free until then.

    begin, end : free stretches, sorted and disjoint. Before the first of them: the least instant there is.
    """
    result = np.empty(len(at), np.int64)
    for q in range(len(at)):
        k = np.searchsorted(begin, at[q], side="left") - 1
        result[q] = np.iinfo(np.int64).min // 2 if k < 0 else min(end[k], at[q])
    return result


@compiled
def overlooked(offsets: Int64, begin: Int64, end: Int64, who: Int64, enabled: Int64, start: Int64) -> Any:
    """Free time of one person in which a step waited that another person then began straight from other work.

    Person `p` is free in the stretches `offsets[p]:offsets[p + 1]`, sorted and disjoint. Step `s`, in order of start,
    was enabled, and begun by person `who[s]` (-1: by none of these). Returns (begin, end, person) of each such time, in
    no order.
    """
    n = len(offsets) - 1
    place = offsets[:-1].copy()  # of each person the first stretch that ends at the step's start or later
    size = 0
    room = 1024
    out_begin, out_end, out_who = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    for s in range(len(start)):
        if enabled[s] >= start[s] or who[s] < 0:
            continue
        own = next_end(offsets[who[s]], offsets[who[s] + 1], end, start[s] - 1)
        if own < offsets[who[s] + 1] and begin[own] < start[s]:
            continue  # the one who began it had been free: it became ready just then
        for p in range(n):
            while place[p] < offsets[p + 1] and end[place[p]] < start[s]:
                place[p] += 1
            k = place[p]
            if k < offsets[p + 1] and begin[k] < start[s]:
                if size == room:
                    room *= 2
                    a, b, c = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
                    a[:size], b[:size], c[:size] = out_begin, out_end, out_who
                    out_begin, out_end, out_who = a, b, c
                out_begin[size], out_end[size], out_who[size] = max(begin[k], enabled[s]), start[s], p
                size += 1
    return out_begin[:size], out_end[:size], out_who[:size]


@compiled
def lanes(start: Int64, complete: Int64) -> Any:
    """Number the people that steps need at least: each step, in order of start, is done by the first who is free.

    Who completes a step at an instant is free for the next at the same instant. The cost is that of the steps times the people.
    """
    result = np.empty(len(start), np.int64)
    until = np.empty(16, np.int64)
    n = 0
    for s in range(len(start)):
        k = 0
        while k < n and until[k] > start[s]:
            k += 1
        if k == n:
            if n == len(until):
                grown = np.empty(2 * n, np.int64)
                grown[:n] = until
                until = grown
            n += 1
        until[k] = complete[s]
        result[s] = k
    return result


@compiled
def ready_in_turn(
    enabled: Int64,
    low: Int64,
    high: Int64,
    unknown: Any,
    group: Int64,
    offsets: Int64,
    points: Int64,
    ready: Int64,
    chance: Any,
) -> None:
    """Draw anew when each step became ready, given the others, in the order in which people took them; writes to `ready`.

    Steps stand in order of start, and each became ready no later than the next. An unknown one is drawn between its own
    bounds, `enabled + low` and `enabled + high`, and its neighbours, from the delays of its group:
    `points[offsets[g]:offsets[g + 1]]`, ascending, each as likely as the others. chance : uniform on [0, 1), one a step.
    """
    n = len(enabled)
    for i in range(n):
        if not unknown[i]:
            continue
        least, most = enabled[i] + low[i], enabled[i] + high[i]
        if i > 0:
            least = max(least, min(ready[i - 1], most))
        if i + 1 < n:
            most = min(most, max(ready[i + 1], least))
        first, last = offsets[group[i]], offsets[group[i] + 1]
        own = points[first:last]
        a = np.searchsorted(own, least - enabled[i], side="left")
        b = np.searchsorted(own, most - enabled[i], side="right")
        delay = least - enabled[i]
        if b > a:
            delay = own[a + int(chance[i] * (b - a))]
        ready[i] = min(max(enabled[i] + delay, least), most)
