"""Starts that aren't recorded, estimated from when the step could begin and when its resource became free.

A step is taken to have started at its enabled time or at the resource's previous completion, whichever is later, or at the
first instant on duty from there. This is the earliest start that the records allow. A resource that did something else in
between, or nothing, is taken to have worked on the step: service times come out too long where people aren't fully busy
with the cases of the log, and waits too short. One that does several steps at once is taken to do one at a time: service
times come out far too short (`multitasking` tells where starts are recorded). After Chapela-Campa and Dumas, "Repairing
activity start times to improve business process simulation" (2022), with its correction of outliers: a service time of more
than `longest` times the activity's median, both counted on duty, is replaced by the median.

What can't be estimated stays missing: steps without a resource, external steps, a case's first step whose completion is all
that is known of the case's arrival, completions that are dates without a time, and steps whose whole time lies off duty.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.duty import Duty
from streamline.log.event_log import EventLog, Labels
from streamline.measure.periods import local_time
from streamline.measure.staff.availability import resource_calendars
from streamline.measure.staff.signs import dates_only
from streamline.measure.waits.path import ConcurrencyRule, paths
from streamline.results import Result, rows_of
from streamline.units import HOUR, MISSING_TIME, counted

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: A service time of more than so many times the activity's median is taken for an outlier. Of 2, 5 and none, 5 came nearest
#: to the recorded starts of the permits, and near the best for bpic2017-w (docs/decisions/0011).
LONGEST = 5.0


@dataclass(frozen=True, kw_only=True, repr=False)
class StartError(Result):
    """How far estimated starts are from recorded ones. `table`, one row an activity, most steps first, and "all" as the last:
    activity, n_steps (recorded and estimated), mean_service_hours (recorded), estimated_mean_service_hours,
    median_service_hours, estimated_median_service_hours, median_error_hours (estimated start less the recorded one: negative
    where it is too early), mean_absolute_error_hours, same_minute_share (estimated within one minute, 0 to 1)."""

    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a step: case, activity, resource, start, estimated_start, complete."""
        return self._cases

    def chart(self) -> Chart:
        """Mean service time by activity, recorded beside estimated."""
        bars = [
            Bar(label=str(r.activity), value=float(value), group=group)
            for r in rows_of(self.table.head(12))
            for group, value in (
                ("recorded", r.mean_service_hours),
                ("estimated", r.estimated_mean_service_hours),
            )
        ]
        whole = self.table.iloc[-1]
        return BarChart(
            title=f"{whole.same_minute_share:.1%} of the estimated starts are within a minute of the recorded ones",
            axis="Mean service time, hours (elapsed)",
            bars=tuple(bars),
            note=f"{counted(int(whole.n_steps), 'step')} of {counted(self.n, 'case')}",
        )


def estimated_starts(
    log: EventLog, *, duty: Duty | None = None, longest: float | None = LONGEST, rule: ConcurrencyRule | None = None
) -> EventLog:
    """The log with its missing starts estimated; recorded ones stay as they are.

    duty : when resources are on duty; found from the log's completions (`resource_calendars`) when not given. Take
        `office_duty(log, calendar)` for office hours, with `Calendar.always()` for round the clock.
    longest : service times above so many times their activity's median are replaced by the median; None keeps them.
    rule : which activities are concurrent.
    Returns a new log; `start_caveats` of it says that starts are estimated, and its history how many. Steps of equal
    completion are ordered anew by their starts.
    Raises InsufficientDataError without resources, or where no start could be estimated; ValueError for `longest` below 1.
    """
    start, done, n_cut = _estimates(log, duty, longest, rule)
    n, n_left = int(done.sum()), int((log.start == MISSING_TIME).sum() - done.sum())
    said = (
        f"The starts of {n:,} of {log.n_steps:,} steps aren't recorded and were estimated: a step is taken to begin when the "
        "case is ready for it, its resource has completed the step before (one at a time) and is on duty. Waiting and work are "
        "told apart by this estimate only; work is likely too long, and waiting too short."
    )
    order = np.lexsort((log.row, np.where(start == MISSING_TIME, log.complete, start), log.complete, log.case_of_step))
    order = np.arange(log.n_steps) if (order == np.arange(log.n_steps)).all() else order
    return replace(
        log,
        activity=log.activity[order],
        start=start[order],
        complete=log.complete[order],
        resource=_reordered(log.resource, order),
        channel=_reordered(log.channel, order),
        row=log.row[order],
        has_start=True,
        notes=replace(log.notes, estimated_starts=said),
        history=(
            *log.history,
            f"starts estimated: {n:,} steps ({n_cut:,} of them by their activity's median), {n_left:,} left without",
        ),
    )


