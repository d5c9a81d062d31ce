"""Disability benefits: two branches that join, early and late shifts, urgent cases first, appeals; see README.md."""

from __future__ import annotations

import math
from datetime import date

import numpy as np

from .conditions import Conditions, Loop, Team
from .customers import Habits
from .floor import Case, Moves, Together
from .rosters import HOUR
from .service import Service

REGISTER, REQUEST, RECEIVED, REVIEW = "Register claim", "Request evidence", "Evidence received", "Review evidence"
EMPLOYMENT, DECIDE, APPEAL, HEAR = "Check employment", "Decide claim", "Appeal received", "Hear appeal"
AWARD = "Issue decision"


class Benefits(Service):
    """An office in New York over a year with both clock changes."""

    name = "benefits"
    zone = "America/New_York"
    first, last = date(2025, 1, 6), date(2025, 12, 31)
    window = (date(2025, 3, 7), date(2025, 12, 31))
    standard_days = 20
    cases_a_day = 22
    as_is = Conditions(
        teams={
            "Clerks": Team(
                prefix="clerk",
                people=6,
                queues=(REGISTER, REQUEST, EMPLOYMENT, AWARD),
                hours=(
                    {"mon-fri": "07:00-15:00"},
                    {"mon-fri": "10:00-18:00"},
                    {"mon-fri": "07:00-15:00", "sat": "09:00-13:00"},
                    {"mon-fri": "10:00-18:00", "sat": "09:00-13:00"},
                ),
            ),
            "Examiners": Team(prefix="examiner", people=3, queues=(REVIEW,), hours=({"mon-fri": "08:00-16:30"},)),
            "Adjudicators": Team(
                prefix="adjudicator", people=5, queues=(REVIEW, DECIDE, HEAR), hours=({"mon-fri": "08:00-16:30"},)
            ),
        },
        minutes={REGISTER: 18, REQUEST: 11, EMPLOYMENT: 38, AWARD: 9, REVIEW: 38, DECIDE: 46, HEAR: 55},
        external_days={RECEIVED: 5.0, APPEAL: 7.0},
        loops=(
            Loop(name="evidence", to=REQUEST, from_=REVIEW, through=(RECEIVED, REVIEW, REQUEST)),
            Loop(name="appeal", to=DECIDE, from_=HEAR, through=(APPEAL, HEAR, DECIDE)),
        ),
        contacts_a_day={
            REGISTER: 0.01,
            REQUEST: 0.02,
            RECEIVED: 0.03,
            REVIEW: 0.05,
            EMPLOYMENT: 0.03,
            DECIDE: 0.07,
            APPEAL: 0.015,
            HEAR: 0.08,
            AWARD: 0.04,
        },
    )
    habits = Habits(
        by_channel={"online": 0.8, "mail": 1.1, "in_person": 1.5},
        growth_a_day=0.08,
        most=2.5,
        overdue=1.6,
        redial=0.18,
        propensity_shape=2.0,
        unlinked=0.08,
        asks_about_papers=frozenset({REQUEST, RECEIVED, APPEAL}),
    )

    def weight(self, day: date) -> float:
        season = 1 + 0.2 * math.cos(2 * math.pi * ((day - self.first).days - 40) / 365)
        closed = day.weekday() >= 5 or day in self.holidays
        return season * (0.25 if closed else 1.15)

    def someone(self, rng: np.random.Generator, day: date) -> tuple[str, dict[str, str], float]:
        closed = day.weekday() >= 5 or day in self.holidays
        channel = "online" if closed else str(rng.choice(["online", "mail", "in_person"], p=[0.55, 0.25, 0.2]))
        traits = {
            "urgent": "yes" if rng.random() < 0.08 else "no",
            "condition": str(rng.choice(["physical", "mental", "terminal"], p=[0.6, 0.34, 0.06])),
        }
        hour = rng.triangular(5, 14, 24) if channel == "online" else 9.0 if channel == "mail" else rng.uniform(9, 16)
        return channel, traits, float(hour) * HOUR + float(rng.uniform(0, 600))

    def priority(self, case: Case) -> float:
        return 1.0 if case.traits["urgent"] == "yes" else 0.0

    def journey(self, case: Case) -> Moves:
        yield self.system("Receive claim")
        yield self.work(case, REGISTER)
        yield Together(branches=(self._evidence(case), self._employment(case)))
        passes = 1
        while True:
            yield self.work(case, DECIDE, factor=1.0 if passes == 1 else 0.7)
            harder = case.traits["condition"] == "mental"
            if not self.loops(case, "appeal", (0.18 if harder else 0.09) if passes == 1 else 0.04):
                break
            yield self.outside(case, APPEAL, sigma=0.6, who="system")
            yield self.work(case, HEAR)
            passes += 1
        yield self.work(case, AWARD)

    def _evidence(self, case: Case) -> Moves:
        passes = 1
        while True:
            yield self.work(case, REQUEST)
            yield self.outside(case, RECEIVED, sigma=0.7, who="system")
            yield self.work(case, REVIEW, factor=1.0 if passes == 1 else 0.6)
            mail = case.channel == "mail"
            if not self.loops(case, "evidence", (0.3 if mail else 0.18) if passes == 1 else 0.08):
                return
            passes += 1

    def _employment(self, case: Case) -> Moves:
        yield self.work(case, EMPLOYMENT)
