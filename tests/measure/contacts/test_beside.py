"""What cases await beside their critical path: by hand, and hour by hour on random logs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.measure.contacts.beside import Beside, awaited_beside, beside_share, shared_by
from streamline.measure.contacts.exposure import REPEAT_DAYS, OpenLife, open_life
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.waits.path import paths
from streamline.units import DAY, HOUR

#: In days: from day 1 on a is reviewed until 9 and checked until 4, side by side; b has its check last, until 26.
CASES = [
    ("a", "Register", 0, 1), ("a", "Review", 2, 9), ("a", "Check", 2, 4), ("a", "Decide", 9, 10),
    ("b", "Register", 20, 21), ("b", "Review", 21, 23), ("b", "Check", 21, 26), ("b", "Decide", 26, 27),
]  # fmt: skip
CALLS = [
    ("a", 0.5),
    ("a", 3.25),  # awaits Review and, in its third day, Check; the call on day 0.5 is recent until 3.5
    ("a", 4.0),   # at the very completion of Check: awaits Review alone
    ("b", 21.5),  # awaits Check and, beside, Review
    ("b", 30.0),
]  # fmt: skip


def beside_of(cases_of, calls_of, cases=CASES, calls=CALLS, **options) -> tuple[OpenLife, Beside]:
    log = cases_of(cases, ends=["Decide"])
    life = open_life(link_contacts(log, calls_of(calls)), **options)
    return life, awaited_beside(life, paths(log))


def test_stretches_beside_by_hand(cases_of, calls_of) -> None:
    """a: Check from 1 to 4, recent from 1 to 3.5 by the call on day 0.5, and from the call on 3.25 on. b: Review from 21 to 23,
    recent from 21.5 on. Bands at 1 and 2 days; overdue from day 3 on (a from 3; b from 23: not while Review is beside)."""
    life, got = beside_of(cases_of, calls_of, bands=(1, 2), standard="3 days", age=True)
    found = Counter()
    for i in range(len(got.case)):
        levels = tuple(got.factor(n).levels[got.factor(n).codes[i]] for n in ("state", "waiting", "overdue"))
        found[(int(got.case[i]), *levels, bool(got.factor("recent").codes[i]))] += got.time[i] / DAY
    assert found == {
        (0, "Check", "under 1 day", "within the standard", True): 1,
        (0, "Check", "1 to 2 days", "within the standard", True): 1,
        (0, "Check", "2 days and more", "past the standard", True): 1,
        (1, "Review", "under 1 day", "within the standard", False): 0.5,
        (1, "Review", "under 1 day", "within the standard", True): 0.5,
        (1, "Review", "1 to 2 days", "within the standard", True): 1,
    }
    # two calls fall into them: the second of a, into its third day, and the first of b
    assert got.link.tolist() == [1, 3]
    assert [got.factor("waiting").codes[s] for s in got.stretch] == [2, 0]
    assert [got.factor("state").levels[got.factor("state").codes[s]] for s in got.stretch] == ["Check", "Review"]
    assert [f.levels for f in got.factors] == [f.levels for f in life.factors]
    assert beside_share(paths(life.links.log)) == pytest.approx((3 + 2) / (10 + 7))


def test_shared_contacts_are_those_of_the_stretches_that_rates_take(cases_of, calls_of) -> None:
    life, got = beside_of(cases_of, calls_of, bands=(1, 2))
    rows, shared = life.stretches("state", "waiting", "recent"), shared_by(life, got)
    names = rows.factors[0].levels
    assert [names[rows.factors[0].codes[s]] for s in shared.stretch] == ["Review", "Check"]
    assert rows.contacts[shared.stretch].tolist() == [2, 1]  # the call at the completion of Check is in the same one
    assert shared.offsets.tolist() == [0, 1, 2]
    assert got.stretches("state").contacts.sum() == 0
    assert got.stretches("state").days.sum() == 5


def test_without_branches_there_are_none(cases_of, calls_of) -> None:
    rows = [("a", "Review", 0, 4), ("a", "Decide", 4, 10), ("b", "Decide", 2, 6)]
    life, got = beside_of(cases_of, calls_of, rows, CALLS[:3])
    assert len(got.case) == len(got.link) == 0
    assert shared_by(life, got).offsets.tolist() == [0]


@st.composite
def branched(draw: st.DrawFn) -> tuple[list[tuple[str, str, float, float]], list[tuple[str, float]]]:
    """Some cases with two or three branches side by side, in hours told as days."""
    rows, calls = [], []
    for k in range(draw(st.integers(1, 4))):
        born = draw(st.integers(0, 40))
        ends = []
        for name in draw(st.lists(st.sampled_from(["X", "Y", "Z"]), min_size=2, max_size=3, unique=True)):
            wait, work = draw(st.integers(0, 60)), draw(st.integers(1, 90))
            rows.append((f"c{k}", name, (born + wait) / 24, (born + wait + work) / 24))
            ends.append(born + wait + work)
        rows.append((f"c{k}", "Decide", max(ends) / 24, (max(ends) + draw(st.integers(1, 20))) / 24))
        calls += [(f"c{k}", (born + draw(st.integers(0, 150))) / 24) for _ in range(draw(st.integers(0, 3)))]
    return rows, [*calls, ("c0", 0.0), ("c0", 20.0)]


@given(branched())
@settings(max_examples=150, deadline=None)
def test_stretches_beside_are_those_counted_hour_by_hour(cases_of, calls_of, drawn) -> None:
    """And the open life still adds up to the cycle time, whatever is beside it."""
    life, got = beside_of(cases_of, calls_of, *drawn, bands=(0.5, 2), standard="2 days")
    log, links, found = life.links.log, life.links, paths(life.links.log)
    expected: Counter[tuple[int, ...]] = Counter()
    pairs = []
    for s in np.flatnonzero(~found.critical):
        case = int(log.case_of_step[s])
        times = links.time[links.offsets[case] : links.offsets[case + 1]]
        for t in range(int(found.enabled[s]), int(log.complete[s]), HOUR):
            band = sum(t - found.enabled[s] >= b * DAY for b in life.bands)
            due = log.arrival[case] + 2 * DAY
            overdue = int(t >= due and due < log.last_completion[case])
            soon = int(any(c <= t < c + REPEAT_DAYS * DAY for c in times))
            if links.period[0] <= t < links.period[1]:
                expected[case, int(log.activity[s]), band, overdue, soon] += HOUR
        pairs += [
            (links.offsets[case] + k, int(log.activity[s]))
            for k, t in enumerate(times)
            if found.enabled[s] <= t < log.complete[s]
        ]
    several: Counter[tuple[int, ...]] = Counter()
    for s in np.flatnonzero(found.critical):
        case = int(log.case_of_step[s])
        others = [x for x in np.flatnonzero(~found.critical) if log.case_of_step[x] == case]
        times = links.time[links.offsets[case] : links.offsets[case + 1]]
        for t in range(int(found.enabled[s]), int(log.complete[s]), HOUR):
            inside = links.period[0] <= t < links.period[1]
            if inside and any(found.enabled[x] <= t < log.complete[x] for x in others):
                band = sum(t - found.enabled[s] >= b * DAY for b in life.bands)
                due = log.arrival[case] + 2 * DAY
                soon = int(any(c <= t < c + REPEAT_DAYS * DAY for c in times))
                late = int(t >= due and due < log.last_completion[case])
                several[case, int(log.activity[s]), band, late, soon] += HOUR
    of_row = [life.factor(n).codes[got.row] for n in ("state", "waiting", "overdue", "recent")]
    assert several == {
        (int(life.case[r]), *(int(c[k]) for c in of_row)): int(got.row_time[k]) for k, r in enumerate(got.row)
    }
    assert (got.row_time <= life.time[got.row]).all()
    codes = [got.factor(n).codes for n in ("state", "waiting", "overdue", "recent")]
    told: Counter[tuple[int, ...]] = Counter()
    for i in np.flatnonzero(got.time > 0):
        told[(int(got.case[i]), *(int(c[i]) for c in codes))] += int(got.time[i])
    assert told == expected
    assert sorted(zip(got.link.tolist(), codes[0][got.stretch].tolist(), strict=True)) == sorted(pairs)
    assert (got.case[got.stretch] == links.case[got.link]).all()
