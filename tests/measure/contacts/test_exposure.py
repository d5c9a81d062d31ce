"""Stretches of open life: by hand, and adding up on random logs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import BarChart
from streamline.log.read import read_contacts, read_log
from streamline.measure.contacts.exposure import open_life
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.contacts.lives import BEFORE_ARRIVAL, CLOSED, LATER, NEXT_UNKNOWN
from streamline.units import DAY

#: In days: a is reviewed until 4 and decided at 10; b is decided at 6; c is reviewed until 5 and open until the log ends at 60.
CASES = [
    ("a", "Review", 0, 4), ("a", "Decide", 4, 10),
    ("b", "Decide", 2, 6),
    ("c", "Review", 3, 5),
    ("d", "Decide", 50, 60),
]  # fmt: skip
CALLS = [
    ("a", 0.0),   # awaits Review
    ("a", 1.0),   # awaits Review, a day after another call
    ("a", 4.0),   # at the very completion of Review: awaits Decide; exactly three days later is no repeat
    ("b", 1.0),   # before it arrived
    ("b", 7.0),   # a day after its end
    ("b", 40.0),  # 34 days after its end
    ("c", 20.0),  # what comes after Review isn't known
]  # fmt: skip


@pytest.fixture
def links(cases_of, calls_of):
    return link_contacts(cases_of(CASES, ends=["Decide"]), calls_of(CALLS))


def sums(life, *by):
    """{(levels): [days, contacts]}"""
    names = [life.factor(b) for b in by]
    found: dict[tuple[str, ...], list[float]] = {}
    for i in range(len(life.case)):
        cell = found.setdefault(tuple(f.levels[f.codes[i]] for f in names), [0.0, 0.0])
        cell[0] += life.days[i]
        cell[1] += life.contacts[i]
    return found


def test_states_by_hand(links) -> None:
    """Calls cover days 0 to 40. Review: a 4 + c 2; Decide: a 6 + b 4; unknown: c 5 to 40; closed: a 10 to 40 and b 6 to 36."""
    life = open_life(links)
    assert sums(life, "state") == {
        ("Review",): [6, 2], ("Decide",): [10, 1], (NEXT_UNKNOWN,): [35, 1], (CLOSED,): [60, 1], (BEFORE_ARRIVAL,): [0, 1],
        (LATER,): [0, 1],
    }  # fmt: skip
    row = life.table.set_index("state").loc["Review"]
    assert (row["open_days"], row["n_contacts"], row["n_cases"]) == (6, 2, 2)
    assert row["rate_per_open_day"] == pytest.approx(2 / 6)
    assert row["rate_low"] < 2 / 6 < row["rate_high"]
    # of two contacts exact Poisson bounds are 0.242 and 7.225
    assert row["rate_high"] >= 7.2246 / 6
    assert np.isnan(life.table.set_index("state").loc[LATER, "rate_per_open_day"])
    assert (life.bands, life.bands_from) == ((), "too few contacts for more than one band")


def test_bands_overdue_and_recent_by_hand(links) -> None:
    """Bands at 1 and 3 days; standard of 5 days. a awaits Decide from 4: it is overdue from 5 on; c from 8 on; b was closed
    within it. Recent: a from 0 to 3 (the call on day 1 prolongs it to 4), again from 4 to 7; b before its arrival until 4."""
    life = open_life(links, bands=(1, 3), standard="5 days")
    found = sums(life, "state", "waiting")
    assert found["Review", "under 1 day"] == [2, 1]
    assert found["Review", "1 to 3 days"] == [3, 1]
    assert found["Review", "3 days and more"] == [1, 0]
    assert found["Decide", "under 1 day"] == [2, 1]
    assert found["Decide", "3 days and more"] == [4, 0]
    late = sums(life, "state", "overdue")
    assert late["Decide", "within the standard"] == [5, 1]
    assert late["Decide", "past the standard"] == [5, 0]
    assert late[NEXT_UNKNOWN, "past the standard"] == [32, 1]
    assert late[CLOSED, "past the standard"] == [30, 0]
    assert late[CLOSED, "within the standard"] == [30, 1]
    soon = sums(life, "state", "recent")
    assert soon["Review", "a contact within 3 days before"] == [4, 1]
    assert soon["Review", "no contact within 3 days before"] == [2, 1]
    assert soon["Decide", "a contact within 3 days before"] == [5, 0]
    assert soon["Decide", "no contact within 3 days before"] == [5, 1]


def test_a_parallel_branch_is_not_hidden_by_its_sibling(cases_of, calls_of) -> None:
    """Check and Visit run side by side from 0; Check is done on 1, Visit on 6, then Decide until 8. The case awaits Visit all the
    time until 6 (of which the calls cover 5.5 days in each of ten cases), not Check for a day."""
    rows = []
    for k in range(10):
        rows += [(f"k{k}", "In", 0, 0), (f"k{k}", "Check", 0, 1), (f"k{k}", "Visit", 0.5, 6), (f"k{k}", "Decide", 7, 8)]
    life = open_life(link_contacts(cases_of(rows), calls_of([("k0", 0.5), ("k1", 8.0)])))
    assert sums(life, "state")["Visit",] == [55, 1]
    assert ("Check",) not in sums(life, "state")


def test_weekdays_seasons_and_channels_are_told_apart(cases_of, calls_of) -> None:
    """From Monday 6 January, midnight, two weeks and a day: three Mondays, two of each other day; in New York the days begin five
    hours later, so that five hours of Sunday come first."""
    rows = [("a", "Review", 0, 15, "web"), ("b", "Review", 80, 90, "mail")]
    calls = calls_of([("a", 0.0), ("a", 2.5), ("b", 90.0)])
    life = open_life(
        link_contacts(cases_of(rows, columns=("channel",)), calls), weekday=True, season="quarter", channel=True
    )
    of_a = {k: v for k, v in sums(life, "channel", "weekday").items() if k[0] == "web"}
    first = sums(life, "state", "season")
    assert first["Review", "quarter 1"][0] == pytest.approx(15 + 5)  # b: 27 to 31 March
    assert first["Review", "quarter 2"][0] == pytest.approx(5)
    assert of_a["web", "Wednesday"][1] == 1
    local = open_life(
        link_contacts(cases_of(rows, columns=("channel",), timezone="America/New_York"), calls),
        weekday=True,
        bands=(15,),
    )
    awaited = {k[1]: v[0] for k, v in sums(local, "state", "weekday").items() if k[0] == "Review"}
    # a: 15 days from Sunday 19:00 to Sunday 19:00; b: 10 days from Wednesday 20:00 (the clock has gone forward)
    assert sum(awaited.values()) == pytest.approx(25)
    with pytest.raises(ValueError, match="season='year' is not an option"):
        open_life(link_contacts(cases_of(rows, columns=("channel",)), calls), season="year")


def test_one_contact_covers_no_time(cases_of, calls_of) -> None:
    log = cases_of(CASES, ends=["Decide"])
    with pytest.raises(InsufficientDataError, match=r"covers no time: it holds 1 contact of one instant.*`covers`"):
        open_life(link_contacts(log, calls_of([("a", 1.0)])))
    life = open_life(link_contacts(log, calls_of([("a", 1.0)]), covers=("2025-01-06", "2025-01-26")))
    assert sums(life, "state")["Review",] == [6, 1]
    rate = life.table.set_index("state").loc["Decide"]
    # no contact in ten days: the exact upper bound, never a rate of zero for certain
    assert (rate["rate_per_open_day"], rate["rate_low"]) == (0, 0)
    assert rate["rate_high"] == pytest.approx(3.689 / 10, rel=1e-3)


def test_contacts_of_another_time_are_refused(cases_of, calls_of) -> None:
    with pytest.raises(InsufficientDataError, match=r"covers no day of the 4 cases.*time zones"):
        open_life(link_contacts(cases_of(CASES, ends=["Decide"]), calls_of([("a", -30.0), ("b", -20.0)])))


def test_options_are_checked(links) -> None:
    for bands in ((3, 1), (0, 1), (float("nan"),)):
        with pytest.raises(ValueError, match="ascending order"):
            open_life(links, bands=bands)
    with pytest.raises(UnknownNameError, match="no factor 'weekday'"):
        open_life(links).factor("weekday")
    with pytest.raises(UnknownNameError, match="no column 'channel'"):
        open_life(links, channel=True)
    with pytest.raises(ValueError, match="repeat_days=0"):
        open_life(links, repeat_days=0)


def test_rows_and_chart(links) -> None:
    life = open_life(links)
    assert life.cases["days"].sum() == pytest.approx(111)
    assert life.cases["contacts"].sum() == 7
    state = life.factor("state")
    said = [state.levels[k] for k in state.codes[life.stretch_of_link]]
    assert (
        dict(zip(links.cases["case"] + links.cases["days_since_arrival"].astype(str), said, strict=True))["c17.0"]
        == NEXT_UNKNOWN
    )
    chart = life.chart()
    assert isinstance(chart, BarChart)
    assert chart.bars == ()  # no state has ten contacts


def test_stretches_for_rate_models_have_whole_contacts(links, cases_of, calls_of) -> None:
    """Two of the seven calls are in states without days; of customers' calls that are shared out none is in."""
    rows = open_life(links).stretches("state", "recent")
    assert (rows.days.sum(), rows.contacts.sum()) == (pytest.approx(111), 5)
    assert [f.moved_by_contacts for f in rows.factors] == [False, True]
    log = cases_of([("a", "Decide", 0, 9, "Ann"), ("b", "Decide", 0, 9, "Ann")], columns=("owner",))
    calls = calls_of([("a", 0.0, None), (None, 3.0, "Ann"), ("b", 9.0, None)], columns=("customer",))
    shared = open_life(link_contacts(log, calls, customer="owner", ambiguous="share"))
    assert shared.contacts.sum() == 3
    assert shared.stretches("state").contacts.sum() == 2


