"""Kernels of loops and hand-overs beside slow, obvious twins in plain Python, on random logs."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.handover import round_trips
from streamline.kernels.loops import grouped_cases, grouped_places, grouped_sums, pass_numbers

SOME = settings(max_examples=200, deadline=None)
#: Cases of few activities or units, so that repeats are common.
CASES = st.lists(st.lists(st.integers(0, 3), max_size=12), max_size=6)
GROUPS = st.lists(st.tuples(st.integers(-1, 3), st.integers(-50, 50)), max_size=30)


def _offsets(cases: list[list[int]]) -> npt.NDArray[np.int64]:
    return np.cumsum([0, *map(len, cases)]).astype(np.int64)


@given(cases=CASES)
@SOME
def test_pass_numbers(cases: list[list[int]]) -> None:
    expected = [case[:i].count(a) for case in cases for i, a in enumerate(case)]
    activity = np.array([a for case in cases for a in case], dtype=np.int32)
    assert pass_numbers(_offsets(cases), activity, 4).tolist() == expected


@given(entries=GROUPS)
@SOME
def test_groups_own_their_places_and_sums(entries: list[tuple[int, int]]) -> None:
    group = np.array([g for g, _ in entries], dtype=np.int64)
    value = np.array([v for _, v in entries], dtype=np.int64)
    offsets, places = grouped_places(group, 4)
    for g in range(4):
        mine = [i for i, (h, _) in enumerate(entries) if h == g]
        assert places[offsets[g] : offsets[g + 1]].tolist() == mine
        assert grouped_sums(group, value, 4)[g] == sum(entries[i][1] for i in mine)


@given(cases=st.lists(st.lists(st.integers(-1, 3), max_size=8), max_size=6))
@SOME
def test_grouped_cases_counts_each_case_once(cases: list[list[int]]) -> None:
    group = np.array([g for case in cases for g in case], dtype=np.int64)
    case = np.repeat(np.arange(len(cases)), list(map(len, cases)))
    assert grouped_cases(group, case, 4).tolist() == [sum(g in c for c in cases) for g in range(4)]


def slow_round_trips(case: list[tuple[int, bool]]) -> list[tuple[int, int, int]]:
    """Stays first; then, from left to right, each A B A of which no stay is already away or back in another trip."""
    steps = [(unit, i) for i, (unit, skipped) in enumerate(case) if not skipped]
    stays: list[tuple[int, list[int]]] = []
    for unit, run in itertools.groupby(steps, key=lambda s: s[0]):
        if unit < 0:  # each unknown step is somebody else
            stays += [(-1, [i]) for _, i in run]
        else:
            stays.append((unit, [i for _, i in run]))
    trips, k = [], 0
    while k + 2 < len(stays):
        if stays[k][0] == stays[k + 2][0] >= 0 and stays[k + 1][0] >= 0:
            trips.append((stays[k][1][-1], stays[k + 1][1][-1], stays[k + 2][1][0]))
            k += 2
        else:
            k += 1
    return trips


@given(
    cases=st.lists(
        st.lists(st.tuples(st.integers(-1, 2), st.sampled_from([False] * 5 + [True])), max_size=14), max_size=5
    )
)
@settings(max_examples=400, deadline=None)
def test_round_trips(cases: list[list[tuple[int, bool]]]) -> None:
    offsets = _offsets(cases)  # type: ignore[arg-type]
    unit = np.array([u for case in cases for u, _ in case], dtype=np.int32)
    skipped = np.array([s for case in cases for _, s in case], dtype=np.bool_)
    got = list(zip(*(a.tolist() for a in round_trips(offsets, unit, skipped)), strict=True))
    expected = [
        tuple(int(offsets[k]) + i for i in trip) for k, case in enumerate(cases) for trip in slow_round_trips(case)
    ]
    assert got == expected
