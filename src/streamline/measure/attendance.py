"""What a resource did during any stretch of time: off duty, busy, or free.

A resource is busy while at least one of its steps is under way; external steps are the customer's time and keep nobody
busy. Busy time is told apart by the queue: with a step that was enabled no later than the one that waits, or only with
steps enabled later. What it does off duty doesn't count: off duty goes first, so the four parts add up to the stretch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.overlaps import waits_beside_work
from streamline.log.duty import Duty
from streamline.measure.path import Paths
from streamline.units import MISSING_TIME

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Attendance:
    """The work of each resource of a log beside its duty; made by `attendance`.

    The steps of resource `k` are `step[offsets[k]:offsets[k + 1]]`, places in the log, in order of start.
    """

    paths: Paths
    duty: Duty
    offsets: Int64
    step: Int64

    def parts(self, who: Int64, since: Int64, until: Int64, queued: Int64) -> Int64:
        """Split each stretch [since, until) of resource `who`: (n, 4) microseconds that add up to it.

        The columns: off duty; busy with a step enabled at `queued` or earlier; busy only with steps enabled later; free.
        A stretch that ends before it begins has none. Raises ValueError for stretches outside the period of the duty.
        """
        real = until > since
        if real.any() and not (int(since[real].min()) >= self.duty.since and int(until[real].max()) <= self.duty.until):
            raise ValueError("Some waits lie outside the period that the duty is for; make it for this log.")
        order = np.argsort(who, kind="stable")
        wait_offsets = np.searchsorted(who[order], np.arange(len(self.offsets))).astype(np.int64)
        log, duty = self.paths.log, self.duty
        found = waits_beside_work(
            self.offsets, log.start[self.step], log.complete[self.step], self.paths.enabled[self.step],
            wait_offsets, since[order], until[order], queued[order],
            duty.first, duty.last, duty.begin, duty.end, duty.before,
        )  # fmt: skip
        result = np.empty_like(found)
        result[order] = found
        return result


def attendance(paths: Paths, duty: Duty) -> Attendance:
    """Put the work of each resource of the log in order. Raises ValueError for the duty of another log's resources."""
    log = paths.log
    codes = np.zeros(0, dtype=np.int32) if log.resource is None else log.resource.codes
    n = 0 if log.resource is None else len(log.resource.names)
    if duty.n_resources != n:
        raise ValueError(f"The duty is of {duty.n_resources:,} resources, {log.source} has {n:,}.")
    working = (
        np.flatnonzero((codes >= 0) & (log.start != MISSING_TIME) & ~log.external_step)
        if n
        else np.zeros(0, dtype=np.int64)
    )
    order = working[np.lexsort((log.complete[working], log.start[working], codes[working]))] if n else working
    offsets = np.searchsorted(codes[order], np.arange(n + 1)).astype(np.int64)
    return Attendance(paths=paths, duty=duty, offsets=offsets, step=order)
