"""A grid of shaded cells on matplotlib axes, in at most seven shades, with what each shade stands for."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from streamline.figure import Heat
from streamline.report.drawing import (
    Page,
    Plan,
    Swatch,
    draw_legend,
    fixed,
    legend_height,
    nothing,
    under,
    under_height,
)
from streamline.report.lettering import LINE, QUIET, RULE, printed, text_width, ticks_between, wrap, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From little to much: one hue, so that its lightness says it all.
_SHADES = ("#edf4fa", "#c6ddef", "#94c1e2", "#5a9dcd", "#2a76b0", "#10518a", "#062c55")
_CELL = 15.0
#: Names of columns up to this width, in points, may be left out between others; longer ones never.
_SHORT_NAME = 36.0


def plan_heat(chart: Heat, page: Page) -> Plan:
    """Lay a grid out; on a narrow page a grid of many columns stands on its side."""
    turned = page.above and len(chart.columns) > max(len(chart.rows), 12)
    rows, columns = (chart.columns, chart.rows) if turned else (chart.rows, chart.columns)
    values = tuple(zip(*chart.values, strict=True)) if turned else chart.values
    names = [wrap(row, 0.4 * page.label_width if page.above else page.label_width) for row in rows]
    tall = max((LINE * len(lines) for lines in names), default=0.0)
    return Plan(
        left=max((text_width(line) for lines in names for line in lines), default=0.0) + 14,
        inner=fixed(max(_CELL, tall + 2) * len(rows) or LINE),
        head=lambda width: _head(chart, width, turned),
        foot=partial(_foot, columns=columns, axis="" if turned else chart.column_axis),
        fill=partial(_draw, chart=chart, names=names, columns=columns, values=values, turned=turned),
    )


def bins(chart: Heat) -> tuple[list[float], list[str]]:
    """Lower edges of the shades, ascending, and what each stands for in words."""
    known = [v for row in chart.values for v in row if math.isfinite(v)]
    if not known:
        return [], []
    low, high = min(0.0, *known), max(0.0, *known)
    if high == low:
        return [low], [printed([low])[0]]
    edges = ticks_between(low, high, len(_SHADES))
    while len(edges) > 2 and edges[-2] >= high:
        edges.pop()
    if len(edges) == 2:
        edges = [edges[0], (edges[0] + edges[1]) / 2, edges[1]]
    texts = printed(edges)
    return edges[:-1], [f"{a} to {b}" for a, b in pairwise(texts)]


def _entries(chart: Heat) -> list[Swatch]:
    edges, words = bins(chart)
    entries = [Swatch(text, _shade(i, len(edges)), edge=QUIET) for i, text in enumerate(words)]
    if any(not math.isfinite(v) for row in chart.values for v in row):
        entries.append(Swatch("not known", "white", "////", edge=QUIET))
    return entries


def _shade(i: int, n: int) -> str:
    return _SHADES[round(i * (len(_SHADES) - 1) / max(n - 1, 1))]


def _heading(chart: Heat, width: float, turned: bool) -> list[str]:
    """What the shades stand for, and on a turned grid what the rows are."""
    down = f". Down: {chart.column_axis}" if turned and chart.column_axis else ""
    return wrap(chart.axis + down, width)


def _head(chart: Heat, width: float, turned: bool) -> float:
    labels = [entry.label for entry in _entries(chart)]
    return legend_height(labels, width) + LINE * len(_heading(chart, width, turned)) + 4


def _column_names(columns: Sequence[str], width: float) -> list[tuple[int, list[str]]]:
    """The columns that are named and their names' lines: every second or third of short names that don't fit, such as
    hours; long ones broken to the width of their column."""
    room = width / max(len(columns), 1) - 4
    widest = max((text_width(name) for name in columns), default=0.0)
    every = 1
    if room < widest <= _SHORT_NAME:
        fewest = math.ceil((widest + 4) / max(room + 4, 1.0))
        every = next((n for n in (2, 3, 4, 6, 8, 12) if n >= fewest), fewest)
    return [(j, wrap(columns[j], max(room, widest if every > 1 else 8.0))) for j in range(0, len(columns), every)]


def _names_height(columns: Sequence[str], width: float) -> float:
    return LINE * max((len(lines) for _, lines in _column_names(columns, width)), default=1)


def _foot(width: float, *, columns: Sequence[str], axis: str) -> float:
    return _names_height(columns, width) + (under_height(axis, width) - LINE if axis else 5.0)


def _draw(
    ax: Axes,
    width: float,
    *,
    chart: Heat,
    names: list[list[str]],
    columns: tuple[str, ...],
    values: tuple[tuple[float, ...], ...],
    turned: bool,
) -> None:
    from matplotlib.patches import Rectangle

    ax.set_xlim(0, max(len(columns), 1))
    ax.set_ylim(max(len(names), 1), 0)
    ax.set_yticks([])
    nothing(ax, shown=bool(chart.rows and chart.columns))
    edges, _ = bins(chart)
    for i, (lines, row) in enumerate(zip(names, values, strict=True)):
        place = (0, i + 0.5)
        across = ax.get_yaxis_transform()
        write(ax, "\n".join(lines), place, xycoords=across, xytext=(-6, 0), ha="right", va="center", color=QUIET)
        for j, value in enumerate(row):
            known = math.isfinite(value)
            fill = _shade(bisect_right(edges, value) - 1, len(edges)) if known else "white"
            line: dict[str, Any] = {"edgecolor": RULE if known else QUIET, "linewidth": 0.5}
            ax.add_patch(Rectangle((j, i), 1, 1, facecolor=fill, hatch="" if known else "////", **line))
    for j, lines in _column_names(columns, width):
        below = ax.get_xaxis_transform()
        write(ax, "\n".join(lines), (j + 0.5, 0), xycoords=below, xytext=(0, -3), ha="center", va="top", color=QUIET)
    ax.set_xticks([])
    entries = _entries(chart)
    top = _head(chart, width, turned)
    axis = _heading(chart, width, turned)
    write(ax, "\n".join(axis), (0, 1), xycoords="axes fraction", xytext=(0, top), va="top", color=QUIET)
    draw_legend(ax, entries, width, top=top - LINE * len(axis) - 4 + 2)
    if chart.column_axis and not turned:
        under(ax, chart.column_axis, width, down=_names_height(columns, width))
