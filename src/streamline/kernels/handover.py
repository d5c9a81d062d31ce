"""Finds where cases go to and fro between two units: people, groups, channels.

A trace is a slice of columns: case `k` owns the places `offsets[k]:offsets[k + 1]`, in order of completion.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@compiled
def round_trips(offsets: Int64, unit: Int32, skipped: Bool) -> Any:
    """Round trips of cases between two units.

    Successive steps of one unit are one stay. A stay of A, a stay of B and a stay of A again are a round trip; the stays
    A B A B A are two of them, and A B A B one: a stay is away in one trip at most, so the times away don't overlap.

    unit : for each step who did it; -1, unknown, is nobody: no trip leads over it. skipped : steps that are passed over.

    Returns (left, away, back), one entry a trip: the places of the last step of A before, of the last step of B, and of
    the first step of A after.
    """
    n = len(unit)
    left, away, back = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    m = 0
    for case in range(len(offsets) - 1):
        # the two stays before the present one: their units and their last steps
        before, before_last, own, own_last = -1, -1, -1, -1
        streak = 0  # hand-backs in a row
        for s in range(offsets[case], offsets[case + 1]):
            if skipped[s]:
                continue
            if unit[s] == own and unit[s] >= 0:
                own_last = s
                continue
            if unit[s] >= 0 and own >= 0 and unit[s] == before:
                streak += 1
                if streak % 2 == 1:
                    left[m], away[m], back[m] = before_last, own_last, s
                    m += 1
            else:
                streak = 0
            before, before_last = own, own_last
            own, own_last = unit[s], s
    return left[:m].copy(), away[:m].copy(), back[:m].copy()
