"""Weeks of arrival by hand, follow-up and transition, verdicts, and services whose change is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

import streamline as sl
from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.tracking.effect import FEWEST_AFTER, FEWEST_BEFORE, Foreseen, effect_of, verdict_of
from streamline.measure.tracking.service import track_service
from streamline.measure.tracking.weekly import (
    Span,
    follow_up_days,
    transition_days,
    weekly_arrivals,
    weekly_contacts,
    weekly_cycle_time,
    weekly_share_within,
    whole_weeks,
)
from streamline.units import DAY

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)


def instant(day: float) -> int:
    return int((MONDAY + timedelta(days=day)).timestamp()) * 1_000_000


def log_of(cases, until=400.0):
    """A log of cases (arrival in days from a Monday, days that it took or None while it is open), as known on a day."""
    rows = []
    for k, (arrival, took) in enumerate(cases):
        at = MONDAY + timedelta(days=arrival)
        rows.append((f"C{k}", "Receive", at, at))
        if took is not None and arrival + took <= until:
            rows.append((f"C{k}", "Decide", at, at + timedelta(days=took)))
    end = MONDAY + timedelta(days=until)
    rows.append(("Z", "Receive", end, end))
    frame = pd.DataFrame(rows, columns=["case", "activity", "start", "complete"])
    return sl.read_log(
        frame, case="case", activity="activity", start="start", complete="complete", timezone="UTC", ends=["Decide"]
    )


def span_of(log, first, since, last, lead=0.0, after=0.0) -> Span:
    return Span(
        edges=whole_weeks(log, instant(first), instant(last)),
        since=instant(since),
        leave_from=instant(since - lead),
        leave_to=instant(since + after),
    )


def test_a_week_is_the_mean_of_its_cases_up_to_the_follow_up():
    """Week 0: cases of 2 and 4 days; week 1: 3 days, and one of 30 that counts as 10; week 2: one is open after ten days."""
    log = log_of([(0, 2), (6.9, 4), (7, 3), (8, 30), (14, 1), (15, None)], until=40)
    span = span_of(log, 0, 14, 21)
    series = weekly_cycle_time(log, span, days=10, fewest=1)
    assert series.value.tolist() == pytest.approx([3, 6.5, 5.5])
    assert series.n.tolist() == [2, 2, 2]
    assert series.before.tolist() == [True, True, False]
    assert series.after.tolist() == [False, False, True]
    within = weekly_share_within(log, span, standard=3 * DAY, fewest=1)
    assert within.value.tolist() == pytest.approx([0.5, 0.5, 0.5])


def test_weeks_that_were_not_followed_long_enough_are_not_used():
    """The records end on day 30: of cases that arrived in week 2 (until day 21), ten days aren't known of all."""
    log = log_of([(0, 2), (7, 3), (14, 1), (20.5, 1)], until=30)
    series = weekly_cycle_time(log, span_of(log, 0, 14, 28), days=10, fewest=1)
    assert series.known.tolist() == [True, True, False, False]
    assert np.isnan(series.value[2])
    assert weekly_cycle_time(log, span_of(log, 0, 14, 28), days=9, fewest=1).known.tolist() == [True, True, True, False]


def test_only_whole_weeks_count_and_the_transition_is_left_out():
    """From day 2 to day 50: the weeks of day 7, 14, 21, 28, 35, 42 (which ends on 49)."""
    log = log_of([(k / 2, 1) for k in range(120)], until=90)
    span = span_of(log, 2, 25, 50, lead=4, after=8)
    assert len(span.edges) == 7
    # before ends on day 21 = 25 - 4; after begins with the first whole week from day 33 on
    assert span.before.tolist() == [True, True, False, False, False, False]
    assert span.after.tolist() == [False, False, False, False, True, True]


def test_weeks_of_few_cases_are_left_out():
    log = log_of([(0, 2), (1, 2), (7, 3), (14, 1), (15, 1)], until=60)
    series = weekly_cycle_time(log, span_of(log, 0, 14, 21), days=10, fewest=2)
    assert series.enough.tolist() == [True, False, True]
    assert np.isnan(series.value[1])


def test_arrivals_are_told_per_week_of_usual_office_hours():
    """Ten cases in weeks of five working days, six in the week of which two are holidays: both are ten a week."""
    cases = [(7 * w + d, 1) for w in range(5) for d in np.linspace(0, 4, 10 if w != 2 else 6)]
    log = log_of(cases, until=60)
    closed = [(MONDAY + timedelta(days=14 + d)).date() for d in (0, 1)]
    calendar = Calendar(hours={"mon-fri": "08:00-16:00"}, holidays=closed, timezone="UTC")
    series = weekly_arrivals(log, span_of(log, 0, 21, 35, lead=7, after=7), calendar=calendar, fewest=1)
    assert series.value.tolist() == pytest.approx([10, 10, 10, 10, 10])
    # the transition is of no concern to arrivals
    assert series.before.tolist() == [True, True, True, False, False]
    assert weekly_arrivals(log, series.span, calendar=None, fewest=1).value.tolist() == [10, 10, 6, 10, 10]


def test_contacts_count_until_the_follow_up():
    """Case 0 (day 0) has contacts on days 1 and 20, case 1 (day 7) one on day 9: ten days are followed."""
    log = log_of([(0, 2), (7, 3)], until=60)
    calls = pd.DataFrame(
        {"case": ["C0", "C0", "C1", "C0"], "time": [MONDAY + timedelta(days=d) for d in (1, 20, 9, 33)]}
    )
    links = link_contacts(log, sl.read_contacts(calls, case="case", time="time", timezone="UTC"))
    series = weekly_contacts(links, span_of(log, 0, 7, 14), days=10, fewest=1)
    assert series.known.tolist() == [True, True]
    assert series.value.tolist() == pytest.approx([1 / links.link_share, 1 / links.link_share])


