"""Sets of intervals beside their slow twins, which mark each instant."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.duty import joined, merged_by_group, outside_duty, without

LENGTH = 24
_marks = st.lists(st.booleans(), min_size=LENGTH, max_size=LENGTH).map(np.array)
Intervals = tuple[np.ndarray, np.ndarray]


def intervals(marks: np.ndarray) -> Intervals:
    """The runs of true marks as (begin, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(int), [0]]))).reshape(-1, 2).astype(np.int64)
    return np.ascontiguousarray(edges[:, 0]), np.ascontiguousarray(edges[:, 1])


def same(found: Intervals, marks: np.ndarray) -> bool:
    """Whether the intervals are exactly the runs of true marks."""
    return [side.tolist() for side in found] == [side.tolist() for side in intervals(marks)]


@settings(deadline=None)
@given(_marks, _marks)
def test_without_takes_holes_out(kept: np.ndarray, holes: np.ndarray) -> None:
    assert same(without(*intervals(kept), *intervals(holes)), kept & ~holes)


@settings(deadline=None)
@given(_marks, _marks)
def test_joined_puts_together_what_touches(some: np.ndarray, more: np.ndarray) -> None:
    assert same(joined(*intervals(some), *intervals(more & ~some)), some | more)


_steps = st.lists(st.tuples(st.integers(0, LENGTH - 1), st.integers(1, 5)), max_size=6)


@settings(deadline=None)
@given(st.lists(_steps, min_size=1, max_size=4))
def test_merged_groups_are_the_union_of_their_intervals(groups: list[list[tuple[int, int]]]) -> None:
    rows = [(b, min(b + n, LENGTH)) for group in groups for b, n in sorted(group)]
    offsets = np.cumsum([0, *map(len, groups)])
    begin, end = (np.array([r[k] for r in rows], dtype=np.int64) for k in (0, 1))
    size, begins, ends = merged_by_group(offsets, begin, end)
    bounds = np.cumsum([0, *size])
    for k, group in enumerate(groups):
        marks = np.zeros(LENGTH, dtype=bool)
        for b, n in group:
            marks[b : b + n] = True
        mine = slice(bounds[k], bounds[k + 1])
        assert same((begins[mine], ends[mine]), marks)


@settings(deadline=None)
@given(st.lists(st.tuples(_marks, _marks), min_size=1, max_size=4))
def test_outside_is_what_the_duty_does_not_hold(pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    duty, own = [intervals(a) for a, _ in pairs], [intervals(b) for _, b in pairs]
    bounds = np.cumsum([0, *(len(b) for b, _ in duty)])
    offsets = np.cumsum([0, *(len(b) for b, _ in own)])
    size, begin, end = outside_duty(
        bounds[:-1], bounds[1:], *(np.concatenate([d[k] for d in duty]) for k in (0, 1)),
        offsets, *(np.concatenate([o[k] for o in own]) for k in (0, 1)),
    )  # fmt: skip
    places = np.cumsum([0, *size])
    for k, (on, mine) in enumerate(pairs):
        here = slice(places[k], places[k + 1])
        assert same((begin[here], end[here]), mine & ~on)
