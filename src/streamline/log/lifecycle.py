"""Lifecycle events (schedule, start, complete, …) become steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.lifecycle import END, START, pair_starts
from streamline.units import MISSING_TIME

#: Transitions that end a work item; an aborted one took its time as well.
ENDS = frozenset({"complete", "ate_abort", "pi_abort"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Which events are steps, and when those started."""

    #: Places of the events that complete a step.
    end: npt.NDArray[np.int64]
    #: int64 instants, one a step; MISSING_TIME where no start was recorded.
    start: npt.NDArray[np.int64]
    #: Places of the starts that no end follows.
    unfinished: npt.NDArray[np.int64]
    #: Events that are neither, by transition.
    unused: Mapping[str, int]


def steps_from_lifecycle(
    item: npt.NDArray[np.int64],
    time: npt.NDArray[np.int64],
    transition: npt.NDArray[np.int32],
    names: Sequence[str],
) -> Steps:
    """Pair each end with the earliest open start of the same work item.

    item : n codes; events of one case, activity and instance share one.
    time : n instants.
    transition : n codes of `names`, in upper or lower case; -1, none recorded, counts as an end (XES: an event without a
        transition happened).
    """
    words = [*(name.strip().lower() for name in names), "complete"]  # the code -1 is the last
    kind_of_word = np.array([START if w == "start" else END if w in ENDS else -1 for w in words], dtype=np.int8)
    kind = kind_of_word[transition]
    used = np.flatnonzero(kind >= 0)
    order = used[np.lexsort((used, kind[used], time[used], item[used]))]
    partner = pair_starts(item[order], kind[order])
    is_end = kind[order] == END
    start = np.where(partner >= 0, time[order[partner]], MISSING_TIME) if len(order) else np.zeros(0, dtype=np.int64)
    end_places = order[is_end]
    by_place = np.argsort(end_places)
    unused: dict[str, int] = {}
    counts = np.bincount(transition[kind < 0], minlength=len(names))
    for word, count in sorted(zip(words, counts.tolist(), strict=False)):
        if count:
            unused[word] = unused.get(word, 0) + count
    return Steps(
        end=end_places[by_place],
        start=start[is_end][by_place],
        unfinished=np.sort(order[~is_end & (partner < 0)]),
        unused=unused,
    )
