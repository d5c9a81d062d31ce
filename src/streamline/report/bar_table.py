"""A table with a small bar beside each number: as a picture, and as a native table for renderers that have those."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from streamline.figure import BarColumn, BarTable
from streamline.report.drawing import FILLS, Page, Plan, fixed, nothing
from streamline.report.lettering import INK, LINE, QUIET, RULE, printed, text_width, with_intervals, wrap, write
from streamline.report.section import Column, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR, _PAD, _SHORTEST = 9.0, 6.0, 30.0
#: Labels get at least this width beside their numbers; a heading's word may claim at most that.
_NARROWEST_LABELS, _LONGEST_WORD = 110.0, 90.0
_ROW = LINE + 5.0


def native_table(chart: BarTable, *, id_: str, file: str = "") -> Table:
    """The same rows as a table of text, with the intervals in brackets, for a page or a document."""
    return Table(
        id=id_,
        caption=chart.title,
        columns=(Column(heading=chart.heading), *(Column(heading=c.heading, numeric=True) for c in chart.columns)),
        rows=tuple(zip(chart.labels, *map(cells, chart.columns), strict=True)),
        note=chart.note,
        file=file,
    )


def cells(column: BarColumn) -> list[str]:
    """A column's numbers in words, each with its interval where it has one."""
    return with_intervals(column.values, column.low, column.high)


def plan_table(chart: BarTable, page: Page) -> Plan:
    """Lay a table out: columns side by side where there is room, else the numbers of a row under its label."""
    return Plan(
        left=8.0,
        inner=partial(_height, chart=chart, page=page),
        head=fixed(2.0),
        foot=fixed(2.0),
        fill=partial(_draw, chart=chart, page=page),
    )


def _number_width(column: BarColumn) -> float:
    return max((text_width(text) for text in _texts(column)), default=0.0) + _PAD


def _texts(column: BarColumn) -> list[str]:
    """The numbers as written: with their intervals where no bar shows those."""
    return printed(column.values) if column.bars else cells(column)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Columns side by side: where each begins, in points, and how wide it is; the labels' column comes first."""

    lefts: list[float]
    widths: list[float]


def _grid(chart: BarTable, width: float, page: Page) -> _Grid | None:
    """Columns side by side; None where they don't fit, so that numbers stand under each other instead.

    Labels get their own width as far as the columns leave it; what is left over lengthens the bars.
    """
    words = [text_width(word) for c in chart.columns for word in c.heading.split()]
    least = min(max(words, default=0.0), _LONGEST_WORD)
    needs = [max(_number_width(c) + (_SHORTEST if c.bars else 0.0), least) + 2 * _PAD for c in chart.columns]
    wishes = [
        max(need, min(text_width(c.heading) / 2 + 8, _LONGEST_WORD) + 2 * _PAD)
        for need, c in zip(needs, chart.columns, strict=True)
    ]
    natural = max(text_width(label) for label in (chart.heading, *chart.labels)) + 2 * _PAD
    labels = min(natural, page.label_width)
    needs = wishes if labels + sum(wishes) <= width else needs
    labels = min(labels, width - sum(needs))
    if page.above or labels < min(natural, _NARROWEST_LABELS):
        return None
    bars = sum(c.bars for c in chart.columns) or 1
    rest = (width - labels - sum(needs)) / bars
    widths = [labels, *(need + (rest if c.bars else 0.0) for need, c in zip(needs, chart.columns, strict=True))]
    return _Grid([sum(widths[:j]) for j in range(len(widths))], widths)


def _height(width: float, *, chart: BarTable, page: Page) -> float:
    grid = _grid(chart, width, page)
    return _under_each_other(chart, width)[1] if grid is None else _side_by_side(chart, grid)[2]


def _side_by_side(chart: BarTable, grid: _Grid) -> tuple[list[list[str]], list[float], float]:
    """The headings' lines, the rows' tops, and the height of all."""
    texts = [chart.heading, *(c.heading for c in chart.columns)]
    headings = [wrap(text, wide - 2 * _PAD) for text, wide in zip(texts, grid.widths, strict=True)]
    top = LINE * max(len(lines) for lines in headings) + 6
    tops = []
    for label in chart.labels:
        tops.append(top)
        top += max(LINE * len(wrap(label, grid.widths[0] - 2 * _PAD)) + 6, _ROW)
    return headings, tops, top + (2 if tops else _ROW)


def _under_each_other(chart: BarTable, width: float) -> tuple[list[float], float]:
    """The rows' tops and the height of all, with the numbers under each label."""
    top, tops = 2.0, []
    for i, label in enumerate(chart.labels):
        tops.append(top)
        cells_height = sum(LINE * _lines(chart, c, i, width) + 3.0 for c in chart.columns)
        top += LINE * len(wrap(label, width, bold=True)) + cells_height + 9
    return tops, top if tops else _ROW


