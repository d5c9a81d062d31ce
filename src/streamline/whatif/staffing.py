"""Who can serve which steps when: pools, hours and strength, found from what each resource did.

Steps that are ready wait in a queue (`lines`) for somebody. A *team* is a number of people of one pool who serve the
same queues in the same hours. A step needs staff when it isn't external and its activity takes people's time: an activity
nearly all of whose steps take no time at all counts as done by a system.

Hours: the office calendar where the study gives one, else those discovered from what each resource does. With a
calendar, a resource that is seen in clearly fewer hours than the office has (a shift, part time) keeps its own, unless
its work is released in batches: who comes only to release a batch is off at other times by the rhythm, not by a
contract. Days of absence are off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.log.duty import Duty
from streamline.log.event_log import EventLog
from streamline.measure.staff.availability import ResourceCalendars, resource_calendars
from streamline.measure.staff.pools import ResourcePools, resource_pools
from streamline.measure.staff.week_hours import calendar_of
from streamline.units import DAY, MISSING_TIME
from streamline.whatif.at_once import at_once
from streamline.whatif.lines import SERVES, Lines, found_lines
from streamline.whatif.never_seen import without_breaks
from streamline.whatif.spans import less, shared

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

#: An activity is a system's when at least this share of its steps takes no time.
AUTOMATIC = 0.95
#: A resource seen in less than this share of the office's hours has hours of its own.
SHORTER = 0.8
#: From this share of the steps on it is said that they lie outside the hours of whoever did them.
OUTSIDE = 0.05
#: How long hours go on after the last event, in years: slower services end later.
YEARS_AFTER = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Team:
    """People of one pool with the same hours."""

    pool: int
    size: int
    #: On-duty intervals, int64 microseconds of shape (n, 2), sorted and disjoint.
    hours: Int64 = field(repr=False)
    #: The queues that it serves.
    queues: tuple[int, ...]
    #: Steps that each of them holds open at once as a rule.
    places: int = 1
    #: Time taken off the hours because they were away then, though no record shows it, (n, 2); None where there is none.
    away: Int64 | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AwayWay:
    """One way in which people may have been away though no record shows it."""

    #: Time away by resource code, (n, 2), sorted and disjoint; people who never were aren't in it.
    away: dict[int, Int64]
    #: Working time of each step less the absence in it, microseconds.
    work: Int64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Presence:
    """The teams, and what each step asks of them, in one way in which people may have been there."""

    teams: tuple[Team, ...]
    work: Int64


@dataclass(frozen=True, kw_only=True, eq=False)
class Staffing:
    """Teams of a log, and what each step asks of them."""

    log: EventLog
    pools: ResourcePools
    lines: Lines
    teams: tuple[Team, ...]
    #: One a resource code: its team; -1 for those that serve nobody's queue.
    team_of_resource: Int64
    #: Steps that need staff.
    staffed: Bool
    #: int64 microseconds, one a step: working time in its team's hours where it needs staff, else elapsed time.
    work: Int64
    #: Hours in words, for the section.
    hours_from: str
    caveats: tuple[str, ...]
    #: Ways in which people may have been there, the same teams in all; `teams` and `work` are those of the first. Empty where
    #: that is known.
    presences: tuple[Presence, ...] = field(default=(), repr=False)
    #: Ways in which they might have been there, with other luck, beside cases that are drawn; empty where that is known.
    anew: tuple[Presence, ...] = field(default=(), repr=False)

    @property
    def n_people(self) -> int:
        """People in all teams."""
        return sum(t.size for t in self.teams)

    def people_for(self, activity: int) -> int:
        """People whose teams serve this activity."""
        mine = set(self.queues_of(activity))
        return sum(t.size for t in self.teams if mine & set(t.queues))

    def queues_of(self, activity: int) -> tuple[int, ...]:
        """The queues of an activity."""
        return tuple(np.flatnonzero(self.lines.activity == activity).tolist())

    def hours_of(self, resource: int) -> Int64:
        """The on-duty intervals of a resource that is in a team, (n, 2)."""
        return self.teams[int(self.team_of_resource[resource])].hours

    def with_hours(
        self, there: Sequence[Int64], ways: Sequence[AwayWay] = (), anew: Sequence[AwayWay] = ()
    ) -> Staffing:
        """The same people with these hours, one array (n, 2) a resource code, less the time away of each way.

        ways : how they may have been away; anew : how they might have been, with other luck. Those with the same hours in all
        stay in one team.
        """
        known = ways or [AwayWay(away={}, work=self.work)]
        ways = [*known, *anew]
        hours = [[less(there[r], w.away[r]) if r in w.away else there[r] for r in range(len(there))] for w in ways]
        teams: list[list[Team]] = [[] for _ in ways]
        team_of = np.full(len(self.team_of_resource), -1, dtype=np.int64)
        place: dict[tuple[int, bytes, tuple[int, ...]], int] = {}
        for r in np.flatnonzero(self.team_of_resource >= 0).tolist():
            old = self.teams[int(self.team_of_resource[r])]
            key = old.pool, b"".join(h[r].tobytes() for h in hours), old.queues
            at = team_of[r] = place.setdefault(key, len(place))
            for mine, h, w in zip(teams, hours, ways, strict=True):
                if at == len(mine):
                    same = len(h[r]) == len(old.hours)
                    mine.append(replace(old, size=0, hours=old.hours if same else h[r], away=w.away.get(r)))
                mine[at] = replace(mine[at], size=mine[at].size + 1)
        found = tuple(Presence(teams=tuple(t), work=w.work) for t, w in zip(teams, ways, strict=True))
        return replace(
            self,
            teams=found[0].teams,
            team_of_resource=team_of,
            work=found[0].work,
            presences=found[: len(known)] if len(found) > 1 else (),
            anew=found[len(known) :],
        )

    def teams_of_pool(self, pool: int) -> tuple[int, ...]:
        """Places of the pool's teams, the largest first."""
        mine = [k for k, t in enumerate(self.teams) if t.pool == pool]
        return tuple(sorted(mine, key=lambda k: (-self.teams[k].size, k)))


