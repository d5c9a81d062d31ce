"""Halved waits: the kernel equals a slow twin that moves every step, and a case that a person can add up."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.halving import kinds_on_paths

Case = list[tuple[int, int, int, int]]  # (predecessor in the case, wait, work, kind)


def _columns(cases: list[Case], chosen: list[bool]):
    """The cases as columns: arrival at 0, steps in order of completion."""
    offsets, complete, predecessor, wait, kind = [0], [], [], [], []
    for case in cases:
        ends: list[int] = []
        for before, waited, work, _ in case:
            ends.append((ends[before] if before >= 0 else 0) + waited + work)
        order = sorted(range(len(case)), key=lambda s: (ends[s], s))
        place = {s: offsets[-1] + i for i, s in enumerate(order)}
        for s in order:
            before, waited, _, which = case[s]
            complete.append(ends[s])
            predecessor.append(place[before] if before >= 0 else -1)
            wait.append(waited)
            kind.append(which)
        offsets.append(len(complete))
    long = [np.array(column, dtype=np.int64) for column in (offsets, complete, predecessor, wait)]
    return *long, np.array(kind, dtype=np.int32), np.array(chosen, dtype=np.bool_)


def _slow(cases: list[Case], chosen: list[bool]) -> dict[tuple[int, int], tuple[int, int]]:
    """(case, kind) -> (waited on the critical path, twice the cycle time saved when waits of that kind are halved)."""
    found = {}
    for number, case in enumerate(cases):
        if not case or not chosen[number]:
            continue

        def ends(halved: int | None, case: Case = case) -> list[int]:
            twice: list[int] = []
            for before, waited, work, kind in case:
                twice.append((twice[before] if before >= 0 else 0) + waited * (1 if kind == halved else 2) + 2 * work)
            return twice

        usual = ends(None)
        step = max(range(len(case)), key=lambda s: (usual[s], s))
        waited: dict[int, int] = defaultdict(int)
        while step >= 0:
            waited[case[step][3]] += case[step][1]
            step = case[step][0]
        for kind, sum_ in waited.items():
            found[number, kind] = sum_, max(usual) - max(ends(kind))
    return found


def _of_kernel(cases: list[Case], chosen: list[bool], n_kinds: int):
    case, kind, waited, saved = kinds_on_paths(*_columns(cases, chosen), n_kinds)
    assert (np.diff(case) >= 0).all()
    found = {(int(c), int(k)): (int(w), int(s)) for c, k, w, s in zip(case, kind, waited, saved, strict=True)}
    assert len(found) == len(case)
    return found


@st.composite
def _cases(draw: st.DrawFn) -> list[Case]:
    return [
        [
            (draw(st.integers(-1, s - 1)), draw(st.integers(0, 9)), draw(st.integers(0, 6)), draw(st.integers(0, 3)))
            for s in range(draw(st.integers(0, 9)))
        ]
        for _ in range(draw(st.integers(0, 4)))
    ]


@given(cases=_cases(), data=st.data())
@settings(max_examples=400, deadline=None)
def test_equals_the_slow_twin(cases: list[Case], data: st.DataObject) -> None:
    chosen = [data.draw(st.booleans()) for _ in cases]
    assert _of_kernel(cases, chosen, 4) == _slow(cases, chosen)


def test_a_branch_that_ends_last_limits_what_is_saved() -> None:
    """Review waits 8 and takes 2 (ends 10); beside it a visit waits 1 and takes 7 (ends 8). Halving the review's wait brings
    it to 6, but then the visit ends last: 2 of 10 hours are saved, not 4. Without the visit it is 4."""
    review, visit = (-1, 8, 2, 0), (-1, 1, 7, 1)
    assert _of_kernel([[review, visit]], [True], 2) == {(0, 0): (8, 4)}
    assert _of_kernel([[review]], [True], 2) == {(0, 0): (8, 8)}


def test_cases_without_steps_have_no_kinds() -> None:
    assert _of_kernel([[], []], [True, True], 1) == {}


@pytest.mark.parametrize("n", [2, 2_000])
def test_a_long_case_of_one_kind_saves_half_its_wait(n: int) -> None:
    case = [(s - 1, 3, 1, 0) for s in range(n)]
    assert _of_kernel([case], [True], 1) == {(0, 0): (3 * n, 3 * n)}
