"""Stretches of time and the clock that stands still off duty, beside sets of moments."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamline.units import DAY, HOUR
from streamline.whatif.spans import Clock, less, merged, shared

EDGES = st.sets(st.integers(0, 40), max_size=14).map(sorted)


def spans_of(edges: list[int]) -> np.ndarray:
    even = edges[: len(edges) // 2 * 2]
    return np.array(even, dtype=np.int64).reshape(-1, 2)


def moments(spans: np.ndarray) -> set[int]:
    return {m for b, e in spans.tolist() for m in range(b, e)}


@given(EDGES, EDGES)
def test_less_and_shared_equal_their_twins(one: list[int], two: list[int]) -> None:
    a, b = spans_of(one), spans_of(two)
    assert moments(less(a, b)) == moments(a) - moments(b)
    assert moments(shared(a, b)) == moments(a) & moments(b)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)), max_size=8))
def test_merged_covers_the_same_time_in_order_and_apart(given_: list[tuple[int, int]]) -> None:
    spans = np.array([(b, b + n) for b, n in given_], dtype=np.int64).reshape(-1, 2)
    found = merged(spans)
    assert moments(found) == moments(spans)
    assert (found[1:, 0] > found[:-1, 1]).all()


@given(EDGES, st.lists(st.integers(-2, 45), max_size=10))
def test_the_clock_counts_moments_on_duty(edges: list[int], at: list[int]) -> None:
    hours = spans_of(edges)
    clock = Clock(hours)
    assert clock.total == len(moments(hours))
    assert clock.at(np.array(at, dtype=np.int64)).tolist() == [len([m for m in moments(hours) if m < q]) for q in at]


@given(EDGES, EDGES)
def test_time_between_readings_is_found_again(edges: list[int], readings: list[int]) -> None:
    """The moments between two readings are those at which the clock shows them."""
    hours, wanted = spans_of(edges), spans_of(readings)
    on_duty = sorted(moments(hours))
    found = Clock(hours).spans(wanted[:, 0], wanted[:, 1])
    assert moments(found) == {m for shown, m in enumerate(on_duty) if shown in moments(wanted)}
    assert (found[:, 1] > found[:, 0]).all()


def test_the_longest_day() -> None:
    day = np.array([[8, 12], [13, 17], [32, 40], [56, 61]], dtype=np.int64) * HOUR
    assert Clock(day).longest_day((0, 3 * DAY)) == 9 * HOUR  # from 13:00: 4 hours, and 5 the next morning
    assert Clock(day).longest_day((0, 9 * HOUR)) == 8 * HOUR
    assert Clock(day).longest_day((2 * DAY, 3 * DAY)) == 5 * HOUR
    assert Clock(day).longest_day((5 * DAY, 6 * DAY)) == 0
