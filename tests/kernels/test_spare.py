"""Who was free while work waited: the kernels beside slow, obvious twins, on few instants, so that ties are common."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamline.kernels.spare import lanes, last_free, overlooked

Spans = list[tuple[int, int]]
NEVER_FREE = np.iinfo(np.int64).min // 2


def column(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@st.composite
def _spans(draw: st.DrawFn, *, apart: bool = True) -> Spans:
    """Sorted and disjoint; some touch unless they lie `apart`."""
    edges = sorted(draw(st.sets(st.integers(0, 30), max_size=12)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    if apart:
        return spans
    nexts = [begin for begin, _ in spans[1:]]
    return [(b, nexts[i] if i < len(nexts) and draw(st.booleans()) else e) for i, (b, e) in enumerate(spans)]


@given(_spans(apart=False), st.lists(st.integers(-3, 33), max_size=12))
def test_last_free_equals_its_twin(spans: Spans, at: list[int]) -> None:
    """Free until an instant is who is free in every moment shortly before it."""
    expected = [max((min(end, q) for begin, end in spans if begin < q), default=NEVER_FREE) for q in at]
    found = last_free(column([b for b, _ in spans]), column([e for _, e in spans]), column(at))
    assert found.tolist() == expected


@st.composite
def _waits(draw: st.DrawFn, n_people: int) -> list[tuple[int, int, int]]:
    """(who, enabled, start), in order of start."""
    one = st.tuples(st.integers(-1, n_people - 1), st.integers(0, 30), st.integers(0, 12))
    found = [(who, enabled, enabled + wait) for who, enabled, wait in draw(st.lists(one, max_size=8))]
    return sorted(found, key=lambda w: w[2])


@given(st.data(), st.lists(_spans(), min_size=1, max_size=4))
def test_overlooked_equals_its_twin(data: st.DataObject, free: list[Spans]) -> None:
    """A step that waited and was begun by somebody who wasn't free until then: for each other person who was, the free time since
    it was enabled."""
    steps = data.draw(_waits(len(free)))

    def free_until(person: int, instant: int) -> tuple[int, int] | None:
        return next(((b, e) for b, e in free[person] if b < instant <= e), None)

    expected = []
    for who, enabled, start in steps:
        if who < 0 or start == enabled or free_until(who, start):
            continue
        for p in range(len(free)):
            span = free_until(p, start)
            if span:
                expected.append((max(span[0], enabled), start, p))
    sizes = np.cumsum([0, *map(len, free)]).astype(np.int64)
    found = overlooked(
        sizes,
        column([b for spans in free for b, _ in spans]),
        column([e for spans in free for _, e in spans]),
        column([who for who, _, _ in steps]),
        column([enabled for _, enabled, _ in steps]),
        column([start for _, _, start in steps]),
    )
    assert sorted(zip(*(c.tolist() for c in found), strict=True)) == sorted(expected)


def test_overlooked_makes_room_for_more_than_it_began_with() -> None:
    """2,000 steps begin while the second person is free all along: 2,000 stretches, in the order of the steps."""
    start = np.arange(10, 20_010, 10, dtype=np.int64)
    begin, end, who = overlooked(
        column([0, 0, 1]), column([0]), column([30_000]), np.zeros(2_000, np.int64), start - 5, start
    )
    assert (begin == start - 5).all()
    assert (end == start).all()
    assert (who == 1).all()


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8)), max_size=30))
def test_lanes_equal_their_twin_and_are_as_few_as_can_be(steps: list[tuple[int, int]]) -> None:
    steps = sorted(steps)
    until: list[int] = []
    expected = []
    for start, lasts in steps:
        able = [k for k, done in enumerate(until) if done <= start]
        lane = able[0] if able else len(until)
        until[lane : lane + 1] = [start + lasts]
        expected.append(lane)
    found = lanes(column([s for s, _ in steps]), column([s + d for s, d in steps])).tolist()
    assert found == expected
    # nobody does two things at once, and there are as many as were at work at once at the most
    busiest = max((sum(b <= t < b + d for b, d in steps) for t, _ in steps), default=0)
    if all(d > 0 for _, d in steps):
        assert len(set(found)) == busiest


def test_lanes_go_beyond_the_room_they_began_with() -> None:
    assert lanes(np.arange(100, dtype=np.int64), np.full(100, 1_000, np.int64)).tolist() == list(range(100))
