"""Whether cases of one kind are taken before others that wait for longer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@compiled
def in_order_of_enabling(offsets: Int64, enabled: Int64) -> Any:
    """The steps of each queue in the order in which they are enabled, then of their place: places of the steps."""
    order = np.empty(len(enabled), np.int64)
    for q in range(len(offsets) - 1):
        first, last = offsets[q], offsets[q + 1]
        order[first:last] = first + np.argsort(enabled[first:last], kind="mergesort")
    return order


@compiled
def overtakings(offsets: Int64, order: Int64, enabled: Int64, start: Int64, kind: Bool) -> Any:
    """(chances, taken): how often steps of a kind could overtake another, and how often one of them did.

    Queue q has the steps `offsets[q]:offsets[q + 1]`, sorted by their start; `order` has them as `in_order_of_enabling` does.
    Whenever a step begins while one of the kind waits behind one of another that was enabled before it, there is a
    *chance*; it is *taken* when the one that begins is of the kind. A step waits from when it is enabled until it
    starts; those that begin at one instant wait for each other. The cost is linear.
    """
    chances, taken = 0, 0
    # in order of enabling: the others, from the first that may still wait, and those of the kind, up to the last that may
    others, mine = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    for q in range(len(offsets) - 1):
        last = offsets[q + 1]
        coming, first_other, n_others, n_mine = offsets[q], 0, 0, 0
        for s in range(offsets[q], last):
            while coming < last and enabled[order[coming]] < start[s]:
                if kind[order[coming]]:
                    mine[n_mine] = coming
                    n_mine += 1
                else:
                    others[n_others] = coming
                    n_others += 1
                coming += 1
            while first_other < n_others and order[others[first_other]] < s:  # it has begun
                first_other += 1
            while n_mine > 0 and order[mine[n_mine - 1]] < s:
                n_mine -= 1
            if first_other < n_others and n_mine > 0 and others[first_other] < mine[n_mine - 1]:
                chances += 1
                taken += int(kind[s])
    return chances, taken
