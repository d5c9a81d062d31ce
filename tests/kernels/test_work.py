"""The work of each resource beside a slow twin: all pairs of its steps, and a sweep over all instants."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.work import time_at_once, work_overlaps
from streamline.units import LOW_BITS

Steps = list[tuple[int, int]]


def columns(resources: list[Steps]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(offsets, start, complete), the steps of each resource in order of (start, completion)."""
    rows = [step for steps in resources for step in sorted(steps)]
    offsets = np.cumsum([0, *(len(steps) for steps in resources)]).astype(np.int64)
    start, complete = (np.array([row[k] for row in rows], dtype=np.int64) for k in (0, 1))
    return offsets, start, complete


def slow(steps: Steps) -> tuple[int, int, int, int, int]:
    """Steps, their service times, time with any under way, steps that overlap another, most under way at once."""
    meeting = [
        any(max(b, other[0]) < min(e, other[1]) for j, other in enumerate(steps) if j != i)
        for i, (b, e) in enumerate(steps)
    ]
    instants = sorted({instant for step in steps for instant in step})
    busy = most = 0
    for here, then in pairwise(instants):  # nothing changes from here to then
        under_way = sum(b <= here and then <= e for b, e in steps)
        busy += (then - here) * (under_way > 0)
        most = max(most, under_way)
    return len(steps), sum(e - b for b, e in steps), busy, sum(meeting), most


def found(resources: list[Steps]) -> list[tuple[int, ...]]:
    rows = work_overlaps(*columns(resources)).tolist()
    return [(n, (high << LOW_BITS) + low, busy, meeting, most) for n, high, low, busy, meeting, most in rows]


@st.composite
def _resources(draw: st.DrawFn) -> list[Steps]:
    """Up to four resources with up to ten steps; few instants (ties, steps without duration), or any of 200 years."""
    instants = draw(st.sampled_from([st.integers(0, 3), st.integers(0, 12), st.integers(-(10**15), 5 * 10**15)]))
    step = st.tuples(instants, instants).map(lambda pair: (min(pair), max(pair)))
    return draw(st.lists(st.lists(step, max_size=10), max_size=4))


RESOURCES = _resources()


@given(resources=RESOURCES)
@settings(max_examples=400, deadline=None)
def test_it_equals_its_slow_twin(resources: list[Steps]) -> None:
    assert found(resources) == [slow(steps) for steps in resources]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([], (0, 0, 0, 0, 0), id="none"),
        pytest.param([(0, 10)], (1, 10, 10, 0, 1), id="one"),
        pytest.param([(5, 5), (5, 5)], (2, 0, 0, 0, 0), id="without duration"),
        pytest.param([(0, 10), (5, 5)], (2, 10, 10, 0, 1), id="one without duration within another"),
        pytest.param([(0, 10), (10, 20)], (2, 20, 20, 0, 1), id="one after the other"),
        pytest.param([(0, 10), (9, 20)], (2, 21, 20, 2, 2), id="they meet"),
        pytest.param([(0, 10), (0, 10), (0, 10)], (3, 30, 10, 3, 3), id="the same"),
        pytest.param([(0, 30), (1, 2), (3, 4), (29, 31)], (4, 34, 31, 4, 2), id="short ones within a long one"),
        pytest.param([(0, 5), (4, 9), (8, 12), (20, 21)], (4, 15, 13, 3, 2), id="a chain and one apart"),
    ],
)
def test_hand(steps: Steps, expected: tuple[int, ...]) -> None:
    assert found([steps]) == [expected] == [slow(steps)]


def test_resources_are_told_apart() -> None:
    """The same steps of one resource overlap; of three they don't, whatever lies between."""
    assert found([[(0, 10)], [], [(0, 10)], [(5, 15)]]) == [
        (1, 10, 10, 0, 1),
        (0, 0, 0, 0, 0),
        (1, 10, 10, 0, 1),
        (1, 10, 10, 0, 1),
    ]


def test_sums_beyond_64_bits() -> None:
    """1,200 steps of 290,000 years each: the sum needs 74 bits, which high and low hold."""
    long = 2**63 - 1
    assert found([[(0, long)] * 1200]) == [(1200, 1200 * long, long, 1200, 1200)]


@given(resources=RESOURCES, shift=st.integers(-(10**12), 10**12))
@settings(max_examples=100, deadline=None)
def test_only_differences_of_instants_matter(resources: list[Steps], shift: int) -> None:
    assert found([[(b + shift, e + shift) for b, e in steps] for steps in resources]) == found(resources)


def test_its_input_is_untouched() -> None:
    arrays = columns([[(0, 10), (5, 15)], [(3, 4)]])
    before = [a.copy() for a in arrays]
    work_overlaps(*arrays)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))


@given(resources=RESOURCES)
@settings(max_examples=200, deadline=None)
def test_time_at_once_equals_its_slow_twin(resources: list[Steps]) -> None:
    for steps, told in zip(resources, time_at_once(*columns(resources)).tolist(), strict=True):
        instants = sorted({instant for step in steps for instant in step})
        under_way = [(then - here, sum(b <= here and then <= e for b, e in steps)) for here, then in pairwise(instants)]
        times = [sum(length for length, n in under_way if n >= least) for least in (1, 2)]
        assert told == [*times, slow(steps)[4]]
