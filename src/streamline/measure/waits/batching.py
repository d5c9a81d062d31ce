"""Batches: cases that are kept until several are done together, and what fires them.

A *run* is a series of steps of one activity and one resource that begin back to back and were all ready by the start of
the first, the *release*. It was *held* when its resource was on duty and free while they waited. Ordinary service of a
queue gives runs too, but none that is held: whoever serves as work comes isn't free while two cases wait. A delay that no
staffing explains holds single cases, and now and then two. So a held run proves nothing; a *batch* is one that keeps a
rule of its activity:

- *by size*: runs of one size stand out. Whatever chance brings together, larger runs are rarer than smaller ones; a size
  that is met far more often than the next smaller one (a sign test) was waited for.
- *by time*: half of the activity's steps, or more, are in held runs that were released in one hour of the day, one hour of
  one weekday, or on one weekday, far more often than other work is begun then (a binomial test). The resource must have
  been on duty and free for an hour before: a backlog that is begun as the office opens was kept by the night. Only when
  nine in ten steps are released on one weekday, at the first such release after they were ready, and the resource is on duty on
  four weekdays or more, may the release coincide with an opening.

A batching wait lasts from the enabling of a step until its batch was fired: by size, until the last member was enabled;
by time, until the release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.calendar import Calendar
from streamline.log.duty import Duty
from streamline.log.event_log import EventLog
from streamline.measure.waits.attendance import Attendance, attendance, duty_of
from streamline.measure.waits.batch_rules import WEEK_MINUTES, BatchRule, Slot, release_slot, waited_for_size
from streamline.measure.waits.batch_runs import Runs, n_weekdays_on_duty, runs_of_work
from streamline.measure.waits.path import ConcurrencyRule, paths
from streamline.results import Result, rows_of
from streamline.units import DAY, HOUR, MISSING_TIME, counted, parse_duration

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

KINDS = ("one after another", "side by side", "started together")
#: Share of an activity's steps that a release on one weekday must cover when it may coincide with the resource's coming on
#: duty: a backlog of nights and weekends, however delayed, spreads over more mornings.
_NEARLY_ALL = 0.9
_MOST_WEEKDAYS = 4
#: Share of the batches of one size that must be released at one time for that to be part of what fires them.
_ALL_ALIKE = 0.8


@dataclass(frozen=True, kw_only=True, repr=False)
class Batches(Result):
    """The batches of a log. `table`, one row an activity that is done in batches, most members first: activity, fires (in
    words), size (None unless batches are fired by size), n_batches, n_members, support (members as a share of the
    activity's steps), confidence (share of these releases that are of that size, or of its held steps that were
    released at that time), mean_size, largest_size, one_after_another, side_by_side, started_together (numbers of
    batches), mean_batching_hours (per member, elapsed)."""

    #: What was asked for, in words.
    rule: str
    #: One row an activity with any run of two or more: activity, n_steps, n_runs, n_held, batched, why.
    considered: pd.DataFrame
    #: For each step of the log the instant until which it waited for its batch; MISSING_TIME where it waited for none.
    until: Int64 = field(repr=False)
    #: For each step the number of its batch; -1 where it is in none.
    batch: Int64 = field(repr=False)
    #: For each batch its release and how it was worked off, a place in `KINDS`.
    release: Int64 = field(repr=False)
    kind: Int64 = field(repr=False)
    _attendance: Attendance = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a member: case, activity, resource, batch (its number), kind, enabled, release, start, batching_hours."""
        log, enabled = self._attendance.paths.log, self._attendance.paths.enabled
        step = np.flatnonzero(self.batch >= 0)
        step = step[np.lexsort((log.start[step], self.batch[step]))]
        names = ("",) if log.resource is None else (*log.resource.names, "")
        who = np.full(len(step), -1) if log.resource is None else log.resource.codes[step]
        return pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[step]),
                "activity": np.asarray(log.activities, dtype=object)[log.activity[step]],
                "resource": np.asarray(names, dtype=object)[who],
                "batch": self.batch[step],
                "kind": np.asarray(KINDS, dtype=object)[self.kind[self.batch[step]]],
                "enabled": log.instants(enabled[step]),
                "release": log.instants(self.release[self.batch[step]]),
                "start": log.instants(log.start[step]),
                "batching_hours": np.maximum(self.until[step] - enabled[step], 0) / HOUR,
            }
        )

    def chart(self) -> Chart:
        """Mean batching wait by activity."""
        if self.table.empty:
            return BarChart(title="No activity is done in batches", axis="Hours per member (elapsed)", bars=())
        top = self.table.iloc[0]
        return BarChart(
            title=f"{top.activity} is released in batches: {top.fires}",
            axis="Hours that a case waits for its batch (elapsed, mean)",
            bars=tuple(Bar(label=r.activity, value=float(r.mean_batching_hours)) for r in rows_of(self.table.head(15))),
            note=f"{counted(len(self.release), 'batch', 'batches')} of {int((self.batch >= 0).sum()):,} steps",
        )


