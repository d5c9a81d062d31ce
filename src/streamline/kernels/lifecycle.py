"""Pairs the starts and the ends of the same work item."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

START, END = 0, 1


@compiled
def pair_starts(key: npt.NDArray[np.int64], kind: npt.NDArray[np.int8]) -> Any:
    """For each end, the place of the start that it ends: first started, first ended, within one key.

    key : n codes of work items, equal ones side by side and in order of time (a start before an end at one instant).
    kind : n of START or END.
    Returns n places: at an end the place of its start or -1; at a start the place of its end or -1.
    """
    n = len(key)
    partner = np.full(n, -1, np.int64)
    waiting = np.empty(n, np.int64)
    head = tail = 0
    for i in range(n):
        if i > 0 and key[i] != key[i - 1]:
            head = tail = 0
        if kind[i] == START:
            waiting[tail] = i
            tail += 1
        elif head < tail:
            partner[i] = waiting[head]
            partner[waiting[head]] = i
            head += 1
    return partner
