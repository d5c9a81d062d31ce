"""Process models: blocks that hold each other, and the diagram of steps, gateways and flows that is drawn from them.

A *block* is a step, a skip (nothing is done), or several blocks in sequence, as a choice of one, in parallel (all, in any
order), or as a loop (the first; then, as often as wanted, the second and the first again). A *diagram* has one start, one
end, steps, and gateways where flows part or meet: at an exclusive gateway a case takes one of the flows, at a parallel
gateway all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

STEP, SKIP, SEQUENCE, CHOICE, PARALLEL, LOOP = "step", "skip", "sequence", "choice", "parallel", "loop"
START, END, EXCLUSIVE = "start", "end", "exclusive"

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a model: its kind, the activity of a step, the blocks inside it."""

    kind: str
    activity: str = ""
    inside: tuple[Block, ...] = ()

    def activities(self) -> Iterator[str]:
        """The activities of the steps in it, in the order of the model."""
        if self.kind == STEP:
            yield self.activity
        for block in self.inside:
            yield from block.activities()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A step, gateway, start or end of a diagram; `x` and `y` are its centre, y runs down."""

    #: "step", "exclusive", "parallel", "start" or "end".
    kind: str
    #: The activity of a step; empty otherwise.
    activity: str = ""
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """From one node to another, by their places in the diagram; `points` is the line that is drawn."""

    source: int
    target: int
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """A process model as nodes and flows."""

    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]
    width: float = 0.0
    height: float = 0.0

    def activities(self) -> tuple[str, ...]:
        """The different activities of the steps, in the order of the nodes."""
        return tuple(dict.fromkeys(n.activity for n in self.nodes if n.kind == STEP))


def simplified(block: Block) -> Block:
    """The same behaviour with no more skips and no deeper nesting than needed, branches in the order of their activities.

    >>> a = Block(kind=STEP, activity="a")
    >>> simplified(Block(kind=SEQUENCE, inside=(a, Block(kind=SKIP)))) == a
    True
    """
    if block.kind in (STEP, SKIP):
        return block
    inside = [simplified(b) for b in block.inside]
    if block.kind == LOOP:
        again, *rest = inside[1:] or [Block(kind=SKIP)]
        if rest:
            again = simplified(Block(kind=CHOICE, inside=(again, *rest)))
        if inside[0].kind == again.kind == SKIP:
            return inside[0]
        if (
            inside[0].kind == LOOP
        ):  # b, then (r b) again and again, all of it again after q: b, then (r or q, b) again and again
            return simplified(Block(kind=LOOP, inside=(inside[0].inside[0], inside[0].inside[1], again)))
        return Block(kind=LOOP, inside=(inside[0], again))
    flat = [b for outer in inside for b in (outer.inside if outer.kind == block.kind else (outer,))]
    if block.kind == CHOICE:
        some = [b for b in flat if b.kind != SKIP]
        flat = some + [b for b in flat if b.kind == SKIP][:1]
    else:
        flat = [b for b in flat if b.kind != SKIP]
    if block.kind != SEQUENCE:
        flat.sort(key=lambda b: (b.kind == SKIP, *b.activities()))
    if len(flat) < 2:
        return flat[0] if flat else Block(kind=SKIP)
    return replace(block, inside=tuple(flat))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Sizes for a layout whose work runs along one axis and whose branches lie across it, in units of the picture."""

    step_along: float
    step_across: float
    marker: float = 36.0
    gateway: float = 44.0
    gap_along: float = 30.0
    gap_across: float = 20.0
    #: Whether the work runs down the page; else to the right.
    down: bool = False


#: As BPMN editors draw it: from left to right.
ACROSS_THE_PAGE = Sizes(step_along=120.0, step_across=80.0)
#: For a page to be read: from top to bottom.
DOWN_THE_PAGE = Sizes(
    step_along=38.0, step_across=118.0, marker=16.0, gateway=22.0, gap_along=16.0, gap_across=12.0, down=True
)


