"""The kernels that take times from cases whose routes are known, beside slow twins in plain Python."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.brackets import (
    BELOW_LOWER,
    BELOW_UPPER,
    HIGH,
    LEAST,
    LOW,
    MOST,
    bracket_rows,
    bracketed_waits,
    by_code,
    sampled_waits,
)
from streamline.kernels.room import room
from streamline.kernels.waits import (
    LOW_BITS,
    MISSING,
    cases_with,
    closed_times,
    code_sums,
    repeats,
    spread_waits,
)

#: Enormous ones too: their sum is beyond int64.
INSTANT = st.one_of(st.integers(0, 50), st.integers(-(2**61), 2**61))


class Case(NamedTuple):
    route: int
    #: (start or None, completion) of each step.
    steps: list[tuple[int | None, int]]


class Timed(NamedTuple):
    routes: list[list[int]]
    cases: list[Case]
    first: int
    last: int
    #: By source × 4 + target, in the order of the cases.
    waits: dict[int, list[int]]
    #: offsets, start, complete; and route, route_offsets, transition.
    times: tuple[Any, ...]
    of_steps: tuple[Any, ...]


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[list[int]], list[Case]]:
    """Routes, given by their activities, and cases that take them."""
    routes = draw(st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=4))
    cases = []
    for route in draw(st.lists(st.integers(0, len(routes) - 1), max_size=8)):
        steps = draw(
            st.lists(
                st.tuples(st.one_of(st.none(), INSTANT), INSTANT),
                min_size=len(routes[route]),
                max_size=len(routes[route]),
            )
        )
        cases.append(Case(route, steps))
    return routes, cases


def whole(high: int, low: int) -> int:
    return (int(high) << LOW_BITS) + int(low)


def ends(sizes: list[int]) -> np.ndarray:
    return np.cumsum([0, *sizes]).astype(np.int64)


@st.composite
def timed(draw: st.DrawFn) -> Timed:
    """A slice of a log, whose transitions are numbered by their pair of activities."""
    routes, cases = draw(logs())
    first = draw(st.integers(0, len(cases)))
    last = draw(st.integers(first, len(cases)))
    waits: dict[int, list[int]] = {e: [] for e in range(16)}
    for case in cases[first:last]:
        route = routes[case.route]
        for i in range(1, len(route)):
            start, complete = case.steps[i]
            waits[route[i - 1] * 4 + route[i]].append((complete if start is None else start) - case.steps[i - 1][1])
    times = (
        ends([len(c.steps) for c in cases]),
        np.array([MISSING if s is None else s for c in cases for s, _ in c.steps], dtype=np.int64),
        np.array([c for case in cases for _, c in case.steps], dtype=np.int64),
    )
    of_steps = (
        np.array([c.route for c in cases], dtype=np.int32),
        ends([len(r) for r in routes]),
        np.array([-1 if i == 0 else r[i - 1] * 4 + r[i] for r in routes for i in range(len(r))], dtype=np.int32),
    )
    return Timed(routes, cases, first, last, waits, times, of_steps)


@given(log=timed())
@settings(max_examples=300, deadline=None)
def test_waits_equal_their_twin(log: Timed) -> None:
    bounds = ends([len(log.waits[e]) for e in range(16)])
    free, got = bounds[:-1].copy(), room(bounds[-1])
    spread_waits(*log.times, log.first, log.last, *log.of_steps, free, got)
    assert [got[bounds[e] : bounds[e + 1]].tolist() for e in range(16)] == [log.waits[e] for e in range(16)]
    assert free.tolist() == bounds[1:].tolist()


@given(log=timed(), data=st.data())
@settings(max_examples=400, deadline=None)
def test_sifted_waits_and_loop_times_equal_their_twin(log: Timed, data: st.DataObject) -> None:
    """Brackets and the families of loops are drawn freely; there is room for as many waits as is drawn."""
    limit = st.one_of(st.just(LEAST), st.just(MOST), INSTANT)
    rows = np.zeros((16, 8), dtype=np.int64)
    for e in range(16):
        rows[e, :4] = data.draw(st.tuples(limit, limit, limit, limit))
    family = [[data.draw(st.integers(-1, 2)) if i else -1 for i in range(len(r))] for r in log.routes]
    counted = [data.draw(st.booleans()) for _ in log.cases]
    in_time = Counter[int]()
    for case, is_counted in zip(log.cases[log.first : log.last], counted[log.first : log.last], strict=True):
        for i in range(1, len(case.steps)):
            if is_counted and family[case.route][i] >= 0:
                in_time[family[case.route][i]] += case.steps[i][1] - case.steps[i - 1][1]

    limits, in_loops = rows.copy(), np.zeros((3, 2), dtype=np.int64)
    code, kept = bracketed_waits(
        *log.times, log.first, log.last, *log.of_steps, rows, data.draw(st.integers(0, 3)),
        np.array([f for row in family for f in row], dtype=np.int32), np.array([any(f >= 0 for f in r) for r in family]),
        np.array(counted, dtype=np.bool_), in_loops,
    )  # fmt: skip
    assert (rows[:, :4] == limits[:, :4]).all()
    found = sorted(zip(code.tolist(), kept.tolist(), strict=True))
    expected = []
    for e, waits in log.waits.items():
        lower_from, lower_to, upper_from, upper_to = limits[e, :4].tolist()
        assert rows[e, BELOW_LOWER] == sum(w < lower_from for w in waits)
        assert rows[e, BELOW_UPPER] == sum(w < upper_from for w in waits)
        assert whole(rows[e, HIGH], rows[e, LOW]) == sum(waits)
        for w in waits:
            upper = upper_from <= w <= upper_to
            if upper or lower_from <= w <= lower_to:
                expected.append((2 * e + upper, w))
    assert found == sorted(expected)
    assert [whole(*pair) for pair in in_loops] == [in_time[f] for f in range(3)]


@given(log=timed(), data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_sample_holds_the_waits_of_its_cases(log: Timed, data: st.DataObject) -> None:
    """Any case may be drawn several times."""
    cases = data.draw(st.lists(st.integers(log.first, log.last - 1), max_size=6)) if log.last > log.first else []
    activity = np.array([a for case in log.cases for a in log.routes[case.route]], dtype=np.int32)
    code, wait = sampled_waits(*log.times, np.array(cases, dtype=np.int64), activity, 4)
    expected = []
    for k in cases:
        route, steps = log.routes[log.cases[k].route], log.cases[k].steps
        for i in range(1, len(route)):
            begun = steps[i][1] if steps[i][0] is None else steps[i][0]
            expected.append((route[i - 1] * 4 + route[i], begun - steps[i - 1][1]))
    assert list(zip(code.tolist(), wait.tolist(), strict=True)) == expected


@given(st.lists(st.tuples(st.integers(0, 3), INSTANT), max_size=60))
@settings(max_examples=200, deadline=None)
def test_values_by_code_keep_their_order(members: list[tuple[int, int]]) -> None:
    bounds, ordered = by_code(
        np.array([c for c, _ in members], dtype=np.int32), np.array([v for _, v in members], dtype=np.int64), 4
    )
    got = [ordered[bounds[k] : bounds[k + 1]].tolist() for k in range(4)]
    assert got == [[v for c, v in members if c == k] for k in range(4)]


@given(st.lists(st.integers(-(2**40), 2**40), max_size=300), st.sampled_from([0.5, 2.0, 4.5]))
@settings(max_examples=200, deadline=None)
def test_a_bracket_reaches_so_many_ranks_to_either_side(sample: list[int], deviations: float) -> None:
    """Twin in plain Python; open where it reaches beyond the sample, one bracket where the two meet."""
    n, values = len(sample), np.array(sample, dtype=np.int64)
    (row,) = bracket_rows(np.array([0, n]), values, 0.5, 0.9, deviations)
    limits = []
    for share in (0.5, 0.9):
        reach = deviations * math.sqrt(n * share * (1 - share)) + 2
        first, last = math.floor(share * n - reach), math.ceil(share * n + reach)
        limits += [sorted(sample)[first] if first >= 0 else LEAST, sorted(sample)[last] if last < n else MOST]
    if limits[2] <= limits[1]:
        limits = [limits[0], limits[3], limits[0], limits[3]]
    assert row.tolist() == [*limits, 0, 0, 0, 0]


@given(st.lists(st.lists(st.integers(0, 4), max_size=7), max_size=6), st.data())
@settings(max_examples=200, deadline=None)
def test_cases_and_repeats_of_routes_equal_their_twins(routes: list[list[int]], data: st.DataObject) -> None:
    weight = [data.draw(st.integers(0, 2**40)) for _ in routes]
    codes = np.array([a for r in routes for a in r], dtype=np.int64)
    route = np.array([k for k, r in enumerate(routes) for _ in r], dtype=np.int64)
    expected = [sum(w for r, w in zip(routes, weight, strict=True) if a in r) for a in range(5)]
    assert cases_with(codes, route, np.array(weight, dtype=np.int64), 5).tolist() == expected
    found = repeats(ends([len(r) for r in routes]), codes.astype(np.int32), 5)
    assert found.tolist() == [len(set(r)) < len(r) for r in routes]


@given(st.lists(st.tuples(st.integers(0, 3), INSTANT, INSTANT, st.booleans()), max_size=40))
@settings(max_examples=200, deadline=None)
def test_times_of_closed_cases_and_their_sums_are_exact(cases: list[tuple[int, int, int, bool]]) -> None:
    """Each case has one step; (route, arrival, completion, whether closed)."""
    route, arrival, complete, closed = ([c[j] for c in cases] for j in range(4))
    sums = np.zeros((4, 3), dtype=np.int64)
    times = closed_times(
        np.arange(1, len(cases) + 1), np.array(complete, dtype=np.int64), np.array(arrival, dtype=np.int64),
        np.array(closed, dtype=np.bool_), np.array(route, dtype=np.int32), sums,
    )  # fmt: skip
    assert times.tolist() == [end - at for _, at, end, c in cases if c]
    for r in range(4):
        mine = [end - at for own, at, end, c in cases if c and own == r]
        assert (sums[r, 0], whole(*sums[r, 1:])) == (len(mine), sum(mine))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2**40)), max_size=40))
@settings(max_examples=200, deadline=None)
def test_weights_of_codes_are_added_up(members: list[tuple[int, int]]) -> None:
    codes, weight = (np.array([m[j] for m in members], dtype=np.int64) for j in range(2))
    assert code_sums(codes, weight, 5).tolist() == [sum(w for c, w in members if c == k) for k in range(5)]


def test_a_sum_beyond_int64_by_hand() -> None:
    """Hand: eight times 2**62 is 2**65, which no int64 holds."""
    sums = np.zeros((1, 3), dtype=np.int64)
    eight = np.arange(1, 9), np.full(8, 2**62), np.zeros(8, dtype=np.int64)
    closed_times(*eight, np.ones(8, dtype=np.bool_), np.zeros(8, dtype=np.int32), sums)
    assert whole(*sums[0, 1:]) == 2**65
