"""Time in buckets, busy stretches, enabling of unfinished steps: each equals a slow twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.buckets import bucket_times, busy_stretches, enabled_unfinished

_SPANS = st.lists(st.tuples(st.integers(-5, 30), st.integers(0, 20)).map(lambda p: (p[0], p[0] + p[1])), max_size=12)


def _array(values) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)


@given(spans=_SPANS, inner=st.sets(st.integers(1, 19), max_size=8), data=st.data())
@settings(max_examples=300, deadline=None)
def test_time_in_buckets_equals_unit_by_unit(spans, inner, data) -> None:
    edges = [0, *sorted(inner), 20]
    weight = [data.draw(st.integers(1, 3)) for _ in spans]
    whole, partial = bucket_times(
        _array(a for a, _ in spans), _array(b for _, b in spans), _array(weight), _array(edges)
    )
    for j in range(len(edges) - 1):
        units = range(edges[j], edges[j + 1])
        time = sum(w for (a, b), w in zip(spans, weight, strict=True) for u in units if a <= u < b)
        assert whole[j] * len(units) + partial[j] == time


@st.composite
def _duty(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Sorted intervals that don't touch."""
    points = sorted(draw(st.sets(st.integers(-3, 40), max_size=8)))
    return [(a, b) for a, b in zip(points[::2], points[1::2], strict=False)]


@given(people=st.lists(st.tuples(_SPANS, _duty()), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_busy_stretches_equal_unit_by_unit(people) -> None:
    steps = [sorted(spans) for spans, _ in people]
    flat = [span for spans in steps for span in spans]
    hours = [span for _, spans in people for span in spans]
    ends = np.cumsum([0, *(len(spans) for _, spans in people)])
    who, since, until, on_duty = busy_stretches(
        _array(np.cumsum([0, *map(len, steps)])), _array(a for a, _ in flat), _array(b for _, b in flat),
        _array(ends[:-1]), _array(ends[1:]), _array(a for a, _ in hours), _array(b for _, b in hours),
    )  # fmt: skip
    found = list(zip(who, since, until, on_duty, strict=True))
    assert all(a < b for _, a, b, _ in found)
    for r, (spans, duty) in enumerate(people):
        for unit in range(-6, 55):
            busy = any(a <= unit < b for a, b in spans)
            at_work = any(a <= unit < b for a, b in duty)
            covering = [on for p, a, b, on in found if p == r and a <= unit < b]
            assert covering.count(False) == busy
            assert covering.count(True) == (busy and at_work)


@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 20)), max_size=12),
    begun=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 25)), max_size=5),
    pairs=st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_the_enabling_of_unfinished_steps_equals_a_search(rows, begun, pairs) -> None:
    rows = sorted(rows, key=lambda r: (r[0], r[2]))
    both = {(a, b) for a, b in pairs} | {(b, a) for a, b in pairs}
    partners = [[b for a, b in sorted(both) if a == k] for k in range(4)]
    got = enabled_unfinished(
        _array(c for c, _, _ in begun), np.array([a for _, a, _ in begun], dtype=np.int32), _array(s for *_, s in begun),
        _array(np.searchsorted([c for c, *_ in rows], range(4))), np.array([a for _, a, _ in rows], dtype=np.int32),
        _array(t for *_, t in rows), _array([-1, 0, 3]),
        _array(np.cumsum([0, *map(len, partners)])), np.array([b for p in partners for b in p], dtype=np.int32),
    )  # fmt: skip
    for (case, activity, start), enabled in zip(begun, got, strict=True):
        done = [t for c, a, t in rows if c == case and t <= start and (activity, a) not in both]
        assert enabled == (max(done) if done else min([-1, 0, 3][case], start))
