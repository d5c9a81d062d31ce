"""The text that stands for a picture: the numbers of a chart in words, from the same data as its drawing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from streamline.figure import (
    Bar,
    BarChart,
    BarTable,
    Chart,
    FlowMap,
    Heat,
    Histogram,
    Line,
    LineChart,
    Mark,
    ModelPicture,
    PointChart,
    Spectrum,
    StackedBars,
    StepCurves,
    Tornado,
)
from streamline.report.bar_table import cells
from streamline.report.drawing import NOTHING
from streamline.report.histogram import check_edges
from streamline.report.lettering import number, printed, ticks_between, with_intervals
from streamline.report.spectrum import class_counts
from streamline.report.stacked_bars import known_total
from streamline.report.time_axis import date_words
from streamline.units import counted, duration_words

#: A line of at most this many points is told point by point, a longer one by its ends and extremes.
_TOLD = 24
_DAY = 86_400_000_000


def describe(chart: Chart) -> str:
    """The numbers of a chart in words."""
    words: Callable[..., str] = _WORDS[type(chart)]
    return words(chart)


def _bars(chart: BarChart) -> str:
    texts = printed([b.value for b in chart.bars])
    parts = [
        f"{bar.label}{f' ({bar.group})' if bar.group else ''}: {text}{_interval(bar)}"
        for bar, text in zip(chart.bars, texts, strict=True)
    ]
    return f"{chart.axis}. " + _listed(parts)


def _interval(bar: Bar) -> str:
    if bar.low is None or bar.high is None or not (math.isfinite(bar.low) and math.isfinite(bar.high)):
        return ""
    low, high = printed([bar.low, bar.high])
    return f" ({low} to {high})"


def _histogram(chart: Histogram) -> str:
    check_edges(chart)
    parts = [
        f"{number(low)} to {number(high)}: {count:,}"
        for low, high, count in zip(chart.edges, chart.edges[1:], chart.counts, strict=False)
    ]
    if chart.over:
        parts.append(f"over {number(chart.edges[-1])}: {chart.over:,}")
    parts += _marks(chart.marks)
    return f"{chart.axis}; number of cases. " + _listed(parts)


def _marks(marks: Sequence[Mark]) -> list[str]:
    return [f"{m.label} at {number(m.at)}" if math.isfinite(m.at) else f"{m.label}: not known" for m in marks]


def _map(chart: FlowMap) -> str:
    steps = [
        f"{n.label} ({'nearly all' if chart.nearly_all(n.share) else f'{n.share:.0%} of'} cases)"
        for n in chart.nodes
        if n.kind == "activity"
    ]
    names = [n.label for n in chart.nodes]
    told = [e for i, e in enumerate(chart.edges) if e.returns and i not in chart.untold]
    back = [f"{names[e.source]} to {names[e.target]} ({e.n_cases:,} cases)" for e in told]
    return "Steps: " + "; ".join(steps) + "." + (" Ways back: " + "; ".join(back) + "." if back else "")


def _stacks(chart: StackedBars) -> str:
    parts = []
    for stack in chart.stacks:
        total, *texts = printed([known_total(stack), *stack.values])
        least = "at least " if total != "not known" and "not known" in texts else ""
        inside = [f"{group} {text}" for group, text, v in zip(chart.groups, texts, stack.values, strict=True) if v]
        parts.append(f"{stack.label}: {least}{total}" + (f", of which {', '.join(inside)}" if inside else ""))
    return f"{chart.axis}. " + _listed(parts)


def _lines(chart: LineChart) -> str:
    parts = [_line(line, chart.timezone) for line in chart.lines]
    parts += [f"{m.label}, {date_words(m.at, chart.timezone)}" for m in chart.marks]
    parts += _levels(chart)
    return f"{chart.axis}; dates in {chart.timezone}. " + _listed(parts)


def _levels(chart: LineChart) -> list[str]:
    parts = []
    for level, text in zip(chart.levels, printed([level.value for level in chart.levels]), strict=True):
        ends = (("from", level.start), ("until", level.end))
        when = "".join(f" {word} {date_words(at, chart.timezone)}" for word, at in ends if at is not None)
        parts.append(f"{level.label or 'Level'}: {text}{when}")
    return parts


def _line(line: Line, zone: str) -> str:
    known = [i for i, v in enumerate(line.values) if math.isfinite(v)]
    if not known:
        return f"{line.label}: not known"
    clock = len(line.at) > 1 and (line.at[-1] - line.at[0]) < 0.9 * _DAY * (len(line.at) - 1)

    def told(i: int) -> str:
        return date_words(line.at[i], zone, clock=clock)

    if len(line.values) <= _TOLD:
        texts = with_intervals(line.values, line.low, line.high)
        texts = [text if math.isfinite(v) else line.gap for text, v in zip(texts, line.values, strict=True)]
        return f"{line.label}: " + ", ".join(f"{told(i)} {text}" for i, text in enumerate(texts))
    texts = printed(line.values)
    low, high = min(known, key=lambda i: line.values[i]), max(known, key=lambda i: line.values[i])
    gaps = len(line.values) - len(known)
    return (
        f"{line.label}, {len(line.values):,} points: {texts[known[0]]} at first ({told(known[0])}), "
        f"{texts[known[-1]]} at last ({told(known[-1])}), lowest {texts[low]} ({told(low)}), "
        f"highest {texts[high]} ({told(high)})" + (f", {line.gap} at {gaps:,}" if gaps else "")
    )


def _curves(chart: StepCurves) -> str:
    times = [at for curve in chart.curves for at in curve.at]
    ticks = ticks_between(min(times, default=0.0), max(times, default=0.0), 6) if times else []
    asked = sorted({*ticks, *(m.at for m in chart.marks if math.isfinite(m.at))})
    words = dict(zip(asked, printed(asked), strict=True))
    parts = []
    for curve in chart.curves:
        values, low, high = ([100 * v for v in some] for some in (curve.values, curve.low, curve.high))
        shares = with_intervals(values, low, high, unit="%")
        said = []
        for t in asked:
            reached = [i for i, at in enumerate(curve.at) if at <= t]
            if reached and t <= curve.at[-1]:
                said.append(f"at {words[t]}, {shares[reached[-1]]}")
        end = f"; followed as far as {number(curve.at[-1])}" if curve.at else "; nothing followed"
        parts.append(f"{curve.label}: " + "; ".join(said) + end)
    parts += _marks(chart.marks)
    return f"{chart.value_axis}, by {chart.axis[:1].lower()}{chart.axis[1:]}. " + ". ".join(parts) + "."


def _spectrum(chart: Spectrum) -> str:
    n = len(chart.begin)
    head = f"{counted(n, 'line')} from {chart.above} to {chart.below}"
    if not n:
        return head + "."
    spans = [b - a for a, b in zip(chart.begin, chart.end, strict=True)]
    first, last = (date_words(at, chart.timezone) for at in (min(chart.begin), max(chart.end)))
    parts = [f"{label}: {count:,}" for label, count in zip(chart.classes, class_counts(chart), strict=True)]
    return (
        f"{head}, {first} to {last} ({chart.timezone}); the shortest took {duration_words(min(spans))}, "
        f"the longest {duration_words(max(spans))}. " + _listed(parts)
    )


def _table(chart: BarTable) -> str:
    columns = [cells(column) for column in chart.columns]
    parts = [
        f"{label}: " + ", ".join(f"{c.heading} {texts[i]}" for c, texts in zip(chart.columns, columns, strict=True))
        for i, label in enumerate(chart.labels)
    ]
    return f"By {chart.heading[:1].lower()}{chart.heading[1:]}. " + _listed(parts)


def _heat(chart: Heat) -> str:
    """The highest and lowest cell of each row, and the highest of all."""
    texts = dict(_printed_cells(chart))
    parts = []
    for i, label in enumerate(chart.rows):
        known = [j for j in range(len(chart.columns)) if math.isfinite(chart.values[i][j])]
        if not known:
            parts.append(f"{label}: not known")
            continue
        low, high = min(known, key=lambda j: chart.values[i][j]), max(known, key=lambda j: chart.values[i][j])
        same = chart.values[i][low] == chart.values[i][high]
        lowest = f"{texts[i, low]} throughout" if same else f"lowest {texts[i, low]} ({chart.columns[low]})"
        parts.append(f"{label}: {lowest}" + ("" if same else f", highest {texts[i, high]} ({chart.columns[high]})"))
    across = f" Columns: {chart.column_axis}." if chart.column_axis else ""
    return f"{chart.axis}.{across} " + _listed(parts)


def _printed_cells(chart: Heat) -> list[tuple[tuple[int, int], str]]:
    places = [(i, j) for i in range(len(chart.rows)) for j in range(len(chart.columns))]
    return list(zip(places, printed([chart.values[i][j] for i, j in places]), strict=True))


def _listed(parts: Sequence[str]) -> str:
    return "; ".join(parts) + "." if parts else NOTHING


def _model(chart: ModelPicture) -> str:
    return f"The model in words: {chart.words}."


def _points(chart: PointChart) -> str:
    xs, ys = printed([p.x for p in chart.points]), printed([p.y for p in chart.points])
    parts = []
    for p, x, y in zip(chart.points, xs, ys, strict=True):
        span = ""
        if p.y_low is not None and p.y_high is not None and math.isfinite(p.y_low + p.y_high):
            span = " ({} to {})".format(*printed([p.y_low, p.y_high]))
        parts.append(f"{p.label}{f' ({p.group})' if p.group else ''}: {x}, {y}{span}")
    return f"{chart.x_axis}, then {chart.y_axis}. " + _listed(parts)


def _tornado(chart: Tornado) -> str:
    ends = printed([v for s in chart.swings for v in (s.low, s.high)])
    parts = [
        f"{s.label}: {ends[2 * k]} at {s.low_label or 'its low end'}, {ends[2 * k + 1]} at {s.high_label or 'its high end'}"
        for k, s in enumerate(chart.swings)
    ]
    return f"{chart.axis}. Likely: {printed([chart.at])[0]}. " + _listed(parts)


_WORDS: dict[type, Callable[..., str]] = {
    BarChart: _bars,
    Histogram: _histogram,
    FlowMap: _map,
    StackedBars: _stacks,
    LineChart: _lines,
    StepCurves: _curves,
    Spectrum: _spectrum,
    BarTable: _table,
    Heat: _heat,
    ModelPicture: _model,
    PointChart: _points,
    Tornado: _tornado,
}
