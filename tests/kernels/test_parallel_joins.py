"""What steps wait for when some activities run side by side: the kernel beside a slow twin on random cases, and by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.replay import parallel_joins

N_ACTIVITIES = 5
#: Activity, and how many places before it those stand that it waited for.
STEP = st.tuples(st.integers(0, N_ACTIVITIES - 1), st.sets(st.integers(1, 5), max_size=3))
CASES = st.lists(st.lists(STEP, max_size=9), max_size=4)
Steps = list[tuple[int, list[int]]]


def slow(case: Steps, chosen: set[int]) -> list[set[int]]:
    """One case. Steps wait for places in it; blocks are lists of places, the first step first."""
    blocks: list[list[int]] = []

    def block_of(place: int) -> list[int] | None:
        return next((b for b in blocks if place in b), None)

    for s, (activity, joins) in enumerate(case):
        if activity not in chosen:
            continue
        for p in joins:
            block = block_of(p)
            if block is not None and all(case[t][0] != activity for t in block):
                block.append(s)
                break
        else:
            blocks.append([s])
    found = []
    for s in range(len(case)):
        block = block_of(s)
        source = s if block is None else block[0]
        waits: set[int] = set()
        for p in case[source][1]:
            waits |= set(block_of(p) or [p])
        found.append({p for p in waits if p < s})
    return found


def found(cases: list[Steps], chosen: set[int]) -> list[list[list[int]]]:
    offsets = np.cumsum([0, *map(len, cases)]).astype(np.int64)
    joins = [[int(base) + p for p in joins] for base, case in zip(offsets, cases, strict=False) for _, joins in case]
    join_offsets, joined = parallel_joins(
        np.array([a for case in cases for a, _ in case], dtype=np.int32),
        np.cumsum([0, *map(len, joins)]).astype(np.int64),
        np.array([p for row in joins for p in row], dtype=np.int64),
        np.isin(np.arange(N_ACTIVITIES), list(chosen)),
    )
    return [
        [(joined[join_offsets[s] : join_offsets[s + 1]] - base).tolist() for s in range(base, base + len(case))]
        for base, case in zip(offsets.tolist(), cases, strict=False)
    ]


@given(CASES, st.sets(st.integers(0, N_ACTIVITIES - 1), max_size=4))
@settings(max_examples=300)
def test_parallel_joins_equal_their_twin(cases: list[list[tuple[int, set[int]]]], chosen: set[int]) -> None:
    placed = [
        [
            (activity, sorted({s - back for back in backs if back <= s}, reverse=True))
            for s, (activity, backs) in enumerate(case)
        ]
        for case in cases
    ]
    told = found(placed, chosen)
    for case, waits in zip(placed, told, strict=True):
        assert all(len(set(w)) == len(w) for w in waits)  # each once
        assert [set(w) for w in waits] == slow(case, chosen)


def test_by_hand() -> None:
    """In, Check, Ask, Check again, Decide, one after another; Check and Ask side by side.

    The first Check and Ask wait for In; the second Check begins a block of its own, behind both; Decide waits for it alone.
    """
    chain = [(0, []), (1, [0]), (2, [1]), (1, [2]), (3, [3])]
    assert found([chain], {1, 2}) == [[[], [0], [0], [1, 2], [3]]]
    # side by side with what they follow: In has no predecessor, so nothing has
    assert found([chain], {0, 1, 2}) == [[[], [], [], [0, 1, 2], [3]]]
    # nothing chosen: as it was
    assert found([chain], set()) == [[[], [0], [1], [2], [3]]]


def test_cases_stay_apart() -> None:
    """The second case's steps begin its own block, whatever the first ended with."""
    assert found([[(1, [])], [(2, []), (1, [0])]], {1, 2}) == [[[]], [[], []]]
