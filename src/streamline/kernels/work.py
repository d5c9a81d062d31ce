"""Loops over the work of each resource: how long it is busy, and with how many steps at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.waits import LOW_MASK
from streamline.units import LOW_BITS

Int64 = npt.NDArray[np.int64]


@compiled
def work_overlaps(offsets: Int64, start: Int64, complete: Int64) -> Any:
    """What each resource's steps say of its time; one row a resource of six columns.

    Resource `k` owns the places `offsets[k]:offsets[k + 1]`, in order of start. Instants are recorded for all steps.

    The columns: steps; the sum of their service times as `(high << LOW_BITS) + low` in two columns; the time during which
    at least one was under way; steps that overlapped another of the same resource for a while; and the most under
    way at once (a step without duration is under way with nothing).
    """
    result = np.zeros((len(offsets) - 1, 6), np.int64)
    for k in range(len(offsets) - 1):
        first, last = offsets[k], offsets[k + 1]
        begins = np.empty(last - first, np.int64)
        ends = np.empty(last - first, np.int64)
        n, busy_until, latest = 0, np.int64(0), np.int64(-1)
        latest_met = 0
        for s in range(first, last):
            begun, ended = start[s], complete[s]
            result[k, 0] += 1
            result[k, 1] += (ended - begun) >> LOW_BITS
            result[k, 2] += (ended - begun) & LOW_MASK
            if ended == begun:
                continue
            if n == 0 or ended > busy_until:
                result[k, 3] += ended - (begun if n == 0 else max(begun, busy_until))
                busy_until = ended
            begins[n] = begun
            ends[n] = ended
            n += 1
            # Whichever begun step is still under way overlaps the one that ends last, and was counted with it.
            meets = 1 if latest >= 0 and complete[latest] > begun else 0
            if meets:
                result[k, 4] += 2 - latest_met
                latest_met = 1
            if latest < 0 or ended > complete[latest]:
                latest, latest_met = np.int64(s), meets
        ends = np.sort(ends[:n])
        done = 0
        for i in range(n):
            while ends[done] <= begins[i]:
                done += 1
            result[k, 5] = max(result[k, 5], i + 1 - done)
    return result


@compiled
def time_at_once(offsets: Int64, start: Int64, complete: Int64) -> Any:
    """How long each resource has steps under way: (n_resources, 3) of time with at least one, time with at least two, and
    the most under way at once.

    Resource `k` owns the places `offsets[k]:offsets[k + 1]`, in any order; steps without duration are under way at no time.
    """
    result = np.zeros((len(offsets) - 1, 3), np.int64)
    for k in range(len(offsets) - 1):
        begins = np.sort(start[offsets[k] : offsets[k + 1]])
        ends = np.sort(complete[offsets[k] : offsets[k + 1]])
        begun, done, at = 0, 0, np.int64(0)
        while done < len(ends):
            # at one instant ends go first: steps back to back aren't under way at once
            ending = begun == len(begins) or ends[done] <= begins[begun]
            now = ends[done] if ending else begins[begun]
            under_way = begun - done
            if under_way >= 1:
                result[k, 0] += now - at
            if under_way >= 2:
                result[k, 1] += now - at
            if ending:
                done += 1
            else:
                begun += 1
                result[k, 2] = max(result[k, 2], begun - done)
            at = now
    return result
