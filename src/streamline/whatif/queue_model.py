"""A log made ready for replay through queues: what each step needs, of whom, and what it waits for.

The same cases again: each keeps its arrival, its steps in order, its service times and its delays that no staffing
explains; its waits for people, calendars and releases are computed anew. `Workload` is what one replay is made of;
changes edit it before it is replayed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.kernels.queues import NEVER, Replayed, replay_queues
from streamline.kernels.replay import joined_steps
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.loops.rework import Occurrences, loop_occurrences
from streamline.measure.waits.batching import Batches, batches
from streamline.measure.waits.path import ConcurrencyRule, Paths, paths
from streamline.units import DAY, MISSING_TIME
from streamline.whatif.courses import Courses, courses_of
from streamline.whatif.delays import Delays, found_delays
from streamline.whatif.giving_up import GivingUp, found_giving_up
from streamline.whatif.lanes import CAVEAT as LANES_CAVEAT
from streamline.whatif.lanes import with_lanes
from streamline.whatif.own_cases import OwnCases, anchors, apart, found_own_cases
from streamline.whatif.precedence import Precedence, found_precedence
from streamline.whatif.sample import Cases, Weeks, strata_of, weeks_of
from streamline.whatif.staffing import Staffing, Team, found_staffing

if TYPE_CHECKING:
    from streamline.whatif.contact_response import ContactResponse
    from streamline.whatif.validate import Validation

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schedule:
    """When an activity is released: windows in which a ready step need not wait, (n, 2), ascending."""

    activity: int
    windows: Int64


NO_QUEUES_CAVEAT = (
    "The records hold no starts of steps, so waiting for people and being served can't be told apart and queues "
    "can't be replayed: each step "
    "takes as long as it did unless the change touches it. What people whom a change sets free would do for other "
    "cases is left out."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class QueueModel:
    """A log with its staff, delays, releases and loops, ready to be replayed."""

    log: EventLog
    paths: Paths
    #: The steps of each case, where its customer stays, and which of them wait for which.
    courses: Courses
    #: Customers who give up while they wait, and cases that go first.
    giving_up: GivingUp
    precedence: Precedence
    occurrences: Occurrences
    #: None where the records hold no starts: then every step takes as long after its enabling as it did.
    staffing: Staffing | None
    delays: Delays
    #: Steps that stay with whoever did an earlier one of their case.
    own_cases: OwnCases
    batches: Batches | None
    #: Releases of activities that are batched by time, as they were observed and going on after the last one.
    schedules: tuple[Schedule, ...]
    #: Steps of these activities that wait for a release in the replay.
    scheduled: Bool
    calendar: Calendar | None
    weeks: Weeks = field(repr=False)
    #: Cases that count: the others only fill the queues.
    counted: Bool = field(repr=False)
    #: Whether the arrival is only the start of the first step, so that no wait before it is on record.
    arrival_is_start: bool
    #: How the contacts about a case follow from its replay; None without contacts.
    contacts: ContactResponse | None = None
    caveats: tuple[str, ...] = ()
    #: What it was made with, to make another of a part of the log.
    pools: Mapping[str, Sequence[str]] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        queues = (
            "without queues"
            if self.staffing is None
            else f"{self.staffing.n_people:,} people in {len(self.staffing.pools.pools):,} pools"
        )
        return f"<QueueModel of {self.log.source}: {self.log.n_cases:,} cases, {self.log.n_steps:,} steps, {queues}>"

    @cached_property
    def validation(self) -> Validation:
        """How well the replay reproduces the log, as it was and in its later part; see `validate`."""
        from streamline.whatif.validate import validated

        def refit(chosen: Bool) -> QueueModel:
            part = self.log.select(chosen, because="the earlier part")
            return fit_queues(part, calendar=self.calendar, pools=self.pools, rule=self.paths.rule)

        return validated(self, refit=refit)

    @cached_property
    def _places(self) -> Int64:
        """For each step how many steps whoever did it holds at once as a rule: it takes that part of a person's time."""
        if self.staffing is None or self.log.resource is None:
            return np.ones(self.log.n_steps, dtype=np.int64)
        places = np.array([*(t.places for t in self.staffing.teams), 1], dtype=np.int64)
        return np.asarray(
            places[np.append(self.staffing.team_of_resource, -1)[self.log.resource.codes]], dtype=np.int64
        )

    @cached_property
    def counted_between(self) -> tuple[int, int]:
        """First and last arrival of the cases that figures are told of."""
        mine = self.log.arrival[self.counted & (self.log.arrival != MISSING_TIME)]
        return int(mine.min()), int(mine.max())

    def workload(self, cases: Cases, rng: np.random.Generator, *, anew: bool = False) -> Workload:
        """What a replay of these cases is made of, with unknown delays drawn.

        anew : the cases are drawn, so absences that no record shows are, too, instead of those that there were.
        """
        log = self.log
        course = self.courses.of(cases.pick)
        step, size = course.step, np.diff(course.offsets)
        if self.staffing is None:
            staffed = np.zeros(len(step), dtype=np.bool_)
            work = self.paths.service[step]
            teams: tuple[Team, ...] = ()
        else:
            staffed, teams, of_step = self.staffing.staffed[step], self.staffing.teams, self.staffing.work
            presences = self.staffing.anew if anew else self.staffing.presences
            if presences:
                way = presences[int(rng.integers(len(presences)))]
                teams, of_step = way.teams, way.work
            work = of_step[step]
        activity = log.activity[step]
        release = np.full(len(step), -1, dtype=np.int32)
        mine = self.scheduled[step]
        place = np.full(len(log.activities), -1, dtype=np.int32)
        for k, s in enumerate(self.schedules):
            place[s.activity] = k
        release[mine] = place[activity[mine]]
        arrival = cases.arrival
        if self.arrival_is_start:
            some = np.flatnonzero(size > 0)
            before = self.delays.hidden[step[course.offsets[:-1][some]]] * rng.random(len(some))
            arrival = arrival.copy()
            arrival[some] -= np.rint(before).astype(np.int64)
        return Workload(
            model=self,
            cases=cases,
            arrival=arrival,
            step=step,
            offsets=course.offsets,
            join_offsets=course.join_offsets,
            joined=course.joined,
            activity=activity,
            delay=self.delays.drawn(rng, step),
            work=work.copy(),
            queue=self.staffing.lines.of_step[step]
            if self.staffing is not None
            else np.full(len(step), -1, dtype=np.int32),
            staff=np.where(staffed, work // self._places[step], 0).astype(np.int64),
            release=release,
            bond=self.own_cases.bond[step],
            priority=self.precedence.priority[step],
            patience=self.giving_up.drawn(step, course.known, rng, anew=anew) if self.giving_up.patience else None,
            keep=np.ones(len(step), dtype=np.bool_),
            teams=list(teams),
            schedules=[s.windows for s in self.schedules],
        )


@dataclass(kw_only=True, eq=False)
class Workload:
    """Everything that one replay is made of; changes edit it in place.

    Arrays have one entry a replayed step; times are microseconds.
    """

    model: QueueModel
    cases: Cases
    #: When each case really comes: before its recorded arrival, where that is only the start of its first step.
    arrival: Int64
    #: Place of each step in the log.
    step: Int64
    offsets: Int64
    join_offsets: Int64
    joined: Int64
    activity: Int32
    delay: Int64
    work: Int64
    queue: Int32
    #: Working time of staff.
    staff: Int64
    release: Int32
    #: Steps of a case with one number (0 or more) stay with whoever does the first of them.
    bond: Int32
    priority: Int64
    #: How long customers wait for a step that is awaited; None where nobody gives up.
    patience: Int64 | None
    keep: Bool
    teams: list[Team]
    schedules: list[Int64]

    def drop(self, gone: Bool) -> None:
        """Take these steps away: who followed them follows what they had waited for."""
        self.keep &= ~gone
        self.delay[gone] = self.work[gone] = self.staff[gone] = 0
        self.queue[gone] = self.release[gone] = -1

    def replayed(self) -> Replayed:
        """Replay it. Where work stays with a person, each of those who serve it is a team of her own in the result."""
        bond = np.where(self.keep & (self.queue >= 0), self.bond, -1).astype(np.int32)
        teams, turns, anchor = self.teams, None, None
        if (bond >= 0).any():
            teams, turns = apart(self.teams, frozenset(np.unique(self.queue[bond >= 0]).tolist()))
            anchor = anchors(np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets)), bond)
        hours, place = _calendars(teams)
        sizes = np.array([len(h) for h in hours], dtype=np.int64)
        windows = np.concatenate([np.zeros((0, 2), dtype=np.int64), *self.schedules])
        return replay_queues(
            case_offsets=self.offsets,
            arrival=self.arrival,
            rank=np.arange(len(self.cases.pick), dtype=np.int64),
            join_offsets=self.join_offsets,
            joined=self.joined,
            delay=self.delay,
            release=self.release,
            queue=self.queue,
            work=self.work,
            priority=self.priority,
            pinned=np.full(len(self.step), MISSING_TIME, dtype=np.int64),
            release_offsets=_bounds([len(w) for w in self.schedules]),
            release_start=windows[:, 0].copy(),
            release_end=windows[:, 1].copy(),
            team_offsets=_bounds([len(t.queues) for t in teams]),
            team_queue=np.array([q for t in teams for q in t.queues], dtype=np.int32),
            team_size=np.array([t.size * t.places for t in teams], dtype=np.int64),
            team_calendar=place,
            team_preference=np.array([len(t.queues) for t in teams], dtype=np.int64),
            calendar_offsets=_bounds(sizes),
            on_start=np.concatenate([h[:, 0] for h in hours] or [np.zeros(0, dtype=np.int64)]),
            on_end=np.concatenate([h[:, 1] for h in hours] or [np.zeros(0, dtype=np.int64)]),
            anchor=anchor,
            longest_off=None if anchor is None else self.model.own_cases.longest_off[self.step],
            team_turns=turns,
            patience=self.patience,
        )


