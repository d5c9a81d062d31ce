"""Replay kernels beside slow, obvious twins in plain Python, on random cases."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.replay import (
    MISSING,
    cut_with_consequences,
    joined_steps,
    last_completions,
)

Int64 = npt.NDArray[np.int64]


class Step(NamedTuple):
    complete: int
    keep: bool


STEP = st.builds(
    Step,
    st.integers(0, 20),
    st.booleans(),
)
CASES = st.lists(st.tuples(st.integers(0, 15), st.lists(STEP, max_size=7)), max_size=5)


def _offsets(cases: list[tuple[int, list[Step]]]) -> Int64:
    return np.cumsum([0, *(len(steps) for _, steps in cases)]).astype(np.int64)


def _column(cases: list[tuple[int, list[Step]]], name: str, kind: type) -> npt.NDArray[np.generic]:
    return np.array([getattr(s, name) for _, steps in cases for s in steps], dtype=kind)


class Timed(NamedTuple):
    """One step, ordered as logs are: by completion, then start."""

    complete: int
    begun: int
    activity: int
    start: int | None


@st.composite
def _timed(draw: st.DrawFn) -> Timed:
    complete, lasts = draw(st.integers(0, 12)), draw(st.one_of(st.none(), st.integers(0, 6)))
    start = None if lasts is None else complete - lasts
    return Timed(complete, complete if start is None else start, draw(st.integers(0, 3)), start)


TIMED = st.lists(st.lists(_timed(), max_size=9).map(lambda steps: sorted(steps, key=lambda s: s[:2])), max_size=4)
PAIRS = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=5)


def slow_joins(steps: list[Timed], concurrent: npt.NDArray[np.bool_]) -> list[list[int]]:
    """For each step of a case those that it waited for, less those that one of these waited for in turn."""
    joins: list[list[int]] = []
    ancestors: list[set[int]] = []
    for i, step in enumerate(steps):
        able = [
            j for j in range(i)
            if steps[j].complete <= step.begun and not concurrent[step.activity, steps[j].activity]
        ]  # fmt: skip
        mine = [j for j in reversed(able) if not any(j in ancestors[other] for other in able)]
        joins.append(mine)
        ancestors.append({*mine, *(a for j in mine for a in ancestors[j])})
    return joins


@given(cases=TIMED, pairs=PAIRS)
@settings(max_examples=300, deadline=None)
def test_joined_steps_equal_their_twin(cases: list[list[Timed]], pairs: set[tuple[int, int]]) -> None:
    concurrent = np.zeros((4, 4), dtype=np.bool_)
    for a, b in pairs:
        concurrent[a, b] = concurrent[b, a] = True
    offsets = np.cumsum([0, *map(len, cases)]).astype(np.int64)
    steps = [s for case in cases for s in case]
    join_offsets, joined = joined_steps(
        offsets,
        np.array([s.activity for s in steps], dtype=np.int32),
        np.array([MISSING if s.start is None else s.start for s in steps], dtype=np.int64),
        np.array([s.complete for s in steps], dtype=np.int64),
        np.concatenate([[0], np.cumsum(concurrent.sum(axis=1))]).astype(np.int64),
        np.nonzero(concurrent)[1].astype(np.int32),
    )
    expected = [
        [int(offsets[k]) + j for j in row] for k, case in enumerate(cases) for row in slow_joins(case, concurrent)
    ]
    assert [joined[a:b].tolist() for a, b in itertools.pairwise(join_offsets)] == expected


def test_many_joins_are_kept() -> None:
    """30 steps at once, then 30 at once: each of the later ones waited for all of the earlier, 900 joins for 60 steps."""
    steps = [Timed(10 + i, 0, 0, 0) for i in range(30)] + [Timed(90 + i, 50, 1, 50) for i in range(30)]
    join_offsets, joined = joined_steps(
        np.array([0, 60]),
        np.array([s.activity for s in steps], dtype=np.int32),
        np.array([s.start for s in steps], dtype=np.int64),
        np.array([s.complete for s in steps], dtype=np.int64),
        np.zeros(3, dtype=np.int64),
        np.zeros(0, dtype=np.int32),
    )
    expected = slow_joins(steps, np.zeros((2, 2), dtype=np.bool_))
    assert [joined[a:b].tolist() for a, b in itertools.pairwise(join_offsets)] == expected
    assert len(joined) == 900


@given(cases=CASES)
@settings(max_examples=200, deadline=None)
def test_last_completions_equal_their_twin(cases: list[tuple[int, list[Step]]]) -> None:
    expected = [max([arrival, *(s.complete for s in steps if s.keep)]) for arrival, steps in cases]
    got = last_completions(
        _offsets(cases),
        _column(cases, "complete", np.int64),
        _column(cases, "keep", np.bool_),
        np.array([a for a, _ in cases], dtype=np.int64),
    )
    assert got.tolist() == expected


class Return(NamedTuple):
    slot: int
    trigger: int
    redone: bool
    drawn: bool


RETURNS = st.lists(
    st.builds(Return, st.integers(0, 2), st.integers(0, 2), st.booleans(), st.booleans()), max_size=12
).map(lambda rows: sorted(rows, key=lambda r: r.slot))


def slow_cut(rows: list[Return]) -> list[bool]:
    """Slot by slot: what a prevented return takes with it."""
    gone: set[int] = set()
    for slot in sorted({r.slot for r in rows}):
        mine = [i for i, r in enumerate(rows) if r.slot == slot]
        for place, i in enumerate(mine):
            if not rows[i].drawn and i not in gone:
                continue
            gone.add(i)
            later = mine[place + 1 :]
            if rows[i].redone:
                gone |= set(later)
                break
            for j in later:
                if rows[j].trigger != rows[i].trigger:
                    break
                gone.add(j)
                if rows[j].redone:
                    break
    return [i in gone for i in range(len(rows))]


@given(rows=RETURNS)
@settings(max_examples=500, deadline=None)
def test_cut_occurrences_equal_their_twin(rows: list[Return]) -> None:
    got = cut_with_consequences(
        np.array([r.slot for r in rows], dtype=np.int64),
        np.array([r.trigger for r in rows], dtype=np.int32),
        np.array([r.redone for r in rows], dtype=np.bool_),
        np.array([r.drawn for r in rows], dtype=np.bool_),
    )
    assert got.tolist() == slow_cut(rows)


def test_cut_occurrences_by_hand() -> None:
    """Hand, two steps returned to.

    The first: a detour A that is prevented takes the A that follows directly with it; the detour B stays, and so does
    the A after it. The second: a prevented stretch that was done again takes all later returns with it; the return
    before it stays.
    """
    slot = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    trigger = np.array([0, 0, 1, 0, 0, 2, 0, 1], dtype=np.int32)
    redone = np.array([False, False, False, False, False, True, False, False])
    drawn = np.array([True, False, False, False, False, True, False, False])
    got = cut_with_consequences(slot, trigger, redone, drawn)
    assert got.tolist() == [True, True, False, False, False, True, True, True]
