"""Why cases wait: each microsecond of each wait has one cause.

A wait runs from the instant at which a step was enabled to its start. Each instant of it counts under the first of these
that applies, so that the causes add up to the wait to the microsecond:

- *external*: the step waits on the customer or a third party (all of its wait);
- *batching*: it is kept until its batch is fired (`batching`);
- *unavailability*: the resource that did it in the end is off duty;
- *contention*: that resource is busy with a step enabled earlier, or at the same instant;
- *prioritisation*: it is busy, but only with steps enabled later;
- *extraneous*: it is on duty and free. Nothing in the records explains the wait; an unrecorded delay may;
- *unexplained*: no resource is recorded for the step, or its hours aren't known while it seems to be free, so that
  off duty and free can't be told apart.

A resource that does several steps at once is busy while any of them is under way, and counts as contended while any that
was enabled earlier is. After Lashkevich, Milani, Chapela-Campa, Suvorau and Dumas, "Unveiling the causes of waiting time in
business processes from event logs" (2023); the external cause, the rules of batches and the range of hidden delay are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, MissingColumnError
from streamline.figure import Chart, Stack, StackedBars
from streamline.log.calendar import Calendar
from streamline.log.duty import Duty, office_duty
from streamline.log.event_log import EventLog, Labels
from streamline.log.kinds import check_log
from streamline.measure.duration import LEVEL
from streamline.measure.staff.work import work_counts
from streamline.measure.waits.attendance import attendance, duty_caveats, duty_of
from streamline.measure.waits.batch_rules import BatchRule
from streamline.measure.waits.batching import Batches, batched_activities, found_batches
from streamline.measure.waits.path import ConcurrencyRule, Paths, paths
from streamline.measure.waits.path_split import Runs
from streamline.measure.waits.tables import (
    CAUSES,
    MEANING,
    DelayRange,
    delay_range,
    hours_by,
    hours_per_case,
    shares_and_hours,
)
from streamline.results import Estimate, Result
from streamline.stats.bootstrap import DRAWS
from streamline.units import HOUR, MISSING_TIME

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

NO_RESOURCE = "(not recorded)"
#: Share of steps done at the same time as others from which a caveat says how that is treated.
_SEVERAL_AT_ONCE = 0.05


@dataclass(frozen=True, kw_only=True, repr=False)
class WaitingByCause(Result):
    """Waiting along the critical paths of the n closed cases, by cause.

    `table`, one row a cause in their order: cause, share (of all waiting along critical paths, 0 to 1), share_low,
    share_high, hours_per_case, hours_per_case_low, hours_per_case_high, n_cases and n_steps (with any of it). The hours
    add up to the waiting time in the cycle time. `all_steps` has the same columns for every step, on critical paths or not:
    where branches run side by side their waits add up to more than the cycle time. Causes that can't be told of this log
    aren't in the tables; the caveats name them.
    """

    all_steps: pd.DataFrame
    #: One row an activity awaited, most waiting first: activity, n_steps, waiting_hours_per_case, and for each cause
    #: `<cause>_hours_per_case`; along critical paths, over all n cases.
    by_activity: pd.DataFrame
    #: The same by group of resources: group, n_steps and so on.
    by_group: pd.DataFrame
    #: Hours of waiting per case along the critical path.
    waiting: Estimate
    #: Share of each cause that can be told, as in `table`.
    shares: Mapping[str, Estimate]
    #: Unrecorded delays along the critical path; None where resources aren't recorded.
    delay: DelayRange | None
    batches: Batches | None
    #: When resources are on duty; None where resources aren't recorded.
    duty: Duty | None
    paths: Paths = field(repr=False)
    #: For each step of the log the microseconds of each of `CAUSES`; all 0 where no start is recorded.
    causes: Int64 = field(repr=False)
    _step: Int64 = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a wait: case, activity, resource, after (the activity that enabled it, None for the arrival), enabled,
        start, critical (whether on the critical path), waiting_hours, and `<cause>_hours` for each cause in `table`."""
        log, step, found = self.paths.log, self._step, self.paths
        activities = np.asarray([*log.activities, None], dtype=object)
        before = found.predecessor[step]
        frame = pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[step]),
                "activity": activities[log.activity[step]],
                "resource": _resource_names(log, step),
                "after": activities[np.where(before >= 0, log.activity[np.maximum(before, 0)], -1)],
                "enabled": log.instants(found.enabled[step]),
                "start": log.instants(log.start[step]),
                "critical": found.critical[step],
                "waiting_hours": found.waiting[step] / HOUR,
            }
        )
        for cause in self.table["cause"]:
            frame[f"{cause}_hours"] = self.causes[step, CAUSES.index(cause)] / HOUR
        return frame

    def chart(self) -> Chart:
        """Hours of waiting per case by step awaited, split by cause."""
        top = self.by_activity[self.by_activity["waiting_hours_per_case"] > 0].head(12)
        causes = tuple(c for c in self.table["cause"] if (top[f"{c}_hours_per_case"] > 0).any())
        if top.empty:
            return StackedBars(title="No case waits", axis="Hours of waiting per case", groups=causes, stacks=())
        first = self.table.iloc[int(self.table["share"].argmax())]
        return StackedBars(
            title=f"{first.share:.0%} of the waiting is {MEANING[str(first.cause)]}",
            axis="Hours of waiting per case, by the step awaited (elapsed)",
            groups=causes,
            stacks=tuple(
                Stack(
                    label=str(r["activity"]),
                    values=tuple(float(r[f"{cause}_hours_per_case"]) for cause in causes),
                )
                for _, r in top.iterrows()
            ),
            note=f"{self.n:,} closed cases, along the critical path",
        )