def _calendars(teams: Sequence[Team]) -> tuple[list[Int64], Int32]:
    """(distinct hours, for each team the place of its own)."""
    hours: list[Int64] = []
    place: dict[int, int] = {}
    for t in teams:
        if id(t.hours) not in place:
            place[id(t.hours)] = len(hours)
            hours.append(t.hours)
    return hours, np.array([place[id(t.hours)] for t in teams], dtype=np.int32)


def _bounds(sizes: Sequence[int] | Int64) -> Int64:
    return np.concatenate([[0], np.cumsum(np.asarray(sizes, dtype=np.int64))]).astype(np.int64)


def fit_queues(
    log: EventLog,
    *,
    calendar: Calendar | None = None,
    pools: Mapping[str, Sequence[str]] | None = None,
    counted: Bool | None = None,
    rule: ConcurrencyRule | None = None,
) -> QueueModel:
    """Make a log ready for replay through queues.

    calendar : office hours; discovered for each resource without. pools : names of pools with patterns of resource names.
    counted : cases that figures are told of, one entry a case; the others only fill the queues. All by default.

    Without resources, people are counted from steps that are done at once (`lanes`); without starts no queue can be
    replayed, and every step takes as long as it did. Both are said in the model's caveats. Raises InsufficientDataError
    when no case is closed.
    """
    if not log.closed.any():
        raise InsufficientDataError(f"{log.source}: none of {log.n_cases:,} cases is closed; nothing to replay.")
    if log.has_start and log.resource is None:
        seen = with_lanes(log)
        if seen.resource is not None and seen.resource.names:
            return _fitted(seen, calendar, None, counted, rule, (LANES_CAVEAT,))
    if not log.has_start or log.resource is None:
        return _fitted(log, calendar, None, counted, rule, (NO_QUEUES_CAVEAT,))
    return _fitted(log, calendar, pools, counted, rule, ())


