"""Waits beside duty and work, and a slow twin that goes from instant to instant."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.overlaps import common_stretches, opened_before, waits_beside_work

#: A step is (start, complete, enabled), a wait (since, until, queued), an interval on duty (begin, end).
Triple = tuple[int, int, int]
Resource = tuple[list[Triple], list[Triple], list[tuple[int, int]]]


def slow(resource: Resource) -> list[tuple[int, ...]]:
    """Each stretch in which nothing changes is looked at by itself."""
    steps, waits, duty = resource
    instants = sorted({i for a, b, _ in steps + waits for i in (a, b)} | {i for pair in duty for i in pair})
    rows = []
    for since, until, queued in waits:
        row = [0, 0, 0, 0, 0]
        for here, then in pairwise(instants):
            if here < since or then > until:
                continue
            on_duty = any(b <= here and then <= e for b, e in duty)
            under_way = [enabled for b, e, enabled in steps if b <= here and then <= e]
            if not on_duty:
                row[0] += then - here
            elif any(enabled <= queued for enabled in under_way):
                row[1] += then - here
            elif under_way:
                row[2] += then - here
            else:
                row[3] += then - here
                row[4] = then - since
        rows.append(tuple(row))
    return rows


def found(resources: list[Resource]) -> list[tuple[int, ...]]:
    def column(which: int, k: int) -> np.ndarray:
        return np.array([row[k] for r in resources for row in r[which]], dtype=np.int64)

    def ends(which: int) -> np.ndarray:
        return np.cumsum([0, *(len(r[which]) for r in resources)]).astype(np.int64)

    duty = ends(2)
    begin, end = column(2, 0), column(2, 1)
    before = np.concatenate([[0], np.cumsum(end - begin)]).astype(np.int64)
    parts = waits_beside_work(
        ends(0), column(0, 0), column(0, 1), column(0, 2), ends(1), column(1, 0), column(1, 1), column(1, 2),
        duty[:-1], duty[1:], begin, end, before,
    )  # fmt: skip
    return [tuple(row) for row in parts.tolist()]


@st.composite
def _resource(draw: st.DrawFn) -> Resource:
    """Up to twelve steps and waits among few instants (many ties), or any of 200 years."""
    instant = draw(st.sampled_from([st.integers(0, 4), st.integers(0, 30), st.integers(-(10**15), 5 * 10**15)]))
    stretch = st.tuples(instant, instant).map(lambda pair: (min(pair), max(pair)))
    triple = st.tuples(stretch, instant).map(lambda t: (*t[0], t[1]))
    marks = sorted(draw(st.sets(instant, max_size=8)))
    duty = list(zip(marks[::2], marks[1::2], strict=False))
    return draw(st.lists(triple, max_size=12)), draw(st.lists(triple, max_size=12)), duty


@given(resources=st.lists(_resource(), max_size=3))
@settings(max_examples=400, deadline=None)
def test_it_equals_its_slow_twin(resources: list[Resource]) -> None:
    got = found(resources)
    assert got == [row for r in resources for row in slow(r)]


@given(resources=st.lists(_resource(), max_size=3))
@settings(max_examples=100, deadline=None)
def test_the_parts_add_up_to_the_wait(resources: list[Resource]) -> None:
    waits = [w for r in resources for w in r[1]]
    assert [sum(row[:4]) for row in found(resources)] == [until - since for since, until, _ in waits]


@pytest.mark.parametrize(
    ("steps", "wait", "duty", "expected"),
    [
        pytest.param([], (0, 10, 0), [(0, 10)], (0, 0, 0, 10, 10), id="free"),
        pytest.param([], (0, 10, 0), [], (10, 0, 0, 0, 0), id="never on duty"),
        pytest.param([], (0, 10, 0), [(2, 5)], (7, 0, 0, 3, 5), id="on duty for a while"),
        pytest.param([(2, 6, -1)], (0, 10, 0), [(0, 10)], (0, 4, 0, 6, 10), id="busy with an earlier one"),
        pytest.param([(2, 6, 0)], (0, 10, 0), [(0, 10)], (0, 4, 0, 6, 10), id="busy with one enabled at the same instant"),
        pytest.param([(2, 6, 1)], (0, 10, 0), [(0, 10)], (0, 0, 4, 6, 10), id="busy with a later one"),
        pytest.param([(2, 6, 1), (4, 8, -5)], (0, 10, 0), [(0, 10)], (0, 4, 2, 4, 10), id="with both at once: the earlier"),
        pytest.param([(2, 6, -1)], (4, 5, 0), [(0, 10)], (0, 1, 0, 0, 0), id="the wait lies within the work"),
        pytest.param([(2, 6, -1)], (0, 10, 0), [(4, 20)], (4, 2, 0, 4, 10), id="off duty goes before busy"),
        pytest.param([(0, 5, -1), (10, 20, -1)], (5, 10, 0), [(0, 20)], (0, 0, 0, 5, 5), id="half-open ends"),
        pytest.param([(2, 2, -1)], (0, 10, 0), [(0, 10)], (0, 0, 0, 10, 10), id="no duration, not busy"),
        pytest.param([(5, 10, -1)], (0, 10, 0), [(0, 3), (6, 20)], (3, 4, 0, 3, 3), id="free before it went off duty"),
        pytest.param([(5, 10, -1)], (0, 10, 0), [(0, 20)], (0, 5, 0, 5, 5), id="free before it was busy"),
        pytest.param([(0, 9, -1)], (5, 5, 0), [(0, 10)], (0, 0, 0, 0, 0), id="no wait"),
        pytest.param([(0, 9, -1)], (7, 5, 0), [(0, 10)], (0, 0, 0, 0, 0), id="released after its start"),
    ],
)  # fmt: skip
def test_hand(steps: list[Triple], wait: Triple, duty: list[tuple[int, int]], expected: tuple[int, ...]) -> None:
    assert found([(steps, [wait], duty)]) == [expected]
    if wait[0] <= wait[1]:
        assert slow((steps, [wait], duty)) == [expected]


Stretches = list[tuple[int, int]]


@st.composite
def _stretches(draw: st.DrawFn) -> Stretches:
    """Stretches in order that don't overlap; some touch, some have no length."""
    marks = sorted(draw(st.lists(st.integers(0, 25), max_size=12)))
    return list(pairwise(marks)) if draw(st.booleans()) else list(zip(marks[::2], marks[1::2], strict=False))


