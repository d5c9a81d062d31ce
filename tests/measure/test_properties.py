"""What holds for every log: sums that add up exactly, and what must not show in the numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.log.event_log import EventLog
from streamline.log.read import read_contacts
from streamline.measure.contacts.lives import BEFORE_ARRIVAL, CLOSED, LATER
from streamline.measure.contacts.rates import contact_rates
from streamline.measure.duration import cycle_time
from streamline.measure.flow import directly_follows, variants
from streamline.measure.loops.rework import loop_occurrences, rework_loops
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.measure.waits.path import paths
from streamline.units import DAY

Rows = list[tuple[str, str, float | None, float]]
MICROSECOND = 1 / 3_600_000_000


@st.composite
def _rows(draw: st.DrawFn) -> Rows:
    """Up to five cases of four activities; instants of few values (ties, overlaps) or any microsecond."""
    instants = draw(st.sampled_from([st.integers(0, 12), st.integers(0, 10**10).map(lambda n: n * MICROSECOND)]))
    rows: Rows = []
    for case in range(draw(st.integers(1, 5))):
        for _ in range(draw(st.integers(1, 8))):
            one, two = sorted((draw(instants), draw(instants)))
            start = draw(st.sampled_from([one, one, two, None]))
            rows.append((f"c{case}", draw(st.sampled_from("ABCD")), start, two))
    return rows


ROWS = _rows()
SOME = settings(max_examples=60, deadline=None)
LogOf = Callable[..., EventLog]


@given(rows=ROWS)
@settings(max_examples=150, deadline=None)
def test_the_critical_path_adds_up_to_the_cycle_time(log_of: LogOf, rows: Rows) -> None:
    """To the microsecond, for every case, whatever overlaps, ties and starts are missing; and no wait is negative."""
    log = log_of(rows)
    found = paths(log)
    total = found.per_case(found.waiting + found.service + found.sojourn)
    assert (total == log.last_completion - log.arrival).all()
    assert (found.waiting >= 0).all()
    assert (found.service >= 0).all()
    assert (found.sojourn >= 0).all()


@given(rows=ROWS)
@settings(max_examples=150, deadline=None)
def test_loops_and_first_pass_add_up_to_the_cycle_time(log_of: LogOf, rows: Rows) -> None:
    """Each step is first-pass or in exactly one occurrence of its own case, and the first pass repeats nothing."""
    log = log_of(rows)
    found = loop_occurrences(log)
    first = found.loop < 0
    time = np.zeros(log.n_cases, dtype=np.int64)
    np.add.at(time, log.case_of_step[first], found.time[first])
    np.add.at(time, found.case, found.sums(found.time))
    assert (time == log.last_completion - log.arrival).all()
    assert (found.case[found.loop[~first]] == log.case_of_step[~first]).all()
    assert sorted(set(found.loop[~first])) == list(range(len(found)))
    kept = list(zip(log.case_of_step[first], log.activity[first], strict=True))
    assert len(kept) == len(set(kept))
    assert (log.activity[found.head] == log.activity[found.repeat]).all()


@given(rows=ROWS)
@SOME
def test_the_rows_of_the_bottleneck_table_add_up(log_of: LogOf, rows: Rows) -> None:
    log = log_of(rows)
    got = bottlenecks(log, draws=20)
    table = got.table
    days = table[["waiting_days_per_case", "service_days_per_case", "sojourn_days_per_case"]].sum().sum()
    mean = cycle_time(log, draws=20).mean.value
    assert days == pytest.approx(mean, rel=1e-9, abs=1e-12)
    assert got.waiting.value + got.service.value + got.sojourn.value == pytest.approx(mean, rel=1e-9, abs=1e-12)
    if mean > 0:
        waited = table["waiting_days_per_case"].sum() + table["sojourn_days_per_case"].sum()
        assert table["share"].sum() == pytest.approx(waited / mean, rel=1e-9, abs=1e-12)
        assert table["share"].is_monotonic_decreasing


@given(rows=ROWS, calls=st.lists(st.tuples(st.integers(0, 6), st.integers(-3, 15)), min_size=1, max_size=12))
@SOME
def test_contacts_and_days_add_up(log_of: LogOf, at: Any, rows: Rows, calls: list[tuple[int, int]]) -> None:
    """Contacts by state add up to those of the cases, days to the open lives and thirty days after; each has its state."""
    log = log_of(rows)
    frame = pd.DataFrame({"case": [f"c{k}" for k, _ in calls] + ["c0"], "time": [at(h) for _, h in calls] + [at(1)]})
    contacts = read_contacts(frame, case="case", time="time")
    known = {f"c{k}" for k in range(5)} & {r[0] for r in rows}
    linked = frame[frame["case"].isin(known)]
    got = contact_rates(log, contacts, covers=("2025-01-01", "2025-03-01"), draws=20)
    assert got.by_state["n_contacts"].sum() == got.table["n_contacts"].sum() == len(linked)
    assert got.cases["case"].value_counts().to_dict() == linked["case"].value_counts().to_dict()
    days = got.by_state.set_index("state")["open_days"]
    life = (log.last_completion - log.arrival)[np.diff(log.case_offsets) > 0].sum() / DAY
    assert days.drop(CLOSED).sum() == pytest.approx(life, abs=1e-9)
    assert days[CLOSED] == pytest.approx(30 * log.n_cases)
    arrival = dict(zip(log.case_id_array(), log.instants(log.arrival), strict=True))
    last = dict(zip(log.case_id_array(), log.instants(log.last_completion), strict=True))
    for r in got.cases.itertuples():
        assert (r.state == BEFORE_ARRIVAL) == (r.time < arrival[r.case])
        assert (r.state in (CLOSED, LATER)) == (r.time >= last[r.case] and r.time >= arrival[r.case])


@given(rows=ROWS)
@SOME
def test_shares_of_variants_and_transitions_add_up(log_of: LogOf, rows: Rows) -> None:
    log = log_of(rows)
    assert variants(log).table["share"].sum() == pytest.approx(1)
    assert variants(log).table["n_cases"].sum() == log.n_cases
    follows = directly_follows(log)
    assert follows.table["n"].sum() == log.n_steps - log.n_cases == len(follows.cases)
    assert (follows.table["n_cases"] <= follows.table["n"]).all()
    assert follows.ends["n_cases_starting"].sum() == follows.ends["n_cases_ending"].sum() == log.n_cases


def _distinct(rows: Rows) -> Rows:
    """The rows at instants of which no two are equal, so that their order in the source can't matter."""
    return [
        (c, a, None if s is None else s + 2 * i * MICROSECOND, e + (2 * i + 1) * MICROSECOND)
        for i, (c, a, s, e) in enumerate(rows)
    ]


