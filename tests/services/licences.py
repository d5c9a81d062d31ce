"""Business licences: three offices, a shared team of specialists, a courier that no record shows; see README.md."""

from __future__ import annotations

from datetime import date

import numpy as np

from .conditions import Conditions, Loop, Team
from .customers import Habits
from .floor import Case, Delay, Moves, Together
from .rosters import HOUR, Spans, other_duties
from .service import Service

REGISTER, CHECK, LETTER, RESPONSE = "Register", "Check application", "Send deficiency letter", "Applicant responds"
INSPECT, SPECIALIST, COMMITTEE, ISSUE = "Inspect premises", "Specialist review", "Committee decision", "Issue licence"

OFFICES = ("North", "Centre", "South")
HOURS = ({"mon-fri": "08:00-16:30"},)


def _office_teams() -> dict[str, Team]:
    teams = {}
    for office, officers, inspectors in (("North", 6, 3), ("Centre", 4, 2), ("South", 2, 2)):
        desk = tuple(f"{activity}@{office}" for activity in (REGISTER, CHECK, LETTER, ISSUE))
        teams[f"{office} officers"] = Team(
            prefix=f"officer-{office.lower()}", people=officers, queues=desk, hours=HOURS
        )
        teams[f"{office} inspectors"] = Team(
            prefix=f"inspector-{office.lower()}", people=inspectors, queues=(f"{INSPECT}@{office}",), hours=HOURS
        )
    return teams


class Licences(Service):
    """Offices in Chicago's zone over ten months in which demand grows by two fifths."""

    name = "licences"
    zone = "America/Chicago"
    first, last = date(2025, 2, 3), date(2025, 11, 28)
    window = (date(2025, 4, 4), date(2025, 11, 28))
    standard_days = 15
    cases_a_day = 23.5
    as_is = Conditions(
        teams={
            **_office_teams(),
            "Specialists": Team(prefix="specialist", people=4, queues=(SPECIALIST,), hours=HOURS),
            "Committee": Team(prefix="committee", people=1, queues=(COMMITTEE,), hours=HOURS),
        },
        minutes={REGISTER: 7, CHECK: 55, LETTER: 12, INSPECT: 60, SPECIALIST: 32, COMMITTEE: 4, ISSUE: 16},
        external_days={RESPONSE: 4.0},
        loops=(
            Loop(name="deficient", to=CHECK, from_=RESPONSE, through=(LETTER, RESPONSE, CHECK)),
            Loop(name="returned", to=CHECK, from_=SPECIALIST, through=(INSPECT, SPECIALIST, CHECK)),
        ),
        releases={COMMITTEE: (2, "10:00")},
        contacts_a_day={
            REGISTER: 0.02,
            CHECK: 0.05,
            LETTER: 0.06,
            RESPONSE: 0.02,
            INSPECT: 0.06,
            SPECIALIST: 0.04,
            COMMITTEE: 0.07,
            ISSUE: 0.08,
        },
    )
    habits = Habits(
        by_channel={"online": 0.7, "mail": 1.3, "counter": 1.2},
        growth_a_day=-0.1,
        least=0.4,
        overdue=2.0,
        redial=0.12,
        propensity_shape=1.2,
        unlinked=0.05,
        asks_about_papers=frozenset({LETTER, RESPONSE}),
    )

    def weight(self, day: date) -> float:
        if day.weekday() >= 5 or day in self.holidays:
            return 0.15
        return 1.0 + 0.4 * (day - self.first).days / (self.last - self.first).days

    def someone(self, rng: np.random.Generator, day: date) -> tuple[str, dict[str, str], float]:
        closed = day.weekday() >= 5 or day in self.holidays
        channel = "online" if closed else str(rng.choice(["online", "mail", "counter"], p=[0.45, 0.3, 0.25]))
        traits = {
            "office": str(rng.choice(OFFICES, p=[0.455, 0.32, 0.225])),
            "licence": str(rng.choice(["food", "childcare", "trade", "liquor"], p=[0.35, 0.2, 0.3, 0.15])),
        }
        hour = rng.uniform(6, 23) if channel == "online" else 8.5 if channel == "mail" else rng.uniform(8.5, 16)
        return channel, traits, float(hour) * HOUR + float(rng.uniform(0, 900))

    def absences(self, person: str, spans: Spans, rng: np.random.Generator) -> Spans:
        """A fifth of everyone's time goes to other duties, in blocks that no record shows."""
        return [] if person.startswith("committee") else other_duties(spans, rng, share=0.2)

    def queue(self, activity: str, case: Case) -> str:
        return activity if activity in (SPECIALIST, COMMITTEE) else f"{activity}@{case.traits['office']}"

    def order(self, activity: str, case: Case) -> float:
        """Specialists take the oldest case first, whenever it reached them; the offices first come, first served."""
        return case.arrival if activity == SPECIALIST else self.floor.now

    def journey(self, case: Case) -> Moves:
        yield self.system("Submit application")
        yield self.work(case, REGISTER)
        licence = case.traits["licence"]
        passes = 1
        while True:
            yield from self._check(case, passes)
            inspected = licence in ("food", "childcare")
            if inspected and frozenset({INSPECT, SPECIALIST}) in self.conditions.side_by_side:
                yield Together(branches=(self._inspect(case, passes), self._specialist(case, passes)))
            else:
                if inspected:
                    yield from self._inspect(case, passes)
                yield from self._specialist(case, passes)
            if not self.loops(case, "returned", 0.14 if passes == 1 else 0.05):
                break
            passes += 1
        if licence == "liquor":
            yield self.work(case, COMMITTEE)
        yield self._courier(case, "courier back")
        yield self.work(case, ISSUE)

    def _check(self, case: Case, passes: int) -> Moves:
        yield self.work(case, CHECK, factor=1.0 if passes == 1 else 0.6)
        chance = {"online": 0.14, "mail": 0.38, "counter": 0.22}[case.channel] * (1.0 if passes == 1 else 0.3)
        while self.loops(case, "deficient", chance):
            yield self.work(case, LETTER)
            yield self.outside(case, RESPONSE, sigma=0.8, who="system")
            yield self.work(case, CHECK, factor=0.6)
            chance *= 0.4

    def _inspect(self, case: Case, passes: int) -> Moves:
        yield self.work(case, INSPECT, factor=1.0 if passes == 1 else 0.5)

    def _specialist(self, case: Case, passes: int) -> Moves:
        yield self._courier(case, "courier")
        yield self.work(case, SPECIALIST, factor=1.0 if passes == 1 else 0.7)

    def _courier(self, case: Case, label: str) -> Delay | None:
        """The specialists sit in the North office; files of the other offices travel to them and back."""
        near = case.traits["office"] == "North"
        return None if near else self.unseen(case, label, median_days=1.0, sigma=0.5)
