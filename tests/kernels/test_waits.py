"""The kernels that take times from cases whose routes are known, beside slow twins in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.waits import (
    LOW_BITS,
    MISSING,
    cases_with,
    group_sums,
    repeats,
    room,
    segment_sums,
    spread_waits,
)

#: Enormous ones too: their sum is beyond int64.
INSTANT = st.one_of(st.integers(0, 50), st.integers(-(2**61), 2**61))


class Case(NamedTuple):
    route: int
    #: (start or None, completion) of each step.
    steps: list[tuple[int | None, int]]


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


@given(log=logs(), data=st.data())
@settings(max_examples=300, deadline=None)
def test_waits_and_loop_times_equal_their_twin(log: tuple[list[list[int]], list[Case]], data: st.DataObject) -> None:
    """The transition that leads to a step is numbered by its pair of activities; the families of loops are drawn freely."""
    routes, cases = log
    first = data.draw(st.integers(0, len(cases)))
    last = data.draw(st.integers(first, len(cases)))
    family = [[data.draw(st.integers(-1, 2)) if i else -1 for i in range(len(r))] for r in routes]
    counted = [data.draw(st.booleans()) for _ in cases]

    waits, times = defaultdict(list), Counter()
    for case, is_counted in zip(cases[first:last], counted[first:last], strict=True):
        route = routes[case.route]
        for i in range(1, len(route)):
            start, complete = case.steps[i]
            before = case.steps[i - 1][1]
            waits[route[i - 1] * 4 + route[i]].append((complete if start is None else start) - before)
            if is_counted and family[case.route][i] >= 0:
                times[family[case.route][i]] += complete - before

    transition = np.array(
        [-1 if i == 0 else r[i - 1] * 4 + r[i] for r in routes for i in range(len(r))], dtype=np.int32
    )
    bounds = ends([len(waits[e]) for e in range(16)])
    free, got = bounds[:-1].copy(), room(bounds[-1])
    high, low = spread_waits(
        ends([len(c.steps) for c in cases]),
        np.array([MISSING if s is None else s for c in cases for s, _ in c.steps], dtype=np.int64),
        np.array([c for case in cases for _, c in case.steps], dtype=np.int64),
        first,
        last,
        np.array([c.route for c in cases], dtype=np.int32),
        ends([len(r) for r in routes]),
        transition,
        free,
        got,
        np.array([f for row in family for f in row], dtype=np.int32),
        np.array([any(f >= 0 for f in row) for row in family]),
        np.array(counted, dtype=np.bool_),
        3,
    )
    assert [got[bounds[e] : bounds[e + 1]].tolist() for e in range(16)] == [waits[e] for e in range(16)]
    assert free.tolist() == bounds[1:].tolist()
    assert [whole(h, b) for h, b in zip(high, low, strict=True)] == [times[f] for f in range(3)]
    sums = segment_sums(bounds, got)
    assert [whole(h, b) for h, b in zip(*sums, strict=True)] == [sum(waits[e]) for e in range(16)]


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


@given(st.lists(st.tuples(st.integers(0, 3), INSTANT, st.booleans()), max_size=40))
@settings(max_examples=200, deadline=None)
def test_sums_of_groups_are_exact(members: list[tuple[int, int, bool]]) -> None:
    n, high, low = group_sums(
        np.array([m[0] for m in members], dtype=np.int32),
        np.array([m[1] for m in members], dtype=np.int64),
        np.array([m[2] for m in members], dtype=np.bool_),
        4,
    )
    assert n.tolist() == [sum(1 for g, _, c in members if c and g == k) for k in range(4)]
    expected = [sum(v for g, v, c in members if c and g == k) for k in range(4)]
    assert [whole(h, b) for h, b in zip(high, low, strict=True)] == expected


def test_a_sum_beyond_int64_by_hand() -> None:
    """Hand: eight times 2**62 is 2**65, which no int64 holds."""
    high, low = segment_sums(np.array([0, 8]), np.full(8, 2**62))
    assert whole(high[0], low[0]) == 2**65
