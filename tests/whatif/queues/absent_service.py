"""A service whose people are away for a part of some days that no record shows, in plain Python, event by event."""

from __future__ import annotations

import math
import random

from simple_service import DAY, HOUR, MINUTE, Case, Person, Spans, Step, arrivals_in, serve, weekdays

#: What its log is read with, and its office hours.
ROLES = {"case": "case", "activity": "activity", "start": "start", "complete": "complete", "resource": "person",
         "arrival": "arrived", "timezone": "UTC", "external": ["Reply"]}  # fmt: skip
HOURS = {"mon-fri": "08:00-17:00"}
#: Weeks of arrivals; who is there later works off what is left.
WEEKS, LATER = 30, 40
#: An absence is this part of a day.
BLOCK = 0.4
SPREAD = 0.5
CHECK, DECIDE = 25 * MINUTE, 35 * MINUTE


def people_of(
    names: list[str], *, share: float, rng: random.Random, interrupt: bool
) -> tuple[list[Person], dict[str, Spans]]:
    """People who check and decide, and when each is away: some days for `BLOCK` of the day, anywhere in it.

    interrupt : who is away stops her work until she is back; else she only begins none while she is away.
    """
    office, people, gone = weekdays(WEEKS + LATER), [], {}
    for name in names:
        hours: Spans = []
        gone[name] = []
        for begin, end in office:
            length = int(BLOCK * (end - begin)) if rng.random() < share / BLOCK else 0
            at = begin + int(rng.random() * (end - begin - length))
            hours += [(b, e) for b, e in ((begin, at), (at + length, end)) if b < e]
            gone[name] += [(at, at + length)] if length else []
        people.append(Person(name, ("Check", "Decide"), hours, None if interrupt else office))
    return people, gone


def served(
    seed: int,
    *,
    n_people: int = 3,
    share: float = 0.2,
    load: float = 0.8,
    interrupt: bool = True,
    courier_hours: float = 0.0,
    weeks: int = WEEKS,
    prefix: str = "p",
    arrivals_seed: int = 1,
) -> tuple[list[Case], dict[str, Spans]]:
    """Cases that are checked, wait two days for a reply and are decided, and when each person was away.

    The same people do both. A decision is ready a lognormal time after the reply, of so many hours in the median.
    load : of people's time while they are there. Arrivals depend on `arrivals_seed` alone.
    """
    rng = random.Random(seed)
    people, gone = people_of([f"{prefix}{k}" for k in range(n_people)], share=share, rng=rng, interrupt=interrupt)
    mean = (CHECK + DECIDE) * math.exp(SPREAD**2 / 2)
    n = int(load * n_people * (1 - share) * weeks * 5 * 9 * HOUR / mean)

    def lasts(median: float) -> int:
        return int(median * rng.lognormvariate(0, SPREAD))

    cases = [
        Case(
            f"{prefix}-{k}",
            at,
            [
                Step("Check", lasts(CHECK)),
                Step("Reply", lasts(2 * DAY), after=(0,), alone=True),
                Step("Decide", lasts(DECIDE), after=(1,), delay=lasts(courier_hours * HOUR) if courier_hours else 0),
            ],
        )
        for k, at in enumerate(arrivals_in(weekdays(weeks), n, random.Random(arrivals_seed)))
    ]
    serve(cases, people)
    return cases, gone