def batches(
    log: EventLog,
    *,
    calendar: Calendar | None = None,
    duty: Duty | None = None,
    rule: ConcurrencyRule | None = None,
    batch_rule: BatchRule | None = None,
) -> Batches:
    """Find the activities that are done in batches, what fires these, and how sure that is (see the module's text).

    calendar : office hours, in which cases are held. duty : hours of each resource, used when there is no calendar. Without
        both, hours are discovered from what each resource does; who comes only to release a batch is then off duty at
        all other times, and the wait for it counts as unavailability.
    rule : when two activities count as concurrent. batch_rule : what counts as a batch.

    Returns Batches over all n cases, open ones too. Raises InsufficientDataError when the log has no resources or no
    starts.
    """
    if log.resource is None or not log.has_start:
        lacking = "resources" if log.resource is None else "starts"
        raise InsufficientDataError(
            f"{log.source} records no {lacking}, so which steps were done together by whom can't be told. "
            "`observed_releases` finds the releases of one activity from completions alone."
        )
    chosen = duty_of(log, calendar=calendar, duty=None if calendar is not None else duty)
    return found_batches(attendance(paths(log, rule=rule), chosen), rule=batch_rule)


def found_batches(work: Attendance, *, rule: BatchRule | None = None) -> Batches:
    """Find the batches in the work of each resource; see the module's text.

    work : the work of the resources beside their duty, which says when they were free.
    """
    rule = rule or BatchRule()
    log, runs = work.paths.log, runs_of_work(work, rule)
    is_held = runs.held >= max(1, parse_duration(rule.min_hold))
    order = np.argsort(runs.activity, kind="stable")
    bounds = np.searchsorted(runs.activity[order], np.arange(len(log.activities) + 1))
    # the same for steps: an activity's work is looked at by itself, so that many activities cost no more than few
    step_activity = runs.activity[runs.run]
    by_activity = np.argsort(step_activity, kind="stable")
    step_bounds = np.searchsorted(step_activity[by_activity], np.arange(len(log.activities) + 1))
    n_steps = np.bincount(runs.activity, weights=runs.size, minlength=len(log.activities)).astype(np.int64)
    enough = [a for a in range(len(log.activities)) if (runs.size[order[bounds[a] : bounds[a + 1]]] >= 2).any()]
    week = np.bincount(runs.step_minute, minlength=WEEK_MINUTES)
    until = np.full(log.n_steps, MISSING_TIME, dtype=np.int64)
    number = np.full(len(runs.size), -1, dtype=np.int64)
    rows, considered = [], []
    n_batches = 0
    for a in enough:
        mine = order[bounds[a] : bounds[a + 1]]
        held = mine[is_held[mine]]
        done = by_activity[step_bounds[a] : step_bounds[a + 1]]
        size, slot, chosen, why = _rule_of(runs, mine, held, done, week, rule, work, n_tried=len(enough))
        considered.append(
            {"activity": log.activities[a], "n_steps": int(n_steps[a]), "n_runs": len(mine), "n_held": len(held),
             "batched": len(chosen) > 0, "why": why}
        )  # fmt: skip
        if len(chosen) == 0:
            continue
        members = done[np.isin(runs.run[done], chosen)]
        step = runs.step[members]
        if slot is None:
            until[step] = runs.last_enabled[runs.run[members]]
        else:
            until[step] = runs.release[runs.run[members]]
            if size is None:
                _wait_for_releases(until, runs, done, chosen, work)
        batches = chosen[runs.size[chosen] >= rule.min_size]
        number[batches] = np.arange(n_batches, n_batches + len(batches))
        n_batches += len(batches)
        sizes = runs.size[batches]
        inside = runs.step[done[np.isin(runs.run[done], batches)]]
        waited = np.maximum(until[inside] - work.paths.enabled[inside], 0)
        confidence = float((sizes == size).mean()) if size is not None else np.nan if slot is None else slot.share
        kinds = np.bincount(runs.kind[batches], minlength=3)
        rows.append(
            {"activity": log.activities[a], "fires": why, "size": size, "n_batches": len(batches),
             "n_members": int(sizes.sum()), "support": float(sizes.sum() / n_steps[a]), "confidence": confidence,
             "mean_size": float(sizes.mean()), "largest_size": int(sizes.max()), "one_after_another": int(kinds[0]),
             "side_by_side": int(kinds[1]), "started_together": int(kinds[2]),
             "mean_batching_hours": float(waited.mean() / HOUR)}
        )  # fmt: skip
    is_batch = np.flatnonzero(number >= 0)
    is_batch = is_batch[np.argsort(number[is_batch])]
    batch = np.full(log.n_steps, -1, dtype=np.int64)
    batch[runs.step] = number[runs.run]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return Batches(
        table=table.sort_values(["n_members", "activity"], ascending=[False, True], ignore_index=True),
        n=log.n_cases,
        excluded={},
        caveats=(rule.in_words(), *log.start_caveats),
        rule=rule.in_words(),
        considered=pd.DataFrame(considered, columns=["activity", "n_steps", "n_runs", "n_held", "batched", "why"]),
        until=until,
        batch=batch,
        release=runs.release[is_batch],
        kind=runs.kind[is_batch],
        _attendance=work,
    )


