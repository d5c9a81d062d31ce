"""Horizontal bars on matplotlib axes, with whiskers, printed values and a legend where there are groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from streamline.figure import Bar, BarChart
from streamline.report.lettering import INK, LINE, RULE, printed, text_width, ticks_between, wrap, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Affine2DBase

#: Fills that hold 3:1 on white and differ for colour-blind readers; hatches tell groups apart without colour.
FILLS = ("#1f6ba8", "#c2500a", "#00735c", "#8a3b78", "#5c6470", "#8a6a00")
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----")
_BAR, _GAP, _PAD = 13.0, 9.0, 6.0


@dataclass(frozen=True, slots=True)
class _Row:
    """Bars under one label: where they start, in points from the top, and the label's lines."""

    label: list[str]
    bars: list[tuple[Bar, str]]
    top: float
    #: From the row's top to its first bar.
    first_bar: float
    height: float


def rows_of(chart: BarChart, *, label_width: float, above: bool) -> list[_Row]:
    """The bars under their labels; neighbours with the same label, of different groups, share one."""
    texts = printed([b.value for b in chart.bars])
    rows: list[_Row] = []
    top = 0.0
    pairs = list(zip(chart.bars, texts, strict=True))
    for label, members in groupby(pairs, key=lambda pair: pair[0].label):
        bars = list(members)
        lines = wrap(label, label_width)
        if above:
            first, height = LINE * len(lines) + 3, LINE * len(lines) + 3 + _BAR * len(bars) + _GAP
        else:
            height = max(LINE * len(lines), _BAR * len(bars)) + _GAP
            first = (height - _BAR * len(bars)) / 2
        rows.append(_Row(lines, bars, top, first, height))
        top += height
    return rows


def draw_bars(ax: Axes, chart: BarChart, rows: Sequence[_Row], *, width: float, above: bool) -> float:
    """Draw into axes `width` points wide; returns the room that the legend takes above them, in points."""
    from matplotlib.patches import Rectangle

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
    ax.set_ylim(max(sum(row.height for row in rows), 1.0), 0)
    ax.set_yticks([])
    ticks = [t for t in ticks_between(low, high, 5 if width > 250 else 3) if low <= t <= high]
    ax.set_xticks(ticks, printed(ticks))
    for tick in ticks:
        ax.axvline(tick, color=RULE, linewidth=0.6, zorder=0)
    for row in rows:
        middle = row.top + (LINE * len(row.label) / 2 if above else row.height / 2)
        place: dict[str, Any] = {"ha": "left", "xytext": (2, 0)} if above else {"ha": "right", "xytext": (-_PAD, 0)}
        write(
            ax,
            "\n".join(row.label),
            (0, middle),
            xycoords=ax.get_yaxis_transform(),
            va="center",
            backing=above,
            **place,
        )
        for i, (bar, text) in enumerate(row.bars):
            y = row.top + row.first_bar + _BAR * i + 1
            fill, hatch = _look(groups.index(bar.group))
            end = bar.value if math.isfinite(bar.value) else 0.0
            if end:
                size = (end, _BAR - 2)
                ax.add_patch(Rectangle((0, y), *size, facecolor=fill, hatch=hatch, edgecolor="white", linewidth=0))
                ax.add_patch(Rectangle((0, y), *size, fill=False, edgecolor=fill, linewidth=0.8))
            centre = y + (_BAR - 2) / 2
            far = end
            if bar.low is not None and bar.high is not None and math.isfinite(bar.low) and math.isfinite(bar.high):
                far = min(bar.low, end) if end < 0 else max(bar.high, end)
                for colour, thickness in (("white", 3.0), (INK, 1.1)):
                    ax.plot([bar.low, bar.high], [centre, centre], color=colour, linewidth=thickness, zorder=4)
                    for x in (bar.low, bar.high):
                        ends = [centre - 3, centre + 3]
                        ax.plot([x, x], ends, color=colour, linewidth=thickness, zorder=4)
            side: dict[str, Any] = {"ha": "right", "xytext": (-4, 0)} if end < 0 else {"ha": "left", "xytext": (4, 0)}
            write(ax, text, (far, centre), va="center", **side)
    ax.axvline(0, color=INK, linewidth=0.9, zorder=5)
    return _legend(ax, chart, width)


def _legend_lines(chart: BarChart, width: float) -> list[tuple[str, list[str]]]:
    groups = list(dict.fromkeys(b.group for b in chart.bars))
    return [(g, wrap(g, width - 24)) for g in groups] if len(groups) > 1 or any(groups) else []


def legend_height(chart: BarChart, width: float) -> float:
    """Points that the legend takes; 0 for a chart without groups."""
    lines = _legend_lines(chart, width)
    return sum(LINE * len(text) + 3 for _, text in lines) + (_GAP if lines else 0.0)


def _legend(ax: Axes, chart: BarChart, width: float) -> float:
    """One line a group above the axes, with its colour and hatch; returns their height."""
    from matplotlib.patches import Rectangle
    from matplotlib.transforms import ScaledTranslation

    height = legend_height(chart, width)
    up, figure = height, ax.figure
    for i, (_, lines) in enumerate(_legend_lines(chart, width)):
        fill, hatch = _look(i)
        move = ScaledTranslation(0, (up - LINE + 2) / 72.0, figure.dpi_scale_trans)
        for style in (
            {"facecolor": fill, "hatch": hatch, "edgecolor": "white"},
            {"fill": False, "edgecolor": fill},
        ):
            patch = Rectangle((0, 0), 14 / 72, 8 / 72, linewidth=0.8, clip_on=False, **style)
            corner = ScaledTranslation(0, 1, cast("Affine2DBase", ax.transAxes))
            patch.set_transform(figure.dpi_scale_trans + corner + move)
            ax.add_patch(patch)
        write(ax, "\n".join(lines), (0, 1), xycoords="axes fraction", xytext=(20, up), va="top")
        up -= LINE * len(lines) + 3
    return height


def _look(i: int) -> tuple[str, str]:
    """Fill and hatch of the i-th group; the pairs repeat only after 36."""
    return FILLS[i % len(FILLS)], HATCHES[(i + i // len(FILLS)) % len(HATCHES)]