def _numbers(log: EventLog, names: dict[str, str]) -> list[Any]:
    """Figures of every kind, with activities under their first names."""
    bottleneck = bottlenecks(log, draws=30).table.drop(columns="activity")
    loops = rework_loops(log, draws=30).table.select_dtypes("number")
    follows = directly_follows(log).table
    pairs = {(names[r.source], names[r.target]): (r.n, r.n_cases, r.mean_hours) for r in follows.itertuples()}
    routes = {tuple(names[a] for a in r.activities): r.n_cases for r in variants(log).table.itertuples()}
    cycle = cycle_time(log, draws=30).table[["value", "low", "high"]].astype(float)
    return [bottleneck, loops, cycle, pairs, routes]


@given(rows=ROWS, seed=st.integers(0, 1000))
@SOME
def test_order_of_rows_and_names_do_not_show(log_of: LogOf, rows: Rows, seed: int) -> None:
    """Shuffled rows give the same numbers; so do activities renamed in the same alphabetical order."""
    rows = _distinct(rows)
    plain = _numbers(log_of(rows), {a: a for a in "ABCD"})
    shuffled = random.Random(seed).sample(rows, len(rows))
    renamed = [(c, f"Step {a}", s, e) for c, a, s, e in rows]
    for other in (
        _numbers(log_of(shuffled), {a: a for a in "ABCD"}),
        _numbers(log_of(renamed), {f"Step {a}": a for a in "ABCD"}),
    ):
        for one, two in zip(plain[:3], other[:3], strict=True):
            pd.testing.assert_frame_equal(one, two)
        assert plain[3:] == other[3:]