STEP = st.tuples(st.integers(0, 2), st.floats(0, 3), st.floats(0, 4))
CASE = st.tuples(st.floats(0, 20), st.lists(STEP, min_size=1, max_size=5))


@given(
    cases=st.lists(CASE, min_size=1, max_size=5),
    calls=st.lists(st.tuples(st.integers(0, 5), st.floats(-5, 60)), min_size=2, max_size=15),
    standard=st.sampled_from([None, "4 days"]),
    weekday=st.booleans(),
)
def test_days_and_contacts_add_up_exactly(cases, calls, standard, weekday) -> None:
    """Stretches of a case add up to the part of its life (and of its 30 days after) within the time covered, to the microsecond;
    contacts to those linked; and each link's stretch is one of its own case that has a contact."""
    start = pd.Timestamp("2025-03-20", tz="UTC")
    rows = []
    for k, (born, steps) in enumerate(cases):
        at = born
        for activity, wait, work in steps:
            rows.append((f"k{k}", "ABC"[activity], at + wait, at + wait + work))
            at += wait + (work if activity else work / 2)  # some overlap
    frame = pd.DataFrame(rows, columns=["case", "activity", "start", "complete"])
    for name in ("start", "complete"):
        frame[name] = start + pd.to_timedelta((frame[name] * DAY).round(), unit="us")
    ends = ["C"] if (frame["activity"] == "C").any() else None
    log = read_log(frame, case="case", activity="activity", start="start", complete="complete", ends=ends,
                   timezone="Europe/Rome")  # fmt: skip
    told = pd.DataFrame(
        {"case": [f"k{c}" for c, _ in calls], "time": [start + pd.Timedelta(days=round(t, 2)) for _, t in calls]}
    )
    try:
        links = link_contacts(log, read_contacts(told, case="case", time="time"))
        life = open_life(links, standard=standard, weekday=weekday, bands=(1, 2.5))
    except InsufficientDataError:
        return
    end = np.where(log.closed, log.last_completion + 30 * DAY, log.observed_until)
    first, last = links.period
    inside = np.maximum(np.minimum(end, last) - np.maximum(log.arrival, first), 0)
    got = np.zeros(log.n_cases, dtype=np.int64)
    np.add.at(got, life.case, life.time)
    assert got.tolist() == inside.tolist()
    count = np.bincount(life.case, weights=life.contacts, minlength=log.n_cases)
    assert count.tolist() == links.per_case().tolist()
    assert (life.case[life.stretch_of_link] == links.case).all()
    assert (life.contacts[life.stretch_of_link] > 0).all()
