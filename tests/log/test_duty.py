"""Duty beside a slow twin that marks each instant, and on a week that a person can add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.log.calendar import Calendar
from streamline.log.duty import Duty, duty_period, office_duty, with_work
from streamline.units import DAY, HOUR, MISSING_TIME

LENGTH = 30


@st.composite
def _duty(draw: st.DrawFn) -> tuple[Duty, np.ndarray]:
    """A duty of up to four resources over 30 instants, and the same as marks (n_resources, 30)."""
    marks = draw(st.lists(st.lists(st.booleans(), min_size=LENGTH, max_size=LENGTH), min_size=1, max_size=3))
    spans = []
    for row in marks:
        edges = np.flatnonzero(np.diff(np.array([False, *row, False]).astype(int)))
        spans.append(edges.reshape(-1, 2).astype(np.int64))
    schedule = np.array(draw(st.lists(st.integers(-1, len(marks) - 1), min_size=1, max_size=4)), dtype=np.int64)
    duty = Duty.of_schedules(spans, schedule=schedule, since=0, until=LENGTH, source="drawn")
    return duty, np.array([[True] * LENGTH if k < 0 else marks[k] for k in schedule])


@settings(deadline=None)
@given(_duty(), st.lists(st.tuples(st.integers(0, 3), st.integers(0, LENGTH), st.integers(0, LENGTH)), max_size=20))
def test_it_equals_its_slow_twin(drawn: tuple[Duty, np.ndarray], asked: list[tuple[int, int, int]]) -> None:
    duty, on = drawn
    who = np.array([w % duty.n_resources for w, _, _ in asked], dtype=np.int64)
    since = np.array([min(a, b) for _, a, b in asked], dtype=np.int64)
    until = np.array([max(a, b) for _, a, b in asked], dtype=np.int64)
    assert duty.time(who, since, until).tolist() == [
        int(on[w, a:b].sum()) for w, a, b in zip(who, since, until, strict=True)
    ]
    inside = since < LENGTH
    assert duty.is_on(who[inside], since[inside]).tolist() == on[who[inside], since[inside]].tolist()
    then = [[t for t in range(a, LENGTH) if on[w, t]] for w, a in zip(who, since, strict=True)]
    assert duty.next_on(who, since).tolist() == [t[0] if t else MISSING_TIME for t in then]


@settings(deadline=None)
@given(_duty(), st.lists(st.tuples(st.integers(0, 3), st.integers(0, LENGTH), st.integers(0, 8)), max_size=20))
def test_the_way_back_equals_its_slow_twin(drawn: tuple[Duty, np.ndarray], asked: list[tuple[int, int, int]]) -> None:
    duty, on = drawn
    who = np.array([w % duty.n_resources for w, _, _ in asked], dtype=np.int64)
    at, long = (np.array([a[k] for a in asked], dtype=np.int64) for k in (1, 2))
    expected = [
        t if n == 0 else max((s for s in range(t) if on[w, s:t].sum() == n), default=MISSING_TIME)
        for w, t, n in zip(who, at, long, strict=True)
    ]
    assert duty.back(who, at, long).tolist() == expected


def test_an_office_week_by_hand(read_text: Callable[..., Any]) -> None:
    # Monday midnight to Tuesday midnight and a half: 08-17 on Monday, 08-12 on Tuesday
    log = read_text(
        "case,activity,start,complete,resource\n"
        "1,a,2025-01-06 00:00,2025-01-06 01:00,ann\n"
        "1,b,2025-01-06 20:00,2025-01-07 12:00,bob\n"
    )
    duty = office_duty(log, Calendar(hours={"mon-fri": "08:00-17:00"}))
    since, until = duty_period(log)
    assert (until - since) == 36 * HOUR
    assert duty.time([0, 1], since, until).tolist() == [13 * HOUR, 13 * HOUR]
    assert duty.intervals(1).tolist() == [
        [since + 8 * HOUR, since + 17 * HOUR],
        [since + DAY + 8 * HOUR, since + DAY + 12 * HOUR],
    ]
    assert duty.is_on(0, [since + 8 * HOUR, since + 17 * HOUR]).tolist() == [True, False]
    assert duty.next_on(0, since + 17 * HOUR) == since + DAY + 8 * HOUR
    assert duty.next_on(0, until) == MISSING_TIME
    assert duty.known.all()


def test_who_is_at_work_is_on_duty(read_text: Callable[..., Any]) -> None:
    log = read_text(
        "case,activity,start,complete,resource\n"
        "1,a,2025-01-06 07:00,2025-01-06 08:30,ann\n"
        "2,a,2025-01-06 08:00,2025-01-06 09:00,ann\n"
        "3,a,2025-01-06 16:00,2025-01-06 18:00,ann\n"
        "4,a,2025-01-06 19:00,2025-01-06 20:00,ann\n"
        "5,a,2025-01-06 17:00,2025-01-07 09:00,ann\n"  # open overnight: proves nothing in between
        "1,b,2025-01-06 10:00,2025-01-06 11:00,bob\n"
    )
    office = office_duty(log, Calendar(hours={"mon-fri": "08:00-17:00"}))
    found = with_work(office, log)
    midnight = int(log.start.min()) - 7 * HOUR
    ann, bob = ([((i - midnight) / HOUR).tolist() for i in found.intervals(k)] for k in (0, 1))
    assert ann == [[7, 18], [19, 20], [32, 33]]
    assert bob == [[8, 17], [32, 33]]
    assert found.time(0, office.since, office.until) == office.time(0, office.since, office.until) + 3 * HOUR
    longer = with_work(office, log, longest="1 day")
    assert ((longer.intervals(0) - midnight) / HOUR).tolist() == [[7, 33]]


def test_resources_with_the_same_hours_share_them() -> None:
    duty = Duty.of_calendar(Calendar(hours={"mon-fri": "08:00-17:00"}), n_resources=100_000, since=0, until=365 * DAY)
    assert len(duty.begin) < 300


def test_what_is_unknown_is_on_duty_throughout_and_says_so() -> None:
    spans = [np.array([[2, 3]], dtype=np.int64)]
    duty = Duty.of_schedules(spans, schedule=np.array([0, -1]), since=0, until=9, source="x")
    assert duty.known.tolist() == [True, False]
    assert duty.time([0, 1], 0, 9).tolist() == [1, 9]


@pytest.mark.parametrize("spans", [[[3, 2]], [[1, 1]], [[4, 5], [1, 2]], [[1, 3], [2, 5]], [[1, 3], [3, 5]]])
def test_disorder_is_refused(spans: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="resource 1 aren't sorted"):
        Duty.of_schedules(
            [np.array([[0, 9]]), np.array(spans)], schedule=np.array([0, 1]), since=0, until=9, source="x"
        )


def test_questions_that_have_no_answer_are_refused() -> None:
    duty = Duty.of_schedules([np.array([[2, 3]])], schedule=np.array([0]), since=0, until=9, source="x")
    with pytest.raises(ValueError, match="1 of 2 codes name no resource"):
        duty.time([0, -1], 0, 9)
    with pytest.raises(ValueError, match="1 of 1 instants are missing, or outside"):
        duty.is_on(0, MISSING_TIME)
    with pytest.raises(ValueError, match="1 of 1 intervals start after their end"):
        duty.time(0, 5, 4)
    with pytest.raises(ValueError, match="outside the period"):
        Duty.of_schedules([np.array([[2, 12]])], schedule=np.array([0]), since=0, until=9, source="x")
