"""Trace kernels beside slow, obvious twins in plain Python, on random logs."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.loops import erased_loops
from streamline.kernels.traces import (
    MISSING,
    critical_steps,
    overlaps,
    predecessors,
)

N_ACTIVITIES = 4


class Step(NamedTuple):
    """One step, ordered as logs are: by completion, then start."""

    complete: int
    begun: int
    activity: int
    start: int | None


Cases = list[list[Step]]


@st.composite
def _step(draw: st.DrawFn) -> Step:
    complete = draw(st.integers(0, 12))
    lasts = draw(st.one_of(st.none(), st.integers(0, 6)))
    start = None if lasts is None else complete - lasts
    return Step(complete, complete if start is None else start, draw(st.integers(0, N_ACTIVITIES - 1)), start)


#: Few instants and few activities, so that ties, zero durations, overlaps, repeats and missing starts are common.
CASES = st.lists(st.lists(_step(), max_size=9).map(lambda steps: sorted(steps, key=lambda s: s[:2])), max_size=5)
#: Unordered pairs of activities that count as concurrent.
PAIRS = st.sets(st.tuples(st.integers(0, N_ACTIVITIES - 1), st.integers(0, N_ACTIVITIES - 1)), max_size=4)


def _offsets(cases: Cases) -> npt.NDArray[np.int64]:
    return np.cumsum([0, *map(len, cases)]).astype(np.int64)


def _activity(cases: Cases) -> npt.NDArray[np.int32]:
    return np.array([s.activity for case in cases for s in case], dtype=np.int32)


def _start(cases: Cases) -> npt.NDArray[np.int64]:
    return np.array([MISSING if s.start is None else s.start for case in cases for s in case], dtype=np.int64)


def _complete(cases: Cases) -> npt.NDArray[np.int64]:
    return np.array([s.complete for case in cases for s in case], dtype=np.int64)


def _partners(pairs: set[tuple[int, int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    of = [sorted({b for a, b in both if a == x}) for both in [pairs | {(b, a) for a, b in pairs}]
          for x in range(N_ACTIVITIES)]  # fmt: skip
    return np.cumsum([0, *map(len, of)]).astype(np.int64), np.array([b for row in of for b in row], dtype=np.int32)


def slow_predecessors(cases: Cases, pairs: set[tuple[int, int]]) -> list[int]:
    result, base = [], 0
    for case in cases:
        for i, step in enumerate(case):
            able = [
                j
                for j in range(i)
                if case[j].complete <= step.begun
                and (case[j].activity, step.activity) not in pairs
                and (step.activity, case[j].activity) not in pairs
            ]
            result.append(base + max(able) if able else -1)
        base += len(case)
    return result


def slow_critical(cases: Cases, predecessor: list[int]) -> list[bool]:
    chosen, base = set(), 0
    for case in cases:
        step = base + len(case) - 1 if case else -1
        while step != -1:
            chosen.add(step)
            step = predecessor[step]
        base += len(case)
    return [s in chosen for s in range(base)]


def slow_overlaps(cases: Cases) -> list[tuple[int, int]]:
    met, base = [], 0
    for case in cases:
        for j, later in enumerate(case):
            for i, earlier in enumerate(case[:j]):
                if earlier.start is None or later.start is None:
                    continue
                if min(earlier.complete, later.complete) > max(earlier.start, later.start):
                    met.append((base + i, base + j))
        base += len(case)
    return sorted(met)


class Occurrence(NamedTuple):
    head: int
    trigger: int
    leaving: int
    repeat: int
    members: list[int]


def slow_loops(cases: Cases) -> tuple[list[Occurrence], list[int]]:
    """Occurrences in the order in which they close, and for each the activity that finally followed its head.

    A head that is itself erased later is followed by what followed it at that moment: it never leaves the path again.
    """
    found: list[Occurrence] = []
    followed: dict[int, int] = {}
    base = 0
    for case in cases:
        path: list[int] = []
        act = {base + i: s.activity for i, s in enumerate(case)}
        for s, name in act.items():
            at = [i for i, p in enumerate(path) if act[p] == name]
            if not at:
                path.append(s)
                continue
            keep, cut = path[: at[0] + 1], path[at[0] + 1 :]
            followed.update({a: act[b] for a, b in itertools.pairwise(cut)})
            found.append(Occurrence(keep[-1], cut[0] if cut else s, path[-1], s, [*cut, s]))
            path = keep
        followed.update({a: act[b] for a, b in itertools.pairwise(path)})
        base += len(case)
    return found, [followed.get(o.head, -1) for o in found]


@given(cases=CASES, pairs=PAIRS)
@settings(max_examples=300, deadline=None)
def test_predecessors_and_critical_steps_equal_their_twins(cases: Cases, pairs: set[tuple[int, int]]) -> None:
    got = predecessors(_offsets(cases), _activity(cases), _start(cases), _complete(cases), *_partners(pairs))
    assert got.tolist() == slow_predecessors(cases, pairs)
    assert critical_steps(_offsets(cases), got).tolist() == slow_critical(cases, got.tolist())


@given(cases=CASES)
@settings(max_examples=300, deadline=None)
def test_overlaps_equal_their_twin(cases: Cases) -> None:
    one, two = overlaps(_offsets(cases), _start(cases), _complete(cases))
    assert sorted(zip(one.tolist(), two.tolist(), strict=True)) == slow_overlaps(cases)


def test_overlaps_beyond_the_first_block_are_kept() -> None:
    """Hand: 12 steps that all run from 0 to 10 meet in 12 * 11 / 2 = 66 pairs, more than the 16 first made room for."""
    n = 12
    one, two = overlaps(np.array([0, n]), np.zeros(n, np.int64), np.full(n, 10))
    assert len(one) == 66
    assert set(zip(one.tolist(), two.tolist(), strict=True)) == {(i, j) for j in range(n) for i in range(j)}


@given(cases=CASES)
@settings(max_examples=300, deadline=None)
def test_erased_loops_equal_their_twin(cases: Cases) -> None:
    loop, head, trigger, leaving, repeat, onward = erased_loops(_offsets(cases), _activity(cases), N_ACTIVITIES)
    found, followed = slow_loops(cases)
    expected = np.full(len(_activity(cases)), -1)
    for k, occurrence in enumerate(found):
        expected[occurrence.members] = k
    assert loop.tolist() == expected.tolist()
    assert head.tolist() == [o.head for o in found]
    assert trigger.tolist() == [o.trigger for o in found]
    assert leaving.tolist() == [o.leaving for o in found]
    assert repeat.tolist() == [o.repeat for o in found]
    assert onward.tolist() == followed


def _loops(trace: str) -> dict[str, list[int]]:
    codes = np.array([ord(c) - ord("a") for c in trace], dtype=np.int32)
    names = ("loop", "head", "trigger", "leaving", "repeat", "onward")
    got = erased_loops(np.array([0, len(codes)]), codes, 26)
    return {name: values.tolist() for name, values in zip(names, got, strict=True)}


def test_nested_loops_by_hand() -> None:
    """Hand: a b c b d a e.

    a b c, then b again: the first loop is (c, b), back to b after c. The path is a b; then d; then a again: the second
    loop is (b, d, a), back to a after b. The path is a; then e. First pass: a e. b was finally followed by d, a by e.
    """
    assert _loops("abcbdae") == {
        "loop": [-1, 1, 0, 0, 1, 1, -1],
        "head": [1, 0],
        "trigger": [2, 1],
        "leaving": [2, 4],
        "repeat": [3, 5],
        "onward": [3, 4],
    }


def test_direct_repeats_by_hand() -> None:
    """Hand: a a a: two occurrences of one step each, both back to the first a, which nothing follows."""
    assert _loops("aaa") == {
        "loop": [-1, 0, 1],
        "head": [0, 0],
        "trigger": [1, 2],
        "leaving": [0, 0],
        "repeat": [1, 2],
        "onward": [-1, -1],
    }
