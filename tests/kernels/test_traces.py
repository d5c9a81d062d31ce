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
    overlapped_activities,
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


def slow_overlaps(cases: Cases) -> set[tuple[int, int]]:
    """(place of a step, another activity of which a step of its case ran at the same time)."""
    met, base = set(), 0
    for case in cases:
        for i, one in enumerate(case):
            for two in case:
                if one.start is None or two.start is None or one.activity == two.activity:
                    continue
                if min(one.complete, two.complete) > max(one.start, two.start):
                    met.add((base + i, two.activity))
        base += len(case)
    return met


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


def _overlaps(cases: Cases, n_activities: int) -> list[tuple[int, int]]:
    found = overlapped_activities(_offsets(cases), _activity(cases), _start(cases), _complete(cases), n_activities)
    return sorted(zip(*(column.tolist() for column in found), strict=True))


@given(cases=CASES)
@settings(max_examples=300, deadline=None)
def test_overlaps_equal_their_twin(cases: Cases) -> None:
    assert _overlaps(cases, N_ACTIVITIES) == sorted(slow_overlaps(cases))


def test_overlaps_of_a_long_case_equal_their_twin() -> None:
    """Beyond 64 steps they are searched by activity, and there are more than the room first made for them."""
    rng = np.random.default_rng(1)
    for n, n_activities in ((65, 3), (200, 7), (300, 40)):
        steps = []
        for _ in range(n):
            complete, lasts = int(rng.integers(0, 400)), int(rng.integers(-5, 30))
            start = None if lasts < -3 else complete - max(lasts, 0)
            begun = complete if start is None else start
            steps.append(Step(complete, begun, int(rng.integers(n_activities)), start))
        cases = [sorted(steps, key=lambda s: s[:2])]
        assert _overlaps(cases, n_activities) == sorted(slow_overlaps(cases))
    assert len(slow_overlaps(cases)) > 1024


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
