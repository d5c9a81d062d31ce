"""What a case's cycle time would be if the waits of one kind were half as long, by kind.

A case owns the places `offsets[k]:offsets[k + 1]` of the columns, in order of completion. Each step was enabled by the
completion of its predecessor (an earlier place, -1 for the arrival), waited, and was worked on. A *kind* is any number
that each step carries: the activity awaited, a pool, a hand-off.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@compiled
def kinds_on_paths(
    offsets: Int64, complete: Int64, predecessor: Int64, wait: Int64, kind: Int32, chosen: Bool, n_kinds: int
) -> Any:
    """For each chosen case and each kind on its critical path: (case, kind, waited, saved), in order of the cases.

    waited : the waits of the kind on the critical path, added up.
    saved : by how much twice the cycle time would be shorter if every wait of the kind in the case were halved, all other
        waits and all work lasting as long as they did. A branch that ran side by side may then be what ends last:
        so `saved` is `waited` at most.

    Steps off the critical path are only walked if they end within half of the longest wait before the case's end; walks stop at
    the critical path, so the cost grows with the steps, except where long branches run side by side to the end.
    """
    room = len(complete)
    case_of, kind_of = np.empty(room, np.int64), np.empty(room, np.int32)
    waited, saved = np.empty(room, np.int64), np.empty(room, np.int64)
    slot = np.full(n_kinds, -1, np.int64)  # where the kind's row of the case at hand is, if at `base` or after
    tail, branch = np.zeros(n_kinds, np.int64), np.zeros(n_kinds, np.int64)
    on_path = np.zeros(len(complete), np.bool_)
    n = 0
    for case in range(len(offsets) - 1):
        first, end = offsets[case], offsets[case + 1] - 1
        if not chosen[case] or end < first:
            continue
        base, length = n, 0
        s = end
        while s >= first:
            on_path[s] = True
            length += 1
            k = kind[s]
            if slot[k] < base:
                slot[k] = n
                case_of[n], kind_of[n], waited[n] = case, k, 0
                n += 1
            waited[slot[k]] += wait[s]
            s = predecessor[s]
        most = np.int64(0)
        for i in range(base, n):
            saved[i] = waited[i]
            most = max(most, waited[i])
        if length == end - first + 1:
            continue
        for t in range(end - 1, first - 1, -1):
            gap = 2 * (complete[end] - complete[t])
            if gap >= most:
                break  # those before it end even earlier
            if on_path[t]:
                continue
            s = t
            while s >= first and not on_path[s]:
                branch[kind[s]] += wait[s]
                s = predecessor[s]
            junction = s
            s = end
            while s != junction and s >= first:
                tail[kind[s]] += wait[s]
                s = predecessor[s]
            s = end
            while s != junction and s >= first:
                i = slot[kind[s]]
                saved[i] = min(saved[i], gap + waited[i] - tail[kind[s]] + branch[kind[s]])
                s = predecessor[s]
            s = end
            while s != junction and s >= first:
                tail[kind[s]] = 0
                s = predecessor[s]
            s = t
            while s >= first and not on_path[s]:
                branch[kind[s]] = 0
                s = predecessor[s]
    return case_of[:n].copy(), kind_of[:n].copy(), waited[:n].copy(), saved[:n].copy()
