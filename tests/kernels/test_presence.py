"""Signs of presence beside their slow twins: sets of slots and of days."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.presence import (
    WEEKDAY_OF_DAY_0,
    days_seen,
    n_days_seen,
    seen_by_weekday,
    silence_before,
    slots_seen,
    waiting_by_slot,
)

PER_DAY, N_DAYS = 3, 20
Ranges = list[tuple[int, int]]


def columns(resources: list[Ranges]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(offsets, first, last), the ranges of each resource in order of their first slot."""
    rows = [r for ranges in resources for r in sorted(ranges, key=lambda r: r[0])]
    offsets = np.cumsum([0, *map(len, resources)]).astype(np.int64)
    first, last = (np.array([r[k] for r in rows], dtype=np.int64) for k in (0, 1))
    return offsets, first, last


def slots(ranges: Ranges) -> set[int]:
    return {slot for first, last in ranges for slot in range(first, last + 1)}


_range = st.tuples(st.integers(0, PER_DAY * N_DAYS - 1), st.integers(0, 8)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], PER_DAY * N_DAYS - 1))
)
_resources = st.lists(st.lists(_range, max_size=8), min_size=1, max_size=4)
_counted = st.lists(st.booleans(), min_size=N_DAYS, max_size=N_DAYS).map(np.array)


@settings(deadline=None)
@given(_resources, _counted, st.lists(st.integers(0, 1), min_size=4, max_size=4))
def test_slots_equal_their_slow_twin(resources: list[Ranges], counted: np.ndarray, row: list[int]) -> None:
    rows = np.array(row[: len(resources)], dtype=np.int64)
    expected = np.zeros((2, 7 * PER_DAY), dtype=int)
    for ranges, k in zip(resources, rows, strict=True):
        for slot in slots(ranges):
            day = slot // PER_DAY
            if counted[day]:
                expected[k, (day + WEEKDAY_OF_DAY_0) % 7 * PER_DAY + slot % PER_DAY] += 1
    assert slots_seen(*columns(resources), PER_DAY, rows, 2, counted, 0).tolist() == expected.tolist()


def _days(resources: list[Ranges]) -> tuple[np.ndarray, np.ndarray]:
    n = n_days_seen(*columns(resources), PER_DAY)
    offsets = np.concatenate([[0], np.cumsum(n)])
    days = np.empty(offsets[-1], dtype=np.int64)
    days_seen(*columns(resources), PER_DAY, days)
    return offsets, days


@settings(deadline=None)
@given(_resources, _counted)
def test_days_equal_their_slow_twin(resources: list[Ranges], counted: np.ndarray) -> None:
    offsets, days = _days(resources)
    weekdays = seen_by_weekday(offsets, days, counted, 0)
    for k, ranges in enumerate(resources):
        expected = sorted({slot // PER_DAY for slot in slots(ranges)})
        assert days[offsets[k] : offsets[k + 1]].tolist() == expected
        on = [(day + WEEKDAY_OF_DAY_0) % 7 for day in expected if counted[day]]
        assert weekdays[k].tolist() == [on.count(w) for w in range(7)]


@settings(deadline=None)
@given(_resources, _counted, st.lists(st.sampled_from([0.0, 0.3, 0.9]), min_size=7, max_size=7))
def test_silences_equal_their_slow_twin(resources: list[Ranges], counted: np.ndarray, chance: list[float]) -> None:
    offsets, days = _days(resources)
    open_before = np.zeros((N_DAYS + 1, 7), dtype=np.int64)
    for day in range(N_DAYS):
        open_before[day + 1] = open_before[day]
        open_before[day + 1, (day + WEEKDAY_OF_DAY_0) % 7] += counted[day]
    logarithm, n_open = silence_before(offsets, days, open_before, 0, np.tile(chance, (len(resources), 1)))
    for k in range(len(resources)):
        mine = days[offsets[k] : offsets[k + 1]].tolist()
        for i, day in enumerate(mine):
            silent = range(mine[i - 1] + 1, day) if i else ()
            odds = [chance[(d + WEEKDAY_OF_DAY_0) % 7] for d in silent if counted[d]]
            assert n_open[offsets[k] + i] == sum(p > 0 for p in odds)
            assert math.isclose(logarithm[offsets[k] + i], sum(math.log1p(-p) for p in odds), abs_tol=1e-9)


_waits = st.lists(st.tuples(st.integers(0, 1), st.integers(-50, 200), st.integers(-5, 600)), max_size=8)


@settings(deadline=None)
@given(_waits)
def test_waits_by_slot_equal_their_slow_twin(waits: list[tuple[int, int, int]]) -> None:
    """Slots of 4 units, 3 a day: each unit of each wait is counted by itself."""
    expected = np.zeros((2, 7 * PER_DAY))
    for row, since, length in waits:
        for at in range(since, since + length):
            slot = at // 4
            expected[row, (slot // PER_DAY + WEEKDAY_OF_DAY_0) % 7 * PER_DAY + slot % PER_DAY] += 1
    row, since, length = (np.array([w[k] for w in waits], dtype=np.int64) for k in range(3))
    assert waiting_by_slot(row, since, since + length, 4, PER_DAY, 2).tolist() == expected.tolist()
