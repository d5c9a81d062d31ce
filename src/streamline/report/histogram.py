"""A histogram on matplotlib axes, with its marks, and a bar apart for the cases beyond the last edge."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from streamline.figure import Histogram
from streamline.report.drawing import (
    FILLS,
    Flag,
    Page,
    Plan,
    draw_flags,
    fixed,
    flag_height,
    flag_rows,
    height_scale,
    horizontal_ticks,
    under,
    under_height,
    value_heading,
)
from streamline.report.lettering import LINE, number, printed, text_width, ticks_between, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plan_histogram(chart: Histogram, page: Page) -> Plan:
    """Lay a histogram out; it has no labels at its left but counts."""
    check_edges(chart)
    return Plan(
        left=14 + text_width(number(max((*chart.counts, chart.over, 1)))),
        inner=fixed(150.0 if page.above else 190.0),
        head=lambda width: LINE + flag_height(flags(chart, width)),
        foot=partial(under_height, chart.axis),
        fill=partial(_draw, chart=chart),
    )


def _draw(ax: Axes, width: float, *, chart: Histogram) -> None:
    from matplotlib.patches import Rectangle

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
        # wider than the bar and the margin leave it: then it ends at the bar's middle, to stay inside the picture
        wide = text_width(label) / 2 > (end - beyond) * points + 6
        clear = (beyond - first) * points - text_width(label) / (1 if wide else 2) - 6
        kept = [(t, s) for t, s in zip(ticks, labels, strict=True) if (t - first) * points + text_width(s) / 2 < clear]
        ticks, labels = [*(t for t, _ in kept), beyond], [*(s for _, s in kept), label]
    horizontal_ticks(ax, ticks, labels, width)
    if chart.over:
        ax.get_xticklabels()[-1].set_horizontalalignment("right" if wide else "center")
    heights = [t for t in ticks_between(0, most, 4) if t == int(t) and t <= most * 1.08]
    height_scale(ax, heights, [number(t) for t in heights])
    rows = flags(chart, width)
    value_heading(ax, ["Number of cases"], up=flag_height(rows))
    draw_flags(ax, rows)
    under(ax, chart.axis, width)


def _span(chart: Histogram) -> tuple[float, float, float, float]:
    """First edge, last edge, end of the axis and width of the bar for the cases beyond."""
    first, last = (chart.edges[0], chart.edges[-1]) if chart.counts else (0.0, 1.0)
    last = last if last > first else first + 1.0
    thick = max((last - first) / max(len(chart.counts), 1), (last - first) / 16)
    marks = [m.at for m in chart.marks if math.isfinite(m.at)]
    end = last + 1.6 * thick if chart.over else max(last, *marks) if marks else last
    return min([first, *marks]), last, end, thick


def flags(chart: Histogram, width: float) -> list[Flag]:
    """The labels of the marks from the top row down; a mark beyond the last edge stands in the bar apart."""
    first, last, end, thick = _span(chart)
    posts = []
    for mark in chart.marks:
        known = math.isfinite(mark.at)
        at = (end - thick / 2 if mark.at > last and chart.over else mark.at) if known else first
        posts.append((mark.label if known else f"{mark.label}: not known", (at - first) / (end - first), known))
    return flag_rows(posts, width)


def check_edges(chart: Histogram) -> None:
    """Refuse counts that don't fit their edges."""
    if len(chart.edges) != len(chart.counts) + 1 and (chart.edges or chart.counts):
        raise ValueError(
            f"histogram {chart.title!r} has {len(chart.edges)} edges for {len(chart.counts)} counts; "
            "it needs one edge more than counts"
        )
