"""When customers call: at the rate of what their case awaits, more so in time, overdue, by nature, and again soon after."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .floor import Case
from .rosters import DAY, HOUR


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How customers of a service call.

    The rate of new calls is, for each step that the case awaits at that moment, its contacts a day × the factor of
    the channel × the customer's own factor × (1 + growth × days awaited), at most `most` and at least `least` ×
    the factor of overdue cases. Each call leads to another with the chance `redial`, within three days, if the case is
    still open. A call's own record names its case, except for the share `unlinked`.
    """

    by_channel: Mapping[str, float]
    growth_a_day: float
    most: float = 1.0
    least: float = 0.0
    overdue: float = 1.0
    redial: float = 0.0
    propensity_shape: float = 2.0
    unlinked: float = 0.1
    #: States in which most calls are about papers instead of the status.
    asks_about_papers: frozenset[str] = frozenset()
    #: Where given: the share of calls on local Saturdays and Sundays that get through, and the zone's hours from UTC.
    weekend: tuple[float, float] | None = None
    channels: tuple[str, ...] = field(default=("phone", "email"))
    phone: float = 0.75


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call: whose it is, and whether its record says so."""

    case: Case
    at: float
    channel: str
    reason: str
    linked: bool


def calls(
    cases: Sequence[Case], rates: Mapping[str, float], habits: Habits, *, standard_days: float, seed: int
) -> list[Call]:
    """All calls in order of time."""
    found = []
    for case in cases:
        rng = random.Random(seed * 1_000_003 + case.index)
        own = rng.gammavariate(habits.propensity_shape, 1 / habits.propensity_shape)
        own *= habits.by_channel[case.channel] * float(case.traits.get("_talks", 1.0))
        due = case.arrival + standard_days * DAY
        for state, since, until in case.awaited:
            found += _calls_awaiting(case, state, since, until, own * rates.get(state, 0.0), due, habits, rng)
    return sorted(found, key=lambda c: (c.at, c.case.index))


def _calls_awaiting(
    case: Case, state: str, since: float, until: float, a_day: float, due: float, habits: Habits, rng: random.Random
) -> list[Call]:
    """New calls while one step is awaited, each with its redials. Thinning: candidates at the highest rate, some kept."""
    highest = a_day * max(habits.most, 1.0) * max(habits.overdue, 1.0)
    if highest <= 0:
        return []
    times: list[float] = []
    at = since
    while (at := at + rng.expovariate(highest) * DAY) < until:
        waited = min(max(1 + habits.growth_a_day * (at - since) / DAY, habits.least), habits.most)
        rate = a_day * waited * (habits.overdue if at > due else 1.0)
        if rng.random() * highest < rate:
            times.append(at)
    for first in times:  # grows while it is read: redials of redials
        if rng.random() < habits.redial and (again := first + rng.uniform(0.05, 3) * DAY) < case.closed:
            times.append(again)
    return [_call(case, state, at, habits, rng) for at in times if _gets_through(at, habits, rng)]


def _gets_through(at: float, habits: Habits, rng: random.Random) -> bool:
    if habits.weekend is None:
        return True
    share, hours_from_utc = habits.weekend
    weekday = (int((at + hours_from_utc * HOUR) // DAY) + 3) % 7
    return weekday < 5 or rng.random() < share


def _call(case: Case, state: str, at: float, habits: Habits, rng: random.Random) -> Call:
    papers = 0.7 if state in habits.asks_about_papers else 0.15
    return Call(
        case=case,
        at=at,
        channel=habits.channels[0] if rng.random() < habits.phone else habits.channels[1],
        reason="documents" if rng.random() < papers else "status",
        linked=rng.random() >= habits.unlinked,
    )
