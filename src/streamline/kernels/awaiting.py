"""Contacts that cases bring while they await one step after another, or several side by side, at given rates."""

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
    rate: Float, bands: Int64, ages: Int64, level: Float, ratio: float, within: int, worth: Float, counts: Bool, never: int,
    branches: bool, together_ratio: float,
) -> Any:  # fmt: skip
    """The contacts expected between the arrival and the last completion: of each case, and of each activity awaited.

    At each instant the case awaits the step of its critical path that is enabled and not complete: the path leads back
    from the kept step that completes last, each time to the step that it joins which completes last (the first of
    these), as far as the arrival. With `branches` it awaits each other kept step besides, from the last completion of
    those that it joins until its own; the rate is then `together_ratio` times the sum of theirs, and a contact is about each
    of them in proportion.

    rate : (activities, bands, ages) contacts per day while an activity is awaited, by the time waited (bands end at
        `bands`, microseconds, ascending) and the time since the arrival (`ages` likewise). level : (cases,) factor of
        each case.
    ratio, within : for `within` microseconds after a contact the rate is `ratio` times as high. The chance that there was
        one is added up over when the last one came, in pieces of a sixth of that time: contacts expected in a piece, times
        the chance that none came after, at the higher rate.
    worth : (activities, m) what a contact counts for, in m ways; nothing of it changes how contacts come.
    counts : cases that are in the second result.

    Returns (cases, m) what the contacts of each case count for, (activities,) contacts about each activity awaited, and
    (cases,) contacts while several steps were awaited. Cases with a completion at `never` or later on their path bring none.
    Work grows with the steps, their bands and the time that contacts are followed over.
    """
    n_bands, n_ages, m = len(bands) + 1, len(ages) + 1, worth.shape[1]
    result = np.zeros((len(offsets) - 1, m))
    by_activity = np.zeros(len(rate))
    together = np.zeros(len(offsets) - 1)
    longest = 0
    for case in range(len(offsets) - 1):
        longest = max(longest, offsets[case + 1] - offsets[case])
    path = np.empty(longest, np.int64)
    on_path = np.zeros(longest, np.bool_)
    # what the case awaits: step, from, until; then of those that it awaits now: place, band, contacts so far
    awaited, begin, until = np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(longest, np.int64)
    band, total, now_open = np.empty(longest, np.int64), np.empty(longest), np.empty(longest, np.int64)
    piece = max(within // _PIECES, 1)
    # the latest pieces: a ring of their ends, contacts, and what the rate without them had come to by then
    at, mass, by_then = np.empty(2 * _PIECES + 2, np.int64), np.empty(2 * _PIECES + 2), np.empty(2 * _PIECES + 2)
    for case in range(len(offsets) - 1):
        step = -1
        for s in range(offsets[case], offsets[case + 1]):
            if keep[s] and (step < 0 or complete[s] >= complete[step]):
                step = s
        if step < 0 or complete[step] >= never:
            continue
        n_path = 0
        while step >= 0:
            path[n_path] = step
            n_path += 1
            before = -1
            for k in range(join_offsets[step], join_offsets[step + 1]):
                if before < 0 or complete[joined[k]] > complete[before]:
                    before = joined[k]
            step = before
        since, n = arrival[case], 0
        for k in range(n_path - 1, -1, -1):
            if keep[path[k]] and complete[path[k]] > since:
                awaited[n], begin[n], until[n] = path[k], since, complete[path[k]]
                since = until[n]
                n += 1
        order = np.arange(n)
        if branches:
            on_path[: offsets[case + 1] - offsets[case]] = False
            for k in range(n_path):
                on_path[path[k] - offsets[case]] = True
            n_alone = n
            for s in range(offsets[case], offsets[case + 1]):
                if on_path[s - offsets[case]] or not keep[s]:
                    continue
                enabled = arrival[case]
                for k in range(join_offsets[s], join_offsets[s + 1]):
                    enabled = max(enabled, complete[joined[k]])
                if enabled < complete[s]:
                    awaited[n], begin[n], until[n] = s, enabled, complete[s]
                    n += 1
            if n > n_alone:
                order = np.argsort(begin[:n], kind="mergesort")
        head, n_recent, recent, plain = 0, 0, 0.0, 0.0
        age, upcoming, n_open = 0, 0, 0
        now = arrival[case]
        while upcoming < n or n_open > 0:
            while upcoming < n and begin[order[upcoming]] <= now:
                now_open[n_open] = order[upcoming]
                band[n_open], total[n_open] = 0, 0.0
                n_open += 1
                upcoming += 1
            # one piece: [now, end), in which nothing changes
            end = until[now_open[0]]
            if upcoming < n:
                end = min(end, begin[order[upcoming]])
            while age < n_ages - 1 and now - arrival[case] >= ages[age]:
                age += 1
            if age < n_ages - 1:
                end = min(end, arrival[case] + ages[age])
            if ratio != 1.0:
                end = min(end, now + piece)
            every = 0.0
            for k in range(n_open):
                own = now_open[k]
                while band[k] < n_bands - 1 and now - begin[own] >= bands[band[k]]:
                    band[k] += 1
                if band[k] < n_bands - 1:
                    end = min(end, begin[own] + bands[band[k]])
                end = min(end, until[own])
                every += rate[activity[awaited[own]], band[k], age]
            came = every * level[case] * (end - now) / DAY
            if n_open > 1:
                came *= together_ratio
            added = came
            if ratio != 1.0:
                while n_recent > 0 and at[head] <= now - within:
                    recent -= mass[head] * np.exp(-ratio * (plain - by_then[head]))
                    head = (head + 1) % len(at)
                    n_recent -= 1
                chance = min(max(recent, 0.0), 1.0)
                # the chance in the middle of the piece, from that at its beginning
                first_half = came / 2 * (1.0 + (ratio - 1.0) * chance)
                halfway = (chance + first_half) * np.exp(-ratio * came / 2)
                added = came * (1.0 + (ratio - 1.0) * min(halfway, 1.0))
                plain += came
                # of several contacts in the piece, the last one
                alone = added * np.exp(-ratio * came / 2)
                recent = recent * np.exp(-ratio * came) + alone
                if n_recent == len(at):  # short pieces: the two oldest are told together
                    first, second = head, (head + 1) % len(at)
                    mass[second] += mass[first] * np.exp(-ratio * (by_then[second] - by_then[first]))
                    head = second
                    n_recent -= 1
                last = (head + n_recent) % len(at)
                at[last], mass[last], by_then[last] = end, alone, plain
                n_recent += 1
            if n_open > 1:
                together[case] += added
            still = 0
            for k in range(n_open):
                own = now_open[k]
                a = activity[awaited[own]]
                if every > 0:
                    total[k] += added * (rate[a, band[k], age] / every)
                if until[own] > end:
                    now_open[still], band[still], total[still] = own, band[k], total[k]
                    still += 1
                    continue
                for j in range(m):
                    result[case, j] += total[k] * worth[a, j]
                if counts[case]:
                    by_activity[a] += total[k]
            n_open = still
            now = end
    return result, by_activity, together
