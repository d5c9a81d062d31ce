"""Points: one quantity against another, numbered, with a key of their names under the axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from streamline.figure import Point, PointChart
from streamline.report.drawing import (
    FILLS,
    MARKERS,
    Page,
    Plan,
    Stroke,
    draw_legend,
    fixed,
    height_scale,
    legend_height,
    length_scale,
    nothing,
    under,
    under_height,
    value_heading,
)
from streamline.report.lettering import (
    INK,
    LINE,
    QUIET,
    printed,
    text_width,
    ticks_between,
    wrap,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Room left at each side of the points, as a share of the axis.
_MARGIN = 0.06
#: Points that a key names; the rest are counted.
MOST = 16
_KEY = 18.0
#: A number this many points from its point needs no line to it.
_BESIDE = 11.0
#: Where the number of a point may stand, in points from it: to its right, left and around it, the nearest first.
_AROUND = tuple(
    (radius * math.cos(angle), radius * math.sin(angle))
    for radius in (_BESIDE, 20.0, 30.0, 42.0, 56.0, 72.0, 90.0)
    for angle in (0.0, math.pi, *(math.pi * k / 6 for k in (1, -1, 2, -2, 3, -3, 4, -4, 5, -5)))
)

#: Middle, width and height of what is drawn, in points.
_Box = tuple[float, float, float, float]


def shown(chart: PointChart) -> tuple[Point, ...]:
    """The points that are drawn: those with a place, the first of them where there are many."""
    return tuple(p for p in chart.points if math.isfinite(p.x) and math.isfinite(p.y))[:MOST]


def plan_points(chart: PointChart, page: Page) -> Plan:
    """Lay the points out; the key needs as many lines as the names."""
    low, high = _heights(chart)
    ticks = printed([t for t in ticks_between(low, high, 5) if low <= t <= high])
    groups = _groups(chart)
    return Plan(
        left=max(map(text_width, ticks), default=0.0) + 14,
        inner=fixed(170.0 if page.above else 210.0),
        head=lambda width: legend_height(groups, width) + LINE * len(wrap(chart.y_axis, width)) + 4,
        foot=lambda width: (
            under_height(chart.x_axis, width) + 8 + LINE * sum(len(lines) for lines in _key(chart, width))
        ),
        fill=partial(_draw, chart=chart),
    )


def _groups(chart: PointChart) -> list[str]:
    groups = list(dict.fromkeys(p.group for p in chart.points))
    return groups if len(groups) > 1 or any(groups) else []


def _key(chart: PointChart, width: float) -> list[list[str]]:
    """The lines of each name."""
    names = [p.label for p in shown(chart)]
    more = len(chart.points) - len(names)
    lines = [wrap(name, max(width - _KEY, 40.0)) for name in names]
    return [*lines, wrap(f"{more:,} more aren't drawn", width)] if more else lines


def _heights(chart: PointChart) -> tuple[float, float]:
    """Lowest and highest of the heights with their intervals, 0 among them."""
    values = [v for p in shown(chart) for v in (p.y, p.y_low, p.y_high) if v is not None and math.isfinite(v)]
    low, high = min([0.0, *values]), max([0.0, *values])
    return (low, high) if low < high else (0.0, 1.0)


def _draw(ax: Axes, width: float, *, chart: PointChart) -> None:
    points, groups = shown(chart), list(dict.fromkeys(p.group for p in chart.points))
    nothing(ax, shown=bool(points))
    xs = [0.0, *(p.x for p in points)]
    left, right = (min(xs), max(xs)) if min(xs) < max(xs) else (0.0, 1.0)
    low, high = _heights(chart)
    before, after = (_room(end, width) * (right - left) for end in (left, right))
    ax.set_xlim(left - before, right + after)
    ax.set_ylim(low - _MARGIN * (high - low), high + _MARGIN * (high - low))
    length_scale(ax, left, right, width)
    ax.axvline(0, color=INK, linewidth=0.9, zorder=5)
    ticks = [t for t in ticks_between(low, high, 5) if low <= t <= high]
    height_scale(ax, ticks, printed(ticks))
    for point in points:
        place = groups.index(point.group)
        colour = FILLS[place % len(FILLS)]
        if point.y_low is not None and point.y_high is not None and math.isfinite(point.y_low + point.y_high):
            ax.plot([point.x, point.x], [point.y_low, point.y_high], color=colour, linewidth=1.2, zorder=3)
        marker = MARKERS[place % len(MARKERS)]
        ax.plot([point.x], [point.y], marker=marker, markersize=6, color=colour, markeredgecolor="white", zorder=6)
    for number, (dx, dy) in enumerate(_number_places(ax, points, width), start=1):
        place_of = points[number - 1]
        if math.hypot(dx, dy) > _BESIDE + 0.1:
            line: dict[str, Any] = {"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0, "color": QUIET, "linewidth": 0.7}
            ends: dict[str, Any] = {"xytext": (dx, dy), "textcoords": "offset points", "annotation_clip": False}
            ax.annotate("", (place_of.x, place_of.y), arrowprops=line, zorder=5.5, **ends)
        write(ax, str(number), (place_of.x, place_of.y), xytext=(dx, dy), ha="center", va="center", backing=True)
    top = legend_height(_groups(chart), width) + LINE * len(wrap(chart.y_axis, width)) + 4
    value_heading(ax, wrap(chart.y_axis, width), up=0.0)
    if _groups(chart):
        entries = [Stroke(g, FILLS[i % len(FILLS)], marker=MARKERS[i % len(MARKERS)]) for i, g in enumerate(groups)]
        draw_legend(ax, entries, width, top=top)
    under(ax, chart.x_axis, width)
    down = under_height(chart.x_axis, width) + 8
    for number, lines in enumerate(_key(chart, width), start=1):
        if number <= len(points):
            write(ax, str(number), (0, 0), xycoords="axes fraction", xytext=(12, -down), ha="right", va="top")
            write(ax, "\n".join(lines), (0, 0), xycoords="axes fraction", xytext=(_KEY, -down), ha="left", va="top")
        else:
            write(ax, "\n".join(lines), (0, 0), xycoords="axes fraction", xytext=(0, -down), ha="left", va="top")
        down += LINE * len(lines)


def _room(end: float, width: float) -> float:
    """Room beyond an end of the horizontal axis, as a share of it, so that a tick's text there stays under its tick."""
    half = min(text_width(printed([end])[0]) / 2, width / 4)
    return max(_MARGIN, half * (1 + _MARGIN) / (width - 2 * half)) if end else _MARGIN


