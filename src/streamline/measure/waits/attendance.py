"""What a resource did during any stretch of time: off duty, busy, or free.

A resource is busy while at least one of its steps is under way; external steps are the customer's time and keep nobody
busy. Busy time is told apart by the queue: with a step that was enabled no later than the one that waits, or only with
steps enabled later. What it does off duty doesn't count: off duty goes first, so the four parts add up to the stretch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.overlaps import common_stretches, waits_beside_work
from streamline.log.calendar import Calendar
from streamline.log.duty import Duty, duty_period, office_duty, with_work
from streamline.log.event_log import EventLog
from streamline.measure.periods import local_time
from streamline.measure.staff.availability import resource_calendars
from streamline.measure.waits.path import Paths
from streamline.results import Window
from streamline.units import DAY, MISSING_TIME

Int64 = npt.NDArray[np.int64]

#: A resource does one activity only when at least this share of its steps is of one.
_ONE_ACTIVITY = 0.95


@dataclass(frozen=True, kw_only=True, eq=False)
class Attendance:
    """The work of each resource of a log beside its duty; made by `attendance`.

    The steps of resource `k` are `step[offsets[k]:offsets[k + 1]]`, places in the log, in order of start.
    """

    paths: Paths
    duty: Duty
    offsets: Int64
    step: Int64

    @property
    def recorded(self) -> Window | None:
        """The period of the log."""
        return self.paths.recorded

    def parts(self, who: Int64, since: Int64, until: Int64, queued: Int64) -> Int64:
        """Split each stretch [since, until) of resource `who`: (n, 5) microseconds, of which the first four add up to it.

        The columns: off duty; busy with a step enabled at `queued` or earlier; busy only with steps enabled later; free;
        and, no part of the sum, from `since` to the last instant at which it was free. A stretch that ends before it
        begins has none. Raises ValueError for stretches outside the period of the duty.
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
        result: Int64 = np.empty_like(found)
        result[order] = found
        return result


def duty_of(log: EventLog, *, calendar: Calendar | None, duty: Duty | None) -> Duty:
    """The hours of each resource: those given, else the office's and its own work, else those discovered from what each does."""
    if duty is not None:
        return duty
    if calendar is not None:
        return with_work(office_duty(log, calendar), log)
    codes = np.zeros(0, dtype=np.int32) if log.resource is None else log.resource.codes
    if ((codes >= 0) & ~log.external_step[: len(codes)]).any():
        return resource_calendars(log).duty
    since, until = duty_period(log)
    nobody = np.full(0 if log.resource is None else len(log.resource.names), -1)
    return Duty.of_schedules([], schedule=nobody, since=since, until=until, source="nobody is seen at work")


def duty_caveats(duty: Duty) -> list[str]:
    """Where the hours on duty come from, and of how many resources they aren't known."""
    unknown = int((~duty.known).sum())
    return [f"Hours on duty: {duty.source}".rstrip(".") + "."] + (
        [
            f"The hours of {unknown:,} of {duty.n_resources:,} resources aren't known; what they wait while these seem free is "
            "unexplained. Give a calendar where there are office hours."
        ]
        if unknown
        else []
    )


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


def attested(attendance: Attendance) -> Attendance:
    """The same work beside the part of the duty that the records attest: what proves that a resource was there.

    A resource with several activities is there, on each day of the local calendar, from the first to the last instant at
    which one of its steps starts or completes: a calendar for everybody doesn't know that she works on Mondays only. One
    that does a single activity is seen only when it does that one, so for it the duty stands as it is; where its hours
    aren't known, it counts as there while anybody is.
    """
    paths, duty, step = attendance.paths, attendance.duty, attendance.step
    log, n = paths.log, duty.n_resources
    if len(step) == 0:
        return attendance
    assert log.resource is not None
    who = log.resource.codes[step].astype(np.int64)
    pair, count = np.unique(who * len(log.activities) + log.activity[step], return_counts=True)
    most, total = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    np.maximum.at(most, pair // len(log.activities), count)
    np.add.at(total, pair // len(log.activities), count)
    several = most < _ONE_ACTIVITY * total
    seen = np.concatenate([who, who, np.full(2 * len(step), n)])
    instant = np.tile(np.concatenate([log.start[step], log.complete[step]]), 2)
    day = np.tile(local_time(log, instant[: 2 * len(step)]) // DAY, 2)
    order = np.lexsort((instant, day, seen))
    seen, day, instant = seen[order], day[order], instant[order]
    new = np.concatenate([[True], (seen[1:] != seen[:-1]) | (day[1:] != day[:-1])])
    begin, end = instant[new], instant[np.concatenate([new[1:], [True]])]
    row = np.searchsorted(seen[new], np.arange(n + 2)).astype(np.int64)
    # One more resource, whose hours aren't known, stands for all such: none of them is looked at by itself.
    chosen = np.append(np.flatnonzero(several), n)
    throughout = len(duty.begin)
    offsets, both_begin, both_end = common_stretches(
        np.append(duty.first, throughout)[chosen], np.append(duty.last, throughout + 1)[chosen],
        np.append(duty.begin, duty.since), np.append(duty.end, duty.until), row[chosen], row[chosen + 1], begin, end,
    )  # fmt: skip
    first, last = duty.first.copy(), duty.last.copy()
    first[~duty.known], last[~duty.known] = offsets[-2] + throughout, offsets[-1] + throughout
    first[several], last[several] = offsets[:-2] + throughout, offsets[1:-1] + throughout
    there = Duty(
        first=first, last=last, begin=np.concatenate([duty.begin, both_begin]),
        end=np.concatenate([duty.end, both_end]), known=duty.known.copy(), since=duty.since, until=duty.until,
        source=duty.source,
    )  # fmt: skip
    return Attendance(paths=paths, duty=there, offsets=attendance.offsets, step=step)
