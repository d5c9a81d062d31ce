"""A process map as plain values for the browser: where boxes and arrows go, their words, and what a reader hears."""

from __future__ import annotations

import math
from typing import Any

from streamline.figure import FlowMap, MapEdge, MapNode
from streamline.report.map import edge_width, head_of, key_words, lines_of, look
from streamline.report.map_layout import layout
from streamline.units import DAY, counted, duration_words


def drawn_map(flow: FlowMap) -> dict[str, Any]:
    """The map laid out: `width`, `height`, `nodes`, `edges`, `words` (how to read it), `note` and `problem`.

    A node has box, lines of text, colours and `label`; an edge has `d` (an SVG path), `head`, `width`, `returns`, its
    lines of text and `label`: what a screen reader says of it.
    """
    plan = layout(flow)
    nodes = [
        {
            "x": box.x, "y": box.y, "width": box.width, "height": box.height, "kind": node.kind,
            "lines": [{"text": text, "y": y, "size": size, "bold": bold} for text, y, size, bold in lines_of(box)],
            "paint": {**look(node), "dash": " ".join(f"{d:g}" for d in look(node)["dash"])},
            "label": node_words(node, box.details),
        }
        for node, box in zip(flow.nodes, plan.boxes, strict=True)
    ]  # fmt: skip
    edges = []
    for edge, path in zip(flow.edges, plan.paths, strict=True):
        width = edge_width(edge, flow)
        first, *rest = path.points
        edges.append(
            {
                "d": f"M{first[0]:g} {first[1]:g} C" + " ".join(f"{x:g} {y:g}" for x, y in rest),
                "head": " ".join(f"{x:g},{y:g}" for x, y in head_of(path, width)),
                "width": width, "returns": edge.returns, "x": path.label_at[0], "y": path.label_at[1],
                "lines": list(path.label), "label": edge_words(flow, edge),
            }
        )  # fmt: skip
    return {
        "width": plan.width, "height": plan.height, "nodes": nodes, "edges": edges, "words": key_words(flow),
        "note": flow.note, "problem": plan.problem,
    }  # fmt: skip


def node_words(node: MapNode, details: tuple[str, ...]) -> str:
    """What is said of a box: `"Intake check: 3,061 cases (over 99%), wait 12 hours"`."""
    return f"{node.label}: {', '.join(details)}"


def edge_words(flow: FlowMap, edge: MapEdge) -> str:
    """What is said of an arrow: `"Intake to Review: 12 cases, 3 days; goes back"`."""
    ends = f"{flow.nodes[edge.source].label} to {flow.nodes[edge.target].label}"
    days = f", {duration_words(edge.mean_days * DAY)}" if math.isfinite(edge.mean_days) else ""
    return f"{ends}: {counted(edge.n_cases, 'case')}{days}" + ("; goes back" if edge.returns else "")
