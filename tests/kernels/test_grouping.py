"""The grouping kernels against plain sorts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.grouping import (
    MISSING,
    NEVER,
    SHORT,
    any_equal_neighbours,
    group_bounds,
    grouped_rows,
    order_by_insertion,
    places_in,
    repeated_rows,
    scan_groups,
    scattered,
    scattered_codes,
    scattered_rows,
    tied_runs,
)

#: group, completion, start (None: not recorded), activity, who
ROW = st.tuples(
    st.integers(0, 3),
    st.integers(-4, 4),
    st.one_of(st.none(), st.integers(-2, 2)),
    st.integers(0, 1),
    st.integers(-1, 1),
)
N = 5  # one group more than has rows
NUMBER = [3, 0, 2, 1]  # of the groups 0 to 3; group 4 has no rows


def columns(rows):
    """The five columns of the rows, as the kernels take them."""
    return (
        np.array([r[0] for r in rows], dtype=np.int32),
        np.array([r[1] for r in rows], dtype=np.int64),
        np.array([MISSING if r[2] is None else r[2] for r in rows], dtype=np.int64),
        np.array([r[3] for r in rows], dtype=np.int32),
        np.array([r[4] for r in rows], dtype=np.int32),
    )


def begun(row):
    return row[1] if row[2] is None else row[2]


def in_order(rows):
    """Places by (number of the group, completion, start, place)."""
    return sorted(range(len(rows)), key=lambda i: (NUMBER[rows[i][0]], rows[i][1], begun(rows[i]), i))


@given(st.lists(ROW, max_size=60))
@settings(deadline=None)
def test_scan_equals_its_slow_twin(rows):
    group, complete, start, *_ = columns(rows)
    first, size, late, unsorted = scan_groups(group, N, complete, start)
    of_group = [[r for r in rows if r[0] == k] for k in range(N)]
    assert first.tolist() == [min(map(begun, members), default=NEVER) for members in of_group]
    assert size.tolist() == [len(members) for members in of_group]
    before = {i: [r for r in rows[:i] if r[0] == rows[i][0]] for i in range(len(rows))}
    assert late.tolist() == [i for i in range(len(rows)) if before[i] and rows[i][1] < before[i][-1][1]]
    keys = [[(r[1], begun(r)) for r in members] for members in of_group]
    assert unsorted.tolist() == [k != sorted(k) for k in keys]


@given(st.lists(ROW, max_size=60))
@settings(deadline=None)
def test_grouping_equals_a_plain_sort(rows):
    group, complete, start, *_ = columns(rows)
    _, size, _, unsorted = scan_groups(group, N, complete, start)
    number = np.array([*NUMBER, -1], dtype=np.int32)
    offsets, order = grouped_rows(group, number, size, unsorted, 4, complete, start)
    assert order.tolist() == in_order(rows)
    assert offsets.tolist() == [sum(NUMBER[r[0]] < k for r in rows) for k in range(5)]


@given(st.lists(ROW, max_size=60), st.integers(0, 5))
@settings(deadline=None)
def test_columns_are_scattered_by_group_as_they_stand(rows, first):
    group, complete, *_, codes = columns(rows)
    size = np.array([sum(r[0] == k for r in rows) for k in range(N)], dtype=np.int64)
    number, place_of = np.array([*NUMBER, -1], dtype=np.int32), np.array([7, 5], dtype=np.int32)
    offsets = group_bounds(number, size, 4)
    assert offsets.tolist() == [sum(NUMBER[r[0]] < k for r in rows) for k in range(5)]
    order = sorted(range(len(rows)), key=lambda i: (NUMBER[rows[i][0]], i))
    to = (group, number, offsets)
    assert scattered(complete, *to).tolist() == [rows[i][1] for i in order]
    assert scattered_rows(first, *to).tolist() == [first + i for i in order]
    assert scattered_codes(codes, place_of, *to).tolist() == [{-1: -1, 0: 7, 1: 5}[rows[i][4]] for i in order]


@given(st.lists(ROW, max_size=60))
@settings(deadline=None)
def test_repeated_rows_are_those_that_a_set_has_seen(rows):
    rows = [rows[i] for i in in_order(rows)]
    _, complete, start, activity, who = columns(rows)
    offsets = np.array([sum(NUMBER[r[0]] < k for r in rows) for k in range(5)], dtype=np.int64)
    seen, expected = set(), []
    for i, row in enumerate(rows):
        if row in seen:
            expected.append(i)
        seen.add(row)
    first, last = tied_runs(offsets, complete)
    assert sorted(repeated_rows(first, last, start, activity, who).tolist()) == expected


def test_a_long_case_out_of_order_is_sorted_stably():
    rng = np.random.default_rng(1)
    n = 20 * SHORT
    complete, start = rng.integers(0, 9, n), rng.integers(0, 3, n)
    group, number = np.zeros(n, dtype=np.int32), np.zeros(1, dtype=np.int32)
    _, size, _, unsorted = scan_groups(group, 1, complete, start)
    offsets, order = grouped_rows(group, number, size, unsorted, 1, complete, start)
    assert offsets.tolist() == [0, n]
    assert order.tolist() == sorted(range(n), key=lambda i: (complete[i], start[i], i))


def test_nothing_at_all():
    nothing, codes = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
    _, size, late, unsorted = scan_groups(codes, 0, nothing, nothing)
    offsets, order = grouped_rows(codes, codes, size, unsorted, 0, nothing, nothing)
    assert (offsets.tolist(), order.tolist(), late.tolist()) == ([0], [], [])
    assert repeated_rows(*tied_runs(offsets, nothing), nothing, codes, codes).tolist() == []


@given(st.lists(st.integers(-3, 3), max_size=30), st.integers(0, 4))
@settings(deadline=None)
def test_order_by_insertion_is_stable_or_given_up(values, most):
    """It gives up once it has moved further than allowed, and never otherwise."""
    got, done = order_by_insertion(np.array(values, dtype=np.int64), most)
    moves = [sum(values[j] > values[i] for j in range(i)) for i in range(len(values))]
    assert done == (sum(moves) <= most * len(values))
    if done:
        assert got.tolist() == sorted(range(len(values)), key=lambda i: (values[i], i))


@given(st.permutations(range(6)), st.integers(0, 6), st.lists(st.integers(0, 3), min_size=6, max_size=6))
@settings(deadline=None)
def test_places_and_equal_neighbours_in_an_order(order, n, values):
    some = np.array(order[:n], dtype=np.int64)
    assert places_in(some, 6).tolist() == [order[:n].index(k) if k in order[:n] else -1 for k in range(6)]
    expected = any(values[a] == values[b] for a, b in pairwise(order[:n]))
    assert any_equal_neighbours(np.array(values, dtype=np.int64), some) == expected
