"""The conditions under which a service works, and what each kind of change in a study does to them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Team:
    """People with the same tasks. Person k works the hours number k modulo their count; leavers leave from the end."""

    prefix: str
    people: int
    queues: tuple[str, ...]
    hours: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A return that may happen: to its head, from the last step before the return, through steps in between."""

    name: str
    to: str
    from_: str
    through: tuple[str, ...]


@dataclass(kw_only=True)
class Conditions:
    """A service as it is, before any change; `changed` gives it with changes."""

    teams: dict[str, Team]
    #: Median minutes of work by activity.
    minutes: dict[str, float]
    #: Median days by activity that waits on the customer or a third party.
    external_days: dict[str, float] = field(default_factory=dict)
    loops: tuple[Loop, ...] = ()
    #: (weekday or None for every working day, clock) by activity; None: at once.
    releases: dict[str, tuple[int | None, str] | None] = field(default_factory=dict)
    #: Contacts a day by the activity awaited.
    contacts_a_day: dict[str, float] = field(default_factory=dict)
    work_factor: dict[str, float] = field(default_factory=dict)
    #: Share of each loop's chance that is left.
    loop_factor: dict[str, float] = field(default_factory=dict)
    #: Minutes of activities that a machine does.
    automatic: dict[str, float] = field(default_factory=dict)
    dropped: dict[str, float] = field(default_factory=dict)
    side_by_side: tuple[frozenset[str], ...] = ()
    lanes: tuple[tuple[dict[str, str], float], ...] = ()
    diverted: tuple[tuple[str, str, float], ...] = ()
    demand: float = 1.0

    def changed(self, changes: Sequence[Mapping[str, Any]]) -> Conditions:
        """These conditions with the changes of a scenario, as the study file writes them."""
        new = copy.deepcopy(self)
        for change in changes:
            fields = {k: v for k, v in change.items() if k not in ("kind", "evidence")}
            getattr(new, f"_{change['kind']}")(**fields)
        return new

    def _teams_of(self, activity: str) -> list[Team]:
        found = [t for t in self.teams.values() if any(q.partition("@")[0] == activity for q in t.queues)]
        if not found:
            raise KeyError(f"nobody does {activity!r}")
        return found

    def _add_capacity(self, *, staff: int, pool: str | None = None, activity: str | None = None) -> None:
        team, *others = [self.teams[pool]] if pool else self._teams_of(str(activity))
        if others:
            raise ValueError(f"several teams do {activity!r}; name one")
        team.people += staff
        if team.people < 1:
            raise ValueError(f"nobody is left in {team.prefix!r}")

    def _pool_resources(self, *, activities: Sequence[str]) -> None:
        teams = [t for a in activities for t in self._teams_of(a)]
        all_queues = {q for t in teams for q in t.queues if q.partition("@")[0] in activities}
        for team in teams:
            team.queues = tuple(sorted({*team.queues, *all_queues}))

    def _change_hours(self, *, hours: Mapping[str, str], pool: str = "all") -> None:
        for name, team in self.teams.items():
            if pool in ("all", name):
                team.hours = (hours,)

    def _speed_up(self, *, activity: str, by: float) -> None:
        self.work_factor[activity] = self.work_factor.get(activity, 1.0) * (1 - by)

    def _automate(self, *, activity: str, to: str) -> None:
        number, unit = to.split()
        self.automatic[activity] = float(number) * {"minutes": 1, "hours": 60}[unit]

    def _remove_step(self, *, activity: str, share: float = 1.0) -> None:
        self.dropped[activity] = share

    def _reduce_rework(self, *, by: float, to: str | None = None, through: str | None = None, **names: str) -> None:
        from_ = names.get("from")
        hit = [
            loop.name
            for loop in self.loops
            if to in (None, loop.to) and from_ in (None, loop.from_) and (through is None or through in loop.through)
        ]
        if not hit:
            raise KeyError(f"no loop to {to!r} from {from_!r} through {through!r}")
        for name in hit:
            self.loop_factor[name] = self.loop_factor.get(name, 1.0) * (1 - by)

    def _release(self, *, activity: str, every: str) -> None:
        if activity not in self.releases:
            raise KeyError(f"{activity!r} isn't batched")
        self.releases[activity] = None if every == "immediately" else (None, every)

    def _run_in_parallel(self, *, activities: Sequence[str]) -> None:
        self.side_by_side = (*self.side_by_side, frozenset(activities))

    def _express_lane(self, *, where: dict[str, str], priority: float = 1.0) -> None:
        self.lanes = (*self.lanes, (where, priority))

    def _divert(self, *, channel: str, to: str, share: float) -> None:
        self.diverted = (*self.diverted, (channel, to, share))

    def _shorten_external(self, *, activity: str, by: float) -> None:
        self.external_days[activity] *= 1 - by

    def _notify(self, *, by: float, states: Sequence[str] | None = None) -> None:
        for state in states if states is not None else [s for s in self.contacts_a_day if s not in self.external_days]:
            self.contacts_a_day[state] *= 1 - by

    def _change_demand(self, *, by: float) -> None:
        self.demand *= 1 + by
