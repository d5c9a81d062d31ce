"""A performance spectrum on matplotlib axes: a line a case, from when it left one step to when it reached another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

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
from streamline.report.time_axis import date_lines, date_scale, date_words, days, span_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From fast to slow: dark and cold to bright and warm; how steep a line is says the same without colour.
_FAST_TO_SLOW = ("#0b3c6f", "#1f6ba8", "#2b93cf", "#1f9b7a", "#8a6a00", "#e0641a", "#a8323e", "#7a2e00")
#: A stretch is at most so many times as long as nine of ten lines, so that they differ in how steep they are, but holds
#: so many lines.
_STEEPEST, _WORTH = 60.0, 150
_WEEK = 7 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of a spectrum is drawn: the time from `first` to `last`, in µs since 1970 UTC, and which lines."""

    first: float
    last: float
    lines: npt.NDArray[np.int64]
    #: How many lines run within that time, drawn or not.
    n_within: int


def most_lines(width: float) -> int:
    """How many lines a spectrum of a width in points can show apart."""
    return int(4 * width)


def stretch(chart: Spectrum, width: float) -> Stretch:
    """The stretch to draw: all of it where the lines can be told apart, else one from the middle of the period.

    A year of cases that take an hour each would be a barcode, and leaving out every other line would hide what lines do
    together. So the stretch is at most `_STEEPEST` times as long as nine of ten lines (but a week, and long enough for
    `_WORTH` lines), and short enough for `most_lines`; all lines that run within it are drawn. Only a stretch that can't
    get shorter is thinned.
    """
    begin, end = np.array(chart.begin, dtype=np.int64), np.array(chart.end, dtype=np.int64)
    first, last = span_of([*chart.begin, *chart.end])
    if not len(begin):
        return Stretch(first, last, np.empty(0, dtype=np.int64), 0)
    usual, middle, most = float(np.quantile(end - begin, 0.9)), float(np.median(begin)), most_lines(width)

    def within(length: float) -> Stretch:
        start = max(min(middle - length / 2, last - length), first)
        inside = (begin <= start + length) & (end >= start)
        lines = np.flatnonzero(inside)
        return Stretch(start, start + length, lines, len(lines))

    length = min(last - first, max(_STEEPEST * usual, _WEEK))
    shortest = min(length, max(4 * usual, _WEEK / 7))
    found = within(length)
    while len(found.lines) < min(_WORTH, len(begin)) and length < last - first:
        length = min(1.25 * length, last - first)
        found = within(length)
    while len(found.lines) > most and length > shortest:
        length = max(0.9 * length, shortest)
        found = within(length)
    order = np.lexsort((end[found.lines], begin[found.lines]))
    return Stretch(found.first, found.last, found.lines[order][thinned(len(order), most)], found.n_within)


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
    shown = stretch(chart, width)
    lines = date_lines(shown.first, shown.last, chart.timezone, width)
    return _below_height(chart, width) + under_height(_axis(chart, width), width, tick_lines=lines)


def _below_height(chart: Spectrum, width: float) -> float:
    return LINE * len(wrap(chart.below, width)) + 4


def _axis(chart: Spectrum, width: float) -> str:
    shown, n = stretch(chart, width), len(chart.begin)
    if len(shown.lines) == n:
        return f"Date ({chart.timezone})"
    when = " to ".join(date_words(at, chart.timezone) for at in (shown.first, shown.last))
    some = (
        f"{len(shown.lines):,} of the {shown.n_within:,} lines"
        if len(shown.lines) < shown.n_within
        else f"the {shown.n_within:,} lines"
    )
    return f"Date ({chart.timezone}). Drawn: {some} of {when}; {n:,} in all"


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
    shown = stretch(chart, width)
    first, last = shown.first, shown.last
    ax.set_xlim(days(first), days(last))
    ax.set_ylim(0, 1)
    nothing(ax, shown=bool(chart.begin))
    ax.set_yticks([])
    for group in range(len(chart.classes)):
        inside = [i for i in shown.lines.tolist() if chart.class_of[i] == group]
        x = [v for i in inside for v in (days(chart.begin[i]), days(chart.end[i]), math.nan)]
        heights = [1.0, 0.0, math.nan] * len(inside)
        style: dict[str, Any] = {
            "linewidth": 0.7 if len(shown.lines) > 300 else 1.0,
            "alpha": 0.8,
            "zorder": 2 + group / 10,
        }
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
