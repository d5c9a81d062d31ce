"""Aligns traces with a process model: the fewest steps to skip and to add that turn a trace into a run of the model.

A model is a graph of states. The edges of state s are the places `edge_offsets[s]:edge_offsets[s + 1]` of `label` (the
activity that is done, or `SILENT`) and `target`; a run leads from the start to a final state. An alignment goes through
trace and run together by moves: both do the same activity (free), only the trace does one (a step too many, costs 1),
only the model does one (a step missing, costs 1), or the model moves silently (free).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

SILENT = -1
BOTH, TRACE_ONLY, MODEL_ONLY = 0, 1, 2
#: How a node of the search was reached: not yet; at its begin; by a step of the trace; by edge e alone or with a step.
_UNSEEN, _BEGIN, _STEP, _EDGES = 0, 1, 2, 3


@compiled
def _pushed(stack: Any, n: int, node: int, how: int) -> Any:
    """The stack with one more entry, in a larger array where it was full."""
    if n == len(stack):
        larger = np.empty((2 * n, 2), np.int64)
        larger[:n] = stack
        stack = larger
    stack[n, 0] = node
    stack[n, 1] = how
    return stack


@compiled
def alignments(
    offsets: Int64,
    activity: Int32,
    edge_offsets: Int64,
    label: Int32,
    target: Int64,
    start: int,
    final: Bool,
    most_nodes: int,
) -> Any:
    """The cheapest alignment of each trace; of several equally cheap ones the one that deviates latest.

    most_nodes : traces whose (steps + 1) × states pass it aren't aligned, for their memory.

    Returns (cost, ends, move, moved): for each trace the number of moves by one side only, -1 where it wasn't aligned or no
    run exists; the moves of trace t are `ends[t]:ends[t + 1]` of `move` (BOTH, TRACE_ONLY, MODEL_ONLY) and `moved` (the
    activity), silent ones left out.
    The search goes through (steps done, state) by rising cost, each node once: its cost is at most their number times the
    edges of a state, and for a trace that fits, the length of its run.
    """
    n_states = len(edge_offsets) - 1
    source = np.empty(len(label), np.int64)
    for s in range(n_states):
        source[edge_offsets[s] : edge_offsets[s + 1]] = s
    n_traces = len(offsets) - 1
    largest = 1
    for t in range(n_traces):
        size = (offsets[t + 1] - offsets[t] + 1) * n_states
        if size <= most_nodes and size > largest:
            largest = size
    reached = np.zeros(largest, np.int32)
    visited = np.empty(1024, np.int64)
    now = np.empty((1024, 2), np.int64)
    later = np.empty((1024, 2), np.int64)
    cost = np.full(n_traces, -1, np.int64)
    ends = np.zeros(n_traces + 1, np.int64)
    move = np.empty(1024, np.int8)
    moved = np.empty(1024, np.int32)
    n_moves = 0
    for t in range(n_traces):
        first = offsets[t]
        n = offsets[t + 1] - first
        ends[t + 1] = n_moves
        if (n + 1) * n_states > most_nodes:
            continue
        n_visited, n_later, n_now, level, done = 0, 0, 1, 0, -1
        now[0, 0] = start
        now[0, 1] = _BEGIN
        while n_now > 0 and done < 0:
            while n_now > 0:
                n_now -= 1
                node, how = now[n_now, 0], now[n_now, 1]
                if reached[node] != _UNSEEN:
                    continue
                reached[node] = how
                if n_visited == len(visited):
                    more = np.empty(2 * n_visited, np.int64)
                    more[:n_visited] = visited
                    visited = more
                visited[n_visited] = node
                n_visited += 1
                i, s = node // n_states, node % n_states
                if i == n and final[s]:
                    done = node
                    break
                if i < n and reached[node + n_states] == _UNSEEN:
                    later = _pushed(later, n_later, node + n_states, _STEP)
                    n_later += 1
                for e in range(edge_offsets[s], edge_offsets[s + 1]):
                    alone = i * n_states + target[e]
                    if label[e] == SILENT:
                        if reached[alone] == _UNSEEN:
                            now = _pushed(now, n_now, alone, _EDGES + 2 * e)
                            n_now += 1
                        continue
                    if reached[alone] == _UNSEEN:
                        later = _pushed(later, n_later, alone, _EDGES + 2 * e)
                        n_later += 1
                for e in range(edge_offsets[s], edge_offsets[s + 1]):
                    if i < n and label[e] == activity[first + i]:
                        together = (i + 1) * n_states + target[e]
                        if reached[together] == _UNSEEN:
                            now = _pushed(now, n_now, together, _EDGES + 2 * e + 1)
                            n_now += 1
            if done < 0:
                # what has done the most steps goes first, so that of equal ways the one that deviates latest is taken
                if len(now) < n_later:
                    now = np.empty((len(later), 2), np.int64)
                order = np.argsort(later[:n_later, 0], kind="mergesort")
                for k in range(n_later):
                    now[k] = later[order[k]]
                n_now, n_later = n_later, 0
                level += 1
        if done >= 0:
            cost[t] = level
            # back along the way, then turned around
            begin, node = n_moves, done
            while reached[node] != _BEGIN:
                how = reached[node]
                i, s = node // n_states, node % n_states
                if n_moves == len(move):
                    longer = np.empty(2 * n_moves, np.int8)
                    longer[:n_moves] = move
                    move = longer
                    wider = np.empty(2 * n_moves, np.int32)
                    wider[:n_moves] = moved
                    moved = wider
                if how == _STEP:
                    move[n_moves], moved[n_moves] = TRACE_ONLY, activity[first + i - 1]
                    n_moves += 1
                    node -= n_states
                    continue
                e, with_step = (how - _EDGES) // 2, (how - _EDGES) % 2
                if label[e] != SILENT:
                    move[n_moves], moved[n_moves] = (BOTH if with_step else MODEL_ONLY), label[e]
                    n_moves += 1
                node = (i - with_step) * n_states + source[e]
            move[begin:n_moves] = move[begin:n_moves][::-1].copy()
            moved[begin:n_moves] = moved[begin:n_moves][::-1].copy()
            ends[t + 1] = n_moves
        for k in range(n_visited):
            reached[visited[k]] = _UNSEEN
    return cost, ends, move[:n_moves].copy(), moved[:n_moves].copy()