def test_the_transition_is_when_nine_of_ten_are_closed():
    log = log_of([(k, k % 10 + 0.5) for k in range(100)], until=200)
    assert transition_days(log, np.ones(log.n_cases, dtype=bool)) == 9
    half = log_of([(k, 1 if k % 2 else None) for k in range(50)], until=200)
    with pytest.raises(InsufficientDataError, match="more than a tenth of the cases that arrived before"):
        transition_days(half, np.ones(half.n_cases, dtype=bool))


def test_the_follow_up_is_the_longest_that_leaves_enough_weeks():
    cases = [(k / 4, 30.0 if k % 50 == 0 else 5.0) for k in range(4 * 140)]
    earlier = np.ones(len(cases) + 1, dtype=bool)
    log = log_of(cases, until=200)
    assert follow_up_days(log, earlier, span_of(log, 0, 70, 140), wanted=8, fewest=4) == (30, 0.99)
    # the records end on day 147: with 30 days there are 6 of ten weeks, with 5 all but none missing
    log = log_of(cases, until=147)
    assert follow_up_days(log, earlier, span_of(log, 0, 70, 140), wanted=8, fewest=4) == (5, 0.95)


@pytest.mark.parametrize(
    ("change", "low", "high", "foreseen", "verdict"),
    [
        (-2, -3, -1, (-2.5, -3, -2), "as estimated"),
        (-2, -2.5, -1.5, (-5, -6, -4), "smaller than estimated"),
        (-9, -10, -8, (-5, -6, -4), "larger than estimated"),
        (2, 1, 3, (-5, -6, -4), "opposite to the estimate"),
        (-2, -4.5, 0.5, (-5, -6, -4), "none that can be told"),
        (-2, -3, -1, None, "fell"),
        (2, 1, 3, None, "rose"),
        (0.1, -1, 1, None, "none that can be told"),
        # intervals that touch aren't a difference: 1.5 apart, and errors of 1 each make 1.4
        (-2, -3, -1, (-3.4, -4.4, -2.4), "as estimated"),
        (-2, -3, -1, (-3.5, -4.5, -2.5), "smaller than estimated"),
    ],
)
def test_verdicts(change, low, high, foreseen, verdict):
    told = None if foreseen is None else Foreseen(change=foreseen[0], low=foreseen[1], high=foreseen[2])
    assert verdict_of(change, low, high, told) == verdict


def service(rng, *, weeks=60, change_at=40, effect=0.0, a_week=25):
    """Cases that take ten days or so, and `effect` days more from a week on."""
    cases = []
    for w in range(weeks):
        for d in rng.uniform(0, 7, a_week):
            cases.append((7 * w + d, max(0.1, rng.normal(10, 2) + (effect if w >= change_at else 0))))
    return log_of(sorted(cases), until=7 * weeks + 40)


def test_a_made_change_is_found_and_a_placebo_is_not():
    rng = np.random.default_rng(4)
    options = {"first": instant(0), "last": instant(420), "since": instant(280), "standard": 9 * DAY}
    told = track_service(
        service(rng, effect=-3.0), **options, foreseen={"cycle_time.mean": Foreseen(change=-3, low=-4, high=-2)}
    )
    effect = told["cycle_time.mean"]
    assert effect.found.low < -3 < effect.found.high < 0
    assert effect.verdict == "as estimated"
    assert told["within_standard"].verdict == "rose"
    assert told.left_out_before_days == told.left_out_after_days == 13
    assert told.arrivals is not None
    assert not told.arrivals.clear
    assert told.without_season
    found = [track_service(service(rng), **options)["cycle_time.mean"].clear for _ in range(12)]
    assert sum(found) <= 2


def test_a_change_that_demand_moves_the_same_way_is_not_called_the_changes():
    """A third fewer cases, and 3 days less: demand may have done it. A third more, and 3 days less: the change did."""
    rng = np.random.default_rng(6)
    options = {"first": instant(0), "last": instant(420), "since": instant(280), "standard": 9 * DAY}

    def told(after):
        cases = []
        for w in range(60):
            for d in rng.uniform(0, 7, 24 if w < 40 else after):
                cases.append((7 * w + d, max(0.1, rng.normal(10, 2) - (3 if w >= 40 else 0))))
        return track_service(log_of(sorted(cases), until=460), **options)

    fewer, more = told(16), told(32)
    assert fewer.demand == pytest.approx(-1 / 3, abs=0.01)
    assert fewer.verdict(fewer["cycle_time.mean"]) == "can't be told from demand"
    assert fewer.verdict(fewer["within_standard"]) == "can't be told from demand"
    assert more.verdict(more["cycle_time.mean"]) == "fell"
    assert more.verdict(more["within_standard"]) == "rose"


def test_too_few_weeks_are_refused_with_how_many_are_needed():
    log = service(np.random.default_rng(1), weeks=40, change_at=40)
    with pytest.raises(InsufficientDataError, match=rf"{FEWEST_BEFORE} before and {FEWEST_AFTER} after are needed"):
        track_service(log, since=instant(140), first=instant(0), last=instant(280))
    with pytest.raises(InsufficientDataError, match="Wait for later records"):
        track_service(log, since=instant(262), first=instant(0), last=instant(280))
    with pytest.raises(InsufficientDataError, match="not one whole week"):
        track_service(log, since=instant(4), first=instant(1), last=instant(6))
    series = weekly_cycle_time(log, span_of(log, 0, 210, 280), days=400, fewest=1)
    with pytest.raises(InsufficientDataError, match="too recent for their cases to have been followed"):
        effect_of(series)
