"""When a person is at work: office hours of the local clock, less holidays and absences, as spans of seconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOUR, DAY = 3600.0, 86400.0
Spans = list[tuple[float, float]]

#: Federal holidays of the United States on the days on which they are observed.
US_HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in (
        *("2025-01-01", "2025-01-20", "2025-02-17", "2025-05-26", "2025-06-19", "2025-07-04", "2025-09-01"),
        *("2025-10-13", "2025-11-11", "2025-11-27", "2025-12-25"),
        *("2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07"),
        *("2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25"),
    )
)


def local(day: date, clock: str, zone: str) -> float:
    """The instant at which the local clock shows this on that day."""
    hour, minute = map(int, clock.split(":"))
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).timestamp()


def days(first: date, last: date) -> list[date]:
    """All days from the first to the last."""
    return [first + timedelta(days=k) for k in range((last - first).days + 1)]


def weekdays(text: str) -> tuple[int, ...]:
    """Numbers of the days named: "mon-fri" is 0 to 4, "sat" is 5."""
    first, _, last = text.partition("-")
    return tuple(range(DAYS.index(first), DAYS.index(last or first) + 1))


def openings(
    hours: Mapping[str, str], zone: str, first: date, last: date, holidays: frozenset[date] = frozenset()
) -> Spans:
    """Spans of office hours such as {"mon-fri": "08:00-12:00,13:00-17:00"} from the first to the last day."""
    return _openings(tuple(hours.items()), zone, first, last, holidays)


@lru_cache(maxsize=256)
def _openings(
    hours: tuple[tuple[str, str], ...], zone: str, first: date, last: date, holidays: frozenset[date]
) -> Spans:
    spans = []
    for day in days(first, last):
        if day in holidays:
            continue
        for names, text in hours:
            if day.weekday() in weekdays(names):
                for span in text.split(","):
                    start, _, end = span.partition("-")
                    spans.append((local(day, start, zone), local(day, end, zone)))
    return sorted(spans)


def without(spans: Spans, absences: Spans) -> Spans:
    """What is left of the spans outside the absences; both in order."""
    left = []
    k = 0
    for start, end in spans:
        at = start
        while k < len(absences) and absences[k][1] <= start:
            k += 1
        j = k
        while j < len(absences) and absences[j][0] < end:
            if absences[j][0] > at:
                left.append((at, absences[j][0]))
            at = max(at, absences[j][1])
            j += 1
        if at < end:
            left.append((at, end))
    return left


def other_duties(spans: Spans, rng: np.random.Generator, *, share: float) -> Spans:
    """Blocks of other work: in half of the spans a block of twice the share, anywhere in the span."""
    blocks = []
    for (start, end), chosen, where in zip(spans, rng.random(len(spans)), rng.random(len(spans)), strict=True):
        if chosen < 0.5:
            length = 2 * share * (end - start)
            at = start + float(where) * (end - start - length)
            blocks.append((at, at + length))
    return blocks


def sick_leave(first: date, last: date, rng: np.random.Generator, *, a_day: float, lengths: Sequence[int]) -> Spans:
    """Spells of whole days: on each day a spell begins with that chance and lasts one of the lengths, in days."""
    start = datetime.combine(first, time(0), ZoneInfo("UTC")).timestamp()
    spells: Spans = []
    day, n_days = 0, (last - first).days
    while day < n_days:
        if rng.random() < a_day:
            length = int(rng.choice(lengths))
            spells.append((start + day * DAY, start + (day + length) * DAY))
            day += length
        day += 1
    return spells
