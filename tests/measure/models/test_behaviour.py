"""What a model allows: its runs, spelled out, beside those that its blocks say it has."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.alignment import SILENT
from streamline.measure.models.behaviour import Behaviour, TooManyStatesError, behaviour_of, declared_order
from streamline.measure.models.diagram import (
    CHOICE,
    LOOP,
    PARALLEL,
    SEQUENCE,
    SKIP,
    STEP,
    Block,
    Diagram,
    Flow,
    Node,
    diagram_of,
    simplified,
)

Run = tuple[str, ...]
MOST = 5


def _step(name: str) -> Block:
    return Block(kind=STEP, activity=name)


def _blocks(depth: int) -> st.SearchStrategy[Block]:
    leaf = st.one_of(st.sampled_from("abc").map(_step), st.just(Block(kind=SKIP)))
    if depth == 0:
        return leaf
    inner = _blocks(depth - 1)
    several = st.builds(
        lambda kind, inside: Block(kind=kind, inside=tuple(inside)),
        st.sampled_from([SEQUENCE, CHOICE, PARALLEL]),
        st.lists(inner, min_size=1, max_size=3),
    )
    loop = st.lists(inner, min_size=2, max_size=3).map(lambda inside: Block(kind=LOOP, inside=tuple(inside)))
    return st.one_of(leaf, several, loop)


def _language(block: Block) -> set[Run]:
    """All runs of at most MOST steps, by the definition of each kind."""
    if block.kind == STEP:
        return {(block.activity,)}
    if block.kind == SKIP:
        return {()}
    inside = [_language(b) for b in block.inside]
    if block.kind == CHOICE:
        return set().union(*inside)
    if block.kind == LOOP:
        again = set().union(*inside[1:])
        runs, new = set(inside[0]), set(inside[0])
        while new:
            new = {r for r in (x + y + z for x in new for y in again for z in inside[0]) if len(r) <= MOST} - runs
            runs |= new
        return runs
    runs = {()}
    for part in inside:
        join = _interleaved if block.kind == PARALLEL else lambda x, y: iter([x + y])
        runs = {r for x in runs for y in part for r in join(x, y) if len(r) <= MOST}
    return runs


def _interleaved(x: Run, y: Run) -> Iterator[Run]:
    for places in itertools.combinations(range(len(x) + len(y)), len(x)):
        first, second = iter(x), iter(y)
        yield tuple(next(first) if k in places else next(second) for k in range(len(x) + len(y)))


def _runs(behaviour: Behaviour) -> set[Run]:
    """All runs of at most MOST steps, by going through the states."""
    runs: set[Run] = set()
    seen, waiting = set(), [((), 0)]
    while waiting:
        run, s = waiting.pop()
        if (run, s) in seen or len(run) > MOST:
            continue
        seen.add((run, s))
        if behaviour.final[s]:
            runs.add(run)
        for e in range(behaviour.edge_offsets[s], behaviour.edge_offsets[s + 1]):
            a = behaviour.label[e]
            waiting.append((run if a == SILENT else (*run, behaviour.activities[a]), int(behaviour.target[e])))
    return runs


@settings(max_examples=300, deadline=None)
@given(_blocks(2))
def test_the_states_of_a_diagram_have_the_runs_of_its_blocks(block: Block) -> None:
    found = behaviour_of(diagram_of(block))
    assert found is not None
    assert _runs(found) == _language(block) == _language(simplified(block))


def test_a_declared_order_with_steps_that_may_be_left_out() -> None:
    found = declared_order(["a", "b", "c", "a"], {"b", "c"})
    assert _runs(found) == {("a", "a"), ("a", "b", "a"), ("a", "c", "a"), ("a", "b", "c", "a")}
    assert _runs(declared_order(["a", "b"], {"b"})) == {("a",), ("a", "b")}


def _drawn(kinds: str, flows: list[tuple[int, int]]) -> Diagram:
    """A diagram from letters: s start, e end, x exclusive, + parallel, else a step."""
    names = {"s": "start", "e": "end", "x": "exclusive", "+": "parallel"}
    nodes = tuple(Node(kind=names.get(k, "step"), activity="" if k in names else k) for k in kinds)
    return Diagram(nodes=nodes, flows=tuple(Flow(source=a, target=b) for a, b in flows))


def test_a_step_with_two_flows_out_starts_both() -> None:
    found = behaviour_of(_drawn("sabce", [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4)]))
    assert found is not None
    assert _runs(found) == {("a", "b", "c"), ("a", "c", "b")}


def test_two_flows_of_one_gateway_into_a_meeting_point_never_meet() -> None:
    """A choice whose two ways both lead to the parallel gateway gives it one token of two: no case can end."""
    assert behaviour_of(_drawn("sx+e", [(0, 1), (1, 2), (1, 2), (2, 3)])) is None


def test_a_model_without_end_of_states_is_refused() -> None:
    """The parallel gateway gives one token back and one more each time."""
    growing = _drawn("sx+ae", [(0, 1), (1, 2), (2, 1), (2, 3), (3, 4)])
    with pytest.raises(TooManyStatesError):
        behaviour_of(growing, most_states=500)