_COLUMNS = [
    "activity", "fires", "size", "n_batches", "n_members", "support", "confidence", "mean_size", "largest_size",
    "one_after_another", "side_by_side", "started_together", "mean_batching_hours",
]  # fmt: skip


def _rule_of(
    runs: Runs, mine: Int64, held: Int64, done: Int64, week: Int64, rule: BatchRule, work: Attendance, *, n_tried: int
) -> tuple[int | None, Slot | None, Int64, str]:
    """(size, slot, the runs that keep the rule, why or why not) of one activity, whose runs are `mine` and whose steps are
    those at the places `done`."""
    none = np.zeros(0, dtype=np.int64)
    if not rule.proven:
        chosen = mine[runs.size[mine] >= rule.min_size]
        return None, None, chosen, "not asked"
    if len(held) < rule.min_releases:
        return None, None, none, f"{counted(len(held), 'release')} of cases that were held"
    other = week - np.bincount(runs.step_minute[done], minlength=WEEK_MINUTES)
    level = rule.level / n_tried
    size = waited_for_size(runs.size[held], rule, level)
    if size is not None:
        chosen = held[runs.size[held] >= size]
        # Hours on duty may be wrong: runs of that size that don't seem held belong to it where it is a peak among them too.
        rest = np.setdiff1d(mine, held)
        before, here, after = (int((runs.size[rest] == size + k).sum()) for k in (-1, 0, 1))
        if here >= 2 * max(before, after):
            chosen = np.union1d(chosen, rest[runs.size[rest] == size])
        slot, _ = _release_time(runs, chosen, _ALL_ALIKE, _ALL_ALIKE, None, other, rule, level, work)
        words = f"when {size} wait" if slot is None else f"when {size} wait, {slot.in_words()}"
        return size, slot, chosen, words
    slot, some = _release_time(runs, held, rule.share, _NEARLY_ALL, done, other, rule, level, work)
    if slot is None:
        return None, None, none, "no size and no time of release stands out"
    chosen = some[slot.holds(runs.minute[some])]
    sizes = runs.size[chosen]
    together = sizes >= rule.min_size
    if together.sum() < rule.min_releases or sizes[together].sum() < rule.share * sizes.sum():
        return None, None, none, f"released {slot.in_words()}, mostly one at a time"
    return None, slot, chosen, slot.in_words()


