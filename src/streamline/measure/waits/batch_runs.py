"""Runs: steps of one activity and one resource that begin back to back, and how long each was held (see `batching`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.batches import facts_of_runs, runs_of_steps
from streamline.kernels.overlaps import opened_before
from streamline.measure.periods import local_time
from streamline.measure.waits.attendance import Attendance, attested
from streamline.measure.waits.batch_rules import DAY_MINUTES, WEEK_MINUTES, BatchRule
from streamline.units import DAY, HOUR, MINUTE, parse_duration

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """The runs of a log; arrays of one entry a run unless said otherwise."""

    #: Steps that are in a run, and for each its run; side by side by run.
    step: Int64
    run: Int64
    first: Int64
    size: Int64
    last_enabled: Int64
    kind: Int64
    activity: Int64
    who: Int64
    release: Int64
    #: Time on duty and free while its steps (two at least, where there are two) waited.
    held: Int64
    #: The same since its resource last came on duty.
    fresh: Int64
    #: Local time of the release, minutes since Monday midnight.
    minute: Int64
    #: Local time of the start of each step that is in a run.
    step_minute: Int64


def runs_of_work(work: Attendance, rule: BatchRule) -> Runs:
    """The runs of each activity and resource, and how long each was held."""
    paths, duty = work.paths, work.duty
    log, step = paths.log, work.step
    codes = np.zeros(0, dtype=np.int64) if log.resource is None else log.resource.codes.astype(np.int64)
    group = codes[step] * len(log.activities) + log.activity[step]
    order = np.argsort(group, kind="stable")  # in a group the steps stay in order of start
    step, group = step[order], group[order]
    who, activity = codes[step], log.activity[step].astype(np.int64)
    start, complete, enabled = log.start[step], log.complete[step], paths.enabled[step]
    since = np.full(len(step), duty.since, dtype=np.int64)
    start_clock, complete_clock = duty.time(who, since, start), duty.time(who, since, complete)
    names, first_of_group = np.unique(group, return_index=True)
    offsets = np.concatenate([first_of_group, [len(step)]]).astype(np.int64)
    gap = np.full(len(log.activities), parse_duration(rule.max_gap), dtype=np.int64)
    by_activity = np.argsort(activity, kind="stable")
    bounds = np.searchsorted(activity[by_activity], np.arange(len(log.activities) + 1))
    for a in np.flatnonzero(np.diff(bounds)):
        mine = by_activity[bounds[a] : bounds[a + 1]]
        gap[a] = min(gap[a], max(MINUTE, int(np.median(complete_clock[mine] - start_clock[mine]))))
    run = runs_of_steps(offsets, start, enabled, start_clock, complete_clock, gap[names % max(len(log.activities), 1)])
    first, size, second, last, kind = facts_of_runs(run, start, complete, enabled)
    release = start[first]
    there = attested(work)
    opened = opened_before(there.duty.first, there.duty.last, there.duty.begin, there.duty.end, who[first], release)
    held, fresh = (
        there.parts(who[first], np.minimum(since, release), release, second)[:, 3]
        for since in (second, np.maximum(second, opened))
    )
    # Whose hours aren't known may have come on duty just then.
    fresh = np.where(duty.known[who[first]], fresh, 0)
    return Runs(
        step=step, run=run, first=first, size=size, last_enabled=last, kind=kind, activity=activity[first],
        who=who[first], release=release, held=held, fresh=fresh, minute=_minute_of_week(work, release),
        step_minute=_minute_of_week(work, start),
    )  # fmt: skip


def _minute_of_week(work: Attendance, instants: Int64) -> Int64:
    """Local times as minutes since Monday midnight."""
    local = local_time(work.paths.log, instants)
    return (local // MINUTE + 3 * DAY_MINUTES) % WEEK_MINUTES


def n_weekdays_on_duty(work: Attendance, resource: int) -> int:
    """On how many weekdays a resource is on duty for over an hour, in half of the weeks or more."""
    duty, log = work.duty, work.paths.log
    begun = duty.since - int(local_time(log, np.array([duty.since]))[0]) % DAY  # local midnight
    day = np.arange(begun, duty.until, DAY, dtype=np.int64)
    time = duty.time(np.full(len(day), resource), np.maximum(day, duty.since), np.minimum(day + DAY, duty.until))
    weekday = (local_time(log, day + DAY // 2) // DAY + 3) % 7
    n, n_on = np.bincount(weekday, minlength=7), np.bincount(weekday[time > HOUR], minlength=7)
    return int((2 * n_on >= np.maximum(n, 1)).sum())
