"""Horizontal bars on matplotlib axes, with whiskers, printed values and a legend where there are groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from streamline.figure import Bar, BarChart
from streamline.report.drawing import (
    Page,
    Plan,
    Swatch,
    draw_legend,
    fixed,
    legend_height,
    length_scale,
    look,
    nothing,
    under,
    under_height,
)
from streamline.report.lettering import INK, LINE, printed, text_width, wrap, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR, _GAP, _PAD = 13.0, 9.0, 6.0


@dataclass(frozen=True, slots=True)
class Row:
    """Bars under one label: where they start, in points from the top, and the label's lines."""

    label: list[str]
    bars: list[tuple[Bar, str]]
    top: float
    #: From the row's top to its first bar.
    first_bar: float
    height: float


def plan_bars(chart: BarChart, page: Page) -> Plan:
    """Lay bars out with labels up to `label_width` points wide, `above` the bars or beside them."""
    texts = printed([b.value for b in chart.bars])
    rows = rows_of(list(zip(chart.bars, texts, strict=True)), label_width=page.label_width, above=page.above)
    groups = list(dict.fromkeys(b.group for b in chart.bars))
    named = groups if len(groups) > 1 or any(groups) else []
    return Plan(
        left=label_room(rows, above=page.above),
        inner=fixed(sum(row.height for row in rows) or LINE),
        head=partial(legend_height, named),
        foot=partial(under_height, chart.axis),
        fill=partial(_draw, chart=chart, rows=rows, above=page.above),
    )


def rows_of(bars: Sequence[tuple[Bar, str]], *, label_width: float, above: bool) -> list[Row]:
    """Bars with their printed values under their labels; neighbours with the same label share one."""
    rows: list[Row] = []
    top = 0.0
    for label, members in groupby(bars, key=lambda pair: pair[0].label):
        inside = list(members)
        lines = wrap(label, label_width)
        if above:
            first, height = LINE * len(lines) + 3, LINE * len(lines) + 3 + _BAR * len(inside) + _GAP
        else:
            height = max(LINE * len(lines), _BAR * len(inside)) + _GAP
            first = (height - _BAR * len(inside)) / 2
        rows.append(Row(lines, inside, top, first, height))
        top += height
    return rows


def label_room(rows: Sequence[Row], *, above: bool) -> float:
    """Points left of the axes that the labels take."""
    return 10.0 if above else max((text_width(line) for row in rows for line in row.label), default=0.0) + 16


def write_labels(ax: Axes, rows: Sequence[Row], *, above: bool, zero: bool = True) -> None:
    """Write the rows' labels, beside their bars or above them, and the line at `zero`; the vertical axis gets no ticks.

    Where labels stand above bars no rule runs through them: a strip covers the rules, and the line at 0 spares it.
    """
    from matplotlib.patches import Rectangle

    ax.set_ylim(max(sum(row.height for row in rows), 1.0), 0)
    ax.set_yticks([])
    across = ax.get_yaxis_transform()
    if zero and not above:
        ax.axvline(0, color=INK, linewidth=0.9, zorder=5)
    for row in rows:
        middle = row.top + (LINE * len(row.label) / 2 if above else row.height / 2)
        place: dict[str, Any] = {"ha": "right", "xytext": (-_PAD, 0)}
        if above:
            bars = (row.top + row.first_bar - 2, row.top + row.height)
            if zero:
                ax.plot([0, 0], bars, color=INK, linewidth=0.9, zorder=5)
            strip = Rectangle((0, row.top), 1, row.first_bar - 2, transform=across, facecolor="white", linewidth=0)
            strip.set_zorder(0.5)
            ax.add_artist(strip)
            place = {"ha": "left", "xytext": (2, 0)}
        write(ax, "\n".join(row.label), (0, middle), xycoords=across, va="center", **place)


def middles(row: Row) -> list[float]:
    """The heights of the row's bars' middles, in points from the top."""
    return [row.top + row.first_bar + _BAR * i + 1 + (_BAR - 2) / 2 for i in range(len(row.bars))]


def draw_length(ax: Axes, *, start: float, length: float, middle: float, fill: str, hatch: str) -> None:
    """Draw one bar: filled, hatched in white, outlined in its own colour."""
    from matplotlib.patches import Rectangle

    corner, height = (start, middle - (_BAR - 2) / 2), _BAR - 2
    ax.add_patch(Rectangle(corner, length, height, facecolor=fill, hatch=hatch, edgecolor="white", linewidth=0))
    ax.add_patch(Rectangle(corner, length, height, fill=False, edgecolor=fill, linewidth=0.8))


def _draw(ax: Axes, width: float, *, chart: BarChart, rows: Sequence[Row], above: bool) -> None:
    groups = list(dict.fromkeys(b.group for b in chart.bars))
    known = [v for b in chart.bars for v in (b.value, b.low, b.high) if v is not None and math.isfinite(v)]
    low, high = min([0.0, *known]), max([0.0, *known])
    if low == high:
        high = 1.0
    texts = [(bar, text) for row in rows for bar, text in row.bars]
    after = max((text_width(t) + 8 for b, t in texts if not b.value < 0), default=0.0)
    before = max((text_width(t) + 8 for b, t in texts if b.value < 0), default=0.0)
    scale = (high - low) / max(width - after - before, 20.0)
    ax.set_xlim(low - before * scale, high + after * scale)
    length_scale(ax, low, high, width)
    nothing(ax, shown=bool(rows))
    write_labels(ax, rows, above=above)
    for row in rows:
        for (bar, text), middle in zip(row.bars, middles(row), strict=True):
            fill, hatch = look(groups.index(bar.group))
            end = bar.value if math.isfinite(bar.value) else 0.0
            if end:
                draw_length(ax, start=0, length=end, middle=middle, fill=fill, hatch=hatch)
            far = end
            if bar.low is not None and bar.high is not None and math.isfinite(bar.low) and math.isfinite(bar.high):
                far = min(bar.low, end) if end < 0 else max(bar.high, end)
                draw_whisker(ax, bar.low, bar.high, middle)
            side: dict[str, Any] = {"ha": "right", "xytext": (-4, 0)} if end < 0 else {"ha": "left", "xytext": (4, 0)}
            write(ax, text, (far, middle), va="center", **side)
    if len(groups) > 1 or any(groups):
        entries = [Swatch(group, *look(i)) for i, group in enumerate(groups)]
        draw_legend(ax, entries, width, top=legend_height(groups, width))
    under(ax, chart.axis, width)


def draw_whisker(ax: Axes, low: float, high: float, middle: float) -> None:
    """An interval over a bar: a line with two ends, on a white one so that it shows on any fill."""
    for colour, thickness in (("white", 3.0), (INK, 1.1)):
        ax.plot([low, high], [middle, middle], color=colour, linewidth=thickness, zorder=4)
        for x in (low, high):
            ax.plot([x, x], [middle - 3, middle + 3], color=colour, linewidth=thickness, zorder=4)
