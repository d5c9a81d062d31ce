"""What a queueing replay lays out beforehand: orders of steps and cases, who joins whom, room for the lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.units import MISSING_TIME

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


@compiled
def places_by_rank(case_offsets: Int64, rank: Int64) -> Any:
    """The place of each step, by the rank of its case and then within it, and the step at each place: (place, step, ordered).

    Where the cases lie in order of rank, each step's place is its index.
    """
    m = case_offsets[-1]
    place, step = np.empty(m, np.int32), np.empty(m, np.int32)
    ordered = True
    for k in range(1, len(rank)):
        ordered = ordered and rank[k - 1] <= rank[k]
    order = np.arange(len(rank)) if ordered else np.argsort(rank, kind="mergesort")
    at = 0
    for case in order:
        for s in range(case_offsets[case], case_offsets[case + 1]):
            place[s], step[at] = at, s
            at += 1
    return place, step, ordered


@compiled
def followers_of_steps(join_offsets: Int64, joined: Int64) -> Any:
    """The steps that join each step: (offsets, steps)."""
    m = len(join_offsets) - 1
    offsets = np.zeros(m + 1, np.int64)
    for k in range(len(joined)):
        offsets[joined[k] + 1] += 1
    for s in range(m):
        offsets[s + 1] += offsets[s]
    at, steps = offsets[:-1].copy(), np.empty(len(joined), np.int32)
    for s in range(m):
        for k in range(join_offsets[s], join_offsets[s + 1]):
            steps[at[joined[k]]] = s
            at[joined[k]] += 1
    return offsets, steps


@compiled
def steps_lacking(join_offsets: Int64, pinned: Int64) -> Any:
    """How many steps each step joins; -1 for pinned steps, which wait for none."""
    lacking = np.empty(len(pinned), np.int32)
    for s in range(len(pinned)):
        lacking[s] = join_offsets[s + 1] - join_offsets[s] if pinned[s] == MISSING_TIME else -1
    return lacking


@compiled
def room_of_lines(queue: Int32, priority: Int64, pinned: Int64, line: Int64, n_lines: int) -> Any:
    """Where each line's places begin, one for each step that ever stands in it: (base, plain, usual).

    Whether all these have one priority, and the priority of the first.
    """
    base = np.zeros(n_lines + 1, np.int64)
    plain = np.ones(n_lines, np.bool_)
    usual = np.zeros(n_lines, np.int64)
    for s in range(len(queue)):
        if queue[s] >= 0 and pinned[s] == MISSING_TIME:
            here = line[queue[s]]
            if base[here + 1] == 0:
                usual[here] = priority[s]
            elif priority[s] != usual[here]:
                plain[here] = False
            base[here + 1] += 1
    for here in range(n_lines):
        base[here + 1] += base[here]
    return base, plain, usual


@compiled
def pinned_in_order(pinned: Int64, queue: Int32, place: Int32) -> Any:
    """The pinned steps that need staff, by instant, then place."""
    n = 0
    for s in range(len(pinned)):
        n += pinned[s] != MISSING_TIME and queue[s] >= 0
    steps, instants, places = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    n = 0
    for s in range(len(pinned)):
        if pinned[s] != MISSING_TIME and queue[s] >= 0:
            steps[n], instants[n], places[n] = s, pinned[s], place[s]
            n += 1
    order = np.argsort(places, kind="mergesort")
    return steps[order[np.argsort(instants[order], kind="mergesort")]]


@compiled
def in_order(at: Int64, step: Int64) -> Any:
    """Instants and their steps, the earliest first; ties fall anyhow."""
    for k in range(1, len(at)):
        if at[k] < at[k - 1]:
            order = np.argsort(at, kind="mergesort")
            return at[order], step[order]
    return at, step
