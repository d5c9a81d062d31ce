"""When steps become ready for their queues, and what goes on without any staff."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.duty import next_end
from streamline.units import MISSING_TIME

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


@compiled
def released(instant: int, schedule: int, offsets: Int64, begin: Int64, end: Int64) -> Any:
    """The instant itself inside a window of the schedule, else the next window's begin; past the last the instant itself."""
    if schedule >= 0:
        k = next_end(offsets[schedule], offsets[schedule + 1], end, instant)
        if k < offsets[schedule + 1] and begin[k] > instant:
            return begin[k]
    return instant


@compiled
def ready_after(
    done: int, follower_offsets: Int64, followers: Int32, lacking: Int32,
    delay: Int64, release: Int32, release_offsets: Int64, release_start: Int64, release_end: Int64,
    queue: Int32, work: Int64, start: Int64, complete: Int64, done_stack: Int64, soon_at: Int64, soon: Int64,
    soon_window: Int64, n: int,
) -> Any:  # fmt: skip
    """Write the steps that are ready for their queues once a step is done behind `soon_at[:n], soon[:n]`; returns the new n.

    `soon_window` has the window that a step is held for, -1 where it isn't held. `lacking[s]` counts the steps that s joins and
    that aren't done; it is below 0 for pinned steps, which wait for none. Until a step begins, `start` holds the latest
    completion of those that it joins, then the instant at which it would be ready without a release. A follower that needs
    no staff is done as well, at its own time, and its followers are met in turn.
    """
    n_done = 1
    done_stack[0] = done
    while n_done > 0:
        n_done -= 1
        s = done_stack[n_done]
        for k in range(follower_offsets[s], follower_offsets[s + 1]):
            f = followers[k]
            lacking[f] -= 1
            if lacking[f] < 0:
                continue
            instant = max(start[f], complete[s])
            start[f] = instant
            if lacking[f] > 0:
                continue
            instant += delay[f]
            start[f] = instant
            window = -1
            if release[f] >= 0:  # as `released`; any call from this loop would count references, and halve the speed
                low, high = release_offsets[release[f]], release_offsets[release[f] + 1]
                last = high
                while low < high:
                    middle = (low + high) // 2
                    if release_end[middle] > instant:
                        high = middle
                    else:
                        low = middle + 1
                if low < last and release_start[low] > instant:
                    instant, window = release_start[low], low
            if queue[f] < 0:
                start[f], complete[f] = instant, instant + work[f]
                done_stack[n_done] = f
                n_done += 1
            else:
                soon_at[n], soon[n], soon_window[n] = instant, f, window
                n += 1
    return n


@compiled
def ready_at_first(
    case_offsets: Int64, arrival: Int64, join_offsets: Int64, follower_offsets: Int64, followers: Int32,
    lacking: Int32, delay: Int64, release: Int32, release_offsets: Int64, release_start: Int64, release_end: Int64,
    queue: Int32, work: Int64, pinned: Int64, start: Int64, complete: Int64, done_stack: Int64, soon_at: Int64, soon: Int64,
    soon_window: Int64,
) -> Any:  # fmt: skip
    """As `ready_after`, of what is known from the start: steps that join none, pinned ones without staff, what follows."""
    n = 0
    for case in range(len(case_offsets) - 1):
        for s in range(case_offsets[case], case_offsets[case + 1]):
            if pinned[s] != MISSING_TIME:
                if queue[s] >= 0:
                    continue
                instant = pinned[s]
            elif join_offsets[s] == join_offsets[s + 1]:
                start[s] = arrival[case] + delay[s]
                instant = released(start[s], release[s], release_offsets, release_start, release_end)
            else:
                continue
            if queue[s] >= 0:
                soon_at[n], soon[n] = instant, s
                n += 1
                continue
            start[s], complete[s] = instant, instant + work[s]
            n = ready_after(
                s, follower_offsets, followers, lacking, delay, release, release_offsets, release_start, release_end,
                queue, work, start, complete, done_stack, soon_at, soon, soon_window, n,
            )  # fmt: skip
    return n
