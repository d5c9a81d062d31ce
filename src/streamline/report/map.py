"""Draws a process map: boxes for steps, arrows for transitions, a key below; as SVG or on matplotlib axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from streamline.figure import FlowMap, MapEdge, MapNode
from streamline.report.lettering import (
    FONTS,
    INK,
    QUIET,
    clean,
    quiet,
    text_width,
    without_glyph_warnings,
    wrap,
)
from streamline.report.map_layout import (
    LABEL_SIZE,
    LEADING,
    NAME_SIZE,
    TEXT_SIZE,
    MapBox,
    MapLayout,
    MapPath,
    Point,
    cases_of,
    layout,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MapBox", "MapLayout", "MapPath", "draw_map", "layout", "map_svg"]

FORWARD, BACK = "#47525e", "#b23c00"
STEP, STEP_LINE = "#eef4f9", "#1f5f94"
OUTSIDE, OUTSIDE_LINE = "#fbf3f8", "#8a3b78"
MARKER = "#1b1f24"
_DASH = (7.0, 4.0)
_NARROWEST = 340.0


def map_svg(flow: FlowMap, *, title_id: str, desc: str = "", max_seconds: float = 20.0, headed: bool = False) -> str:
    """A process map as one `<svg>` element; the same map and the same Graphviz give the same bytes.

    title_id : id of the `<title>`, unique in the page; without one the picture is named by a label and has no id.
    desc : what the map shows, for `<desc>`; by default its steps and ways back in words.
    max_seconds : time limit for the layout; past it the steps come in rows, and the picture says so.
    headed : also draw the title and the note, for a picture that stands alone.

    The element has a viewBox and no size; a unit is meant as a CSS pixel, with text of 12 to 14 pixels.
    """
    from streamline.report.chart import describe

    plan = layout(flow, max_seconds)
    width = max(plan.width, _NARROWEST)
    title = wrap(flow.title, width - 16, 17, bold=True) if headed else []
    head = 22.0 * len(title) + (8 if title else 0)
    shift = (width - plan.width) / 2
    parts = [_text(line, (8, 20 + 22 * i), 17, anchor="start", bold=True) for i, line in enumerate(title)]
    parts.append(f'<g transform="translate({shift:.1f} {head:.1f})">')
    parts += [_arrow(e, p, flow) for e, p in zip(flow.edges, plan.paths, strict=True)]
    parts += [_node(n, b) for n, b in zip(flow.nodes, plan.boxes, strict=True)]
    parts += [_edge_label(e, p) for e, p in zip(flow.edges, plan.paths, strict=True)]
    parts.append("</g>")
    key, foot = _key(flow, plan, width=width, top=head + plan.height + 6, note=flow.note if headed else "")
    parts += key
    words = desc or describe(flow)
    size = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {foot:.1f}" role="img" '
    if title_id:
        named = (
            f"aria-labelledby={quoteattr(f'{title_id} {title_id}-desc')} font-family={quoteattr(FONTS)}>"
            f"<title id={quoteattr(title_id)}>{escape(clean(flow.title))}</title>"
            f"<desc id={quoteattr(f'{title_id}-desc')}>{escape(clean(words))}</desc>"
        )
    else:
        named = (
            f"aria-label={quoteattr(f'{clean(flow.title)}. {clean(words)}')} "
            f'width="{width:.0f}" style="max-width:100%;height:auto" font-family={quoteattr(FONTS)}>'
        )
    return size + named + "".join(parts) + "</svg>"


def edge_width(edge: MapEdge, flow: FlowMap) -> float:
    """Thickness of an arrow: from 1.4 to 6.5 units, by its cases against those of the busiest."""
    most = max((e.n_cases for e in flow.edges), default=1) or 1
    # to a twentieth: a count that isn't shown can't be had from the width
    return round(1.4 + 5.1 * round(20 * edge.n_cases / most) / 20, 2)


def look(node: MapNode) -> dict[str, Any]:
    """Fill, outline, dashes and lettering of a node."""
    if node.kind != "activity":
        fill, text = (MARKER, "#ffffff") if node.kind == "start" else ("#ffffff", INK)
        return {"fill": fill, "line": MARKER, "width": 2.5, "dash": (), "text": text}
    if node.external:
        return {"fill": OUTSIDE, "line": OUTSIDE_LINE, "width": 2.0, "dash": (3.0, 3.0), "text": INK}
    return {"fill": STEP, "line": STEP_LINE, "width": 1.5, "dash": (), "text": INK}


def head_of(path: MapPath, width: float) -> tuple[Point, Point, Point]:
    """The arrow head: its tip, then the two corners, wider for a thicker line."""
    (x, y), (tx, ty) = path.points[-1], path.tip
    length = math.hypot(tx - x, ty - y) or 1.0
    half = max(5.0, 1.3 * width)
    nx, ny = -(ty - y) / length * half, (tx - x) / length * half
    return path.tip, (round(x + nx, 1), round(y + ny, 1)), (round(x - nx, 1), round(y - ny, 1))


def _arrow(edge: MapEdge, path: MapPath, flow: FlowMap) -> str:
    width, colour = edge_width(edge, flow), BACK if edge.returns else FORWARD
    first, *rest = path.points
    curve = f"M{first[0]:g} {first[1]:g} C" + " ".join(f"{x:g} {y:g}" for x, y in rest)
    dash = f' stroke-dasharray="{_DASH[0]:g} {_DASH[1]:g}"' if edge.returns else ""
    corners = " ".join(f"{x:g},{y:g}" for x, y in head_of(path, width))
    return (
        f'<path d="{curve}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dash}/>'
        f'<polygon points="{corners}" fill="{colour}"/>'
    )


def _node(node: MapNode, box: MapBox) -> str:
    style = look(node)
    dash = f' stroke-dasharray="{style["dash"][0]:g} {style["dash"][1]:g}"' if style["dash"] else ""
    radius = box.height / 2 if node.kind != "activity" else 7
    paint = {"fill": style["fill"], "line": style["line"], "dash": dash}
    parts = [_rect((box.x, box.y), (box.width, box.height), radius, thick=style["width"], **paint)]
    if node.kind == "end":
        inside = (box.width - 9, box.height - 9)
        parts.append(_rect((box.x, box.y), inside, radius - 4.5, fill="none", line=MARKER, thick=1))
    parts += [_text(line, (box.x, y), size, fill=style["text"], bold=bold) for line, y, size, bold in lines_of(box)]
    return "".join(parts)


def lines_of(box: MapBox) -> list[tuple[str, float, float, bool]]:
    """The lines in a box: text, baseline, size, bold."""
    y = box.y - box.height / 2 + 9
    lines = []
    for text, size, bold in [
        *((t, NAME_SIZE, True) for t in box.name),
        *((t, TEXT_SIZE, False) for t in box.details),
    ]:
        lines.append((text, round(y + 0.98 * size, 1), size, bold))
        y += LEADING * size
    return lines


def _edge_label(edge: MapEdge, path: MapPath) -> str:
    colour = BACK if edge.returns else INK
    top = path.label_at[1] - LEADING * LABEL_SIZE * len(path.label) / 2
    return "".join(
        _text(line, (path.label_at[0], round(top + LABEL_SIZE * (0.98 + LEADING * i), 1)), LABEL_SIZE,
              fill=colour, halo=True)
        for i, line in enumerate(path.label)
    )  # fmt: skip


def _rect(centre: Point, size: Point, radius: float, *, fill: str, line: str, thick: float, dash: str = "") -> str:
    (x, y), (width, height) = centre, size
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="{radius:.1f}" fill="{fill}" stroke="{line}" stroke-width="{thick:g}"{dash}/>'
    )


def _text(
    text: str, at: Point, size: float, *, fill: str = INK, anchor: str = "middle", bold: bool = False,
    halo: bool = False,
) -> str:  # fmt: skip
    more = ' font-weight="bold"' if bold else ""
    if halo:
        more += ' stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
    return (
        f'<text x="{at[0]:g}" y="{at[1]:g}" font-size="{size:g}" text-anchor="{anchor}" fill="{fill}"{more}>'
        f"{escape(clean(text))}</text>"
    )


def key_items(flow: FlowMap) -> list[tuple[str, str]]:
    """What the key explains, as (sign, words): only what occurs on the map."""
    items = [("forward", "the work goes on; the thicker, the more cases")]
    if any(e.returns for e in flow.edges):
        items.append(("back", "the work goes back to an earlier step"))
    if any(n.external for n in flow.nodes):
        items.append(("outside", "done outside the agency"))
    return items


def key_words(flow: FlowMap) -> str:
    """How to read the numbers on the map."""
    waits = any(math.isfinite(n.waiting_days) for n in flow.nodes)
    return (
        (
            "In each box: the share of the cases that have this step"
            if flow.minimum_cell > 1
            else "In each box: the cases that have this step and their share of all cases"
            + (", how many times it is done where some cases repeat it" if _repeats(flow) else "")
        )
        + (", and the mean wait before it" if waits else "")
        + (". On an arrow: the cases that take it" if flow.untold else ". On each arrow: the cases that take it")
        + (", and the mean time between the two steps" if any(math.isfinite(e.mean_days) for e in flow.edges) else "")
        + "."
        + ("" if waits or not flow.nodes else " Waits are not shown: the records don't give them.")
    )


def _repeats(flow: FlowMap) -> bool:
    return any(n.kind == "activity" and n.n > (cases_of(n, flow) or n.n) for n in flow.nodes)


def _key(flow: FlowMap, plan: MapLayout, *, width: float, top: float, note: str) -> tuple[list[str], float]:
    """The key under the map with the words on its layout; returns its elements and where it ends."""
    parts = [f'<line x1="8" y1="{top:.1f}" x2="{width - 8:.1f}" y2="{top:.1f}" stroke="#c5ccd3"/>']
    size, line = LABEL_SIZE, LABEL_SIZE * LEADING
    y = top + 20
    x = 8.0
    for sign, words in key_items(flow):
        need = 44 + text_width(words, size) + 24
        if x > 8 and x + need > width:
            x, y = 8.0, y + line + 4
        lines = wrap(words, width - x - 52, size)
        parts.append(_sign(sign, x, y - 4.5))
        for text in lines:
            parts.append(_text(text, (round(x + 44, 1), round(y, 1)), size, anchor="start", fill=INK))
            y += line
        y -= line
        x += need
    y += line + 4
    for words, colour in ((key_words(flow), QUIET), (plan.problem, BACK), (note, QUIET)):
        for text in wrap(words, width - 16, size) if words else []:
            parts.append(_text(text, (8, round(y, 1)), size, anchor="start", fill=colour))
            y += line
    return parts, y - line + 10


def _sign(sign: str, x: float, y: float) -> str:
    if sign == "outside":
        dash = ' stroke-dasharray="3 3"'
        return _rect((x + 17, y), (32, 15), 4, fill=OUTSIDE, line=OUTSIDE_LINE, thick=2, dash=dash)
    colour = BACK if sign == "back" else FORWARD
    dash = f' stroke-dasharray="{_DASH[0]:g} {_DASH[1]:g}"' if sign == "back" else ""
    return (
        f'<path d="M{x:g} {y:.1f} H{x + 25:g}" stroke="{colour}" stroke-width="3"{dash}/>'
        f'<polygon points="{x + 35:g},{y:.1f} {x + 24:g},{y - 5:.1f} {x + 24:g},{y + 5:.1f}" '
        f'fill="{colour}"/>'
    )


def draw_map(flow: FlowMap, *, ax: Axes | None = None, max_seconds: float = 20.0) -> Axes:
    """Draw a map onto `ax`, or onto a new pyplot figure of fitting size; returns the Axes.

    The letters scale with the axes, so a large map wants a large figure. The key goes below.
    """
    from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
    from matplotlib.path import Path
    from matplotlib.patheffects import withStroke

    plan = layout(flow, max_seconds)
    with without_glyph_warnings():
        if ax is None:
            import matplotlib.pyplot as plt

            wide = min(max(plan.width / 96, 3.5), 12.0)
            tall = wide * plan.height / plan.width
            figure = plt.figure(figsize=(wide, tall + 1.1), facecolor="white")
            ax = figure.add_axes((0.01, 0.8 / (tall + 1.1), 0.98, tall / (tall + 1.1)))
        ax.set_xlim(0, plan.width)
        ax.set_ylim(plan.height, 0)
        ax.set_aspect("equal")
        ax.set_xticks([])
        ax.set_yticks([])
        for side in ("top", "right", "left", "bottom"):
            ax.spines[side].set_visible(False)
        box = ax.get_window_extent()
        unit = min(box.width / plan.width, box.height / plan.height) * 72 / ax.figure.dpi
        for edge, path in zip(flow.edges, plan.paths, strict=True):
            thick, colour = edge_width(edge, flow), BACK if edge.returns else FORWARD
            codes = [Path.MOVETO] + [Path.CURVE4] * (len(path.points) - 1)
            style: dict[str, Any] = {"linestyle": (0, (3, 2))} if edge.returns else {}
            curve = Path(list(path.points), codes)
            ax.add_patch(PathPatch(curve, fill=False, edgecolor=colour, linewidth=thick * unit, zorder=2, **style))
            ax.add_patch(Polygon(head_of(path, thick), closed=True, color=colour, linewidth=0, zorder=2))
        for node, place in zip(flow.nodes, plan.boxes, strict=True):
            paint = look(node)
            radius = place.height / 2 if node.kind != "activity" else 7
            corner = (place.x - place.width / 2, place.y - place.height / 2)
            outline: dict[str, Any] = {"edgecolor": paint["line"], "linewidth": paint["width"] * unit}
            outline |= {"linestyle": (0, paint["dash"]) if paint["dash"] else "-", "facecolor": paint["fill"]}
            shape = f"round,pad=0,rounding_size={radius}"
            ax.add_patch(FancyBboxPatch(corner, place.width, place.height, boxstyle=shape, zorder=3, **outline))
            for text, y, size, bold in lines_of(place):
                font: dict[str, Any] = {"fontsize": size * unit, "weight": "bold" if bold else "normal"}
                font |= {"color": paint["text"], "ha": "center", "zorder": 4, "parse_math": False}
                quiet(ax.text(place.x, y, text, **font))
        for edge, path in zip(flow.edges, plan.paths, strict=True):
            halo = [withStroke(linewidth=4 * unit, foreground="white")]
            font = {
                "fontsize": LABEL_SIZE * unit,
                "color": BACK if edge.returns else INK,
                "path_effects": halo,
            }
            font |= {"ha": "center", "va": "center", "zorder": 5, "parse_math": False}
            quiet(ax.text(path.label_at[0], path.label_at[1], "\n".join(path.label), **font))
        back = any(e.returns for e in flow.edges)
        dashed = "Dashed arrows lead back to an earlier step." if back else ""
        words = [key_words(flow), dashed, plan.problem, flow.note]
        room = max(0.9 * box.width * 72 / ax.figure.dpi, 150.0)
        quiet(ax.set_title(clean(flow.title), loc="left", fontsize=11, weight="bold", parse_math=False))
        label = "\n".join(line for w in words if w for line in wrap(w, room, 8.0))
        quiet(ax.set_xlabel(label, loc="left", fontsize=8, color=QUIET, parse_math=False))
    return ax
