"""Horizontal bars split among groups, on matplotlib axes: each group has its fill and hatch, each bar its total."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from streamline.figure import Bar, Stack, StackedBars
from streamline.report.bar_chart import Row, draw_length, label_room, middles, rows_of, write_labels
from streamline.report.drawing import (
    Page,
    Plan,
    Swatch,
    draw_legend,
    fixed,
    legend_height,
    length_scale,
    look,
    nothing,
    under,
    under_height,
)
from streamline.report.lettering import LINE, printed, text_width, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plan_stacks(chart: StackedBars, page: Page) -> Plan:
    """Lay stacks out with labels up to `label_width` points wide, `above` the bars or beside them."""
    totals = [Bar(label=stack.label, value=known_total(stack)) for stack in chart.stacks]
    rows = rows_of(
        list(zip(totals, total_texts(chart.stacks), strict=True)), label_width=page.label_width, above=page.above
    )
    return Plan(
        left=label_room(rows, above=page.above),
        inner=fixed(sum(row.height for row in rows) or LINE),
        head=partial(legend_height, _named(chart)),
        foot=partial(under_height, chart.axis),
        fill=partial(_draw, chart=chart, rows=rows, above=page.above),
    )


def _named(chart: StackedBars) -> list[str]:
    """The groups for the legend; one that is 0 in every stack is said to be none, so that nobody looks for it."""
    every = [[stack.values[i] for stack in chart.stacks] for i in range(len(chart.groups))]
    return [
        f"{group} (none)" if values and not any(values) else group
        for group, values in zip(chart.groups, every, strict=True)
    ]


def known_total(stack: Stack) -> float:
    """The sum of the lengths that are known; NaN when none is."""
    known = [v for v in stack.values if math.isfinite(v)]
    return math.fsum(known) if known else math.nan


def total_texts(stacks: Sequence[Stack]) -> list[str]:
    """The totals as printed: "at least" where a part isn't known."""
    texts = printed([known_total(stack) for stack in stacks])
    return [
        f"at least {text}" if math.isfinite(known_total(stack)) and not all(map(math.isfinite, stack.values)) else text
        for stack, text in zip(stacks, texts, strict=True)
    ]


def _draw(ax: Axes, width: float, *, chart: StackedBars, rows: Sequence[Row], above: bool) -> None:
    bars = [pair for row in rows for pair in row.bars]
    high = max((bar.value for bar, _ in bars if math.isfinite(bar.value)), default=0.0) or 1.0
    after = max((text_width(text) + 8 for _, text in bars), default=0.0)
    ax.set_xlim(0, high + after * high / max(width - after, 20.0))
    length_scale(ax, 0, high, width)
    nothing(ax, shown=bool(rows))
    write_labels(ax, rows, above=above)
    places = [middle for row in rows for middle in middles(row)]
    for stack, (_, text), middle in zip(chart.stacks, bars, places, strict=True):
        start = 0.0
        for i, length in enumerate(stack.values):
            if math.isfinite(length) and length > 0:
                fill, hatch = look(i)
                draw_length(ax, start=start, length=length, middle=middle, fill=fill, hatch=hatch)
                start += length
        write(ax, text, (start, middle), va="center", ha="left", xytext=(4, 0))
    entries = [Swatch(name, *look(i)) for i, name in enumerate(_named(chart))]
    draw_legend(ax, entries, width, top=legend_height(_named(chart), width))
    under(ax, chart.axis, width)
