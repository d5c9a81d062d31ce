"""Steps whose customers left before anybody took them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.queue_hours import NEVER
from streamline.units import MISSING_TIME

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]


@compiled
def without_customers(
    join_offsets: Int64, joined: Int64, delay: Int64, queue: Int32, pinned: Int64, patience: Int64, lacking: Int32,
    start: Int64, complete: Int64, team: Int32, left: Bool,
) -> None:  # fmt: skip
    """Let the steps that were dropped, and all that follows them, begin and end when their customer left.

    Until a step begins, `start` holds when it would be ready without a release, once it joins nothing that isn't done
    (`lacking` is 0). Steps in a queue that nobody ever comes to take are dropped, too. Writes to `start`, `complete` and `left`.
    """
    for s in range(len(start)):
        in_line = queue[s] >= 0 and pinned[s] == MISSING_TIME and lacking[s] == 0 and team[s] < 0
        if in_line and complete[s] == NEVER and patience[s] < NEVER:
            left[s] = True
            start[s] += patience[s] - delay[s]
            complete[s] = start[s]
            continue
        gone, latest = False, MISSING_TIME
        for k in range(join_offsets[s], join_offsets[s + 1]):
            gone = gone or left[joined[k]]
            latest = max(latest, complete[joined[k]])
        if gone and pinned[s] == MISSING_TIME:
            left[s] = True
            start[s] = complete[s] = latest