def found_staffing(
    log: EventLog,
    *,
    calendar: Calendar | None = None,
    pools: Mapping[str, Sequence[str]] | None = None,
    batched: Sequence[str] = (),
    enabled: Int64 | None = None,
) -> Staffing:
    """Find the teams of a log; see the module's text.

    calendar : office hours. pools : names of pools with patterns of resource names. batched : activities that are
    released in batches. enabled : when each step was; with it and a calendar, half hours of the day in which people are never
    seen, though work waits, are taken off their hours.

    Raises InsufficientDataError without starts or resources: who is free when can't be told then.
    """
    if not log.has_start:
        raise InsufficientDataError(
            f"{log.source} records no starts, so waiting for staff and being served can't be told apart and no queue "
            "can be replayed. "
            "Name the column of starts: read_log(…, start=…); or estimate them: estimated_starts."
        )
    if log.resource is None:
        raise InsufficientDataError(
            f"{log.source} was read without resources, so whom a step waits for can't be told; name their column: "
            "read_log(…, resource=…)."
        )
    found = resource_pools(log, given=pools)
    codes = log.resource.codes
    staffed = (codes >= 0) & ~log.external_step & (log.start != MISSING_TIME) & ~_automatic(log)[log.activity]
    used = np.bincount(codes[staffed], minlength=len(log.resource.names)) > 0
    schedule, spans, hours_from, caveats = _hours(log, found, used, calendar, batched, staffed, enabled)
    lines = found_lines(log, found, staffed)
    teams: list[Team] = []
    team_of = np.full(len(log.resource.names), -1, dtype=np.int64)
    place: dict[tuple[int, int, tuple[int, ...]], int] = {}
    for r in np.flatnonzero(used).tolist():
        key = int(found.pool_of_resource[r]), int(schedule[r]), lines.served[r]
        if key not in place:
            place[key] = len(teams)
            teams.append(Team(pool=key[0], size=0, hours=spans[key[1]], queues=key[2]))
        at = team_of[r] = place[key]
        teams[at] = replace(teams[at], size=teams[at].size + 1)
    work, n_outside, places = _work(log, staffed, teams, team_of, found.pool_of_resource)
    teams = [replace(t, places=int(places[np.flatnonzero(team_of == k)[0]])) for k, t in enumerate(teams)]
    if n_outside >= OUTSIDE * max(int(staffed.sum()), 1):
        caveats.append(
            f"{n_outside:,} of {int(staffed.sum()):,} steps of staff lie outside the hours of whoever did them as a "
            "whole. They keep "
            "the time that they took, and are replayed in these hours; are the hours right?"
        )
    return Staffing(
        log=log,
        pools=found,
        lines=lines,
        teams=tuple(teams),
        team_of_resource=team_of,
        staffed=staffed,
        work=work,
        hours_from=hours_from,
        caveats=(*caveats, *lines.caveats),
    )


def _automatic(log: EventLog) -> Bool:
    """For each activity whether nearly all its steps take no time."""
    width = len(log.activities)
    known = log.start != MISSING_TIME
    total = np.bincount(log.activity[known], minlength=width)
    none = np.bincount(log.activity[known], weights=(log.complete == log.start)[known], minlength=width)
    return np.asarray((total > 0) & (none >= AUTOMATIC * total), dtype=np.bool_)


