"""The cases of a draw: the log's own arrivals, at each what happened to a case that is like the one that came."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamline.whatif.sample import ENOUGH, LATEST, QUARTER, ranges, strata_of, weeks_of

HOURS_A_WEEK = 168


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=8))
def test_ranges_equal_their_twin(pairs):
    first = np.array([f for f, _ in pairs], dtype=np.int64)
    size = np.array([n for _, n in pairs], dtype=np.int64)
    assert ranges(first, size).tolist() == [k for f, n in pairs for k in range(f, f + n)]


@pytest.fixture
def weeks(log_of):
    """`weeks(n_weeks, per_week, work=hours of the case by its week, channel=…)`: cases a day apart or less, each
    closed within an hour."""

    def make(n_weeks, per_week=10, *, work=lambda week, rng: 1.0, channel=None, seed=1):
        rng = random.Random(seed)
        rows, by = [], {}
        length = []
        for week in range(n_weeks):
            for k in range(per_week):
                name = f"{week}-{k}"
                at = HOURS_A_WEEK * week + k * HOURS_A_WEEK / per_week
                length.append(work(week, rng))
                rows.append((name, "Check", at, at + length[-1], "ann"))
                by[name] = "x" if channel is None else channel(week, k)
        log = log_of(rows, columns={"by": by}, channel="by")
        return weeks_of(log, np.array(length)[:, None], strata_of(log, ()))

    return make


def test_weeks_go_from_monday_to_sunday(weeks):
    found = weeks(4, 7)
    assert found.n == 4
    assert found.bounds.tolist() == [0, 7, 14, 21, 28]
    assert found.week.tolist() == np.repeat(np.arange(4), 7).tolist()


def test_weeks_begin_on_the_monday_of_the_local_clock(log_of):
    """Monday, 3 a.m. UTC is still Sunday evening in New York."""
    rows = [("a", "Check", 3, 4, "ann"), ("b", "Check", 6, 7, "ann")]
    for zone, expected in (("UTC", [0, 0]), ("America/New_York", [0, 1])):
        log = log_of(rows, timezone=zone)
        assert weeks_of(log, np.ones((2, 1)), strata_of(log, ())).week.tolist() == expected


def test_arrivals_stay_and_what_happens_is_drawn_from_the_same_stratum(weeks):
    found = weeks(20, channel=lambda week, k: "mail" if k % 3 else "web")
    own = found.own()
    seen = set()
    for seed in range(5):
        drawn = found.drawn(np.random.default_rng(seed))
        assert (drawn.arrival == own.arrival).all()
        assert (found.stratum[drawn.pick] == found.stratum[own.pick]).all()
        assert (drawn.pick != own.pick).mean() > 0.9
        seen.add(tuple(drawn.pick.tolist()))
    assert len(seen) == 5


def test_every_case_is_drawn_as_often_as_any_other(weeks):
    """400 draws of 200 arrivals: each of the 200 cases comes 400 times on average, give or take five standard errors
    (20 each)."""
    found = weeks(20)
    count = np.zeros(200)
    for seed in range(400):
        count += np.bincount(found.drawn(np.random.default_rng(seed)).pick, minlength=200)
    assert found.whole.tolist() == list(range(200))
    assert np.abs(count - 400).max() < 5 * 20


def test_steady_work_is_drawn_from_anywhere_changing_work_from_near(weeks):
    def jittered(level):
        return lambda week, rng: level(week) + rng.random() / 10

    steady = weeks(60, work=jittered(lambda week: 1.0))
    assert steady.reach == steady.n
    changing = weeks(60, work=jittered(lambda week: 1.0 if week < 30 else 2.0))
    assert changing.reach == QUARTER
    drawn = changing.drawn(np.random.default_rng(1))
    apart = np.abs(changing.week[drawn.pick] - changing.week[changing.own().pick])
    assert apart.max() == QUARTER
    assert np.unique(apart).tolist() == list(range(QUARTER + 1))


def test_chance_alone_hardly_ever_counts_as_change(weeks):
    """At a level of one in a hundred, 200 steady logs show change twice on average; nine times or more once in ten thousand."""
    found = [weeks(30, 6, work=lambda week, rng: rng.expovariate(2), seed=k).reach for k in range(200)]
    assert sum(reach == QUARTER for reach in found) <= 8


def test_the_latest_stand_in_where_a_stratum_has_none_near(weeks):
    """Mail ends after half a year; for mail that came a year after that, one of its latest cases."""

    def level(week, rng):
        return 1.0 + week / 60 + rng.random() / 100

    found = weeks(100, 20, work=level, channel=lambda week, k: "mail" if week < 30 and k % 2 else "web")
    assert found.reach == QUARTER
    pick = found.alike(
        np.array(["mail"] * 500, dtype=object), np.full(500, found.log.arrival[-1]), np.random.default_rng(1)
    )
    mail = np.flatnonzero(found.stratum == "mail")
    assert set(pick.tolist()) <= set(mail[-LATEST:].tolist())
    assert len(set(pick.tolist())) > 0.9 * LATEST


def test_a_stratum_that_nobody_has_is_drawn_from_all(weeks):
    found = weeks(10)
    pick = found.alike(
        np.array(["by pigeon"] * 2_000, dtype=object), np.full(2_000, found.log.arrival[-1]), np.random.default_rng(1)
    )
    assert set(pick.tolist()) == set(found.whole.tolist())


def test_cases_that_may_not_be_over_are_not_drawn(log_of):
    """Cases take a week each. Those that came in the log's last week are open, or would be shorter than they will have been."""
    rows = [(f"c{k}", a, at, at, None) for k in range(100) for a, at in (("In", 10.0 * k), ("Out", 10.0 * k + 168))]
    log = log_of(rows)
    found = weeks_of(log, np.zeros((100, 0)), strata_of(log, ()))
    assert found.whole.tolist() == list(range(100))
    longer = log_of([*rows, ("late", "In", 1_250, 1_250, None), ("late", "Out", 1_251, 1_251, None)])
    found = weeks_of(longer, np.zeros((101, 0)), strata_of(longer, ()))
    assert found.whole.tolist() == list(range(101))  # "late" came an hour before the end, and stops where all do
    late = [
        ("late", "In", 1_250, 1_250, None),
        ("later", "In", 1_250, 1_250, None),
        ("later", "Out", 1_251, 1_251, None),
    ]
    longer = log_of([*rows, *late])
    found = weeks_of(longer, np.zeros((102, 0)), strata_of(longer, ()))
    assert found.whole.tolist() == list(
        range(100)
    )  # "late" stops where no case did, so the quick ones of its time don't count


