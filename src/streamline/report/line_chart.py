"""Quantities over time on matplotlib axes: lines with bands, vertical marks, and horizontal levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from streamline.figure import Line, LineChart
from streamline.report.drawing import (
    MARK_DASHES,
    Flag,
    Page,
    Plan,
    Stroke,
    draw_flags,
    draw_legend,
    fixed,
    flag_height,
    flag_rows,
    height_scale,
    known,
    legend_height,
    nothing,
    stroke,
    under,
    under_height,
    value_heading,
    visible,
)
from streamline.report.lettering import INK, LINE, printed, text_width, ticks_between, wrap
from streamline.report.time_axis import date_lines, date_scale, days, span_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A line of at most this many points has a marker at each.
_FEW = 40
#: Dashes of levels; none is that of a line.
_LEVELS = MARK_DASHES[1:]


def plan_lines(chart: LineChart, page: Page) -> Plan:
    """Lay lines over time out; at their left stand the values of the vertical axis."""
    ticks = _heights(chart)
    return Plan(
        left=14 + max(text_width(text) for text in printed(ticks)),
        inner=fixed(150.0 if page.above else 190.0),
        head=partial(_head, chart=chart),
        foot=lambda width: under_height(
            _axis(chart), width, tick_lines=date_lines(*_span(chart), chart.timezone, width)
        ),
        fill=partial(_draw, chart=chart),
    )


def _axis(chart: LineChart) -> str:
    return f"Date ({chart.timezone})"


def _head(width: float, *, chart: LineChart) -> float:
    labels = [entry.label for entry in _entries(chart)]
    return legend_height(labels, width) + LINE * len(wrap(chart.axis, width)) + flag_height(_flags(chart, width))


def _entries(chart: LineChart) -> list[Stroke]:
    """The legend: a line alone needs none, unless there are levels beside it."""
    lines = [
        Stroke(line.label, colour, dashes, marker if _marked(line) else "")
        for line, (colour, dashes, marker) in zip(chart.lines, map(stroke, range(len(chart.lines))), strict=True)
    ]
    names = list(dict.fromkeys(level.label for level in chart.levels if level.label))
    levels = [Stroke(name, INK, _LEVELS[i % len(_LEVELS)]) for i, name in enumerate(names)]
    return [*lines, *levels] if len(lines) > 1 or levels else []


def _marked(line: Line) -> bool:
    return len(line.at) <= _FEW and not line.holds


def _span(chart: LineChart) -> tuple[float, float]:
    points = [at for line in chart.lines for at in (line.at[:1] + line.at[-1:])]
    marks = [mark.at for mark in chart.marks]
    ends = [at for level in chart.levels for at in (level.start, level.end) if at is not None]
    return span_of([*points, *marks, *ends])


def _heights(chart: LineChart) -> list[float]:
    """Ticks of the vertical axis; it holds 0 and every value and bound."""
    values = [v for line in chart.lines for vs in (line.values, line.low, line.high) for v in vs if math.isfinite(v)]
    values += [level.value for level in chart.levels if math.isfinite(level.value)]
    low, high = min([0.0, *values]), max([0.0, *values])
    if chart.top is not None:
        high = max(chart.top, high)
    return ticks_between(low, high if high > low else low + 1.0, 4)


def _flags(chart: LineChart, width: float) -> list[Flag]:
    first, last = _span(chart)
    return flag_rows([(mark.label, (mark.at - first) / (last - first), True) for mark in chart.marks], width)


def _draw(ax: Axes, width: float, *, chart: LineChart) -> None:
    first, last = _span(chart)
    ax.set_xlim(days(first), days(last))
    ticks = _heights(chart)
    if chart.top is not None:
        ticks = [tick for tick in ticks if tick <= max(chart.top, ticks[0] + 1e-9)] or ticks
    ax.set_ylim(ticks[0], ticks[-1] + 0.03 * (ticks[-1] - ticks[0]))
    height_scale(ax, ticks, printed(ticks))
    names = list(dict.fromkeys(level.label for level in chart.levels if level.label))
    dense = any(len(line.at) > width for line in chart.lines)
    for level in chart.levels:
        begin = days(first if level.start is None else level.start)
        end = days(last if level.end is None else level.end)
        dashes = _LEVELS[names.index(level.label) % len(_LEVELS)] if level.label else _LEVELS[0]
        if math.isfinite(level.value):
            across = ([begin, end], [level.value] * 2)
            if dense:  # beside a few points it would look like a gap in them
                ax.plot(*across, color="white", linewidth=3.0, alpha=0.8, zorder=5.5)
            ax.plot(*across, color=INK, linewidth=1.3, linestyle=(0, dashes), zorder=5.6)
    nothing(ax, shown=any(math.isfinite(v) for line in chart.lines for v in line.values))
    for i, line in enumerate(chart.lines):
        _draw_line(ax, line, stroke(i), width=width)
    rows = _flags(chart, width)
    heading = wrap(chart.axis, width)
    value_heading(ax, heading, up=flag_height(rows))
    draw_flags(ax, rows)
    entries = _entries(chart)
    draw_legend(ax, entries, width, top=_head(width, chart=chart))
    date_scale(ax, first, last, chart.timezone, width)
    under(ax, _axis(chart), width, down=LINE * date_lines(first, last, chart.timezone, width))


def _draw_line(ax: Axes, line: Line, look: tuple[str, tuple[float, ...], str], *, width: float) -> None:
    colour, dashes, marker = look
    every = [days(at) for at in line.at]
    kept = visible(every, line.values, width=width, span=ax.get_xlim())
    x, values = [every[i] for i in kept], [known(line.values[i]) for i in kept]
    if line.low:
        low, high = ([known(bounds[i]) for i in kept] for bounds in (line.low, line.high))
        how: Literal["post"] | None = "post" if line.holds else None
        ax.fill_between(x, low, high, step=how, color=colour, alpha=0.18, linewidth=0, zorder=2)
    thick = 0.7 if len(line.at) > width else 1.5
    style: dict[str, Any] = {"color": colour, "linewidth": thick, "linestyle": (0, dashes), "zorder": 5}
    if line.holds:
        ax.step(x, values, where="post", **style)
    else:
        ax.plot(x, values, **style)
    dots = list(range(len(x))) if _marked(line) else alone(values)
    at, heights = [x[i] for i in dots], [values[i] for i in dots]
    ax.plot(at, heights, linestyle="none", color=colour, marker=marker, markersize=4, zorder=6, clip_on=False)


def alone(values: Sequence[float]) -> list[int]:
    """Places of known values between unknown ones: no line shows them, so they need a marker."""
    some = [math.isfinite(v) for v in values]
    return [
        i
        for i, here in enumerate(some)
        if here and not (i > 0 and some[i - 1]) and not (i + 1 < len(some) and some[i + 1])
    ]
