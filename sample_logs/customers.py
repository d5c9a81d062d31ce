"""The agency's customers: when they apply, when they get in touch, and what they answer to the survey.

Instants and randomness as in agency.py; the parameters stand there, too.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from agency import (
    CHANNELS,
    DAY,
    REPLY,
    REQUEST,
    REVIEW,
    Application,
    Calendar,
    Parameters,
    Step,
    Stream,
    instant,
)


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact; `linked` is false when the agency did not note the case."""

    case: int
    at: int
    channel: str
    reason: str
    linked: bool


def applications(p: Parameters, seed: int) -> list[Application]:
    """Everybody who applies, in order of arrival: a Poisson number a day and channel. One stream for all."""
    stream, zone, off = Stream(seed, "arrivals"), ZoneInfo(p.timezone), set(p.holidays)
    found: list[tuple[int, str, str, str, str]] = []
    for n in range((p.last_arrival - p.first_arrival).days + 1):
        day = p.first_arrival + timedelta(days=n)
        working = day.weekday() < 5 and day.isoformat() not in off
        for channel in CHANNELS:
            share = 1.0 if working else p.day_off_share if channel == "online" else 0.0
            begin, end = p.arrival_hours[channel]
            for _ in range(stream.poisson(share * p.arrivals_per_day[channel] * p.season[day.month - 1])):
                second = int((begin + stream.uniform() * (end - begin)) * 3600)
                wall = time(second // 3600, second // 60 % 60, second % 60)
                who = (stream.choice(p.offices), stream.choice(p.languages), stream.choice(p.households))
                found.append((instant(day, wall, zone), channel, *who))
    return [Application(number, *rest) for number, rest in enumerate(sorted(found), start=1)]


class ContactModel:
    """A point process for each case, thinned from its highest rate (Ogata 1981)."""

    def __init__(self, p: Parameters, *, seed: int, run: int = 0) -> None:
        self.p, self.key = p, (seed, run, "contacts")
        self.centre, self.office = Calendar(p, p.contact_centre_hours), Calendar(p, p.staff_hours)
        hours = [(end.hour - begin.hour) + (end.minute - begin.minute) / 60 for begin, end in
                 (p.contact_centre_hours, p.staff_hours)]  # fmt: skip
        #: A channel with hours has its whole rate within them.
        self.peak = {"phone": 168 / (5 * hours[0]), "in person": 168 / (5 * hours[1])}
        self.highest = sum(share * self.peak.get(name, 1.0) for name, share in p.contact_channels.items())

    def by_channel(self, at: int) -> dict[str, float]:
        weights = {}
        for name, share in self.p.contact_channels.items():
            hours = {"phone": self.centre, "in person": self.office}.get(name)
            weights[name] = share * self.peak.get(name, 1.0) if hours is None or hours.is_open(at) else 0.0
        return weights

    def contacts(self, who: Application, steps: list[Step]) -> list[Contact]:
        """The contacts of one case, its steps in order of finish; the state is the next step to finish."""
        p, stream = self.p, Stream(*self.key, who.number)
        ends = [step.finish for step in steps]
        found = self.before(who, stream)
        propensity = stream.gamma(p.propensity_shape)
        top = propensity * max(p.contact_rate.values()) * p.overdue_ratio * p.recent_ratio * self.highest
        at, last, stop = float(who.arrival), -math.inf, ends[-1] + p.after_days * DAY
        while (at := at + stream.exponential(DAY / top)) < stop:
            keep, now = stream.uniform(), int(at)
            k = bisect_right(ends, now)
            state = steps[k].activity if k < len(steps) else "closed"
            weights = self.by_channel(now)
            rate = propensity * p.contact_rate[state] * sum(weights.values())
            if state != "closed" and now - who.arrival > p.standard_days * DAY:
                rate *= p.overdue_ratio
            if now - last < p.recent_days * DAY:
                rate *= p.recent_ratio
            if keep * top < rate:
                last = now
                group = {"closed": "closed", REPLY: "information"}.get(state, "open")
                channel, reason = stream.choice(weights), stream.choice(p.reasons[group])
                linked = stream.uniform() >= p.without_case_share
                found.append(Contact(who.number, now, channel, reason, linked))
        return found

    def before(self, who: Application, stream: Stream) -> list[Contact]:
        """The few who telephone before they apply; the case is noted later."""
        p = self.p
        early, days, reason = stream.uniform(), stream.uniform(), stream.choice(p.reasons["before"])
        at = who.arrival - int(days * p.before_arrival_days * DAY)
        if early >= p.before_arrival_share or not self.centre.is_open(at):
            return []
        return [Contact(who.number, at, "phone", reason, True)]


def survey_answer(p: Parameters, who: Application, steps: list[Step], *, seed: int) -> tuple[int, int] | None:
    """When a closed case's customer answers and the score, or None: longer and more returns, lower score."""
    stream, score = Stream(seed, "survey", who.number), p.survey_score
    answers, delay, noise = stream.uniform() < p.survey_share, stream.uniform(), stream.normal()
    if not answers:
        return None
    days = (steps[-1].finish - who.arrival) / DAY
    reviews = sum(step.activity == REVIEW for step in steps)
    loops = sum(step.activity == REQUEST for step in steps) + max(0, reviews - 1)
    value = score["base"] - score["per_day"] * days - score["per_loop"] * loops + score["noise"] * noise
    at = steps[-1].finish + int((0.2 + delay * (p.survey_within_days - 0.2)) * DAY)
    return at, min(5, max(1, round(value)))