@given(
    pairs=st.lists(st.tuples(_stretches().map(lambda rows: [s for s in rows if s[0] < s[1]]), _stretches()), max_size=4)
)
@settings(max_examples=200, deadline=None)
def test_common_stretches_equal_what_each_instant_says(pairs: list[tuple[Stretches, Stretches]]) -> None:
    def columns(which: int) -> tuple[np.ndarray, ...]:
        ends = np.cumsum([0, *(len(pair[which]) for pair in pairs)]).astype(np.int64)
        rows = [s for pair in pairs for s in pair[which]]
        return ends[:-1], ends[1:], *(np.array([s[k] for s in rows], dtype=np.int64) for k in (0, 1))

    offsets, begin, end = common_stretches(*columns(0), *columns(1))
    for r, (one, other) in enumerate(pairs):
        got = list(zip(begin[offsets[r] : offsets[r + 1]], end[offsets[r] : offsets[r + 1]], strict=True))
        inside = [t for t in range(26) if any(b <= t < e for b, e in one) and any(b <= t < e for b, e in other)]
        assert [t for b, e in got for t in range(b, e)] == inside
        assert all(e < b for (_, e), (b, _) in pairwise(got))


@pytest.mark.parametrize(("at", "since"), [(0, 0), (2, 2), (3, 2), (5, 2), (6, 6), (7, 7), (8, 7), (9, 7), (10, 10)])
def test_since_when_on_duty(at: int, since: int) -> None:
    """On duty from 2 to 5 and from 7 to 9; resource 0 never is."""
    first, last, begin, end = (np.array(v, dtype=np.int64) for v in ([0, 0], [0, 2], [2, 7], [5, 9]))
    assert opened_before(first, last, begin, end, np.array([1, 0]), np.array([at, at])).tolist() == [since, at]