def block_words(block: Block) -> str:
    """What a block says, in words.

    >>> a, b = (Block(kind=STEP, activity=name) for name in "ab")
    >>> block_words(Block(kind=SEQUENCE, inside=(a, Block(kind=CHOICE, inside=(b, Block(kind=SKIP))))))
    'a, then either (b) or nothing'
    """
    if block.kind == STEP:
        return block.activity
    if block.kind == SKIP:
        return "nothing"
    parts = [block_words(b) for b in block.inside]
    inside = [p if b.kind == SKIP else f"({p})" for p, b in zip(parts, block.inside, strict=True)]
    if block.kind == SEQUENCE:
        return ", then ".join(parts)
    if block.kind == CHOICE:
        return "either " + " or ".join(inside)
    if block.kind == PARALLEL:
        return "in any order " + " and ".join(inside)
    again = "" if block.inside[1].kind == SKIP else f", each time after {inside[1]}"
    return f"once or more ({parts[0]}){again}"


def diagram_of(block: Block, sizes: Sizes = ACROSS_THE_PAGE) -> Diagram:
    """Draw up the diagram of a block, with places for nodes and lines such that nothing crosses.

    Branches lie side by side, a loop's way back beside what it repeats.
    """
    plan = _Plan(sizes)
    block = simplified(block)
    length, before, after = plan.extent(block)
    margin = 12.0
    middle = margin + before + max(0.0, sizes.marker / 2 - before)
    at = margin + sizes.marker / 2
    start = plan.node(START, at, middle)
    at += sizes.marker / 2 + sizes.gap_along
    ends = plan.place(block, at, middle, 1)
    at += length + sizes.gap_along * (length > 0) + sizes.marker / 2
    end = plan.node(END, at, middle)
    if ends is None:
        plan.flow(start, end, ())
    else:
        plan.flow(start, ends[0], ())
        plan.flow(ends[1], end, ())
    return plan.drawn(at + sizes.marker / 2 + margin, middle + max(after, sizes.marker / 2) + margin)


def _has_line(block: Block) -> bool:
    """Whether the first part lies on the block's own line and the second beside it: a loop, or a part that may be skipped."""
    return block.kind == LOOP or (block.kind == CHOICE and len(block.inside) == 2 and block.inside[1].kind == SKIP)


