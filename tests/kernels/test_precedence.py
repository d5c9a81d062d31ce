"""Overtaking in a queue: by hand, and against a slow twin that looks at every pair at every start."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.precedence import in_order_of_enabling, overtakings


def counted(rows: list[tuple[int, int, bool]]) -> tuple[int, int]:
    """rows : (enabled, start, kind) of one queue."""
    rows = sorted(rows, key=lambda r: r[1])
    columns = [np.array([r[k] for r in rows], dtype=kind) for k, kind in ((0, np.int64), (1, np.int64), (2, np.bool_))]
    offsets = np.array([0, len(rows)])
    return tuple(int(x) for x in overtakings(offsets, in_order_of_enabling(offsets, columns[0]), *columns))


def slowly(rows: list[tuple[int, int, bool]]) -> tuple[int, int]:
    rows = sorted(rows, key=lambda r: r[1])
    chances = taken = 0
    for k, (_, now, kind) in enumerate(rows):
        waiting = [r for r in rows[k:] if r[0] < now]
        if any(
            a[2] and not b[2] and b[0] <= a[0] and place(rows, b) < place(rows, a) for a in waiting for b in waiting
        ):
            chances += 1
            taken += kind
    return chances, taken


def place(rows: list[tuple[int, int, bool]], row: tuple[int, int, bool]) -> tuple[int, int]:
    """In order of enabling, then of the start."""
    return row[0], next(k for k, r in enumerate(rows) if r is row)


def test_an_urgent_step_goes_first() -> None:
    """Enabled at 1 and 2, the urgent one at 3: it begins at 5, when it could be overtaken with; the others after it in order."""
    assert counted([(1, 6, False), (2, 7, False), (3, 5, True)]) == (1, 1)


def test_in_order_of_time_every_chance_is_left() -> None:
    """At 5 and at 6 the urgent one waits behind another; at 7 it is alone."""
    assert counted([(1, 5, False), (2, 6, False), (3, 7, True)]) == (2, 0)


def test_no_chance_where_it_came_first_or_waits_alone() -> None:
    assert counted([(1, 5, True), (2, 6, False)]) == (0, 0)
    assert counted([(1, 5, True), (2, 6, True)]) == (0, 0)
    assert counted([]) == (0, 0)


@settings(max_examples=500)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9), st.booleans()), max_size=12))
def test_equal_to_the_slow_twin(drawn: list[tuple[int, int, bool]]) -> None:
    rows = [(enabled, enabled + wait, kind) for enabled, wait, kind in drawn]
    assert counted(rows) == slowly(rows)


def test_queues_are_counted_each_for_itself() -> None:
    """The same queue twice has twice the chances; nothing is carried from one to the other."""
    enabled, start = np.array([3, 1, 2] * 2), np.array([5, 6, 7] * 2)
    kind = np.array([True, False, False] * 2)
    offsets = np.array([0, 3, 6])
    found = overtakings(offsets, in_order_of_enabling(offsets, enabled), enabled, start, kind)
    assert tuple(map(int, found)) == (2, 2)
