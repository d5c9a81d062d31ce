"""People for a log without resources: as many as were seen at work on an activity at once.

Where nobody's name is on record, the steps of an activity that overlap in time need one person each, and the fewest that
could have done them stand in for its staff. Who serves several activities can't be seen, so each activity has its own.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from streamline.kernels.spare import lanes
from streamline.log.event_log import EventLog, Labels
from streamline.units import MISSING_TIME

CAVEAT = (
    "The records don't say who did what. Each activity is taken to have as many people as were seen at work on it "
    "at once, and none who "
    "also serve another; what a change of staff would do is uncertain beyond the intervals."
)


def with_lanes(log: EventLog) -> EventLog:
    """The log with a stand-in for a resource at each step that takes time and isn't external."""
    codes = np.full(log.n_steps, -1, dtype=np.int32)
    names: list[str] = []
    for a in range(len(log.activities)):
        mine = np.flatnonzero(
            (log.activity == a) & (log.start != MISSING_TIME) & ~log.external_step & (log.complete > log.start)
        )
        mine = mine[np.argsort(log.start[mine], kind="stable")]
        if len(mine) == 0:
            continue
        lane = lanes(log.start[mine], log.complete[mine])
        codes[mine] = len(names) + lane
        names += [f"{log.activities[a]} {k + 1}" for k in range(int(lane.max()) + 1)]
    return replace(log, resource=Labels(codes=codes, names=tuple(names)))
