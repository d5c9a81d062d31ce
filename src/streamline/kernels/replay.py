"""What steps wait for, which loops fall away together, and when replayed cases end."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.traces import are_concurrent

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

MISSING = np.iinfo(np.int64).min


@compiled
def joined_steps(
    offsets: Int64, activity: Int32, start: Int64, complete: Int64, partner_offsets: Int64, partners: Int32
) -> Any:
    """For each step the steps that it waited for: `joined[join_offsets[s]:join_offsets[s + 1]]`, latest first.

    They are the earlier steps of the case that were completed by this one's start (by its completion, where no start is
    recorded), whose activities aren't concurrent with its own, and which no other of them waited for in turn. The
    first is the predecessor; there are more where parallel branches meet. The activities concurrent with `a` are
    `partners[partner_offsets[a]:partner_offsets[a + 1]]`. Returns (join_offsets, joined).

    The search back from a step ends at one that all before it lead to; only cases whose branches never meet are searched
    as a whole.
    """
    n = len(activity)
    joined = np.empty(n + 16, np.int64)
    join_offsets = np.zeros(n + 1, np.int64)
    before = np.zeros(n, np.int64)  # before[p] == s + 1: step p was waited for by one that s waited for
    gathers = np.zeros(n, np.bool_)  # all earlier steps of the case lead to this one
    case, m = 0, 0
    while case < len(offsets) - 1:
        case, m = _joined(
            offsets,
            activity,
            start,
            complete,
            partner_offsets,
            partners,
            join_offsets,
            joined,
            before,
            gathers,
            case,
            m,
        )
        if case < len(offsets) - 1:
            length = offsets[case + 1] - offsets[case]
            grown = np.empty(2 * len(joined) + length, np.int64)
            grown[:m] = joined[:m]
            joined = grown
    return join_offsets, joined[:m].copy()


@compiled
def _joined(
    offsets: Int64, activity: Int32, start: Int64, complete: Int64, partner_offsets: Int64, partners: Int32,
    join_offsets: Int64, joined: Int64, before: Int64, gathers: Bool, case: int, m: int,
) -> Any:  # fmt: skip
    """Go on from `case` as long as there is room; returns the next case and the entries so far."""
    while case < len(offsets) - 1:
        kept = m
        full = False
        for s in range(offsets[case], offsets[case + 1]):
            begun = complete[s] if start[s] == MISSING else start[s]
            skipped = False
            for p in range(s - 1, offsets[case] - 1, -1):
                if before[p] != s + 1:
                    if complete[p] > begun or are_concurrent(activity[s], activity[p], partner_offsets, partners):
                        skipped = True
                        continue
                    if m == len(joined):
                        full = True
                        break
                    joined[m] = p
                    m += 1
                if gathers[p]:
                    break
                for k in range(join_offsets[p], join_offsets[p + 1]):
                    before[joined[k]] = s + 1
            if full:
                break
            gathers[s] = not skipped
            join_offsets[s + 1] = m
        if full:
            for s in range(offsets[case], offsets[case + 1]):
                before[s] = 0
            return case, kept
        case += 1
    return case, m


@compiled
def last_completions(offsets: Int64, complete: Int64, keep: Bool, arrival: Int64) -> Any:
    """For each case its latest completion among the steps that are kept; the arrival when none is."""
    result = np.empty(len(offsets) - 1, np.int64)
    for case in range(len(offsets) - 1):
        latest = arrival[case]
        for s in range(offsets[case], offsets[case + 1]):
            if keep[s] and complete[s] > latest:
                latest = complete[s]
        result[case] = latest
    return result


@compiled
def cut_with_consequences(slot: Int64, trigger: Int32, redone: Bool, drawn: Bool) -> Any:
    """Which loop occurrences fall away when those `drawn` are prevented, counting what followed from them.

    Occurrences stand side by side by the step that they return to (`slot`), in order of time. When a prevented one was
    a stretch that the case then had to do again (`redone`), every later return to that step happened while doing it
    again and falls away too; when it was a detour, so do the repeats of the same detour that directly follow it.
    """
    result = np.zeros(len(slot), np.bool_)
    all_later = False
    detour = -1
    for k in range(len(slot)):
        if k > 0 and slot[k] != slot[k - 1]:
            all_later = False
            detour = -1
        if all_later or (detour >= 0 and trigger[k] == detour):
            result[k] = True
            all_later = all_later or redone[k]
            continue
        detour = -1
        if drawn[k]:
            result[k] = True
            if redone[k]:
                all_later = True
            else:
                detour = trigger[k]
    return result


@compiled
def parallel_joins(activity: Int32, join_offsets: Int64, joined: Int64, chosen: Bool) -> Any:
    """What each step waits for when steps of the `chosen` activities run side by side: (join_offsets, joined).

    A *block* is a stretch of chosen steps, each of another activity, in which each waits for one of the block before it. All of a
    block wait for what its first step waited for; a step outside that waited for one of a block waits for all of it.
    """
    m = len(activity)
    block = np.full(m, -1, np.int64)  # the first step of the block that a step is in
    members = np.zeros(m, np.int64)  # of each first step, how many its block has
    following = np.full(m, -1, np.int64)  # the next step of the same block
    last = np.full(m, -1, np.int64)  # of each first step, the last one so far
    for s in range(m):
        if not chosen[activity[s]]:
            continue
        block[s], members[s], last[s] = s, 1, s
        for k in range(join_offsets[s], join_offsets[s + 1]):
            b = block[joined[k]]
            if b < 0:
                continue
            fresh = True
            t = b
            while t >= 0:
                fresh = fresh and activity[t] != activity[s]
                t = following[t]
            if fresh:
                block[s] = b
                members[b] += 1
                following[last[b]] = s
                last[b] = s
                break
    room = len(joined)
    for s in range(m):
        for k in range(join_offsets[s], join_offsets[s + 1]):
            b = block[joined[k]]
            if b >= 0:
                room += members[b]
        b = block[s]
        if b >= 0:
            room += 2 * (join_offsets[b + 1] - join_offsets[b])
    new_offsets, new = np.zeros(m + 1, np.int64), np.empty(room + m, np.int64)
    taken = np.full(m, -1, np.int64)  # the step that last took this one up
    n = 0
    for s in range(m):
        b = block[s]
        source = b if b >= 0 else s
        for k in range(join_offsets[source], join_offsets[source + 1]):
            p = joined[k]
            other = block[p]
            t = p if other < 0 else other
            while t >= 0:
                if taken[t] != s and t < s:
                    taken[t] = s
                    new[n] = t
                    n += 1
                t = following[t] if other >= 0 else -1
        new_offsets[s + 1] = n
    return new_offsets, new[:n].copy()
