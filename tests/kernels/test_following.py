"""The times between steps that follow each other, beside a slow twin that lists all pairs."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.following import outside, pair_moments

N_ACTIVITIES = 4
#: (complete, how long it took, activity): few instants, so that ties, zero durations and overlaps are common.
_STEP = st.tuples(st.integers(0, 12), st.integers(0, 6), st.integers(0, N_ACTIVITIES - 1))
CASES = st.lists(st.lists(_STEP, max_size=9).map(lambda c: sorted(c, key=lambda s: (s[0], s[0] - s[1]))), max_size=6)


def _columns(cases: list[list[tuple[int, int, int]]]) -> tuple[Any, ...]:
    steps = [s for case in cases for s in case]
    offsets = np.cumsum([0, *map(len, cases)]).astype(np.int64)
    activity = np.array([a for _, _, a in steps], dtype=np.int32)
    begun = np.array([c - d for c, d, _ in steps], dtype=np.int64)
    return offsets, activity, begun, np.array([c for c, _, _ in steps], dtype=np.int64)


def _listed(columns: tuple[Any, ...], directly: bool) -> list[tuple[int, int, int]]:
    """(case, i, j) of all pairs of steps of which the second follows the first."""
    offsets, _, begun, complete = columns
    return [
        (case, i, j)
        for case in range(len(offsets) - 1)
        for j in range(offsets[case], offsets[case + 1])
        for i in range(offsets[case], j)
        if complete[i] <= begun[j] and (i == j - 1 or not directly)
    ]


@settings(max_examples=300, deadline=None)
@given(CASES, st.booleans())
def test_moments_equal_those_of_all_pairs(cases: list[list[tuple[int, int, int]]], directly: bool) -> None:
    columns = _columns(cases)
    _, activity, begun, complete = columns
    times, in_cases = defaultdict(list), defaultdict(set)
    for case, i, j in _listed(columns, directly):
        times[activity[i] * N_ACTIVITIES + activity[j]].append(begun[j] - complete[i])
        in_cases[activity[i] * N_ACTIVITIES + activity[j]].add(case)
    key, n, n_cases, mean, squares = pair_moments(*columns, N_ACTIVITIES, directly)
    assert key.tolist() == sorted(times)
    for k, *found in zip(key, n, n_cases, mean, squares, strict=True):
        centre = np.mean(times[k])
        assert found[:2] == [len(times[k]), len(in_cases[k])]
        assert found[2:] == pytest.approx([centre, ((np.array(times[k]) - centre) ** 2).sum()], abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(CASES, st.booleans(), st.integers(-1, 8), st.integers(0, 8), st.sets(st.integers(0, 15), min_size=1))
def test_pairs_outside_equal_those_of_all_pairs(
    cases: list[list[tuple[int, int, int]]], directly: bool, least: int, most: int, keys: set[int]
) -> None:
    columns = _columns(cases)
    offsets, activity, begun, complete = columns
    key = np.array(sorted(keys), dtype=np.int64)
    wanted = []
    for case, i, j in _listed(columns, directly):
        code = activity[i] * N_ACTIVITIES + activity[j]
        if code in keys and not least <= begun[j] - complete[i] <= most:
            wanted.append((case, int(np.searchsorted(key, code)), i, j))
    bounds = np.full(len(key), least, dtype=np.int64), np.full(len(key), most, dtype=np.int64)
    n, n_cases, of_case, *listed = outside(*columns, N_ACTIVITIES, directly, key, *bounds, len(wanted))
    assert sorted(zip(*listed, strict=True)) == sorted((x, i, j) for _, x, i, j in wanted)
    assert n.tolist() == [sum(x == k for _, x, _, _ in wanted) for k in range(len(key))]
    assert n_cases.tolist() == [len({c for c, x, _, _ in wanted if x == k}) for k in range(len(key))]
    assert of_case.tolist() == [sum(c == k for c, *_ in wanted) for k in range(len(offsets) - 1)]


def test_many_pairs_and_long_times_keep_their_digits() -> None:
    """200 activities, so that the table of pairs grows; times of decades that differ by a microsecond."""
    rng = np.random.default_rng(1)
    years = 30 * 365 * 86_400_000_000
    complete = np.concatenate([np.sort(rng.integers(0, years, 400)) for _ in range(3)])
    activity = rng.integers(0, 200, 1200).astype(np.int32)
    offsets = np.array([0, 400, 800, 1200])
    columns = offsets, activity, complete, complete
    key, n, _, mean, squares = pair_moments(*columns, 200, False)
    times = defaultdict(list)
    for _, i, j in _listed(columns, directly=False):
        times[activity[i] * 200 + activity[j]].append(complete[j] - complete[i])
    assert key.tolist() == sorted(times)
    for k, count, centre, squared in zip(key, n, mean, squares, strict=True):
        values = [int(v) for v in times[k]]
        assert count == len(values)
        assert centre == pytest.approx(sum(values) / len(values), rel=1e-12)
        exact = sum((v - sum(values) / len(values)) ** 2 for v in values)
        assert math.sqrt(squared) == pytest.approx(math.sqrt(exact), rel=1e-9, abs=1)
    same = np.array([0, years, 5, years + 5, 9, years + 9], dtype=np.int64)
    two = np.array([0, 1, 0, 1, 0, 1], dtype=np.int32)
    assert pair_moments(np.array([0, 2, 4, 6]), two, same, same, 2, False)[4].tolist() == [0.0]
