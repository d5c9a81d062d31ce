"""A tornado: for each thing a bar from the result at its low end to that at its high end, around the likely value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from streamline.figure import Bar, Mark, Swing, Tornado
from streamline.report.bar_chart import Row, draw_length, label_room, middles, rows_of, write_labels
from streamline.report.drawing import (
    Flag,
    Page,
    Plan,
    Swatch,
    draw_flags,
    draw_legend,
    fixed,
    flag_height,
    flag_rows,
    legend_height,
    length_scale,
    look,
    nothing,
    under,
    under_height,
)
from streamline.report.lettering import INK, LINE, clean, printed, text_width, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Bars that a reader can take in; the rest, narrower, are counted.
MOST = 12
ENDS = ("at its low end", "at its high end")
#: How much of the width a text at one end may take, and two on one side together; a bar keeps the tenth that is left.
_ONE, _TWO = 0.35, 0.55


def known_swings(chart: Tornado) -> list[Swing]:
    """The bars whose two ends are known, the widest first; none where the likely value isn't, which they start from."""
    known = [s for s in chart.swings if all(map(math.isfinite, (s.low, s.high, chart.at)))]
    return sorted(known, key=lambda s: -abs(s.high - s.low))


def shown(chart: Tornado) -> tuple[Swing, ...]:
    """The bars that are drawn: the widest of those that can be."""
    return tuple(known_swings(chart)[:MOST])


def likely_mark(chart: Tornado) -> Mark:
    """The line at the likely value, with its words."""
    return Mark(label=f"Likely: {printed([chart.at])[0]}", at=chart.at)


def plan_tornado(chart: Tornado, page: Page) -> Plan:
    """Lay the bars out with labels up to `label_width` points wide, `above` the bars or beside them."""
    rows = rows_of(
        [(Bar(label=s.label, value=0.0), "") for s in shown(chart)], label_width=page.label_width, above=page.above
    )
    axis = axis_words(chart)
    return Plan(
        left=label_room(rows, above=page.above),
        inner=fixed(sum(row.height for row in rows) or LINE),
        head=lambda width: legend_height(ENDS, width) + flag_height(_flags(chart, width)),
        foot=partial(under_height, axis),
        fill=partial(_draw, chart=chart, rows=rows, above=page.above, axis=axis),
    )


def axis_words(chart: Tornado) -> str:
    """What the lengths are, and how many bars are left out and why."""
    if not math.isfinite(chart.at):
        return f"{chart.axis}; the likely value isn't known"
    known = len(known_swings(chart))
    more, unknown = known - len(shown(chart)), len(chart.swings) - known
    return (
        chart.axis
        + (f"; {more:,} more move it no further" if more else "")
        + (f"; of {unknown:,} more an end isn't known" if unknown else "")
    )


def _span(chart: Tornado, width: float) -> tuple[float, float, float, float]:
    """(lowest, highest value; limits of the axes with room for what is written at the ends)."""
    swings = shown(chart)
    values = [v for s in swings for v in (s.low, s.high)] + ([chart.at] if math.isfinite(chart.at) else [])
    low, high = min(values, default=0.0), max(values, default=1.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    if low > 0 and low < (high - low) / 2:
        low = 0.0
    if high < 0 and -high < (high - low) / 2:
        high = 0.0
    lefts, rights = [(low, 0.0)], [(high, 0.0)]
    for swing in swings:
        left, right = _ends(swing, chart.at, width)
        lefts.append((min(swing.low, swing.high, chart.at), text_width(left) + 8))
        rights.append((max(swing.low, swing.high, chart.at), text_width(right) + 8))
    scale = max((b - a) / max(width - before - after, 20.0) for a, before in lefts for b, after in rights)
    first, end = min(a - before * scale for a, before in lefts), max(b + after * scale for b, after in rights)
    return low, high, first, end


def _ends(swing: Swing, at: float, width: float) -> tuple[str, str]:
    """What is written at the left and at the right of a bar, in at most `_ONE` of the width each, or `_TWO` of both on a side.

    Where both ends lie on one side of the likely value, both are written there, in the order of the axis.
    """
    ends = sorted(((swing.low, swing.low_label), (swing.high, swing.high_label)), key=lambda end: end[0])
    (near, left), (far, right) = ends
    if near < at < far or at in (near, far):
        return shortened(left, _ONE * width - 8), shortened(right, _ONE * width - 8)
    both = ", ".join(clean(text) for text in (left, right) if text)
    if text_width(both) > _TWO * width - 8:
        both = ", ".join(shortened(text, _TWO * width / 2 - 8) for text in (left, right) if text)
    return (both, "") if far < at else ("", both)


def shortened(text: str, width: float) -> str:
    """A text on one line that isn't wider than `width`, its end left off where it is."""
    line = clean(text)
    if text_width(line) <= width:
        return line
    while line and text_width(line + "…") > width:
        line = line[:-1]
    return line.rstrip() + "…"


def _flags(chart: Tornado, width: float) -> list[Flag]:
    _, _, first, end = _span(chart, width)
    if not math.isfinite(chart.at):
        return []
    mark = likely_mark(chart)
    return flag_rows([(mark.label, (mark.at - first) / (end - first), True)], width)


def _draw(ax: Axes, width: float, *, chart: Tornado, rows: Sequence[Row], above: bool, axis: str) -> None:
    swings = shown(chart)
    low, high, first, end = _span(chart, width)
    ax.set_xlim(first, end)
    length_scale(ax, low, high, width)
    nothing(ax, shown=bool(rows))
    write_labels(ax, rows, above=above, zero=low <= 0 <= high)
    for swing, middle in zip(swings, (m for row in rows for m in middles(row)), strict=True):
        halves = ((swing.low, look(0)), (swing.high, look(1)))
        for value, (fill, hatch) in sorted(halves, key=lambda half: -abs(half[0] - chart.at)):  # the longer behind
            if value != chart.at:
                draw_length(ax, start=chart.at, length=value - chart.at, middle=middle, fill=fill, hatch=hatch)
        near, far = sorted((swing.low, swing.high))
        left, right = _ends(swing, chart.at, width)
        sides: tuple[tuple[str, float, dict[str, Any]], ...] = (
            (left, min(near, chart.at), {"ha": "right", "xytext": (-4, 0)}),
            (right, max(far, chart.at), {"ha": "left", "xytext": (4, 0)}),
        )
        for text, x, side in sides:
            if text:
                write(ax, text, (x, middle), va="center", backing=True, **side)
    flags = _flags(chart, width)
    if above:  # the line spares the labels that stand above their bars
        for row in rows:
            ends = (row.top + row.first_bar - 2, row.top + row.height)
            ax.plot([chart.at, chart.at], ends, color=INK, linewidth=1.3, zorder=6)
        flags = [replace(flag, known=False) for flag in flags]
    draw_flags(ax, flags)
    entries = [Swatch(label, *look(i)) for i, label in enumerate(ENDS)]
    draw_legend(ax, entries, width, top=legend_height(ENDS, width) + flag_height(flags))
    under(ax, axis, width)
