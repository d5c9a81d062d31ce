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
  nine in ten steps are released on one weekday may the release coincide with an opening.

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
from scipy.stats import binom

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.batches import facts_of_runs, runs_of_steps
from streamline.kernels.overlaps import opened_before
from streamline.log.calendar import Calendar
from streamline.log.duty import Duty
from streamline.log.event_log import EventLog
from streamline.measure.attendance import Attendance, attendance, attested, duty_of
from streamline.measure.path import ConcurrencyRule, paths
from streamline.measure.periods import local_time
from streamline.results import Result, rows_of
from streamline.units import HOUR, MINUTE, MISSING_TIME, counted, parse_duration

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

KINDS = ("one after another", "side by side", "started together")
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_DAY_MINUTES, _WEEK_MINUTES = 24 * 60, 7 * 24 * 60
#: Width of the stretch of the day in which the releases of an activity must lie, minutes.
_WINDOW = 60
#: Share of an activity's steps that a release on one weekday must cover when it may coincide with the resource's coming on
#: duty: a backlog of nights and weekends, however delayed, spreads over more mornings.
_NEARLY_ALL = 0.9
#: Hours of the day, hours of the week, weekdays: so many times of release are tried for each activity.
_SLOTS_TRIED = 24 + 168 + 7


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRule:
    """What counts as a batch.

    min_size : members that a batch has at least. max_gap : on duty, between the completion of one member and the start of
        the next; never more than the activity's median service time (or a minute, where that is less).
    min_hold : time on duty and free, while members waited, that makes a run held. min_pause : the same since the resource
        came on duty, for a rule by time: what begins as the office opens was kept by the night.
    min_releases : of a rule.
    share : of an activity's steps that a rule by time must cover. level : of the tests, over all activities together.
    proven : whether a batch must keep a rule of its activity. If not, every run of `min_size` counts, as in published
        tools; ordinary service of a queue then passes for batching.
    """

    min_size: int = 2
    max_gap: str = "15 minutes"
    min_hold: str = "1 minute"
    min_pause: str = "1 hour"
    min_releases: int = 5
    share: float = 0.5
    level: float = 0.001
    proven: bool = True

    def __post_init__(self) -> None:
        if self.min_size < 2:
            raise ValueError(f"min_size is {self.min_size}; a batch has two members or more.")
        for text in (self.max_gap, self.min_hold, self.min_pause):
            parse_duration(text)

    def in_words(self) -> str:
        """The rule as it stands in the section."""
        text = (
            f"Steps of one activity and one resource are a batch when at least {self.min_size} of them began at most "
            f"{self.max_gap} apart and all were ready before the first began"
        )
        if not self.proven:
            return f"{text}; ordinary service of a queue isn't told apart."
        return (
            f"{text}, their resource was on duty and free for {self.min_hold} or more meanwhile, and batches of that "
            f"size, or released at that time, are a rule of the activity (at least {self.min_releases} of them)."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When in the week releases happen: a weekday (0 is Monday), a stretch of the day in minutes, or both."""

    weekday: int | None
    #: First and last minute of the day that was met; None when the time of day doesn't matter.
    minutes: tuple[int, int] | None
    #: Share of the releases (or of the steps in them) that lie in it, 0 to 1.
    share: float

    def in_words(self) -> str:
        """`Thursdays at 13:00`, `daily between 09:00 and 09:40`, `Mondays`."""
        day = "daily" if self.weekday is None else _DAYS[self.weekday]
        if self.minutes is None:
            return day
        first, last = (f"{m % _DAY_MINUTES // 60:02d}:{m % 60:02d}" for m in self.minutes)
        return f"{day} at {first}" if first == last else f"{day} between {first} and {last}"

    def holds(self, minute_of_week: Int64) -> Bool:
        """Which local times (minutes since Monday midnight) lie in it."""
        chosen = np.ones(len(minute_of_week), dtype=np.bool_)
        if self.weekday is not None:
            chosen &= minute_of_week // _DAY_MINUTES == self.weekday
        if self.minutes is not None:
            chosen &= (minute_of_week - self.minutes[0]) % _DAY_MINUTES <= self.minutes[1] - self.minutes[0]
        return chosen


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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Runs:
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
    log, runs = work.paths.log, _runs(work, rule)
    is_held = runs.held >= max(1, parse_duration(rule.min_hold))
    order = np.argsort(runs.activity, kind="stable")
    bounds = np.searchsorted(runs.activity[order], np.arange(len(log.activities) + 1))
    # the same for steps: an activity's work is looked at by itself, so that many activities cost no more than few
    step_activity = runs.activity[runs.run]
    by_activity = np.argsort(step_activity, kind="stable")
    step_bounds = np.searchsorted(step_activity[by_activity], np.arange(len(log.activities) + 1))
    n_steps = np.bincount(runs.activity, weights=runs.size, minlength=len(log.activities)).astype(np.int64)
    enough = [a for a in range(len(log.activities)) if (runs.size[order[bounds[a] : bounds[a + 1]]] >= 2).any()]
    week = np.bincount(runs.step_minute, minlength=_WEEK_MINUTES)
    until = np.full(log.n_steps, MISSING_TIME, dtype=np.int64)
    number = np.full(len(runs.size), -1, dtype=np.int64)
    rows, considered = [], []
    n_batches = 0
    for a in enough:
        mine = order[bounds[a] : bounds[a + 1]]
        held = mine[is_held[mine]]
        done = by_activity[step_bounds[a] : step_bounds[a + 1]]
        size, slot, chosen, why = _rule_of(runs, mine, held, done, week, rule, n_tried=len(enough))
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


def _runs(work: Attendance, rule: BatchRule) -> _Runs:
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
    return _Runs(
        step=step, run=run, first=first, size=size, last_enabled=last, kind=kind, activity=activity[first],
        who=who[first], release=release, held=held, fresh=fresh, minute=_minute_of_week(work, release),
        step_minute=_minute_of_week(work, start),
    )  # fmt: skip


def _minute_of_week(work: Attendance, instants: Int64) -> Int64:
    """Local times as minutes since Monday midnight."""
    local = local_time(work.paths.log, instants)
    return (local // MINUTE + 3 * _DAY_MINUTES) % _WEEK_MINUTES


def _rule_of(
    runs: _Runs, mine: Int64, held: Int64, done: Int64, week: Int64, rule: BatchRule, *, n_tried: int
) -> tuple[int | None, Slot | None, Int64, str]:
    """(size, slot, the runs that keep the rule, why or why not) of one activity, whose runs are `mine` and whose steps are
    those at the places `done`."""
    none = np.zeros(0, dtype=np.int64)
    if not rule.proven:
        chosen = mine[runs.size[mine] >= rule.min_size]
        return None, None, chosen, "not asked"
    if len(held) < rule.min_releases:
        return None, None, none, f"{counted(len(held), 'release')} of cases that were held"
    other = week - np.bincount(runs.step_minute[done], minlength=_WEEK_MINUTES)
    level = rule.level / n_tried
    size = _waited_for_size(runs.size[held], rule, level)
    if size is not None:
        chosen = held[runs.size[held] >= size]
        # Hours on duty may be wrong: runs of that size that don't seem held belong to it where it is a peak among them too.
        rest = np.setdiff1d(mine, held)
        before, here, after = (int((runs.size[rest] == size + k).sum()) for k in (-1, 0, 1))
        if here >= 2 * max(before, after):
            chosen = np.union1d(chosen, rest[runs.size[rest] == size])
        slot = _slot(runs.minute[chosen], np.ones(len(chosen)), float(len(chosen)), other, 0.8, rule, level)
        words = f"when {size} wait" if slot is None else f"when {size} wait, {slot.in_words()}"
        return size, slot, chosen, words
    slot, fresh = None, held[runs.fresh[held] >= parse_duration(rule.min_pause)]
    for some, share in ((fresh, rule.share), (held, _NEARLY_ALL)):
        if slot is None and len(some) >= rule.min_releases:
            slot = _slot(runs.minute[some], runs.size[some].astype(float), float(len(done)), other, share, rule, level)
            if slot is not None and slot.weekday is None and some is held:
                slot = None
    if slot is None:
        return None, None, none, "no size and no time of release stands out"
    chosen = held[slot.holds(runs.minute[held])]
    sizes = runs.size[chosen]
    together = sizes >= rule.min_size
    if together.sum() < rule.min_releases or sizes[together].sum() < rule.share * sizes.sum():
        return None, None, none, f"released {slot.in_words()}, mostly one at a time"
    return None, slot, chosen, slot.in_words()


def _waited_for_size(sizes: Int64, rule: BatchRule, level: float) -> int | None:
    """The size that stands out among these, the one with the most members; None when none does."""
    count = np.bincount(sizes, minlength=rule.min_size + 1)
    at_least = np.cumsum(count[::-1])[::-1]
    tried = np.flatnonzero(count[rule.min_size :] >= rule.min_releases) + rule.min_size
    found = [
        (int(m * count[m]), int(m))
        for m in tried
        if count[m] >= 2 * count[m - 1]
        and count[m] >= 0.5 * at_least[m]
        and binom.sf(count[m] - 1, count[m] + count[m - 1], 0.5) < level / len(tried)
    ]
    return max(found)[1] if found else None


def _slot(
    minute: Int64, weight: npt.NDArray[np.float64], total: float, other: Int64, share: float, rule: BatchRule,
    level: float,
) -> Slot | None:  # fmt: skip
    """The time of the week in which `share` of the total weight was released, the narrowest; None when there is none.

    other : how many steps of other activities began in each minute of the week.
    """
    found = []
    for weekday in (None, *range(7)):
        mine = np.ones(len(minute), dtype=np.bool_) if weekday is None else minute // _DAY_MINUTES == weekday
        if weight[mine].sum() < share * total:
            continue
        slots = [_densest(minute[mine] % _DAY_MINUTES, weight[mine], weekday, total)]
        if weekday is not None:
            slots.append(Slot(weekday=weekday, minutes=None, share=float(weight[mine].sum() / total)))
        for slot in slots:
            inside = int(slot.holds(minute).sum())
            begun = int(other[slot.holds(np.arange(_WEEK_MINUTES))].sum())
            chance = (begun + 1) / (int(other.sum()) + 2) if other.sum() >= 100 else _width(slot) / _WEEK_MINUTES
            beyond = binom.sf(inside - 1, len(minute), min(chance, 1.0)) < level / _SLOTS_TRIED
            if slot.share >= share and inside >= rule.min_releases and beyond:
                found.append(slot)
    if not found:
        return None
    best = max(s.share for s in found)
    return min((s for s in found if s.share >= 0.9 * best), key=_width)


def _width(slot: Slot) -> int:
    """Minutes of the week in which releases of the slot may lie."""
    days = 7 if slot.weekday is None else 1
    return days * (_DAY_MINUTES if slot.minutes is None else _WINDOW)


def _densest(minute: Int64, weight: npt.NDArray[np.float64], weekday: int | None, total: float) -> Slot:
    """The hour of the day, beginning at one of these releases, that holds most of their weight."""
    order = np.argsort(minute, kind="stable")
    twice = np.concatenate([minute[order], minute[order] + _DAY_MINUTES])
    before = np.concatenate([[0.0], np.cumsum(np.concatenate([weight[order], weight[order]]))])
    last = np.searchsorted(twice, twice[: len(minute)] + _WINDOW, side="left")
    held = before[last] - before[: len(minute)]
    k = int(np.argmax(held))
    return Slot(weekday=weekday, minutes=(int(twice[k]), int(twice[last[k] - 1])), share=float(held[k] / total))


def _wait_for_releases(until: Int64, runs: _Runs, done: Int64, chosen: Int64, work: Attendance) -> None:
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