def waiting_by_cause(
    log: EventLog,
    *,
    calendar: Calendar | None = None,
    duty: Duty | None = None,
    cases: Bool | None = None,
    groups: Sequence[str] | None = None,
    rule: ConcurrencyRule | None = None,
    batch_rule: BatchRule | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> WaitingByCause:
    """Split the waiting time of every closed case among the causes of the wait (see the module's text).

    calendar : office hours, on duty for everybody, in which batches are held. duty : hours of each resource; goes before
        the calendar. Without both, hours are discovered from what each resource does (`resource_calendars`).
    cases : one truth value a case of the log; the others only fill the queues, such as those that arrived before the window.
    groups : the name of each resource's group, by resource code; each resource by itself when None.
    rule : when two activities count as concurrent. batch_rule : what counts as a batch.
    level, draws, seed : of the intervals, which resample weeks of arrivals (`stats.weeks`): cases that arrive together share
        their queues.

    Without resources only external waits, batches and office hours (with a calendar) can be told; the rest is
    "unexplained". Returns WaitingByCause. Raises MissingColumnError when no starts are recorded, InsufficientDataError when
    no case is closed.
    """
    check_log(log)
    if not log.has_start:
        raise _no_starts(log)
    if cases is not None and len(cases) != log.n_cases:
        raise ValueError(
            f"cases has {len(cases):,} truth values, {log.source} has {log.n_cases:,} cases; give one a case."
        )
    counted_case = log.closed if cases is None else log.closed & np.asarray(cases, dtype=np.bool_)
    n = int(counted_case.sum())
    if n == 0:
        raise InsufficientDataError(f"{log.source}: none of {log.n_cases:,} cases is closed; no waits to tell of.")
    found = paths(log, rule=rule)
    caveats = [_ORDER_OF_CAUSES, *log.start_caveats]
    if log.start_caveats:
        caveats.append(_ESTIMATED)
    causes = np.zeros((log.n_steps, len(CAUSES)), dtype=np.int64)
    delays = np.zeros(log.n_steps, dtype=np.int64)
    if log.resource is None:
        if duty is not None:
            raise ValueError(f"{log.source} has no resources, so their hours on duty can't be used; give a calendar.")
        batches, measured = _without_resources(found, calendar, batch_rule, causes, caveats)
    else:
        duty, measured = duty_of(log, calendar=calendar, duty=duty), CAUSES[:-1]
        caveats += duty_caveats(duty)
        batches = _with_resources(found, calendar, duty, batch_rule, causes, delays, caveats)
        if causes[:, -1].any():
            measured = CAUSES
    if not log.external_step.any():
        caveats.append(
            "No activity was named as external: waits on customers and third parties count under other causes."
        )
    in_case = counted_case[log.case_of_step]
    step = np.flatnonzero(in_case & found.known)
    unknown = int((in_case & ~found.known).sum())
    if unknown:
        caveats.append(
            f"{unknown:,} of {int(in_case.sum()):,} steps have no recorded start; what they waited can't be told apart from "
            "their work and is left out."
        )
    number = np.cumsum(counted_case) - 1
    runs = Runs.of(log, counted_case)
    caveats += runs.caveats
    chosen = [CAUSES.index(cause) for cause in measured]
    on_path = step[found.critical[step]]

    def figures(some: Int64) -> tuple[pd.DataFrame, dict[str, Estimate], Estimate]:
        per_case = hours_per_case(number[log.case_of_step[some]], causes[some][:, chosen], n)
        n_steps = (causes[some][:, chosen] > 0).sum(axis=0)
        return shares_and_hours(measured, per_case, n_steps, runs, level=level, draws=draws, seed=seed)

    table, shares, waiting = figures(on_path)
    if batches is not None and len(batches.table):
        caveats.append("Done in batches: " + "; ".join(batched_activities(batches)) + ".")
    activity_names = np.asarray(log.activities, dtype=object)
    labels = _resource_names(log, on_path) if groups is None else _group_names(log, on_path, groups)
    return WaitingByCause(
        recorded=log.recorded,
        table=table,
        n=n,
        excluded={
            "open": int((~log.closed).sum()),
            "outside the chosen cases": int((log.closed & ~counted_case).sum()),
        },
        caveats=tuple(caveats),
        all_steps=figures(step)[0],
        by_activity=hours_by("activity", activity_names[log.activity[on_path]], causes[on_path], measured, n),
        by_group=hours_by("group", labels, causes[on_path], measured, n),
        waiting=waiting,
        shares=shares,
        delay=None if log.resource is None else delay_range(log, on_path, causes, delays, n),
        batches=batches,
        duty=duty,
        paths=found,
        causes=causes,
        _step=step,
    )


_ORDER_OF_CAUSES = (
    "Each moment of a wait counts under the first cause that applies: external, batching, unavailability, contention, "
    "prioritisation, extraneous. The resource is the one that did the step in the end, not any other that might have. Removing "
    "a cause doesn't save its hours: the next one takes over part of them."
)

_ESTIMATED = (
    "An estimated start is the first instant at which its resource was on duty and free, so nothing before it is extraneous or "
    "batching by construction: these two are told of recorded starts only."
)


def _no_starts(log: EventLog) -> MissingColumnError:
    roles = ["case", "activity", "complete", *(["resource"] if log.resource is not None else [])]
    error = MissingColumnError(role="start", column="start", source=log.source, columns=roles)
    error.args = (
        f"{log.source} records no starts, so waiting can't be told from work and has no causes. Name the column of starts "
        "where there is one: read_log(…, start=…). Without starts `bottlenecks` tells the time from one completion to the "
        "next, `observed_releases` the batches of an activity, and `estimated_starts` gives a log with starts to go on from.",
    )
    return error


def _with_resources(
    found: Paths, calendar: Calendar | None, duty: Duty, batch_rule: BatchRule | None,
    causes: Int64, delays: Int64, caveats: list[str],
) -> Batches:  # fmt: skip
    """Fill in the causes of each step, and the time to the last instant at which its resource was free."""
    log = found.log
    assert log.resource is not None
    work = attendance(found, duty)
    # Batches are held while the office is open, where that is known: an approver who comes on Thursdays only is seen then.
    office = work if calendar is None else attendance(found, office_duty(log, calendar))
    batches = found_batches(office, rule=batch_rule)
    _external_and_batching(found, batches, causes)
    since = found.enabled + causes[:, 0] + causes[:, 1]
    has = log.resource.codes >= 0
    staff = np.flatnonzero(found.known & has & ~log.external_step)
    parts = work.parts(log.resource.codes[staff].astype(np.int64), since[staff], log.start[staff], found.enabled[staff])
    causes[staff, 2:6] = parts[:, :4]
    unsure = staff[~duty.known[log.resource.codes[staff]]]  # free, as far as is known, but perhaps off duty
    causes[unsure, 6], causes[unsure, 5] = causes[unsure, 5], 0
    delays[staff] = np.where(duty.known[log.resource.codes[staff]], parts[:, 4], 0)
    nobody = np.flatnonzero(found.known & ~has & ~log.external_step)
    if len(nobody):
        _office_hours(found, nobody, calendar, causes)
        caveats.append(
            f"{len(nobody):,} of {log.n_steps:,} steps have no resource; their waits are unexplained"
            + ("." if calendar is None else ", or outside office hours.")
        )
    several = work_counts(log).counts
    share = float(several[:, 4].sum() / max(int(several[:, 0].sum()), 1))
    if share >= _SEVERAL_AT_ONCE:
        caveats.append(
            f"{share:.0%} of the steps run while their resource does another. A resource counts as busy while any of its "
            "steps is under way, although it might have begun one more: contention and prioritisation are at most as told."
        )
    return batches


def _without_resources(
    found: Paths, calendar: Calendar | None, batch_rule: BatchRule | None, causes: Int64, caveats: list[str]
) -> tuple[Batches | None, tuple[str, ...]]:
    """Fill in what can be told of a log without resources; returns the batches and the causes that can be told."""
    log, batches = found.log, None
    if calendar is not None:
        # each activity counts as one resource, which is free while nobody does it
        by_activity = replace(log, resource=Labels(codes=log.activity.copy(), names=log.activities))
        stand_in = replace(found, log=by_activity)
        batches = found_batches(attendance(stand_in, office_duty(by_activity, calendar)), rule=batch_rule)
    _external_and_batching(found, batches, causes)
    _office_hours(found, np.flatnonzero(found.known & ~log.external_step), calendar, causes)
    text = f"{log.source} records no resources, so contention, prioritisation and extraneous delay can't be told apart; they are "
    if calendar is None:
        caveats.append(
            text + "unexplained, and so are waits for batches and for office hours. Give a calendar to tell these two."
        )
        return None, ("external", "unexplained")
    caveats.append(
        text + "unexplained. Unavailability is that of the office, and batches are those of an activity as a whole."
    )
    return batches, ("external", "batching", "unavailability", "unexplained")


def _external_and_batching(found: Paths, batches: Batches | None, causes: Int64) -> None:
    """Fill in the first two causes of each step."""
    external = found.log.external_step
    causes[:, 0] = np.where(external, found.waiting, 0)
    if batches is not None:
        waits = found.known & ~external & (batches.until != MISSING_TIME)
        held = np.where(waits, np.minimum(batches.until, found.log.start) - found.enabled, 0)
        causes[:, 1] = np.maximum(held, 0)


def _office_hours(found: Paths, step: Int64, calendar: Calendar | None, causes: Int64) -> None:
    """Fill in the causes of steps without a resource: closed office and unexplained."""
    since, until = found.enabled[step] + causes[step, 1], found.log.start[step]
    working = until - since if calendar is None else calendar.working_time(since, until)
    causes[step, 2] = until - since - working
    causes[step, 6] = working


def _resource_names(log: EventLog, step: Int64) -> npt.NDArray[np.object_]:
    if log.resource is None:
        return np.full(len(step), NO_RESOURCE, dtype=object)
    return np.asarray([*log.resource.names, NO_RESOURCE], dtype=object)[log.resource.codes[step]]


def _group_names(log: EventLog, step: Int64, groups: Sequence[str]) -> npt.NDArray[np.object_]:
    n = 0 if log.resource is None else len(log.resource.names)
    if log.resource is None or len(groups) != n:
        raise ValueError(f"groups has {len(groups):,} names, {log.source} has {n:,} resources; give one a resource.")
    return np.asarray([*groups, NO_RESOURCE], dtype=object)[log.resource.codes[step]]
