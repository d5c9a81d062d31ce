"""Insurance claims: each adjuster keeps her own cases, people fall ill, customers answer late or give up; see README.md."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from .conditions import Conditions, Loop, Team
from .customers import Habits
from .floor import Case, Elapse, Moves
from .rosters import DAY, HOUR, Spans, sick_leave
from .service import Service

IDENTITY, ASSESS, ASK, ANSWER = "Verify identity", "Assess claim", "Ask claimant", "Answer received"
OPINION, AUTHORISE, QUALITY, PAY = "Second opinion", "Authorise payment", "Quality check", "Pay"
WITHDRAWN = "Withdrawn"

#: Longest that an answer is waited for, in days.
GIVEN_UP = 40
WITH_LUNCH = ({"mon-fri": "08:00-12:00,13:00-17:00"},)
FACTOR = {"auto": 0.8, "property": 1.0, "injury": 1.5}


class Claims(Service):
    """An insurer's office in Los Angeles; the log ends while cases are open."""

    name = "claims"
    zone = "America/Los_Angeles"
    first, last = date(2025, 1, 6), date(2025, 12, 19)
    window = (date(2025, 3, 7), date(2025, 10, 15))
    log_ends = date(2025, 12, 20)
    standard_days = 25
    sigma = 0.6
    cases_a_day = 19
    as_is = Conditions(
        teams={
            "Assistants": Team(prefix="assistant", people=2, queues=(IDENTITY,), hours=({"mon-fri": "07:30-17:00"},)),
            "Adjusters": Team(prefix="adjuster", people=8, queues=(ASSESS, ASK), hours=WITH_LUNCH),
            "Seniors": Team(prefix="senior", people=2, queues=(OPINION, AUTHORISE, QUALITY), hours=WITH_LUNCH),
        },
        minutes={IDENTITY: 22, ASSESS: 52, ASK: 9, OPINION: 28, AUTHORISE: 9, QUALITY: 7},
        external_days={ANSWER: 3.5},
        loops=(
            Loop(name="answer", to=ASSESS, from_=ANSWER, through=(ASK, ANSWER, ASSESS)),
            Loop(name="opinion", to=ASSESS, from_=OPINION, through=(OPINION, ASSESS)),
        ),
        contacts_a_day={
            IDENTITY: 0.06,
            ASSESS: 0.07,
            ASK: 0.07,
            ANSWER: 0.025,
            OPINION: 0.05,
            AUTHORISE: 0.09,
            QUALITY: 0.06,
            PAY: 0.0,
        },
    )
    habits = Habits(
        by_channel={"phone": 1.4, "online": 0.7, "agent": 1.0},
        growth_a_day=0.05,
        most=2.0,
        overdue=1.4,
        redial=0.2,
        propensity_shape=1.5,
        unlinked=0.14,
        asks_about_papers=frozenset({ASK, ANSWER}),
        weekend=(0.3, -8.0),
    )

    def weight(self, day: date) -> float:
        return 0.3 if day.weekday() >= 5 or day in self.holidays else 1.28

    def someone(self, rng: np.random.Generator, day: date) -> tuple[str, dict[str, str], float]:
        channel = str(rng.choice(["phone", "online", "agent"], p=[0.35, 0.45, 0.2]))
        intricate = math.exp(0.35 * float(rng.standard_normal()))
        traits = {
            "type": str(rng.choice(list(FACTOR), p=[0.4, 0.35, 0.25])),
            "_intricate": repr(intricate),
            "_talks": repr(intricate**1.5 / math.exp(0.5 * (1.5 * 0.35) ** 2)),
        }
        return channel, traits, float(rng.uniform(6.5, 21.5)) * HOUR

    def absences(self, person: str, spans: Spans, rng: np.random.Generator) -> Spans:
        """Spells of illness; the two seniors are away for short ones only."""
        lengths = (1, 2) if person.startswith("senior") else (1, 2, 3, 5, 8, 12)
        return sick_leave(self.first, self.last, rng, a_day=0.006, lengths=lengths)

    def journey(self, case: Case) -> Moves:
        intricate = float(case.traits["_intricate"])
        hard = FACTOR[case.traits["type"]] * intricate
        yield self.work(case, IDENTITY)
        patience = -30 * DAY * math.log(1 - self.dice.uniform("patience", case.index))
        yield self.work(case, ASSESS, factor=hard, patience=patience)
        owner, passes = case.owner, 1
        while True:
            chance = min(0.28 * intricate * (1.3 if case.traits["type"] == "injury" else 1.0), 0.8)
            while self.loops(case, "answer", chance):
                yield self.work(case, ASK, owner=owner)
                answer = self._answer(case)
                yield answer
                if answer.activity == WITHDRAWN:
                    return
                yield self.work(case, ASSESS, factor=1.25 * hard, owner=owner)
                chance *= 0.45
            if case.traits["type"] != "injury":
                break
            yield self.work(case, OPINION)
            if not self.loops(case, "opinion", 0.25 if passes == 1 else 0.1):
                break
            yield self.work(case, ASSESS, factor=0.7 * hard, owner=owner)
            passes += 1
        yield self.work(case, AUTHORISE)
        yield self.work(case, QUALITY)
        yield self.system(PAY)

    def _answer(self, case: Case) -> Elapse:
        """Heavy-tailed; after forty days the claim counts as withdrawn. Neither is recorded at night."""
        answer = self.outside(case, ANSWER, sigma=1.2, who="")
        limit = self.floor.now + GIVEN_UP * DAY
        if answer.until > limit:
            return Elapse(activity=WITHDRAWN, until=self._by_day(limit), who="")
        return Elapse(activity=ANSWER, until=self._by_day(answer.until), who="")

    def _by_day(self, at: float) -> float:
        """What comes in at night is recorded at seven in the morning."""
        there = datetime.fromtimestamp(at, ZoneInfo(self.zone))
        if there.hour >= 7:
            return at
        return there.replace(hour=7, minute=0, second=0, microsecond=0).astimezone(UTC).timestamp()