def start_error(
    log: EventLog, *, duty: Duty | None = None, longest: float | None = LONGEST, rule: ConcurrencyRule | None = None
) -> StartError:
    """Hide the recorded starts, estimate them, and tell how far off the estimates are: how good they would be elsewhere.

    Arguments as for `estimated_starts`. Arrivals stay as they are. Steps whose start isn't recorded, or can't be estimated,
    are left out. Raises InsufficientDataError where no start is recorded.
    """
    if not log.has_start or log.notes.estimated_starts:
        what = "has estimated starts already; there is nothing" if log.has_start else "records no starts"
        raise InsufficientDataError(f"{log.source} {what} to compare with.")
    hidden = replace(log, start=np.full(log.n_steps, MISSING_TIME, dtype=np.int64), has_start=False)
    guessed, _, _ = _estimates(hidden, duty, longest, rule)
    step = np.flatnonzero((log.start != MISSING_TIME) & (guessed != MISSING_TIME))
    if len(step) == 0:
        raise InsufficientDataError(f"{log.source}: no step has both a recorded and an estimated start.")
    assert log.resource is not None
    cases = pd.DataFrame(
        {
            "case": log.case_id_array(log.case_of_step[step]),
            "activity": np.asarray(log.activities, dtype=object)[log.activity[step]],
            "resource": np.asarray(log.resource.names, dtype=object)[log.resource.codes[step]],
            "start": log.instants(log.start[step]),
            "estimated_start": log.instants(guessed[step]),
            "complete": log.instants(log.complete[step]),
        }
    )
    hours = pd.DataFrame(
        {
            "activity": cases["activity"],
            "served": (log.complete - log.start)[step] / HOUR,
            "estimated": (log.complete[step] - guessed[step]) / HOUR,
            "error": (guessed - log.start)[step] / HOUR,
        }
    )
    groups = [(str(name), group) for name, group in hours.groupby("activity", sort=False)]
    groups.sort(key=lambda pair: (-len(pair[1]), pair[0]))
    table = pd.DataFrame([_told(name, group) for name, group in [*groups, ("all", hours)]])
    n = len(np.unique(log.case_of_step[step]))
    return StartError(
        recorded=log.recorded,
        table=table,
        n=n,
        excluded={"without a step whose start is recorded and can be estimated": log.n_cases - n},
        caveats=(f"{len(step):,} of {log.n_steps:,} steps have a recorded start that could be estimated.",),
        _cases=cases,
    )


def _estimates(
    log: EventLog, duty: Duty | None, longest: float | None, rule: ConcurrencyRule | None
) -> tuple[Int64, Bool, int]:
    """Starts with the missing ones estimated, which were, and how many of them by their activity's median."""
    if longest is not None and longest < 1:
        raise ValueError(f"longest is {longest:g}; it must be at least 1, or None.")
    if log.resource is None:
        raise InsufficientDataError(
            f"{log.source} was read without resources; when one became free can't be told. Name their column: "
            "read_log(…, resource=…)."
        )
    missing = (log.start == MISSING_TIME) & (log.resource.codes >= 0) & ~log.external_step
    if not missing.any():
        raise InsufficientDataError(
            f"{log.source}: no step of staff with a resource lacks its start; there is nothing to estimate."
        )
    on = duty if duty is not None else resource_calendars(log).duty
    start, done = _earliest(log, missing & ~dates_only(local_time(log, log.complete)), on, rule)
    if not done.any():
        raise InsufficientDataError(
            f"{log.source}: none of {int(missing.sum()):,} missing starts can be estimated; the cases' first steps are all "
            "that is known of their arrival, their completions are dates without a time, or nobody was on duty."
        )
    if longest is None:
        return start, done, 0
    start, n_cut = _without_outliers(log, start, done, on, longest)
    return start, done, n_cut