def _lines(chart: BarTable, column: BarColumn, i: int, width: float) -> int:
    """Lines that a number takes beside its heading, where numbers stand under each other."""
    head = _heading_width(chart, width)
    words = len(wrap(column.heading, head))
    return words if column.bars else max(words, len(wrap(_texts(column)[i], width - head - _PAD)))


def _heading_width(chart: BarTable, width: float) -> float:
    return min(max((text_width(c.heading) for c in chart.columns), default=0.0) + 0.1, 0.45 * width)


def _draw(ax: Axes, width: float, *, chart: BarTable, page: Page) -> None:
    ax.set_xlim(0, width)
    ax.set_ylim(max(_height(width, chart=chart, page=page), 1.0), 0)
    ax.set_xticks([])
    ax.set_yticks([])
    nothing(ax, shown=bool(chart.labels), down=0.75)
    grid = _grid(chart, width, page)
    if grid is None:
        _draw_under_each_other(ax, chart, width)
        return
    headings, tops, bottom = _side_by_side(chart, grid)
    line = LINE * max(len(lines) for lines in headings) + 3
    for x, words in zip(grid.lefts, headings, strict=True):
        write(ax, "\n".join(words), (x, line - 3), va="bottom", color=QUIET)
    ax.axhline(line, color=INK, linewidth=0.9)
    ends = [*tops, bottom - 2][1:]
    for i, (label, top, end) in enumerate(zip(chart.labels, tops, ends, strict=True)):
        middle = (top + end) / 2
        write(ax, "\n".join(wrap(label, grid.widths[0] - 2 * _PAD)), (0, middle), va="center")
        ax.axhline(end, color=RULE, linewidth=0.6)
        for column, x, wide in zip(chart.columns, grid.lefts[1:], grid.widths[1:], strict=True):
            _draw_cell(ax, column, i, left=x, number=_number_width(column), right=x + wide - 2 * _PAD, middle=middle)


def _draw_under_each_other(ax: Axes, chart: BarTable, width: float) -> None:
    tops, bottom = _under_each_other(chart, width)
    head = _heading_width(chart, width)
    number = max((_number_width(c) for c in chart.columns if c.bars), default=0.0)
    for i, (label, top) in enumerate(zip(chart.labels, tops, strict=True)):
        lines = wrap(label, width, bold=True)
        write(ax, "\n".join(lines), (0, top), va="top", weight="bold")
        y = top + LINE * len(lines) + 2
        for column in chart.columns:
            words = wrap(column.heading, head)
            tall = LINE * _lines(chart, column, i, width)
            write(ax, "\n".join(words), (0, y + tall / 2), va="center", color=QUIET)
            if column.bars:
                _draw_cell(ax, column, i, left=head + _PAD, number=number, right=width, middle=y + tall / 2)
            else:
                text = wrap(_texts(column)[i], width - head - _PAD)
                write(ax, "\n".join(text), (head + _PAD, y + tall / 2), va="center")
            y += tall + 3
        ax.axhline(tops[i + 1] - 4 if i + 1 < len(tops) else bottom - 4, color=RULE, linewidth=0.6)


def _draw_cell(ax: Axes, column: BarColumn, i: int, *, left: float, number: float, right: float, middle: float) -> None:
    """A number at the right end of its own strip, and the bar after it; negative bars run left of the zero."""
    from matplotlib.patches import Rectangle

    text, value = _texts(column)[i], column.values[i]
    write(ax, text, (left + number - _PAD, middle), ha="right", va="center")
    low, high = _scale(column)
    strip = right - left - number
    if not column.bars or strip <= 0:
        return
    origin = left + number

    def place(v: float) -> float:
        return origin + (min(max(v, low), high) - low) / (high - low) * strip

    ax.plot([place(0)] * 2, [middle - _BAR / 2 - 1, middle + _BAR / 2 + 1], color=INK, linewidth=0.7, zorder=5)
    if column.full is not None:
        frame = Rectangle((origin, middle - _BAR / 2), strip, _BAR, fill=False, edgecolor=RULE, linewidth=0.6)
        ax.add_patch(frame)
    if math.isfinite(value) and value:
        size = (place(value) - place(0), _BAR)
        ax.add_patch(Rectangle((place(0), middle - _BAR / 2), *size, facecolor=FILLS[0], linewidth=0))
    if column.low and math.isfinite(column.low[i]) and math.isfinite(column.high[i]):
        for colour, thickness in (("white", 2.6), (INK, 1.0)):
            ends = [place(column.low[i]), place(column.high[i])]
            ax.plot(ends, [middle, middle], color=colour, linewidth=thickness, zorder=4)


def _scale(column: BarColumn) -> tuple[float, float]:
    """The values at the ends of a column's bars."""
    sequences: Sequence[Sequence[float]] = (column.values, column.low, column.high)
    known = [v for values in sequences for v in values if math.isfinite(v)]
    low, high = min([0.0, *known]), max([0.0, *known])
    if column.full is not None:
        high = max(column.full, 0.0)
    return low, high if high > low else low + 1.0
