"""Loops over the steps of one activity and one resource: which were begun back to back after waiting together.

The steps of group `k` (an activity done by a resource) own the places `offsets[k]:offsets[k + 1]`, in order of start.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]


@compiled
def runs_of_steps(
    offsets: Int64, start: Int64, enabled: Int64, start_clock: Int64, complete_clock: Int64, gap: Int64
) -> Any:
    """For each step the number of its run.

    A run is a series of neighbours that were all enabled by the start of the first, its release, and each of which
    began at most `gap[k]` after the latest completion so far, by the clock that stands still off duty.

    start, enabled : instants. start_clock, complete_clock : time on duty up to start and completion.
    gap : for each group, microseconds on duty; 0 or more.
    """
    run = np.empty(len(start), np.int64)
    n = -1
    for k in range(len(offsets) - 1):
        released, busy_until = np.int64(0), np.int64(0)
        for i in range(offsets[k], offsets[k + 1]):
            if i == offsets[k] or enabled[i] > released or start_clock[i] - busy_until > gap[k]:
                n += 1
                released = start[i]
                busy_until = complete_clock[i]
            run[i] = n
            busy_until = max(busy_until, complete_clock[i])
    return run


@compiled
def facts_of_runs(run: Int64, start: Int64, complete: Int64, enabled: Int64) -> Any:
    """(first, size, second_enabled, last_enabled, kind): one entry a run, of steps that stand side by side by run.

    first : place of its first step. size : its number of steps. second_enabled : the second-earliest enabling, from which
    on at least two of its steps waited; of a run of one step its only enabling. last_enabled : the latest.
    kind : 0 when its steps began one after another, 1 when some began before another was completed, 2 when all of
    several began at the same instant.
    """
    n = 0 if len(run) == 0 else run[-1] + 1
    first, size = np.zeros(n, np.int64), np.zeros(n, np.int64)
    second, latest = np.empty(n, np.int64), np.empty(n, np.int64)
    kind = np.zeros(n, np.int64)
    i = 0
    for r in range(n):
        first[r] = i
        earliest = enabled[i]
        second[r] = enabled[i]
        latest[r] = enabled[i]
        busy_until = complete[i]
        together, overlap = True, False
        i += 1
        while i < len(run) and run[i] == r:
            if i == first[r] + 1 or enabled[i] < second[r]:
                second[r] = enabled[i]
            if second[r] < earliest:
                earliest, second[r] = second[r], earliest
            latest[r] = max(latest[r], enabled[i])
            overlap = overlap or start[i] < busy_until
            together = together and start[i] == start[first[r]]
            busy_until = max(busy_until, complete[i])
            i += 1
        size[r] = i - first[r]
        if size[r] > 1:
            kind[r] = 2 if together else (1 if overlap else 0)
    return first, size, second, latest, kind