def _earliest(log: EventLog, missing: Bool, duty: Duty, rule: ConcurrencyRule | None) -> tuple[Int64, Bool]:
    """Starts with the missing ones estimated, and which were."""
    assert log.resource is not None
    found = paths(log, rule=rule)
    step = np.flatnonzero(missing)
    who = log.resource.codes[step].astype(np.int64)
    enabled, complete = found.enabled[step], log.complete[step]
    begun = duty.next_on(who, np.maximum(enabled, _freed(log)[step]))
    at_once = enabled == complete
    begun[at_once] = complete[at_once]
    unknown = at_once & (found.predecessor[step] < 0)  # arrival and completion are one instant
    good = ~unknown & (begun != MISSING_TIME) & ((begun < complete) | at_once)
    start, done = log.start.copy(), np.zeros(log.n_steps, dtype=np.bool_)
    start[step[good]], done[step[good]] = begun[good], True
    return start, done


def _freed(log: EventLog) -> Int64:
    """For each step the latest completion of its resource before its own; MISSING_TIME where there is none.

    Steps completed at the same instant don't free each other: they were done together.
    """
    assert log.resource is not None
    step = np.flatnonzero((log.resource.codes >= 0) & ~log.external_step)
    who, complete = log.resource.codes[step], log.complete[step]
    order = np.lexsort((complete, who))
    who, complete = who[order], complete[order]
    new = np.ones(len(step), dtype=np.bool_)
    new[1:] = (who[1:] != who[:-1]) | (complete[1:] != complete[:-1])
    run = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    before = np.full(len(first), MISSING_TIME, dtype=np.int64)
    same = who[first[1:]] == who[first[:-1]]
    before[1:][same] = complete[first[:-1]][same]
    freed = np.full(log.n_steps, MISSING_TIME, dtype=np.int64)
    freed[step[order]] = before[run]
    return freed


def _without_outliers(log: EventLog, start: Int64, done: Bool, duty: Duty, longest: float) -> tuple[Int64, int]:
    """Starts in which too long service times are those of the median, and how many there were; counted on duty."""
    assert log.resource is not None
    step = np.flatnonzero(done)
    who = log.resource.codes[step].astype(np.int64)
    served = duty.time(who, start[step], log.complete[step])
    median = pd.Series(served).groupby(log.activity[step]).transform("median").to_numpy().astype(np.int64)
    long = (served > longest * median) & (median > 0)
    later = duty.back(who, log.complete[step], median)
    result = start.copy()
    result[step[long]] = later[long]
    return result, int(long.sum())


def _reordered(labels: Labels | None, order: Int64) -> Labels | None:
    return None if labels is None else replace(labels, codes=labels.codes[order])


def _told(name: str, hours: pd.DataFrame) -> dict[str, object]:
    """One row of the table of errors."""
    return {
        "activity": name,
        "n_steps": len(hours),
        "mean_service_hours": hours["served"].mean(),
        "estimated_mean_service_hours": hours["estimated"].mean(),
        "median_service_hours": hours["served"].median(),
        "estimated_median_service_hours": hours["estimated"].median(),
        "median_error_hours": hours["error"].median(),
        "mean_absolute_error_hours": hours["error"].abs().mean(),
        "same_minute_share": float((hours["error"].abs() <= 1 / 60).mean()),
    }
