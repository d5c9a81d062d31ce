"""Periods of the local clock: hours, days, weeks, months and quarters of the log's zone, and rates per year.

A week runs from Monday to Sunday (ISO 8601). Where the clock changes, a day has 23 or 25 hours; every length is taken from
the instants, never from the calendar.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.log.event_log import EventLog
from streamline.units import DAY, HOUR, MISSING_TIME, YEAR_DAYS

Int64 = npt.NDArray[np.int64]
Every = Literal["hour", "day", "week", "month", "quarter"]

EVERY: tuple[Every, ...] = ("hour", "day", "week", "month", "quarter")
#: With arrivals over fewer days than this, nothing is said of a year: four weeks.
FEWEST_DAYS = 28
#: More periods than this are refused: an hour of a century is a mistake, not a question.
MOST_PERIODS = 1_000_000


def local_time(log: EventLog, instants: Int64) -> Int64:
    """What the local clock shows at each instant, as microseconds since 1970; instants must be recorded ones."""
    return _microseconds(log.instants(instants).tz_localize(None))


def local_week(log: EventLog, instants: Int64) -> Int64:
    """The number of the ISO week of each instant in the log's zone; week 1 is that of Monday 5 January 1970."""
    return (local_time(log, instants) // DAY + 3) // 7


def period_words(since: pd.Timestamp, every: Every) -> str:
    """A period by its beginning, in words after "in"; one that is cut to a window begins within it.

    >>> day = pd.Timestamp("2025-05-19 08:00")
    >>> [period_words(day, every) for every in ("hour", "week", "month", "quarter")]
    ['the hour of 19 May 2025 08:00', 'the week of 19 May 2025', 'May 2025', 'quarter 2 of 2025']
    """
    if every == "quarter":
        return f"quarter {since.quarter} of {since.year}"
    if every == "month":
        return f"{since:%B %Y}"
    return f"the {every} of {since.day} {since:%B %Y}" + (f" {since:%H:%M}" if every == "hour" else "")


def period_edges(log: EventLog, first: int, last: int, every: Every) -> Int64:
    """Where the periods that cover [first, last) begin, and where the last one ends: ascending instants.

    The first edge is at `first` or before, the last at `last` or after. An hour that the clock repeats is two periods.
    Raises ValueError for another `every`, when `last` isn't after `first`, and for more than a million periods.
    """
    if every not in EVERY:
        raise ValueError(f"every={every!r} is not a period. Choose one of {', '.join(map(repr, EVERY))}.")
    if last <= first:
        raise ValueError(f"{log.source}: the time from {first} to {last} has no length.")
    shortest = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 28 * DAY, "quarter": 90 * DAY}[every]
    if (last - first) / shortest > MOST_PERIODS:
        raise ValueError(
            f"{(last - first) / shortest:,.0f} periods of one {every} are too many to tell; "
            "take a longer period or a shorter window."
        )
    shown = local_time(log, np.array([first, last]))
    if every == "hour":
        start = first - int(shown[0]) % HOUR
        return np.arange(start, last + HOUR, HOUR, dtype=np.int64)
    since, until = (pd.Timestamp(int(at) * 1000) for at in shown)
    day = since.normalize()
    if every == "week":
        day -= pd.Timedelta(days=since.weekday())
    elif every == "month":
        day = day.replace(day=1)
    elif every == "quarter":
        day = day.replace(month=3 * day.quarter - 2, day=1)
    step = {
        "day": pd.DateOffset(days=1),
        "week": pd.DateOffset(days=7),
        "month": pd.DateOffset(months=1),
        "quarter": pd.DateOffset(months=3),
    }[every]
    days = pd.date_range(day, until + step + step, freq=step)
    # midnight may be skipped or shown twice by a clock change: then the period begins with the first instant of its date
    instants = days.tz_localize(log.timezone, ambiguous=np.ones(len(days), dtype=bool), nonexistent="shift_forward")
    # a date that a zone left out altogether (Samoa, 30 December 2011) makes no period
    instants = instants[instants.tz_localize(None).normalize() == days]
    edges = _microseconds(instants.tz_convert("UTC").tz_localize(None))
    return edges[: int(np.searchsorted(edges, last)) + 1]


def arrivals_per_year(log: EventLog) -> float:
    """Cases that arrive in a year, at the rate between the first and the last arrival; NaN if these are less than four weeks
    apart. Open cases count as well."""
    known = log.arrival[log.arrival != MISSING_TIME]
    if len(known) == 0:
        return float("nan")
    days = (int(known.max()) - int(known.min())) / DAY
    return len(known) / days * YEAR_DAYS if days >= FEWEST_DAYS else float("nan")


def _microseconds(times: pd.DatetimeIndex) -> Int64:
    return np.asarray(times.to_numpy().astype("datetime64[us]").astype(np.int64))
