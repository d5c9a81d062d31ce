"""A process model on matplotlib axes: boxes for steps, diamonds where ways part and meet, arrows between them."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from streamline.figure import ModelNode, ModelPicture
from streamline.report.drawing import Page, Plan, fixed
from streamline.report.lettering import INK, LINE, QUIET, SIZE, clean, quiet, text_width, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEP, STEP_LINE = "#eef4f9", "#1f5f94"
WAY = "#47525e"
KEY = "Boxes are steps. At × a case takes one of the ways, at + all of them, in any order."


def plan_model(chart: ModelPicture, _: Page) -> Plan:
    """The picture as wide as its axes, but no larger than its own units as points."""
    return Plan(
        left=4.0,
        inner=lambda width: chart.height * _scale(chart, width),
        head=fixed(0.0),
        foot=lambda width: LINE * len(wrap(KEY, width)) + 8,
        fill=partial(_fill, chart),
    )


def lines_in(node: ModelNode, scale: float) -> tuple[list[str], float]:
    """The lines of a step's name, and the size of letters with which they fit into its box, in points."""
    size = SIZE
    while True:
        lines = wrap(node.label, node.width * scale - 6, size)
        whole = (
            max((text_width(word, size) for word in clean(node.label).split()), default=0.0) <= node.width * scale - 6
        )
        if size <= 3 or (whole and len(lines) * size * 1.2 <= node.height * scale - 4):
            return lines, size
        size -= 0.5


def _scale(chart: ModelPicture, width: float) -> float:
    return min(width / chart.width, 1.0)


def _fill(chart: ModelPicture, ax: Axes, width: float) -> None:
    scale = _scale(chart, width)
    ax.set_xlim(0, width / scale)
    ax.set_ylim(chart.height, 0)
    ax.set_xticks([])
    ax.set_yticks([])
    thick = max(scale, 0.5)
    for line in chart.lines:
        ax.plot(
            [x for x, _ in line], [y for _, y in line], color=WAY, linewidth=thick, solid_joinstyle="round", zorder=1
        )
        ax.fill(*zip(*_head(line, 6 / max(scale, 0.4)), strict=True), color=WAY, linewidth=0, zorder=2)
    for node in chart.nodes:
        _draw(node, ax, scale)
    below: dict[str, Any] = {"xycoords": "axes fraction", "xytext": (0, -6), "textcoords": "offset points"}
    quiet(ax.annotate("\n".join(wrap(KEY, width)), (0, 0), va="top", color=QUIET, fontsize=SIZE, **below))


def _draw(node: ModelNode, ax: Axes, scale: float) -> None:
    x, y, r = node.x, node.y, 0.18 * node.width
    thick = (3.0 if node.kind == "end" else 1.2) * max(scale, 0.5)
    fill, line = (STEP, STEP_LINE) if node.kind == "step" else ("white", INK)
    corners = _outline(node)
    ax.fill([a for a, _ in corners], [b for _, b in corners], facecolor=fill, edgecolor=line, linewidth=thick, zorder=3)
    if node.kind == "step":
        lines, size = lines_in(node, scale)
        style: dict[str, Any] = {"ha": "center", "va": "center", "color": INK, "zorder": 4, "parse_math": False}
        quiet(ax.text(x, y, "\n".join(lines), fontsize=size, linespacing=1.1, **style))
    signs = {"exclusive": ((-r, -r, r, r), (-r, r, r, -r)), "parallel": ((-r, 0, r, 0), (0, -r, 0, r))}
    for a, b, c, d in signs.get(node.kind, ()):
        ax.plot([x + a, x + c], [y + b, y + d], color=INK, linewidth=1.6 * scale, zorder=4)


def _outline(node: ModelNode) -> list[tuple[float, float]]:
    """The corners of a node: a box with round corners, a circle, a diamond."""
    w, h = node.width / 2, node.height / 2
    if node.kind in ("exclusive", "parallel"):
        return [(node.x - w, node.y), (node.x, node.y - h), (node.x + w, node.y), (node.x, node.y + h)]
    r = min(6.0, w, h) if node.kind == "step" else min(w, h)
    turns = [math.tau * (k + j / 8) / 4 for k in range(4) for j in range(9)]
    return [
        (
            node.x + math.copysign(w - r, math.cos(math.tau * (k // 9 + 0.5) / 4)) + r * math.cos(t),
            node.y + math.copysign(h - r, math.sin(math.tau * (k // 9 + 0.5) / 4)) + r * math.sin(t),
        )
        for k, t in enumerate(turns)
    ]


def _head(line: tuple[tuple[float, float], ...], size: float) -> list[tuple[float, float]]:
    """The corners of the arrow's head, whose tip is the end of the line."""
    (a, b), (x, y) = line[-2], line[-1]
    length = math.hypot(x - a, y - b) or 1.0
    dx, dy = (x - a) / length * size, (y - b) / length * size
    return [(x, y), (x - dx - dy / 2, y - dy + dx / 2), (x - dx + dy / 2, y - dy - dx / 2)]