@pytest.mark.parametrize(("n_weeks", "apart"), [(ENOUGH + 1, 1), (ENOUGH - 1, 24), (ENOUGH // 2 - 1, HOURS_A_WEEK)])
def test_a_case_is_drawn_from_the_same_hour_of_the_week_where_enough_came_then(weeks, n_weeks, apart):
    """Two cases a day at hours of their own: there are enough of each hour, or only of each day, or of neither."""
    found = weeks(n_weeks, 14)
    assert found.hour[:14].tolist() == [12 * k for k in range(14)]
    own = found.own().pick
    drawn = np.concatenate([found.drawn(np.random.default_rng(k)).pick for k in range(20)])
    again = np.tile(own, 20)
    assert (found.hour[drawn] // apart == found.hour[again] // apart).all()
    assert (drawn != again).mean() > 0.9
    if apart > 1:
        assert (found.hour[drawn] // (apart // 24) != found.hour[again] // (apart // 24)).any()
    late = found.alike(found.stratum, found.log.arrival, np.random.default_rng(1))
    assert (found.hour[late] // apart == found.hour[own] // apart).all()


def test_delays_that_end_at_an_opening_do_so_in_a_draw_too(log_of):
    """Half the cases come on Friday at 16:00 and are answered on Monday at 8, after 64 hours; half come on Monday at 8 and
    are answered after two. An office that opens at 8 keeps both, whatever is drawn for whom."""
    n = ENOUGH + 10
    rows, arrivals = [], {}
    for k in range(n):
        for name, at, wait in (("fri", 112.0, 64.0), ("mon", 8.0, 2.0)):
            arrivals[f"{name}{k}"] = HOURS_A_WEEK * k + at
            rows.append((f"{name}{k}", "Answer", HOURS_A_WEEK * k + at + wait, HOURS_A_WEEK * k + at + wait + 1, "ann"))
    log = log_of(rows, arrivals=arrivals)
    found = weeks_of(log, np.ones((2 * n, 1)), strata_of(log, ()))
    wait = log.start - log.arrival[log.case_of_step]
    for seed in range(5):
        drawn = found.drawn(np.random.default_rng(seed))
        assert (wait[drawn.pick] == wait).all()
