"""A performance spectrum on matplotlib axes: a line a case, from when it left one step to when it reached another."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from streamline.figure import Spectrum
from streamline.report.drawing import (
    Page,
    Plan,
    Stroke,
    draw_legend,
    fixed,
    legend_height,
    nothing,
    under,
    under_height,
)
from streamline.report.lettering import INK, LINE, wrap, write
from streamline.report.time_axis import date_lines, date_scale, days, span_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From fast to slow: dark and cold to bright and warm; how steep a line is says the same without colour.
_FAST_TO_SLOW = ("#0b3c6f", "#1f6ba8", "#2b93cf", "#1f9b7a", "#8a6a00", "#e0641a", "#a8323e", "#7a2e00")
_EDGE = 4.0


def most_lines(width: float) -> int:
    """How many lines a spectrum of a width in points can show apart."""
    return int(4 * width)


def thinned(n: int, most: int) -> list[int]:
    """`most` of n places, evenly; all when there are no more.

    >>> thinned(10, 4), thinned(3, 4)
    ([0, 3, 5, 8], [0, 1, 2])
    """
    return list(range(n)) if n <= most else [math.ceil(i * n / most) for i in range(most)]


def plan_spectrum(chart: Spectrum, page: Page) -> Plan:
    """Lay a spectrum out: the step left is written above it, the step reached under it."""
    return Plan(
        left=14.0,
        inner=fixed(140.0 if page.above else 190.0),
        head=lambda width: _legend_height(chart, width) + LINE * len(wrap(chart.above, width)) + 2,
        foot=partial(_foot, chart=chart),
        fill=partial(_draw, chart=chart),
    )


def _foot(width: float, *, chart: Spectrum) -> float:
    lines = date_lines(*span_of([*chart.begin, *chart.end]), chart.timezone, width)
    return _below_height(chart, width) + under_height(_axis(chart, width), width, tick_lines=lines)


def _below_height(chart: Spectrum, width: float) -> float:
    return LINE * len(wrap(chart.below, width)) + 4


def _axis(chart: Spectrum, width: float) -> str:
    n, most = len(chart.begin), most_lines(width)
    return f"Date ({chart.timezone})" + (f"; {most:,} of {n:,} lines are drawn" if n > most else "")


def class_counts(chart: Spectrum) -> list[int]:
    """How many lines each class has, drawn or not."""
    counts = [0] * len(chart.classes)
    for i in chart.class_of:
        counts[i] += 1
    return counts


def _entries(chart: Spectrum) -> list[Stroke]:
    return [
        Stroke(f"{label} ({count:,})", _colour(i, len(chart.classes)))
        for i, (label, count) in enumerate(zip(chart.classes, class_counts(chart), strict=True))
    ]


def _legend_height(chart: Spectrum, width: float) -> float:
    return legend_height([entry.label for entry in _entries(chart)], width)


def _colour(i: int, n: int) -> str:
    """The i-th of n colours from fast to slow, spread over the whole range."""
    return _FAST_TO_SLOW[round(i * (len(_FAST_TO_SLOW) - 1) / max(n - 1, 1))] if n > 1 else _FAST_TO_SLOW[1]


def _draw(ax: Axes, width: float, *, chart: Spectrum) -> None:
    first, last = span_of([*chart.begin, *chart.end])
    ax.set_xlim(days(first), days(last))
    ax.set_ylim(0, 1)
    nothing(ax, shown=bool(chart.begin))
    ax.set_yticks([])
    order = sorted(range(len(chart.begin)), key=lambda i: (chart.begin[i], chart.end[i]))
    shown = [order[i] for i in thinned(len(order), most_lines(width))]
    for group in range(len(chart.classes)):
        inside = [i for i in shown if chart.class_of[i] == group]
        x = [v for i in inside for v in (days(chart.begin[i]), days(chart.end[i]), math.nan)]
        heights = [1.0, 0.0, math.nan] * len(inside)
        style: dict[str, Any] = {"linewidth": 0.7 if len(shown) > 300 else 1.0, "alpha": 0.8, "zorder": 2 + group / 10}
        ax.plot(x, heights, color=_colour(group, len(chart.classes)), **style)
    for y in (0, 1):
        ax.axhline(y, color=INK, linewidth=1.3, zorder=5, clip_on=False)
    down = _below_height(chart, width)
    write(ax, "\n".join(wrap(chart.above, width)), (0, 1), xycoords="axes fraction", xytext=(0, 3), va="bottom")
    write(ax, "\n".join(wrap(chart.below, width)), (0, 0), xycoords="axes fraction", xytext=(0, -3), va="top")
    entries = _entries(chart)
    top = _legend_height(chart, width) + LINE * len(wrap(chart.above, width)) + 2
    draw_legend(ax, entries, width, top=top)
    date_scale(ax, first, last, chart.timezone, width, down=down)
    under(ax, _axis(chart, width), width, down=LINE * date_lines(first, last, chart.timezone, width) + down)