def _release_time(
    runs: Runs,
    held: Int64,
    share: float,
    most: float,
    done: Int64 | None,
    other: Int64,
    rule: BatchRule,
    level: float,
    work: Attendance,
) -> tuple[Slot | None, Int64]:
    """The time of the week at which these runs are released, and which of them tell it.

    done : the steps of which these runs must hold a share; of the runs themselves when None.

    It covers `share` of the total in runs before which the resource was free for a while since it came on duty; or `most`
    on one weekday, when the resource is on duty on most weekdays and the release clears what waits.
    """
    fresh = held[runs.fresh[held] >= parse_duration(rule.min_pause)]
    for some, least in ((fresh, share), (held, most)):
        if len(some) < rule.min_releases:
            continue
        weight = np.ones(len(some)) if done is None else runs.size[some].astype(float)
        total = float(len(held) if done is None else len(done))
        slot = release_slot(runs.minute[some], weight, total, other, least, rule, level)
        if slot is None:
            continue
        if some is not fresh:
            busiest = int(np.bincount(runs.who[some]).argmax())
            if slot.weekday is None or n_weekdays_on_duty(work, busiest) < _MOST_WEEKDAYS:
                continue
            if done is not None and _cleared(runs, some[slot.holds(runs.minute[some])], done, work) < _NEARLY_ALL:
                continue
        return slot, some
    return None, held


def _cleared(runs: Runs, released: Int64, done: Int64, work: Attendance) -> float:
    """Share of the steps in these runs that were begun at the first release after they were ready, or within a day of it:
    a release clears what waits, a queue that is too long for its staff goes on to the next week."""
    inside = done[np.isin(runs.run[done], released)]
    releases = np.sort(runs.release[released])
    own = runs.release[runs.run[inside]]
    following = releases[np.searchsorted(releases, work.paths.enabled[runs.step[inside]], side="left")]
    return float((own - following < DAY).mean())


def _wait_for_releases(until: Int64, runs: Runs, done: Int64, chosen: Int64, work: Attendance) -> None:
    """Steps that were ready before a release by time and begun after it waited for it, also when they came last."""
    step, who = runs.step[done], runs.who[runs.run[done]]
    start, enabled = work.paths.log.start[step], work.paths.enabled[step]
    releaser = runs.who[chosen]
    by_who, by_releaser = np.argsort(who, kind="stable"), np.lexsort((runs.release[chosen], releaser))
    for resource in np.unique(releaser):
        first, last = np.searchsorted(releaser[by_releaser], [resource, resource + 1])
        releases = runs.release[chosen[by_releaser[first:last]]]
        first, last = np.searchsorted(who[by_who], [resource, resource + 1])
        mine = by_who[first:last]
        place = np.searchsorted(releases, start[mine], side="right") - 1
        waited = (place >= 0) & (releases[np.maximum(place, 0)] >= enabled[mine])
        until[step[mine[waited]]] = releases[place[waited]]


def batched_activities(found: Batches) -> Sequence[str]:
    """The activities that are done in batches, in words for a caveat: `Approve decision (Thursdays at 13:00)`."""
    return [f"{r.activity} ({r.fires})" for r in rows_of(found.table)]