def _fitted(
    log: EventLog,
    calendar: Calendar | None,
    pools: Mapping[str, Sequence[str]] | None,
    counted: Bool | None,
    rule: ConcurrencyRule | None,
    caveats: tuple[str, ...],
) -> QueueModel:
    found = paths(log, rule=rule)
    batched: Batches | None = None
    staffing: Staffing | None = None
    own_cases, giving_up = OwnCases.none(log.n_steps), GivingUp.none(log.n_steps)
    precedence = Precedence.none(log.n_steps)
    stratum = strata_of(log, ())
    schedules: tuple[Schedule, ...] = ()
    scheduled = np.zeros(log.n_steps, dtype=np.bool_)
    first = log.case_offsets[:-1][np.diff(log.case_offsets) > 0]
    arrival_is_start = bool((log.arrival[log.case_of_step[first]] == log.start[first]).all())
    if NO_QUEUES_CAVEAT in caveats:
        wait = found.waiting + found.sojourn
        delays = Delays.known(wait)
        work_by_pool = np.zeros((log.n_cases, 0))
    else:
        batched = batches(log, calendar=calendar, rule=rule)
        staffing = found_staffing(
            log,
            calendar=calendar,
            pools=pools,
            batched=[str(a) for a in batched.table["activity"]],
            enabled=found.enabled,
        )
        schedules, scheduled = _schedules(log, batched)
        entry = np.zeros(log.n_steps, dtype=np.bool_)
        entry[first] = arrival_is_start
        if LANES_CAVEAT not in caveats:  # people who are only counted have no cases of their own
            own_cases = found_own_cases(log, staffing, enabled=found.enabled)
        delays = found_delays(
            found,
            staffing,
            released=np.where(scheduled, batched.until, MISSING_TIME),
            entry=entry,
            bound=own_cases.bound,
        )
        delays.low[scheduled] = delays.high[scheduled] = 0
        assert delays.absence is not None
        staffing = staffing.with_hours(delays.there, delays.absence.ways, delays.absence.anew)
        work_by_pool = _work_by_pool(log, staffing)
        stratum = strata_of(log, staffing.lines.divided_by)
        precedence = found_precedence(found, staffing)
        giving_up = found_giving_up(found, staffing, stratum=stratum)
        caveats = (
            *caveats,
            *staffing.caveats,
            *own_cases.caveats,
            *delays.absence.caveats(staffing),
            *giving_up.caveats,
            *precedence.caveats,
        )
    join_offsets, joined = joined_steps(log.case_offsets, log.activity, log.start, log.complete, *found.partners)
    return QueueModel(
        log=log,
        paths=found,
        courses=courses_of(log, join_offsets, joined, giving_up),
        giving_up=giving_up,
        precedence=precedence,
        occurrences=loop_occurrences(log),
        staffing=staffing,
        delays=delays,
        own_cases=own_cases,
        batches=batched,
        schedules=schedules,
        scheduled=scheduled,
        calendar=calendar,
        weeks=weeks_of(log, work_by_pool, stratum),
        counted=np.ones(log.n_cases, dtype=np.bool_) if counted is None else counted,
        arrival_is_start=arrival_is_start,
        caveats=caveats,
        pools=pools,
    )


