"""The grouping kernel against a plain sort."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.grouping import SHORT, grouped_rows

ROW = st.tuples(st.integers(-1, 3), st.integers(-4, 4), st.integers(-2, 2))


def slow(group, n_groups, complete, begun):
    """Sort whole tuples, group by group."""
    rows = [
        sorted((i for i, g in enumerate(group) if g == k), key=lambda i: (complete[i], begun[i], i))
        for k in range(n_groups)
    ]
    return [sum(map(len, rows[:k])) for k in range(n_groups + 1)], [i for group_rows in rows for i in group_rows]


@given(st.lists(ROW, max_size=60))
@settings(deadline=None)
def test_equals_its_slow_twin(rows):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    offsets, order = grouped_rows(*(columns[:, 0].copy(), 4), columns[:, 1].copy(), columns[:, 2].copy())
    expected = slow(columns[:, 0], 4, columns[:, 1], columns[:, 2])
    assert offsets.tolist() == expected[0]
    assert order.tolist() == expected[1]


def test_a_long_case_out_of_order_is_sorted_stably():
    rng = np.random.default_rng(1)
    n = 20 * SHORT
    complete, begun = rng.integers(0, 9, n), rng.integers(0, 3, n)
    offsets, order = grouped_rows(np.zeros(n, dtype=np.int64), 1, complete, begun)
    assert offsets.tolist() == [0, n]
    assert order.tolist() == sorted(range(n), key=lambda i: (complete[i], begun[i], i))


def test_nothing_at_all():
    nothing = np.zeros(0, dtype=np.int64)
    offsets, order = grouped_rows(nothing, 0, nothing, nothing)
    assert offsets.tolist() == [0]
    assert order.tolist() == []
