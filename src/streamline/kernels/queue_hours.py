"""Working time in calendars: work stops at closing time and goes on at the next opening.

A calendar is a run of on-duty intervals `[begin, end)`, sorted and disjoint; several lie side by side in the same arrays,
calendar `c` at the places `offsets[c]:offsets[c + 1]`. `before[i]` is the summed length of all intervals before place i.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]

#: No instant at all: what is never begun or never done, and so whatever waits for it.
NEVER = 2**63 - 1


@compiled
def time_before(begin: Int64, end: Int64) -> Any:
    """The summed length of all intervals before each place, and of all of them at the end."""
    before = np.zeros(len(begin) + 1, np.int64)
    for i in range(len(begin)):
        before[i + 1] = before[i] + end[i] - begin[i]
    return before


@compiled
def work_done_at(here: int, last: int, begin: Int64, before: Int64, since: int, work: int) -> Any:
    """The instant at which `work` of on-duty time has passed since an instant; NEVER if the calendar ends earlier.

    `here` is the first place whose interval ends after `since`, `last` the end of the calendar's places. Work that is
    done exactly at a closing time is done then, not at the next opening; no work is done at once, on duty or not.
    """
    done = since
    if work > 0:
        until = work  # the on-duty time that has passed, since the first interval of all, once it is done
        if here < last:
            until += before[here] + max(since - begin[here], 0)
        if here >= last or until > before[last]:
            done = NEVER
        else:
            low, step = here, 1  # the interval wanted is `low` or a later one
            while low + step < last and before[low + step] < until:
                low += step
                step *= 2
            high = min(low + step, last)  # and one before `high`
            while high - low > 1:
                middle = (low + high) // 2
                if before[middle] < until:
                    low = middle
                else:
                    high = middle
            done = begin[low] + until - before[low]
    return done


@compiled
def works_done_at(
    offsets: Int64, begin: Int64, end: Int64, calendar: npt.NDArray[np.int32], since: Int64, work: Int64
) -> Any:
    """For each piece of work the instant at which it is done in its calendar, as `work_done_at`."""
    before = time_before(begin, end)
    result = np.empty(len(since), np.int64)
    for k in range(len(since)):
        first, last = offsets[calendar[k]], offsets[calendar[k] + 1]
        here = first + np.searchsorted(end[first:last], since[k], side="right")
        result[k] = work_done_at(here, last, begin, before, since[k], work[k])
    return result
