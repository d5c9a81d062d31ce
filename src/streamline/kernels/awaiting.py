"""Contacts that cases bring while they await one step after another, at given rates."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.units import DAY

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: Expected contacts are added up in pieces of at most this length, a sixth of the time for which one brings others on.
_PIECES = 6


@compiled
def contacts_while_awaiting(
    offsets: Int64, join_offsets: Int64, joined: Int64, activity: Int32, arrival: Int64, complete: Int64, keep: Bool,
    rate: Float, edges: Int64, due_after: int, level: Float, ratio: float, within: int, counts: Bool, never: int,
) -> Any:  # fmt: skip
    """The contacts expected between the arrival and the last completion: (of each case, of each activity awaited by those that count).

    At each instant the case awaits the step of its critical path that is enabled and not complete: the path leads back from the kept
    step that completes last, each time to the step that it joins which completes last (the first of these), as far as the arrival.

    rate : (activities, bands, 2) contacts per day while an activity is awaited, by the time waited (bands end at `edges`, microseconds,
        ascending) and by whether the case is overdue, `due_after` microseconds after its arrival. level : (cases,) factor of each case.
    ratio, within : for `within` microseconds after a contact the rate is `ratio` times as high; the chance that there was one is
        1 - exp(-contacts expected in that time), in pieces of a sixth of it.
    Cases with a completion at `never` or later on their path bring none.
    """
    n_bands = len(edges) + 1
    result = np.zeros(len(offsets) - 1)
    by_activity = np.zeros(len(rate))
    longest = 0
    for case in range(len(offsets) - 1):
        longest = max(longest, offsets[case + 1] - offsets[case])
    path = np.empty(longest, np.int64)
    piece = max(within // _PIECES, 1)
    at, mass = (
        np.empty(2 * _PIECES + 2, np.int64),
        np.empty(2 * _PIECES + 2),
    )  # the latest pieces: a ring of ends and contacts
    for case in range(len(offsets) - 1):
        step = -1
        for s in range(offsets[case], offsets[case + 1]):
            if keep[s] and (step < 0 or complete[s] >= complete[step]):
                step = s
        if step < 0 or complete[step] >= never:
            continue
        n = 0
        while step >= 0:
            path[n] = step
            n += 1
            before = -1
            for k in range(join_offsets[step], join_offsets[step + 1]):
                if before < 0 or complete[joined[k]] > complete[before]:
                    before = joined[k]
            step = before
        due = arrival[case] + due_after if due_after < never - arrival[case] else never
        total = 0.0
        since = arrival[case]
        head, n_recent, recent = 0, 0, 0.0
        for k in range(n - 1, -1, -1):
            until = complete[path[k]]
            a = activity[path[k]]
            if not keep[path[k]]:
                continue
            begin = since
            while begin < until:
                waited = begin - since
                b = 0
                while b < n_bands - 1 and waited >= edges[b]:
                    b += 1
                end = until
                if b < n_bands - 1:
                    end = min(end, since + edges[b])
                late = 0
                if begin >= due:
                    late = 1
                else:
                    end = min(end, due)
                now = rate[a, b, late] * level[case]
                if ratio != 1.0:
                    end = min(end, begin + piece)
                    while n_recent > 0 and at[head] <= begin - within:
                        recent -= mass[head]
                        head = (head + 1) % len(at)
                        n_recent -= 1
                    now *= 1.0 + (ratio - 1.0) * (1.0 - np.exp(-max(recent, 0.0)))
                added = now * (end - begin) / DAY
                if ratio != 1.0:
                    if n_recent == len(at):  # short pieces: the two oldest are told together
                        first, second = head, (head + 1) % len(at)
                        mass[second] += mass[first]
                        head = second
                        n_recent -= 1
                    last = (head + n_recent) % len(at)
                    at[last], mass[last] = end, added
                    n_recent += 1
                    recent += added
                total += added
                if counts[case]:
                    by_activity[a] += added
                begin = end
            since = max(since, until)
        result[case] = total
    return result, by_activity
