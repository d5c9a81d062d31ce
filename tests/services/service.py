"""What all simulated services share: arrivals, rosters, moves by name, and one run from arrivals to records."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from typing import ClassVar

import numpy as np

from .conditions import Conditions
from .customers import Habits
from .dice import Dice
from .floor import Case, Delay, Elapse, Floor, Moves, Person, Step, Work
from .rosters import DAY, US_HOLIDAYS, Spans, days, local, openings, without

MINUTE = 60.0


class Service:
    """A service under some conditions. Subclasses say who arrives when, and what is done with them."""

    name: ClassVar[str]
    zone: ClassVar[str]
    first: ClassVar[date]
    last: ClassVar[date]
    holidays: ClassVar[frozenset[date]] = US_HOLIDAYS
    as_is: ClassVar[Conditions]
    standard_days: ClassVar[int]
    habits: ClassVar[Habits]
    #: The log ends here and shows only steps finished by then; None: everybody is served to the end.
    log_ends: ClassVar[date | None] = None
    #: Cases that arrive from the first to the last of these days are counted.
    window: ClassVar[tuple[date, date]]
    #: Standard deviation of the logarithm of the minutes that a step takes.
    sigma: ClassVar[float] = 0.5
    cases_a_day: ClassVar[float]

    def __init__(self, conditions: Conditions | None = None) -> None:
        self.conditions = conditions or self.as_is
        self.dice = Dice(0, 0)
        self.floor = Floor([])

    # --- said by each service

    def weight(self, day: date) -> float:
        """How busy a day is: 1 is usual, holidays and weekends have their own."""
        raise NotImplementedError

    def someone(self, rng: np.random.Generator, day: date) -> tuple[str, dict[str, str], float]:
        """A customer who turns up that day: channel, traits, seconds since midnight."""
        raise NotImplementedError

    def journey(self, case: Case) -> Moves:
        """What is done with a case."""
        raise NotImplementedError

    def absences(self, person: str, spans: Spans, rng: np.random.Generator) -> Spans:
        """When a person isn't there though on the roster; in order."""
        return []

    def queue(self, activity: str, case: Case) -> str:
        """The queue in which a step waits."""
        return activity

    def priority(self, case: Case) -> float:
        """Higher goes first."""
        return 0.0

    # --- arrivals

    def arrivals(self, rng: np.random.Generator, *, share: float = 1.0, prefix: str = "") -> list[Case]:
        """Customers of the whole period in order, that share of the usual demand."""
        found = []
        for day in days(self.first, self.last):
            midnight = local(day, "00:00", self.zone)
            for _ in range(rng.poisson(self.cases_a_day * self.weight(day) * share)):
                channel, traits, seconds = self.someone(rng, day)
                found.append((midnight + seconds, channel, traits))
        found.sort(key=lambda row: row[0])
        return [
            Case(id=f"{prefix or self.name[0].upper()}{k + 1:06d}", index=k, arrival=at, traits=traits, channel=channel)
            for k, (at, channel, traits) in enumerate(found)
        ]

    def _admitted(self, given: list[Case], seed: int) -> list[Case]:
        """The given arrivals under these conditions: fewer or more of them, some by another channel."""
        demand = self.conditions.demand
        more = self.arrivals(np.random.default_rng([seed, 17]), share=demand - 1, prefix="X") if demand > 1 else []
        cases = [replace(c, turns={}, awaited=[], owner=None, closed=-1.0) for c in given]
        cases += [replace(c, index=len(given) + k) for k, c in enumerate(more)]
        self.dice = Dice(seed, len(cases))
        for channel, to, share in self.conditions.diverted:
            for case in cases:
                if case.channel == channel and self.dice.uniform(f"divert {channel} {to}", case.index) < share:
                    case.channel = to
        return [c for c in cases if demand >= 1 or self.dice.uniform("demand", c.index) < demand]

    # --- one run

    def run(self, given: list[Case], seed: int) -> tuple[list[Case], list[Step]]:
        """The cases, and their steps as they were finished; luck depends on the seed alone."""
        cases = self._admitted(given, seed)
        self.floor = Floor(self._people(seed))
        for case in cases:
            self.floor.admit(case, self.journey(case))
        return cases, self.floor.run()

    def _people(self, seed: int) -> list[Person]:
        found = []
        for team in self.conditions.teams.values():
            for k in range(team.people):
                name = f"{team.prefix}-{k + 1}"
                spans = self._office(team.hours[k % len(team.hours)])
                rng = np.random.default_rng([seed, 23, zlib.crc32(name.encode())])
                found.append(Person(name, team.queues, without(spans, self.absences(name, spans, rng))))
        return found

    def _office(self, hours: Mapping[str, str]) -> Spans:
        return openings(hours, self.zone, self.first, self.last + timedelta(days=500), self.holidays)

    # --- moves

    def work(self, case: Case, activity: str, *, factor: float = 1.0, **more: object) -> Work | Elapse | None:
        """The activity as the next move: by a person, by a machine, or not at all."""
        told = self.conditions
        turn = case.turn(activity)
        if activity in told.dropped and self.dice.uniform(f"drop {activity}", case.index) < told.dropped[activity]:
            return None
        if activity in told.automatic:
            return self.system(activity, minutes=told.automatic[activity])
        median = told.minutes[activity] * told.work_factor.get(activity, 1.0) * factor
        minutes = self.dice.lognormal(f"minutes {activity}", case.index, turn, median=median, sigma=self.sigma)
        lane = sum(p for where, p in told.lanes if all(self._trait(case, k) == v for k, v in where.items()))
        return Work(
            activity=activity,
            queue=self.queue(activity, case),
            seconds=minutes * MINUTE,
            rank=(-self.priority(case) - lane, self.order(activity, case)),
            releases=self._releases.get(activity),
            **more,  # type: ignore[arg-type]
        )

    def order(self, activity: str, case: Case) -> float:
        """Among equals the lower goes first: by default who has waited longest for this step."""
        return self.floor.now

    def system(self, activity: str, *, minutes: float = 0.0) -> Elapse:
        """A step that a machine does, at any hour."""
        return Elapse(activity=activity, until=self.floor.now + minutes * MINUTE, who="system")

    def outside(self, case: Case, activity: str, *, sigma: float, who: str, factor: float = 1.0) -> Elapse:
        """A step that waits on the customer or a third party."""
        median = self.conditions.external_days[activity] * factor
        took = self.dice.lognormal(f"days {activity}", case.index, case.turn(activity), median=median, sigma=sigma)
        return Elapse(activity=activity, until=self.floor.now + took * DAY, who=who)

    def unseen(self, case: Case, label: str, *, median_days: float, sigma: float) -> Delay:
        """A delay that leaves no record."""
        took = self.dice.lognormal(label, case.index, case.turn(label), median=median_days, sigma=sigma)
        return Delay(seconds=took * DAY)

    def loops(self, case: Case, name: str, chance: float) -> bool:
        """Whether the case goes round once more."""
        chance *= self.conditions.loop_factor.get(name, 1.0)
        return self.dice.uniform(f"loop {name}", case.index, case.turn(f"loop {name}")) < chance

    def _trait(self, case: Case, name: str) -> str | None:
        return case.channel if name == "channel" else case.traits.get(name)

    @cached_property
    def _releases(self) -> dict[str, list[float]]:
        """Instants of release by batched activity; on a holiday none."""
        last = self.last + timedelta(days=400)
        return {
            activity: list(self._release_days(rule, last))
            for activity, rule in self.conditions.releases.items()
            if rule is not None
        }

    def _release_days(self, rule: tuple[int | None, str], last: date) -> Iterator[float]:
        weekday, clock = rule
        for day in days(self.first, last):
            on = day.weekday() < 5 if weekday is None else day.weekday() == weekday
            if on and day not in self.holidays:
                yield local(day, clock, self.zone)
