"""Whether cases of one kind are taken before others that wait for longer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@compiled
def overtakings(offsets: Int64, enabled: Int64, start: Int64, kind: Bool) -> Any:
    """(chances, taken): how often steps of a kind could overtake another, and how often one of them did.

    Queue q has the steps `offsets[q]:offsets[q + 1]`, in order of their start. Whenever a step begins while one of the kind waits
    behind one of another that was enabled before it, there is a *chance*; it is *taken* when the one that begins is of the kind.
    A step waits from when it is enabled until it starts; those that begin at one instant wait for each other.
    """
    chances, taken = 0, 0
    for q in range(len(offsets) - 1):
        first, last = offsets[q], offsets[q + 1]
        by_enabled = first + np.argsort(enabled[first:last], kind="mergesort")
        waiting = np.empty(last - first, np.int64)
        n, next_enabled = 0, 0
        for s in range(first, last):
            while next_enabled < last - first and enabled[by_enabled[next_enabled]] < start[s]:
                waiting[n] = by_enabled[next_enabled]
                n += 1
                next_enabled += 1
            # those that have begun leave; the others stay in order of their enabling
            left, other, behind = 0, False, False
            for k in range(n):
                u = waiting[k]
                if u >= s:
                    waiting[left] = u
                    left += 1
                    if not kind[u]:
                        other = True
                    elif other:
                        behind = True
            n = left
            if behind:
                chances += 1
                taken += int(kind[s])
    return chances, taken