def _hours(
    log: EventLog,
    pools: ResourcePools,
    used: Bool,
    calendar: Calendar | None,
    batched: Sequence[str],
    staffed: Bool,
    enabled: Int64 | None,
) -> tuple[Int64, list[Int64], str, list[str]]:
    """(schedule of each resource, the on-duty intervals of each schedule, in words, caveats)."""
    first, last = log.period
    since, until = first - 7 * DAY, last + YEARS_AFTER * 366 * DAY
    own = resource_calendars(log, pools=pools, granularity="30 min")
    per_hour = own.weekly.shape[1] / (7 * 24)
    weekly_hours = own.weekly.sum(axis=1) / per_hour
    assert log.resource is not None
    batch = {log.activity_code(a) for a in batched}
    releasing = np.zeros(len(pools.pools), dtype=np.bool_)
    for pool, rows in pools.activities.groupby("pool", sort=False):
        codes = {log.activity_code(str(a)) for a in rows.loc[rows["share_of_pool"] >= SERVES, "activity"]}
        releasing[pools.pools.index(str(pool))] = bool(codes & batch)
    keys: dict[bytes, int] = {}
    spans: list[Int64] = []
    schedule = np.full(len(used), -1, dtype=np.int64)
    caveats: list[str] = []
    office = None if calendar is None else calendar.openings(since, until)
    a_week = 0.0 if calendar is None else _weekly_hours(calendar, first)
    n_own = n_unknown = n_breaks = 0
    for r in np.flatnonzero(used):
        known = bool(own.duty.known[r])
        holds_own = known and own.table is not None and not releasing[pools.pool_of_resource[r]]
        if office is not None:
            shorter = holds_own and weekly_hours[r] < SHORTER * a_week
            mine = (
                shared(office, calendar_of(own.weekly[r], timezone=log.timezone).openings(since, until))
                if shorter
                else office
            )
            n_own += int(shorter)
        elif known:
            mine = calendar_of(own.weekly[r], timezone=log.timezone).openings(since, until)
        else:
            mine = np.array([[since, until]], dtype=np.int64)
            n_unknown += 1
        away = _absences(log, own, int(r))
        if len(away) and not releasing[pools.pool_of_resource[r]]:
            mine = less(mine, away)
        if office is not None and enabled is not None and not releasing[pools.pool_of_resource[r]]:
            theirs = staffed & (log.resource.codes == r)
            seen = without_breaks(
                log, mine, enabled=enabled[theirs], start=log.start[theirs], complete=log.complete[theirs]
            )
            n_breaks += int(seen is not mine)
            mine = seen
        key = mine.tobytes()
        if key not in keys:
            keys[key] = len(spans)
            spans.append(np.ascontiguousarray(mine))
        schedule[r] = keys[key]
    words = calendar.describe() if calendar is not None else own.rule
    if n_own:
        words += (
            f" {n_own:,} of {int(used.sum()):,} people are seen in clearly fewer hours, and have those that their own work "
            "shows."
        )
    if n_breaks:
        words += (
            f" {n_breaks:,} of {int(used.sum()):,} people are never seen in some half hours of the day (a lunch break, a late "
            "start), which aren't theirs."
        )
    if n_unknown:
        caveats.append(
            f"The hours of {n_unknown:,} of {int(used.sum()):,} people can't be told; they count as always there. "
            "Give a calendar."
        )
    return schedule, spans, words, caveats


def _weekly_hours(calendar: Calendar, near: int) -> float:
    """Hours of a usual week: the longest of eight, so that holidays don't shorten it."""
    return max(
        float(np.diff(calendar.openings(near + k * 7 * DAY, near + (k + 1) * 7 * DAY), axis=1).sum()) / (DAY / 24)
        for k in range(8)
    )


def _absences(log: EventLog, own: ResourceCalendars, resource: int) -> Int64:
    """Instants between which a resource was away for days, (n, 2)."""
    assert log.resource is not None
    mine = own.absences[own.absences["resource"] == log.resource.names[resource]]
    if len(mine) == 0:
        return np.zeros((0, 2), dtype=np.int64)
    bounds = [pd.DatetimeIndex(mine["first_day"]), pd.DatetimeIndex(mine["last_day"]) + pd.Timedelta(days=1)]
    local = [b.tz_localize(None).tz_localize(log.timezone, nonexistent="shift_forward", ambiguous=True) for b in bounds]
    spans = np.stack([b.tz_convert("UTC").as_unit("us").asi8 for b in local], axis=1).astype(np.int64)
    return spans[np.argsort(spans[:, 0])]


def _work(
    log: EventLog, staffed: Bool, teams: Sequence[Team], team_of: Int64, pool_of: Int64
) -> tuple[Int64, int, Int64]:
    """(working time of each step in its team's hours; how many steps with staff lie outside those hours as a whole).

    Where a step needs no staff, or lies outside, it is the elapsed time.
    """
    known = log.start != MISSING_TIME
    work = np.where(known, log.complete - log.start, 0).astype(np.int64)
    assert log.resource is not None
    step = np.flatnonzero(staffed)
    first, last = log.period
    duty = Duty.of_schedules(
        [_within(t.hours, first, last) for t in teams],
        schedule=team_of,
        since=first,
        until=last,
        source="",
    )
    who = log.resource.codes[step].astype(np.int64)
    begun = duty.time(who, np.full(len(step), first), log.start[step])
    done = duty.time(who, np.full(len(step), first), log.complete[step])
    outside = (done == begun) & (work[step] > 0)
    held = at_once(who, begun, done, group=np.maximum(pool_of, 0).astype(np.int64))
    work[step] = np.where(outside, work[step], held.work)
    return work, int(outside.sum()), held.places


def _within(spans: Int64, since: int, until: int) -> Int64:
    kept = spans[(spans[:, 1] > since) & (spans[:, 0] < until)]
    return np.clip(kept, since, until)
