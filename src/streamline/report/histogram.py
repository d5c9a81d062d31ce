"""A histogram on matplotlib axes, with its marks, and a bar apart for the cases beyond the last edge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamline.figure import Histogram, Mark
from streamline.report.bar_chart import FILLS
from streamline.report.lettering import (
    INK,
    LINE,
    QUIET,
    RULE,
    number,
    printed,
    text_width,
    ticks_between,
    wrap,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_histogram(ax: Axes, chart: Histogram, *, width: float) -> float:
    """Draw into axes `width` points wide; returns the points that the marks' labels take above them."""
    from matplotlib.patches import Rectangle

    check_edges(chart)
    edges, counts = chart.edges, chart.counts
    first, last, end, thick = _span(chart)
    most = max((*counts, chart.over), default=0) or 1
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        if count:
            ax.add_patch(Rectangle((low, 0), high - low, count, facecolor=FILLS[0], edgecolor="white", linewidth=0.8))
    if chart.over:
        over = Rectangle((last + 0.6 * thick, 0), thick, chart.over, facecolor=FILLS[0], hatch="////",
                         edgecolor="white", linewidth=0)  # fmt: skip
        ax.add_patch(over)
        write(ax, f"{chart.over:,}", (end - thick / 2, chart.over), xytext=(0, 3), ha="center", va="bottom")
    ax.set_xlim(first, end)
    ax.set_ylim(0, most * 1.08)
    room = 5 if width > 250 else 3
    ticks = [t for t in ticks_between(first, last, room) if first <= t <= last]
    labels = printed(ticks)
    if chart.over:
        beyond = end - thick / 2
        label = f"over {number(last)}"
        points = width / (end - first)
        wide = text_width(label) > 40  # then it ends at the bar's middle, to stay inside the picture
        clear = (beyond - first) * points - text_width(label) / (1 if wide else 2) - 6
        kept = [(t, s) for t, s in zip(ticks, labels, strict=True) if (t - first) * points + text_width(s) / 2 < clear]
        ticks, labels = [*(t for t, _ in kept), beyond], [*(s for _, s in kept), label]
    ax.set_xticks(ticks, labels)
    if chart.over:
        ax.get_xticklabels()[-1].set_horizontalalignment("right" if wide else "center")
    heights = [t for t in ticks_between(0, most, 4) if t == int(t) and t <= most * 1.08]
    ax.set_yticks(heights, [number(t) for t in heights])
    for tick in heights:
        ax.axhline(tick, color=RULE, linewidth=0.6, zorder=0)
    ax.axhline(0, color=INK, linewidth=0.9, zorder=5)
    rows = flags(chart, width)
    up = head = flag_height(rows)
    above: dict[str, Any] = {"xycoords": "axes fraction", "annotation_clip": False}
    heading: dict[str, Any] = {"xytext": (0, up + 2), "va": "bottom", "color": QUIET}
    write(ax, "Number of cases", (0, 1), xycoords="axes fraction", **heading)
    for i, flag in enumerate(rows):
        if math.isfinite(flag.mark.at):
            dashes = ((0, ()), (0, (4, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))[i % 4]
            style: dict[str, Any] = {"color": INK, "linewidth": 1.3, "linestyle": dashes}
            ax.axvline(first + flag.place * (end - first), zorder=6, **style)
            line = {"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0, **style}
            ax.annotate("", (flag.place, 1), (0, up), textcoords="offset points", arrowprops=line, **above)
        side: dict[str, Any] = {"ha": "left", "xytext": (4, up - 1)}
        if not flag.rightwards:
            side = {"ha": "right", "xytext": (-4, up - 1)}
        text = "\n".join(flag.lines)
        write(ax, text, (flag.place, 1), xycoords="axes fraction", va="top", backing=True, **side)
        up -= LINE * len(flag.lines) + 2
    return head + LINE


def flag_height(rows: list[_Flag]) -> float:
    """Points that the labels of the marks take above the axes."""
    return sum(LINE * len(flag.lines) + 2 for flag in rows)


def _span(chart: Histogram) -> tuple[float, float, float, float]:
    """First edge, last edge, end of the axis and width of the bar for the cases beyond."""
    first, last = (chart.edges[0], chart.edges[-1]) if chart.counts else (0.0, 1.0)
    last = last if last > first else first + 1.0
    thick = max((last - first) / max(len(chart.counts), 1), (last - first) / 16)
    marks = [m.at for m in chart.marks if math.isfinite(m.at)]
    end = last + 1.6 * thick if chart.over else max(last, *marks) if marks else last
    return min([first, *marks]), last, end, thick


@dataclass(frozen=True, slots=True)
class _Flag:
    """A mark's label: where its line stands (0 to 1), on which side of it the text goes, the text."""

    mark: Mark
    place: float
    rightwards: bool
    lines: list[str]


def flags(chart: Histogram, width: float) -> list[_Flag]:
    """The labels of the marks from the top row down, ordered so that no line runs through a label.

    Those whose text goes left come first, from the right; then those whose text goes right, from the left.
    """
    first, last, end, thick = _span(chart)
    placed = []
    for mark in chart.marks:
        known = math.isfinite(mark.at)
        label = mark.label if known else f"{mark.label}: not known"
        at = (end - thick / 2 if mark.at > last and chart.over else mark.at) if known else first
        place = (at - first) / (end - first)
        need = text_width(label) + 8
        rightwards = need <= (1 - place) * width or (need > place * width and place <= 0.5)
        placed.append((mark, place, rightwards, label))
    left = sorted((p for p in placed if not p[2]), key=lambda p: -p[1])
    right = sorted((p for p in placed if p[2]), key=lambda p: p[1])
    walls = [p[1] for p in left] + [1.0]
    rows = []
    for mark, place, rightwards, label in [*left, *right]:
        room = (min((w for w in walls if w > place), default=1.0) - place) if rightwards else place
        rows.append(_Flag(mark, place, rightwards, wrap(label, max(room * width - 8, 40.0))))
    return rows


def check_edges(chart: Histogram) -> None:
    """Refuse counts that don't fit their edges."""
    if len(chart.edges) != len(chart.counts) + 1 and (chart.edges or chart.counts):
        raise ValueError(
            f"histogram {chart.title!r} has {len(chart.edges)} edges for {len(chart.counts)} counts; "
            "it needs one edge more than counts"
        )
