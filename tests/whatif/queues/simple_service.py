"""A first-come service in plain Python, event by event: what the records of a service with known staff would show.

Nothing here is shared with the library but the meaning of the words. Times are whole microseconds.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field

import pandas as pd

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
#: Monday, 6 January 2025, midnight UTC.
MONDAY = 1_736_121_600_000_000
Spans = list[tuple[int, int]]


def weekdays(weeks: int, begin: int = 8, end: int = 17) -> Spans:
    """Monday to Friday between two full hours, UTC, from the first Monday on."""
    return [(MONDAY + d * DAY + begin * HOUR, MONDAY + d * DAY + end * HOUR) for d in range(7 * weeks) if d % 7 < 5]


@dataclass
class Person:
    name: str
    serves: tuple[str, ...]
    hours: Spans


@dataclass
class Step:
    """A step of a case. `after`: places of the steps in the case that it waits for; none: the arrival."""

    activity: str
    work: int
    after: tuple[int, ...] = ()
    #: Not ready for staff until so long after it is enabled.
    delay: int = 0
    #: Whether it takes its time by itself, without a person.
    alone: bool = False
    #: Which queue it stands in; its activity's if empty.
    queue: str = ""
    #: Place of an earlier step of the case: whoever did that one does this one too.
    same_as: int | None = None
    #: It goes to anybody if that person is off for longer than this as it becomes ready; None: never.
    longest_off: int | None = None
    ready: int = -1
    start: int = -1
    complete: int = -1
    person: str | None = None


@dataclass
class Case:
    id: str
    arrival: int
    steps: list[Step]
    columns: dict[str, str] = field(default_factory=dict)


def done_at(hours: Spans, since: int, work: int) -> int:
    for begin, end in hours:
        here = max(begin, since)
        if here < end:
            if here + work <= end:
                return here + work
            work -= end - here
    raise AssertionError("the hours of the test are too short")


def serve(
    cases: list[Case],
    people: list[Person],
    releases: dict[str, list[int]] | None = None,
    *,
    last_come: bool = False,
    turns: bool = False,
) -> None:
    """Fill in start, completion and person of each step: first come, first served; specialists before those who serve more,
    and of people who serve as much the one who has been idle for longest where `turns`, else the first.

    releases : for an activity the instants at which its waiting steps are let through. last_come : last come, first served.
    """
    events: list[tuple[int, int, int, int]] = []  # instant, what (0 finish, 1 ready, 2 open), case, step
    for opening in sorted({begin for p in people for begin, _ in p.hours}):
        events.append((opening, 2, -1, -1))
    heapq.heapify(events)
    free = dict.fromkeys(range(len(people)), True)
    idle_since = [-1] * len(people)
    order = sorted(range(len(people)), key=lambda k: len(people[k].serves))
    holder: dict[tuple[int, int], int] = {}
    place = [0] * len(people)
    waiting: list[tuple[int, int, int]] = []  # ready (held since), case, step

    def enable(c: int, now: int) -> None:
        case = cases[c]
        for k, s in enumerate(case.steps):
            if s.ready >= 0 or any(case.steps[a].complete < 0 or case.steps[a].complete > now for a in s.after):
                continue
            s.ready = max((case.steps[a].complete for a in s.after), default=case.arrival) + s.delay
            at = s.ready
            if releases and s.activity in releases:
                at = next(r for r in releases[s.activity] if r >= at)
            heapq.heappush(events, (at, 1, c, k))

    for c in range(len(cases)):
        enable(c, cases[c].arrival)
    while events:
        now = events[0][0]
        while events and events[0][0] == now:
            _, what, c, k = heapq.heappop(events)
            if what == 2:
                continue
            s = cases[c].steps[k]
            if what == 0:
                if (c, k) in holder:
                    p = holder.pop((c, k))
                    free[p], idle_since[p] = True, now
                enable(c, now)
            elif s.alone:
                s.start, s.complete = now, now + s.work
                heapq.heappush(events, (s.complete, 0, c, k))
            else:
                if s.same_as is not None and s.longest_off is not None:
                    owner = next(p for p in people if p.name == cases[c].steps[s.same_as].person)
                    if next(max(b, now) for b, e in owner.hours if e > now) - now > s.longest_off:
                        s.same_as = None
                waiting.append((s.ready, c, k))
        waiting.sort(reverse=last_come)
        left = []
        for item in waiting:
            _, c, k = item
            s = cases[c].steps[k]
            for p in sorted(order, key=lambda p: (len(people[p].serves), idle_since[p])) if turns else order:
                person = people[p]
                while place[p] < len(person.hours) and person.hours[place[p]][1] <= now:
                    place[p] += 1
                if place[p] == len(person.hours) or person.hours[place[p]][0] > now or not free[p]:
                    continue
                if s.same_as is not None and cases[c].steps[s.same_as].person != person.name:
                    continue
                if (s.queue or s.activity) in person.serves:
                    free[p] = False
                    holder[c, k] = p
                    s.start, s.person = now, person.name
                    s.complete = done_at(person.hours[place[p] :], now, s.work)
                    heapq.heappush(events, (s.complete, 0, c, k))
                    break
            else:
                left.append(item)
        waiting = left


def frame_of(cases: list[Case], *, shift: int = 0, arrivals: bool = True) -> pd.DataFrame:
    """The records, as `read_log` takes them."""
    rows = [
        {
            "case": case.id,
            "activity": s.activity,
            "start": pd.Timestamp(s.start + shift, unit="us", tz="UTC"),
            "complete": pd.Timestamp(s.complete + shift, unit="us", tz="UTC"),
            "person": s.person,
            **({"arrived": pd.Timestamp(case.arrival + shift, unit="us", tz="UTC")} if arrivals else {}),
            **case.columns,
        }
        for case in cases
        for s in case.steps
        if s.complete >= 0
    ]
    return pd.DataFrame(rows)


def arrivals_in(hours: Spans, n: int, rng: random.Random) -> list[int]:
    """n instants at random within these hours, in order."""
    spans = [(b, e - b) for b, e in hours]
    total = sum(length for _, length in spans)
    found = []
    for chance in sorted(rng.random() for _ in range(n)):
        at = int(chance * total)
        for begin, length in spans:
            if at < length:
                found.append(begin + at)
                break
            at -= length
    return found