def _number_places(ax: Axes, points: tuple[Point, ...], width: float) -> list[tuple[float, float]]:
    """Where each point's number stands, in points from it: beside it, where neither another nor its number is.

    It keeps off the intervals too where there is room; a number that stands further off is tied to its point by a line.
    """
    (first, end), (low, high) = ax.get_xlim(), ax.get_ylim()
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    centres = [((p.x - first) / (end - first) * width, (p.y - low) / (high - low) * height) for p in points]
    boxes = [(x, y, 8.0, 8.0) for x, y in centres]
    bars = []
    for p, (x, _) in zip(points, centres, strict=True):
        if p.y_low is not None and p.y_high is not None and math.isfinite(p.y_low + p.y_high):
            tall = (p.y_high - p.y_low) / (high - low) * height
            bars.append((x, ((p.y_low + p.y_high) / 2 - low) / (high - low) * height, 2.0, tall))
    places: list[tuple[float, float]] = []
    lines: list[_Box] = []
    for number, (x, y) in enumerate(centres, start=1):
        wide = text_width(str(number)) + 2
        inside = [
            (dx, dy)
            for dx, dy in _AROUND
            if wide / 2 < x + dx < width - wide / 2 and LINE / 2 < y + dy < height - LINE / 2
        ]
        clear = [
            (dx, dy)
            for avoided, tied in (([*boxes, *bars, *lines], True), ([*boxes, *lines], True), (boxes, False))
            for dx, dy in inside
            if _is_free((x + dx, y + dy, wide, LINE), avoided)
            and not (tied and any(not _is_free(spot, boxes) for spot in _line_spots((x, y), (dx, dy))))
        ]
        places.append((clear or _AROUND)[0])
        boxes.append((x + places[-1][0], y + places[-1][1], wide, LINE))
        lines += _line_spots((x, y), places[-1])
    return places


def _is_free(box: _Box, others: Sequence[_Box]) -> bool:
    x, y, wide, tall = box
    return all(abs(x - u) > (wide + w) / 2 or abs(y - v) > (tall + h) / 2 for u, v, w, h in others)


def _line_spots(centre: tuple[float, float], away: tuple[float, float]) -> list[_Box]:
    """Small boxes along the line from a point to its number, without those at the point; none where it needs no line."""
    length = math.hypot(*away)
    if length <= _BESIDE + 0.1:
        return []
    shares = [share / length for share in range(7, int(length) - 1, 2)]
    return [(centre[0] + away[0] * share, centre[1] + away[1] * share, 1.0, 1.0) for share in shares]
