"""Half hours in which somebody is never seen: found where they were made, and left where little or nothing tells of them."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

from streamline.log.calendar import Calendar
from streamline.log.read import read_log
from streamline.measure.waits.path import paths
from streamline.whatif.never_seen import ENOUGH, slots_never_seen
from streamline.whatif.staffing import found_staffing

OFFICE = {"mon-fri": "08:00-17:00"}
ZONE = "Europe/Paris"  # its clocks change within the log


def log_of_days(worked, *, weeks=30, waited_hours=20, rng=None):
    """Ann does steps of about 25 minutes one after another, in these spans of each working day by the local clock.

    Each had waited for so long.
    """
    rng = rng or random.Random(1)
    rows = []
    for day in pd.date_range("2025-01-06", periods=7 * weeks, tz=ZONE):
        if day.weekday() >= 5:
            continue
        for since, until in worked:
            at, end = (pd.Timestamp(f"{day:%Y-%m-%d} {clock}", tz=ZONE) for clock in (since, until))
            while at < end:
                done = min(at + pd.Timedelta(minutes=rng.uniform(5, 45)), end)
                rows.append((f"c{len(rows)}", "Check", at, done, "ann", at - pd.Timedelta(hours=waited_hours)))
                at = done + pd.Timedelta(seconds=rng.uniform(0, 600))
    frame = pd.DataFrame(rows, columns=["case", "activity", "start", "complete", "person", "came"])
    return read_log(frame, case="case", activity="activity", start="start", complete="complete", resource="person",
                    arrival="came", timezone=ZONE)  # fmt: skip


def clocks(log):
    """The hours of ann's first and of her last day in the log, by the local clock."""
    staffing = found_staffing(log, calendar=Calendar(hours=OFFICE, timezone=ZONE), enabled=paths(log).enabled)
    (team,) = staffing.teams
    at = pd.to_datetime(team.hours.ravel(), unit="us", utc=True).tz_convert(ZONE)
    found = {}
    for since, until in zip(at[::2], at[1::2], strict=True):
        found.setdefault(since.date(), []).append((f"{since:%H:%M}", f"{until:%H:%M}"))
    days = pd.to_datetime(log.start, unit="us", utc=True).tz_convert(ZONE).date
    return found[min(days)], found[max(days)], staffing.hours_from


def test_a_late_start_and_a_lunch_break_are_found_in_winter_and_summer():
    worked = [("08:30", "12:00"), ("13:00", "17:00")]
    first, last, words = clocks(log_of_days(worked))
    assert first == last == worked
    assert "1 of 1 people are never seen in some half hours of the day (a lunch break, a late start)" in words


@pytest.mark.parametrize(
    ("worked", "how"),
    [
        ([("08:00", "17:00")], {}),  # no break
        ([("08:00", "12:10"), ("12:20", "17:00")], {}),  # one shorter than half an hour
        ([("08:00", "12:00"), ("13:00", "17:00")], {"weeks": 2}),  # too few days to tell
        ([("08:00", "12:00"), ("13:00", "17:00")], {"waited_hours": 0}),  # nothing to do at noon
    ],
)
def test_nothing_is_taken_off_where_nothing_tells_of_it(worked, how):
    first, last, words = clocks(log_of_days(worked, **how))
    assert first == last == [("08:00", "17:00")]
    assert "never seen" not in words


def test_slots_by_hand():
    """Ten slots on 100 days with 50 signs each; one has none, one has one of 50, and one two (4%)."""
    signs, days = np.full(10, 50), np.full(10, 100)
    signs[[2, 5, 7]] = 0, 1, 2
    assert np.flatnonzero(slots_never_seen(signs, days)).tolist() == [2]
    signs = signs * 2
    signs[5] = 1
    assert np.flatnonzero(slots_never_seen(signs, days)).tolist() == [2, 5]
    # on duty on a few days only: too little was expected
    days[2] = 10
    assert np.flatnonzero(slots_never_seen(signs, days)).tolist() == [5]
    assert days[5] * signs.sum() / days.sum() >= ENOUGH


def test_who_is_seen_in_the_morning_and_in_the_evening_only_works_in_between():
    signs, days = np.zeros(10, dtype=np.int64), np.full(10, 100)
    signs[[0, 9]] = 500
    assert not slots_never_seen(signs, days).any()
