"""Alignments beside a slow twin that relaxes costs until nothing changes, on random models and traces."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.alignment import BOTH, MODEL_ONLY, SILENT, TRACE_ONLY, alignments

Edges = list[tuple[int, int, int]]

_EDGE = st.tuples(st.integers(0, 4), st.integers(SILENT, 2), st.integers(0, 4))
EDGES = st.lists(_EDGE, max_size=12).map(lambda e: sorted(e, key=lambda x: x[0]))
FINAL = st.lists(st.booleans(), min_size=5, max_size=5)
#: Activity 3 is none of the model's.
TRACES = st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=4)


def _aligned(edges: Edges, final: list[bool], traces: list[list[int]], most_nodes: int = 10**6) -> tuple[Any, ...]:
    offsets = np.cumsum([0, *map(len, traces)]).astype(np.int64)
    activity = np.array([a for t in traces for a in t], dtype=np.int32)
    counts = np.bincount([s for s, _, _ in edges], minlength=5)
    model = (
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.array([a for _, a, _ in edges], dtype=np.int32),
        np.array([t for _, _, t in edges], dtype=np.int64),
        0,
        np.array(final),
    )
    return alignments(offsets, activity, *model, most_nodes)


def _slow_cost(edges: Edges, final: list[bool], trace: list[int]) -> int:
    far = 10**6
    cost = {(i, s): far for i in range(len(trace) + 1) for s in range(5)}
    cost[0, 0] = 0
    for _ in range(len(cost)):
        for (i, s), c in list(cost.items()):
            if i < len(trace):
                cost[i + 1, s] = min(cost[i + 1, s], c + 1)
            for a, label, b in edges:
                if a != s:
                    continue
                cost[i, b] = min(cost[i, b], c + (label != SILENT))
                if i < len(trace) and trace[i] == label:
                    cost[i + 1, b] = min(cost[i + 1, b], c)
    best = min((cost[len(trace), s] for s in range(5) if final[s]), default=far)
    return -1 if best == far else best


@settings(max_examples=400, deadline=None)
@given(EDGES, FINAL, TRACES)
def test_the_moves_are_a_cheapest_alignment(edges: Edges, final: list[bool], traces: list[list[int]]) -> None:
    """Their cost is the least; the trace's side spells the trace, the model's side a run to a final state."""
    cost, ends, move, moved = _aligned(edges, final, traces)
    assert cost.tolist() == [_slow_cost(edges, final, t) for t in traces]
    for t, trace in enumerate(traces):
        moves = list(zip(move[ends[t] : ends[t + 1]].tolist(), moved[ends[t] : ends[t + 1]].tolist(), strict=True))
        if cost[t] < 0:
            assert moves == []
            continue
        assert [a for m, a in moves if m != MODEL_ONLY] == trace
        assert sum(m != BOTH for m, _ in moves) == cost[t]
        states = _silently({0}, edges)
        for m, a in moves:
            if m != TRACE_ONLY:
                states = _silently({b for s, label, b in edges if s in states and label == a}, edges)
        assert any(final[s] for s in states)


def _silently(states: set[int], edges: Edges) -> set[int]:
    """With all states that silent moves lead to."""
    while more := {b for s, label, b in edges if s in states and label == SILENT} - states:
        states = states | more
    return states


def test_a_long_trace_is_left_out_for_its_memory() -> None:
    """(2 + 1) × 5 nodes pass 14; (1 + 1) × 5 don't; the traces after it are aligned as if it weren't there."""
    cost, ends, _, moved = _aligned([(0, 0, 1), (1, 1, 2)], [False, False, True, False, False], [[0], [0, 1], [1]], 14)
    assert cost.tolist() == [1, -1, 1]
    assert ends.tolist() == [0, 2, 2, 4]
    assert moved.tolist() == [0, 1, 0, 1]


def test_long_traces_grow_the_room() -> None:
    """3,000 repeats of a step that the model has once: 2,999 of them are too many."""
    cost, ends, move, _ = _aligned([(0, 0, 1)], [False, True, False, False, False], [[0] * 3000])
    assert cost.tolist() == [2999]
    assert ends.tolist() == [0, 3000]
    assert (move == BOTH).sum() == 1
    assert np.flatnonzero(move == BOTH).tolist() == [0]  # the first one is the step that belongs there
