"""Survival and incidence curves on matplotlib axes: steps with bands, marks, and how many cases are followed."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from streamline.figure import Curve, StepCurves
from streamline.report.drawing import (
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
    horizontal_ticks,
    known,
    legend_height,
    nothing,
    stroke,
    under,
    under_height,
    value_heading,
    visible,
)
from streamline.report.lettering import INK, LINE, QUIET, number, text_width, ticks_apart, wrap, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FOLLOWED = "Cases followed as far as that"
#: At most about so many numbers of cases followed stand in a line.
_NUMBERS = 8
#: A tail in which no curve moves by more than this is left off where what is before it fills less than that share.
_FLAT, _WORTH_CUTTING = 0.005, 0.7
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def plan_curves(chart: StepCurves, page: Page) -> Plan:
    """Lay curves out; at their left stand the shares."""
    return Plan(
        left=14 + text_width("100%"),
        inner=fixed(160.0 if page.above else 200.0),
        head=partial(_head, chart=chart),
        foot=lambda width: under_height(_axis(chart), width) + _risk_height(chart, width),
        fill=partial(_draw, chart=chart),
    )


def _head(width: float, *, chart: StepCurves) -> float:
    labels = [entry.label for entry in _entries(chart)]
    return legend_height(labels, width) + LINE * len(wrap(chart.value_axis, width)) + flag_height(_flags(chart, width))


def _entries(chart: StepCurves) -> list[Stroke]:
    named = len(chart.curves) > 1
    return [Stroke(curve.label, *stroke(i)[:2]) for i, curve in enumerate(chart.curves)] if named else []


def _span(chart: StepCurves) -> tuple[float, float]:
    """First and last time shown: all that matters is before the last, where the tail is flat and long."""
    starts = [at for curve in chart.curves for at in curve.at[:1]]
    marks = [mark.at for mark in chart.marks if math.isfinite(mark.at)]
    first, end = min([0.0, *starts, *marks]), _end(chart)
    settled = max([_settled(curve) for curve in chart.curves] + marks, default=end)
    settled += 0.05 * (settled - first)
    last = settled if settled - first < _WORTH_CUTTING * (end - first) else max([end, *marks])
    return first, last if last > first else first + 1.0


def _end(chart: StepCurves) -> float:
    """The last time of any curve."""
    return max((at for curve in chart.curves for at in curve.at[-1:]), default=0.0)


def _settled(curve: Curve) -> float:
    """From when on the curve stays within `_FLAT` of where it ends; its own end where that isn't known."""
    if not curve.at or not math.isfinite(curve.values[-1]):
        return curve.at[-1] if curve.at else 0.0
    moving = [i for i, v in enumerate(curve.values) if not abs(v - curve.values[-1]) <= _FLAT]
    return curve.at[moving[-1] + 1] if moving else curve.at[0]


def _axis(chart: StepCurves) -> str:
    last, end = _span(chart)[1], _end(chart)
    if last >= end:
        return chart.axis
    return f"{chart.axis}. After that, as far as {number(end)}, no curve moves by more than {100 * _FLAT:g} percentage points"


def _flags(chart: StepCurves, width: float) -> list[Flag]:
    first, last = _span(chart)
    posts = []
    for mark in chart.marks:
        known = math.isfinite(mark.at)
        label = mark.label if known else f"{mark.label}: not known"
        posts.append((label, (mark.at - first) / (last - first) if known else 0.0, known))
    return flag_rows(posts, width)


def _draw(ax: Axes, width: float, *, chart: StepCurves) -> None:
    first, last = _span(chart)
    ax.set_xlim(first, last)
    ax.set_ylim(0, 1.03)
    height_scale(ax, _TICKS, [f"{tick:.0%}" for tick in _TICKS])
    nothing(ax, shown=any(curve.at for curve in chart.curves))
    for i, curve in enumerate(chart.curves):
        _draw_curve(ax, curve, i, width)
    horizontal_ticks(ax, *ticks_apart(first, last, width), width)
    ax.tick_params(axis="x", length=3, color=QUIET)
    rows = _flags(chart, width)
    value_heading(ax, wrap(chart.value_axis, width), up=flag_height(rows))
    draw_flags(ax, rows)
    draw_legend(ax, _entries(chart), width, top=_head(width, chart=chart))
    under(ax, _axis(chart), width)
    _write_risk(ax, chart, width)


def _draw_curve(ax: Axes, curve: Curve, i: int, width: float) -> None:
    colour, dashes, marker = stroke(i)
    kept = visible(curve.at, curve.values, width=width, span=ax.get_xlim())
    at, values = [curve.at[k] for k in kept], [curve.values[k] for k in kept]
    if curve.low:
        low, high = ([known(bounds[k]) for k in kept] for bounds in (curve.low, curve.high))
        ax.fill_between(at, low, high, step="post", color=colour, alpha=0.18, linewidth=0, zorder=2)
    ax.step(at, values, where="post", color=colour, linewidth=1.6, linestyle=(0, dashes), zorder=5)
    if len(curve.at) == 1:
        ax.plot(curve.at, curve.values, color=colour, marker=marker, markersize=4, zorder=6, clip_on=False)


# The numbers of cases followed, under the words of the axis: a heading, then a line of names and one of numbers each.


def _risk_lines(chart: StepCurves, width: float) -> list[tuple[Curve, list[str]]]:
    """The curves that have such numbers, with their names where there are several."""
    some = [curve for curve in chart.curves if curve.at_risk]
    return [(curve, wrap(curve.label, width) if len(chart.curves) > 1 else []) for curve in some]


def _risk_height(chart: StepCurves, width: float) -> float:
    lines = _risk_lines(chart, width)
    heading = LINE * len(wrap(_FOLLOWED, width)) + 6 if lines else 0.0
    return heading + sum(LINE * (len(names) + 1) + 2 for _, names in lines)


def _write_risk(ax: Axes, chart: StepCurves, width: float) -> None:
    lines = _risk_lines(chart, width)
    if not lines:
        return
    first, last = _span(chart)
    down = under_height(_axis(chart), width) + 6
    place: dict[str, Any] = {"xycoords": "axes fraction", "va": "top", "color": QUIET}
    heading = wrap(_FOLLOWED, width)
    write(ax, "\n".join(heading), (0, 0), xytext=(0, -down), ha="left", **place)
    down += LINE * len(heading)
    for curve, names in lines:
        if names:
            write(ax, "\n".join(names), (0, 0), xytext=(0, -down), ha="left", **{**place, "color": INK})
            down += LINE * len(names)
        free = -1e9
        for at, n in sorted(curve.at_risk):
            text = f"{n:,}"
            x, half = (at - first) / (last - first), text_width(text) / 2
            left = min(max(x * width - half, 0.0), width - 2 * half)
            if 0 <= x <= 1 and left > free:
                write(ax, text, (0, 0), xytext=(left, -down), ha="left", **place)
                free = left + max(2 * half + 6, width / _NUMBERS)
        down += LINE + 2
