"""The summary of a log: each table beside a slow twin and the public measures; parts merge into exactly the whole."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streamline.log.event_log import EventLog
from streamline.measure.duration import cycle_time
from streamline.measure.flow import directly_follows, variants
from streamline.measure.loops.rework import rework_loops
from streamline.measure.summaries import routes as counts
from streamline.measure.summaries import transitions
from streamline.measure.summaries.summary import LogSummary, log_summary
from streamline.units import DAY, HOUR

LogOf = Callable[..., EventLog]
Rows = list[tuple[str, str, float | None, float | None]]

MICROSECOND = 1 / 3_600_000_000
TABLES = ("directly_follows", "routes", "cycle_time", "repeats", "rework")
NUMBERS = ("activities", "n_cases", "n_empty", "n_closed", "n_steps", "n_repeating")


@st.composite
def _rows(draw: st.DrawFn) -> Rows:
    """Up to seven cases of four activities; instants of few values (ties, overlaps) or any microsecond; steps without
    a start, and steps without an end, which leave their case open or even without any step."""
    instants = draw(st.sampled_from([st.integers(0, 12), st.integers(0, 10**10).map(lambda n: n * MICROSECOND)]))
    rows: Rows = [("c0", "A", None, draw(instants))]
    for case in range(draw(st.integers(1, 7))):
        for _ in range(draw(st.integers(1, 8))):
            one, two = sorted((draw(instants), draw(instants)))
            times = draw(st.sampled_from([(one, two), (one, two), (two, two), (None, two), (None, two), (one, None)]))
            rows.append((f"c{case}", draw(st.sampled_from("ABCD")), *times))
    return rows


ROWS = _rows()


class Case(NamedTuple):
    """One case in plain Python; instants in microseconds, a step without a start began at its completion."""

    trace: tuple[str, ...]
    begun: list[int]
    complete: list[int]
    arrival: int
    closed: bool

    @property
    def cycle(self) -> int:
        return self.complete[-1] - self.arrival


def cases_of(log: EventLog) -> list[Case]:
    """The cases of `log.to_frame()`, those without steps included."""
    steps: dict[str, list[Any]] = {name: [] for name in log.case_id_array()}
    for row in log.to_frame().itertuples():
        steps[row.case].append(row)

    def micros(time: pd.Timestamp) -> int:
        return (time - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(microseconds=1)

    return [
        Case(
            tuple(s.activity for s in of_case),
            [micros(s.complete if pd.isna(s.start) else s.start) for s in of_case],
            [micros(s.complete) for s in of_case],
            arrival,
            closed,
        )
        for of_case, arrival, closed in zip(steps.values(), log.arrival.tolist(), log.closed.tolist(), strict=True)
    ]


def slow_follows(cases: list[Case]) -> list[tuple[Any, ...]]:
    n_some = sum(bool(c.trace) for c in cases)
    waits: dict[tuple[str, str], list[int]] = {}
    within = Counter[tuple[str, str]]()
    for case in cases:
        for i, pair in enumerate(pairwise(case.trace)):
            waits.setdefault(pair, []).append(case.begun[i + 1] - case.complete[i])
        within.update(set(pairwise(case.trace)))
    rows = [
        (*pair, len(w), within[pair], within[pair] / n_some, sum(w) / HOUR / len(w), *quantiles(w, HOUR), 0.0)
        for pair, w in waits.items()
    ]
    return sorted(rows, key=lambda r: (-r[2], r[:2]))


def slow_routes(cases: list[Case]) -> list[tuple[Any, ...]]:
    n = Counter(c.trace for c in cases if c.trace)
    cycles: dict[tuple[str, ...], list[int]] = {trace: [] for trace in n}
    for case in cases:
        if case.closed:
            cycles[case.trace].append(case.cycle)
    return [
        (t, len(t), k, k / n.total(), sum(cycles[t]) / DAY / len(cycles[t]) if cycles[t] else math.nan)
        for t, k in sorted(n.items(), key=lambda item: (-item[1], item[0]))
    ]


def slow_cycle(cases: list[Case]) -> list[tuple[Any, ...]]:
    cycles = [c.cycle for c in cases if c.closed]
    mean = sum(cycles) / len(cycles) / DAY if cycles else math.nan
    values = zip(("mean", "median", "90th percentile"), (mean, *quantiles(cycles, DAY)), strict=True)
    return [(name, value, "days", len(cycles), 0.0) for name, value in values]


def slow_repeats(cases: list[Case], activities: Sequence[str]) -> list[tuple[Any, ...]]:
    traces = [c.trace for c in cases if c.trace]
    rows = []
    for a in activities:
        n, within = sum(t.count(a) for t in traces), sum(a in t for t in traces)
        rows.append((a, n, within, n - within, sum(t[0] == a for t in traces), sum(t[-1] == a for t in traces)))
    return sorted(rows, key=lambda r: (-r[3], r[0]))


def loops(trace: Sequence[str]) -> list[tuple[str, str, list[int]]]:
    """(head, trigger, places of the steps) of each loop erased from the trace."""
    path: list[int] = []
    found = []
    for s, name in enumerate(trace):
        at = [i for i, p in enumerate(path) if trace[p] == name]
        if at:
            members = [*path[at[0] + 1 :], s]
            found.append((name, trace[members[0]], members))
            path = path[: at[0] + 1]
        else:
            path.append(s)
    return found


def slow_rework(cases: list[Case]) -> list[tuple[Any, ...]]:
    closed = [c for c in cases if c.closed]
    time, n, within = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for case in closed:
        since = [case.arrival, *case.complete]
        found = loops(case.trace)
        for head, trigger, members in found:
            n[head, trigger] += 1
            time[head, trigger] += sum(since[s + 1] - since[s] for s in members)
        within.update({(head, trigger) for head, trigger, _ in found})
    rows = [
        (*f, n[f], within[f], within[f] / len(closed), time[f] / DAY / len(closed), time[f] / DAY / n[f]) for f in n
    ]
    return sorted(rows, key=lambda r: (-r[5], r[:2]))


def quantiles(values: list[int], unit: int) -> list[float]:
    return [float(q) / unit for q in np.quantile(values, [0.5, 0.9])] if values else [math.nan, math.nan]


def equal(table: pd.DataFrame, expected: list[tuple[Any, ...]]) -> None:
    """Row by row: names and counts exactly, fractions to 1e-12."""
    got = list(table.itertuples(index=False, name=None))
    assert len(got) == len(expected)
    for row, right in zip(got, expected, strict=True):
        assert len(row) == len(right)
        for cell, value in zip(row, right, strict=True):
            assert cell == (
                pytest.approx(value, rel=1e-12, abs=1e-13, nan_ok=True) if isinstance(value, float) else value
            )


def same(one: LogSummary, two: LogSummary) -> None:
    """Bit for bit, each table and each number."""
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)
    assert [getattr(one, name) for name in NUMBERS] == [getattr(two, name) for name in NUMBERS]
    assert (one.loops.n_looping, one.loops.n_returning) == (two.loops.n_looping, two.loops.n_returning)


def log_from(log_of: LogOf, rows: Rows, data: st.DataObject) -> EventLog:
    """The log of the rows, sometimes with one or two activities that end a case, so that others are open."""
    names = sorted({a for _, a, *_ in rows})
    return log_of(rows, ends=data.draw(st.sampled_from([None, names[-1:], names[:2]])))


@given(rows=ROWS, data=st.data())
@settings(max_examples=150, deadline=None)
def test_every_table_equals_its_slow_twin(log_of: LogOf, rows: Rows, data: st.DataObject) -> None:
    log = log_from(log_of, rows, data)
    got, cases = log_summary(log), cases_of(log)
    equal(got.directly_follows, slow_follows(cases))
    equal(got.routes, slow_routes(cases))
    equal(got.cycle_time, slow_cycle(cases))
    equal(got.repeats, slow_repeats(cases, log.activities))
    equal(got.rework, slow_rework(cases))
    found = [loops(c.trace) for c in cases if c.closed]
    assert [getattr(got, name) for name in NUMBERS] == [
        log.activities,
        len(cases),
        sum(not c.trace for c in cases),
        sum(c.closed for c in cases),
        sum(len(c.trace) for c in cases),
        sum(len(set(c.trace)) < len(c.trace) for c in cases),
    ]
    assert (got.loops.n_looping, got.loops.n_returning) == (
        sum(bool(f) for f in found),
        sum(any(head != trigger for head, trigger, _ in f) for f in found),
    )
    assert got.n_rows == len(rows)


@given(rows=ROWS, data=st.data())
@settings(max_examples=100, deadline=None)
def test_every_table_equals_the_public_measure(log_of: LogOf, rows: Rows, data: st.DataObject) -> None:
    """Transitions and routes bit for bit. `cycle_time` averages days, the summary adds up microseconds: its mean is the
    same to rounding; its quantiles are steps of the distribution, those of the summary are linear (see the twin)."""
    log = log_from(log_of, rows, data)
    got = log_summary(log)
    follows = got.directly_follows.drop(columns="rank_error")
    if len(follows):  # without any: see test_summary_edges
        pd.testing.assert_frame_equal(follows, directly_follows(log).table, check_exact=True)
    pd.testing.assert_frame_equal(got.routes, variants(log).table, check_exact=True)
    assume(log.closed.any())
    public = cycle_time(log, draws=20)
    assert got.cycle_time["value"][0] == pytest.approx(public.mean.value, rel=1e-14)
    assert (got.cycle_time["n"] == public.n).all()
    rework = rework_loops(log, draws=20)
    order, columns = ["head", "trigger"], list(got.rework.columns)
    mine, other = (t.sort_values(order, ignore_index=True) for t in (got.rework, rework.table[columns]))
    equal(mine, list(other.itertuples(index=False, name=None)))
    assert got.loops.n_looping / got.n_closed == pytest.approx(rework.cases_share.value, rel=1e-12)
    assert got.loops.n_returning / got.n_closed == pytest.approx(rework.returns_share, rel=1e-12)
    assert got.n_closed - got.loops.n_looping == pytest.approx(rework.first_pass_yield * got.n_closed, abs=1e-9)


def merged_at_random(parts: list[LogSummary], data: st.DataObject) -> LogSummary:
    """Two or three parts at a time, drawn at random, until one is left."""
    left = list(parts)
    while len(left) > 1:
        n = min(data.draw(st.integers(2, 3)), len(left))
        left.append(LogSummary.merged([left.pop(data.draw(st.integers(0, len(left) - 1))) for _ in range(n)]))
    return left[0]


@given(rows=ROWS, data=st.data())
@settings(max_examples=150, deadline=None)
def test_waits_taken_from_the_log_are_those_held(log_of: LogOf, rows: Rows, data: st.DataObject) -> None:
    """Brackets so narrow that many miss, from samples of any size; the parts hold their waits once they are merged."""
    log = log_from(log_of, rows, data)
    held = log_summary(log)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transitions, "HELD_BELOW", 0)
        patch.setattr(transitions, "_SAMPLED", data.draw(st.sampled_from([1, 5, 1 << 16])))
        patch.setattr(transitions, "_DEVIATIONS", data.draw(st.sampled_from([-1.0, 0.0, 4.5])))
        taken = log_summary(log)
        assert (taken.transitions.waits.origin is None) == (log.n_steps == 0)
        same(taken, held)
        same(taken.held(), held)
        assert taken.held().transitions.waits.origin is None
        other = np.array(data.draw(st.lists(st.booleans(), min_size=log.n_cases, max_size=log.n_cases)))
        parts = [log_summary(log.select(part, because="")) for part in (other, ~other)]
    same(LogSummary.merged(parts), held)


@given(rows=ROWS, data=st.data())
@settings(max_examples=150, deadline=None)
def test_parts_of_a_log_merge_into_the_whole(log_of: LogOf, rows: Rows, data: st.DataObject) -> None:
    """Cases dealt at random to up to five parts, some of which may get none."""
    log = log_from(log_of, rows, data)
    n = data.draw(st.integers(1, 5))
    part = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=log.n_cases, max_size=log.n_cases)))
    parts = [log_summary(log.select(part == k, because="")) for k in range(n)]
    same(merged_at_random(parts, data), log_summary(log))


@given(rows=ROWS, data=st.data())
@settings(max_examples=100, deadline=None)
def test_parts_from_separate_sources_merge_into_the_whole(log_of: LogOf, rows: Rows, data: st.DataObject) -> None:
    """Each part read by itself knows only its own activities, under its own codes. Some cases have activities A to D,
    some 0A to 0D and some ZA to ZD, so that the codes of a part differ from those of the whole."""
    names = sorted({c for c, *_, end in rows if end is not None})
    own = {c: data.draw(st.sampled_from(["", "", "0", "Z"])) for c in names}
    rows = [(c, own[c] + a, s, e) for c, a, s, e in rows if c in own]
    part = {c: data.draw(st.integers(0, 3)) for c in names}
    logs = [log_of([r for r in rows if part[r[0]] == k]) for k in sorted(set(part.values()))]
    whole, got = log_summary(log_of(rows)), merged_at_random([log_summary(log) for log in logs], data)
    same(got, whole)
    assert got.n_rows == whole.n_rows == len(rows)


@pytest.mark.parametrize("n", [2, 5, 16])
@given(rows=ROWS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_number_of_processors_does_not_show(log_of: LogOf, n: int, rows: Rows, data: st.DataObject) -> None:
    """In n slices, of which some get no case, as in one; and whether the waits are held or taken from the log."""
    log = log_from(log_of, rows, data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "n_processors", lambda: 1)
        patch.setattr(transitions, "HELD_BELOW", data.draw(st.sampled_from([0, 1 << 12])))
        one = log_summary(log)
        patch.setattr(counts, "n_processors", lambda: n)
        same(log_summary(log), one)