def _work_by_pool(log: EventLog, staffing: Staffing) -> npt.NDArray[np.float64]:
    """(n_cases, pools): working time of staff that each case brought."""
    assert log.resource is not None
    n = len(staffing.pools.pools)
    mine = np.flatnonzero(staffing.staffed)
    key = log.case_of_step[mine] * n + staffing.pools.pool_of_resource[log.resource.codes[mine]]
    total = np.bincount(key, weights=staffing.work[mine], minlength=log.n_cases * n)
    return total.astype(np.float64).reshape(-1, n)


def _schedules(log: EventLog, found: Batches) -> tuple[tuple[Schedule, ...], Bool]:
    """Releases by time: the observed ones, going on at the same pace after the last; and the steps that wait for them."""
    schedules: list[Schedule] = []
    scheduled = np.zeros(log.n_steps, dtype=np.bool_)
    by_size = found.table["size"].notna().to_numpy()
    for name, sized in zip(found.table["activity"].astype(str), by_size, strict=True):
        if sized:
            continue  # its wait stays as it was observed
        code = log.activity_code(name)
        mine = log.activity == code
        at = np.unique(found.until[mine & (found.until != MISSING_TIME)])
        if len(at) < 2:
            continue
        scheduled |= mine
        pace = int(np.median(np.diff(at)))
        pace = max(round(pace / DAY), 1) * DAY if pace > DAY // 2 else pace
        later = at[-1] + pace * np.arange(1, 1 + (2 * 366 * DAY) // pace)
        every = np.concatenate([at, later])
        schedules.append(Schedule(activity=code, windows=np.stack([every, every + 1], axis=1)))
    return tuple(schedules), scheduled


__all__ = ["NEVER", "QueueModel", "Replayed", "Schedule", "Workload", "fit_queues"]