class _Plan:
    """A diagram being drawn up; places are (along, across)."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.nodes: list[tuple[str, str, float, float]] = []
        self.flows: list[tuple[int, int, tuple[Point, ...]]] = []

    def extent(self, block: Block) -> tuple[float, float, float]:
        """Length along, and how far it reaches across before and after its own line."""
        s = self.sizes
        if block.kind == STEP:
            return s.step_along, s.step_across / 2, s.step_across / 2
        if block.kind == SKIP:
            return 0.0, s.gap_across / 2, s.gap_across / 2
        parts = [self.extent(b) for b in block.inside]
        if block.kind == SEQUENCE:
            length = sum(p[0] for p in parts) + s.gap_along * (len(parts) - 1)
            return length, max(p[1] for p in parts), max(p[2] for p in parts)
        length = max(p[0] for p in parts) + 2 * (s.gateway + s.gap_along)
        if _has_line(block):
            (_, before, after), (_, back_before, back_after) = parts
            before, after = max(before, s.gateway / 2), max(after, s.gateway / 2)
            return length, before, after + s.gap_across + back_before + back_after
        across = sum(p[1] + p[2] for p in parts) + s.gap_across * (len(parts) - 1)
        return length, max(across, s.gateway) / 2, max(across, s.gateway) / 2

    def place(self, block: Block, at: float, line: float, way: int) -> tuple[int, int] | None:
        """Put a block from `at` on, on its line, in the direction `way` (1 or -1); returns its first and last node, or
        None for a skip."""
        s = self.sizes
        if block.kind == SKIP:
            return None
        if block.kind == STEP:
            node = self.node(STEP, at + way * s.step_along / 2, line, block.activity)
            return node, node
        if block.kind == SEQUENCE:
            ends = []
            for part in block.inside:
                here = self.place(part, at, line, way)
                if here is not None:
                    ends.append(here)
                at += way * (self.extent(part)[0] + s.gap_along)
            for (_, last), (first, _) in pairwise(ends):
                self.flow(last, first, ())
            return ends[0][0], ends[-1][1]
        length, before, _ = self.extent(block)
        kind = PARALLEL if block.kind == PARALLEL else EXCLUSIVE
        first = self.node(kind, at + way * s.gateway / 2, line)
        last = self.node(kind, at + way * (length - s.gateway / 2), line)
        inner, room = at + way * (s.gateway + s.gap_along), length - 2 * (s.gateway + s.gap_along)
        if _has_line(block):
            body, beside = block.inside
            self.branch(first, last, body, inner, line, way, room)
            lane = line + max(self.extent(body)[2], s.gateway / 2) + s.gap_across + self.extent(beside)[1]
            if block.kind == LOOP:
                self.branch(last, first, beside, inner + way * room, lane, -way, room)
            else:
                self.branch(first, last, beside, inner, lane, way, room)
            return first, last
        top = line - before + max(0.0, before - sum(sum(self.extent(b)[1:]) for b in block.inside) / 2
                                  - s.gap_across * (len(block.inside) - 1) / 2)  # fmt: skip
        for part in block.inside:
            _, part_before, part_after = self.extent(part)
            self.branch(first, last, part, inner, top + part_before, way, room)
            top += part_before + part_after + s.gap_across
        return first, last

    def branch(self, first: int, last: int, block: Block, at: float, line: float, way: int, room: float) -> None:
        """A block between two gateways, in the middle of its room, with the flows that lead to it and away."""
        (a, own), (b, _) = self.nodes[first][2:], self.nodes[last][2:]
        spare = (room - self.extent(block)[0]) / 2
        ends = self.place(block, at + way * spare, line, way)
        turns = () if line == own else ((a, line),)
        backs = () if line == own else ((b, line),)
        if ends is None:
            self.flow(first, last, (*turns, *backs))
        else:
            self.flow(first, ends[0], turns)
            self.flow(ends[1], last, backs)

    def node(self, kind: str, along: float, across: float, activity: str = "") -> int:
        self.nodes.append((kind, activity, along, across))
        return len(self.nodes) - 1

    def flow(self, source: int, target: int, turns: tuple[Point, ...]) -> None:
        self.flows.append((source, target, turns))

    def drawn(self, along: float, across: float) -> Diagram:
        """The diagram with its axes as asked for, and the lines cut off at the nodes."""
        s = self.sizes

        def turned(point: Point) -> Point:
            a, b = round(point[0], 1), round(point[1], 1)
            return (b, a) if s.down else (a, b)

        nodes = []
        for kind, activity, a, b in self.nodes:
            size = {STEP: (s.step_along, s.step_across), START: (s.marker, s.marker), END: (s.marker, s.marker)}.get(
                kind, (s.gateway, s.gateway)
            )
            (x, y), (width, height) = turned((a, b)), turned(size)
            nodes.append(Node(kind=kind, activity=activity, x=x, y=y, width=width, height=height))
        flows = []
        for source, target, turns in self.flows:
            between = [turned(t) for t in turns]
            line = [(nodes[source].x, nodes[source].y), *between, (nodes[target].x, nodes[target].y)]
            line[0], line[-1] = _edge(nodes[source], line[1]), _edge(nodes[target], line[-2])
            flows.append(Flow(source=source, target=target, points=tuple(line)))
        width, height = turned((along, across))
        return Diagram(nodes=tuple(nodes), flows=tuple(flows), width=width, height=height)


def _edge(node: Node, towards: Point) -> Point:
    """Where a line to that point leaves a node: in the middle of the side that faces it."""
    dx, dy = towards[0] - node.x, towards[1] - node.y
    if abs(dx) >= abs(dy):
        return round(node.x + (node.width / 2 if dx > 0 else -node.width / 2), 1), node.y
    return node.x, round(node.y + (node.height / 2 if dy > 0 else -node.height / 2), 1)
