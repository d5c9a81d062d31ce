"""What a process model allows, as a graph of states: from a diagram, or from a declared order of steps."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.alignment import SILENT
from streamline.measure.models.diagram import EXCLUSIVE, PARALLEL, START, STEP, Diagram

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Marking = tuple[int, ...]
#: A move of tokens: the activity or None, the places that it empties, the places that it fills.
Move = tuple[str | None, Marking, Marking]

#: Steps in parallel multiply states: eight of them have 256.
MOST_STATES = 50_000


class TooManyStatesError(Exception):
    """A model with more states than can be gone through one by one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Behaviour:
    """The states of a model; state 0 is its start (see `kernels.alignment`)."""

    #: The activities that it can do; `label` counts in them.
    activities: tuple[str, ...]
    edge_offsets: Int64
    label: Int32
    target: Int64
    final: Bool

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.final)

    def labels(self, codes: Sequence[int]) -> Int32:
        """The labels of the edges where activity k has the code `codes[k]`."""
        return np.asarray([*codes, SILENT], dtype=np.int32)[self.label]


def declared_order(order: Sequence[str], optional: Collection[str]) -> Behaviour:
    """Each step of the order once, one after the other; the optional ones may be left out."""
    edges: list[list[tuple[int, int]]] = []
    for k in range(len(order)):
        here = [(k, k + 1)]
        for j in range(k, len(order) - 1):
            if order[j] not in optional:
                break
            here.append((j + 1, j + 2))
        edges.append(here)
    edges.append([])
    final = [all(name in optional for name in order[k:]) for k in range(len(order) + 1)]
    return _packed(tuple(order), edges, final)


def token_moves(diagram: Diagram) -> tuple[list[Move], list[Marking]]:
    """The diagram's token game: its moves, and the markings with which a case may begin; it ends when no token is left.

    Flows are the places of tokens. Those into an exclusive gateway are one place, from which the steps after it take; a
    place that only one silent move empties is left out, the tokens going on at once.
    """
    nodes, flows = diagram.nodes, diagram.flows
    ins: list[list[int]] = [[] for _ in nodes]
    outs: list[list[int]] = [[] for _ in nodes]
    for k, flow in enumerate(flows):
        outs[flow.source].append(k)
        ins[flow.target].append(k)
    put = [ins[f.target][0] if nodes[f.target].kind == EXCLUSIVE else k for k, f in enumerate(flows)]

    def taken(k: int) -> int:
        """The place that a node empties when it is entered by flow k."""
        source, target = flows[k].source, flows[k].target
        both = sum(flows[other].target == target for other in outs[source])
        if nodes[source].kind != EXCLUSIVE or nodes[target].kind == EXCLUSIVE or both > 1:
            return put[k]
        return ins[source][0]

    moves: list[Move] = []
    begins = []
    for i, node in enumerate(nodes):
        into, out = [taken(k) for k in ins[i]], tuple(sorted(put[k] for k in outs[i]))
        if node.kind == START:
            begins.append(out)
        elif node.kind == PARALLEL:
            moves.append((None, tuple(sorted(into)), out))
        elif node.kind == EXCLUSIVE:
            onward = [put[k] for k in outs[i] if put[k] == taken(k)]
            moves += [(None, (into[0],), (p,)) for p in dict.fromkeys(onward)]
            if not out:
                moves.append((None, (into[0],), ()))
        else:
            moves += [(node.activity if node.kind == STEP else None, (p,), out) for p in dict.fromkeys(into)]
    return _without_detours(moves, begins)


def _without_detours(moves: list[Move], begins: list[Marking]) -> tuple[list[Move], list[Marking]]:
    """The same game without the places that one silent move alone empties."""
    while True:
        takers = Counter(p for _, takes, _ in moves for p in set(takes))
        skipped = [m for m in moves if m[0] is None and len(m[1]) == 1 and takers[m[1][0]] == 1 and m[1][0] not in m[2]]
        if not skipped:
            return moves, begins
        (place,), instead = skipped[0][1], skipped[0][2]

        def onward(marking: Marking, place: int = place, instead: Marking = instead) -> Marking:
            return tuple(sorted(q for p in marking for q in (instead if p == place else (p,))))

        moves = [(label, takes, onward(gives)) for label, takes, gives in moves if takes != (place,)]
        begins = [onward(b) for b in begins]


def behaviour_of(diagram: Diagram, *, most_states: int = MOST_STATES) -> Behaviour | None:
    """The states that a diagram's token game can reach and from which it can end; None where no case can end.

    Raises TooManyStatesError beyond `most_states`; a model in which tokens pile up has no end of them.
    """
    activities = diagram.activities()
    code = {name: k for k, name in enumerate(activities)}
    moves, begins = token_moves(diagram)
    by_place: dict[int, list[Move]] = {}
    for move in moves:
        by_place.setdefault(move[1][0], []).append(move)
    number: dict[Marking | None, int] = {None: 0}
    edges: list[list[tuple[int, int]]] = [[]]
    waiting: deque[Marking] = deque()

    def state(marking: Marking) -> int:
        if marking not in number:
            if len(number) >= most_states:
                raise TooManyStatesError
            number[marking] = len(number)
            edges.append([])
            waiting.append(marking)
        return number[marking]

    edges[0] = [(SILENT, state(b)) for b in begins]
    while waiting:
        marking = waiting.popleft()
        for at in dict.fromkeys(marking):
            for label, takes, gives in by_place.get(at, ()):
                left = list(marking)
                try:
                    for p in takes:
                        left.remove(p)
                except ValueError:
                    continue
                after = state(tuple(sorted([*left, *gives])))
                edges[number[marking]].append((SILENT if label is None else code[label], after))
    final = [False] * len(number)
    if () in number:
        final[number[()]] = True
    kept = _that_end(edges, final)
    if 0 not in kept:
        return None
    place = {s: k for k, s in enumerate(kept)}
    return _packed(
        activities, [[(a, place[t]) for a, t in edges[s] if t in place] for s in kept], [final[s] for s in kept]
    )


def _that_end(edges: list[list[tuple[int, int]]], final: list[bool]) -> list[int]:
    """The states from which a final one can be reached, in their order."""
    back: list[list[int]] = [[] for _ in edges]
    for s, here in enumerate(edges):
        for _, t in here:
            back[t].append(s)
    good = {s for s, is_final in enumerate(final) if is_final}
    waiting = list(good)
    while waiting:
        for s in back[waiting.pop()]:
            if s not in good:
                good.add(s)
                waiting.append(s)
    return sorted(good)


def _packed(activities: tuple[str, ...], edges: list[list[tuple[int, int]]], final: list[bool]) -> Behaviour:
    flat = [e for here in edges for e in here]
    return Behaviour(
        activities=activities,
        edge_offsets=np.cumsum([0, *map(len, edges)]).astype(np.int64),
        label=np.array([a for a, _ in flat], dtype=np.int32),
        target=np.array([t for _, t in flat], dtype=np.int64),
        final=np.array(final, dtype=np.bool_),
    )
