"""Draws charts: onto matplotlib axes for a notebook, as inline SVG for a page.

Nothing is computed here. Each chart is laid out in points, with its text measured first, so that no label is
cut and a long one grows the picture instead. Groups differ by hatching as well as by colour.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, cast
from xml.etree import ElementTree

from streamline.figure import Bar, BarChart, Chart, FlowMap, Histogram
from streamline.report.bar_chart import draw_bars, legend_height, rows_of
from streamline.report.histogram import check_edges, draw_histogram, flag_height, flags
from streamline.report.lettering import (
    FONTS,
    INK,
    LINE,
    QUIET,
    SIZE,
    clean,
    number,
    printed,
    quiet,
    text_width,
    without_glyph_warnings,
    wrap,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Widths of the two variants, in points.
WIDE, NARROW = 504.0, 222.0


def draw(chart: Chart, *, ax: Axes | None = None) -> Axes:
    """Draw a chart onto `ax`, or onto a new pyplot figure of fitting size; returns the Axes.

    The title is drawn above the axes and the note below them.
    """
    if isinstance(chart, FlowMap):
        from streamline.report.map import draw_map

        return draw_map(chart, ax=ax)
    with without_glyph_warnings():
        if ax is None:
            import matplotlib.pyplot as plt

            return _figure(chart, width=WIDE, headed=True, make=plt.figure)
        width = ax.get_window_extent().width * 72.0 / ax.figure.dpi
        head = _fill(ax, chart, width=width, label_width=0.45 * width, above=False)
        title = "\n".join(wrap(chart.title, width, SIZE + 2))
        quiet(ax.set_title(title, loc="left", pad=head + 8, fontsize=SIZE + 2, parse_math=False))
        return ax


def chart_svg(
    chart: BarChart | Histogram,
    *,
    wide: bool,
    title_id: str,
    desc: str = "",
    headed: bool = False,
    outlines: bool = False,
) -> str:
    """A chart as one `<svg>` element for a page; the same chart gives the same bytes.

    wide : 7 inches with labels beside the bars, else 3.1 inches with labels above them; text of 9 points.
    title_id : id of the `<title>`, unique in the page; every other id in the picture starts with it.
    desc : what the picture shows, for `<desc>`; by default the numbers of the chart in words.
    headed : also draw the title and the note, for a picture that stands alone.
    outlines : letters as shapes, for readers without fonts; else as text in the reader's own font.

    The element has a viewBox and no size: the page decides how large it is.
    """
    import matplotlib as mpl
    import matplotlib.style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "path" if outlines else "none",
        "svg.hashsalt": "streamline",
        "font.family": ["DejaVu Sans"],
        "font.size": SIZE,
        "hatch.linewidth": 0.8,
    }
    with matplotlib.style.context("default"), mpl.rc_context(settings), without_glyph_warnings():
        axes = _figure(chart, width=WIDE if wide else NARROW, headed=headed, make=Figure)
        stream = io.BytesIO()
        canvas: Any = FigureCanvasSVG(cast("Figure", axes.figure))
        canvas.print_svg(stream, metadata={"Date": None})
    return _inline(stream.getvalue(), title_id=title_id, title=chart.title, desc=desc or describe(chart))


def describe(chart: Chart) -> str:
    """The numbers of a chart in words."""
    if isinstance(chart, BarChart):
        texts = printed([b.value for b in chart.bars])
        parts = [
            f"{bar.label}{f' ({bar.group})' if bar.group else ''}: {text}{_interval_words(bar)}"
            for bar, text in zip(chart.bars, texts, strict=True)
        ]
        return f"{chart.axis}. " + "; ".join(parts) + "."
    if isinstance(chart, Histogram):
        check_edges(chart)
        parts = [
            f"{number(low)} to {number(high)}: {count:,}"
            for low, high, count in zip(chart.edges, chart.edges[1:], chart.counts, strict=False)
        ]
        if chart.over:
            parts.append(f"over {number(chart.edges[-1])}: {chart.over:,}")
        parts += [f"{m.label} at {number(m.at)}" for m in chart.marks]
        return f"{chart.axis}; number of cases. " + "; ".join(parts) + "."
    steps = [f"{n.label} ({n.share:.0%} of cases)" for n in chart.nodes if n.kind == "activity"]
    names = [n.label for n in chart.nodes]
    back = [f"{names[e.source]} to {names[e.target]} ({e.n_cases:,} cases)" for e in chart.edges if e.returns]
    return "Steps: " + "; ".join(steps) + "." + (" Ways back: " + "; ".join(back) + "." if back else "")


def _figure(chart: BarChart | Histogram, *, width: float, headed: bool, make: Any) -> Axes:
    """A new figure of the given width in points, as high as the chart needs, with the chart drawn."""
    above = width < 360
    label_width = width - 18 if above else 0.4 * width
    title = wrap(chart.title, width - 8, SIZE + 2, bold=True) if headed else []
    note = wrap(chart.note, width - 8) if headed and chart.note else []
    right = 10.0
    if isinstance(chart, BarChart):
        rows = rows_of(chart, label_width=label_width, above=above)
        widest = max((text_width(line) for row in rows for line in row.label), default=0.0)
        left = right if above else widest + 16
        inner, head = sum(row.height for row in rows) or LINE, legend_height(chart, width - left - right)
    else:
        left = 12 + text_width(number(max((*chart.counts, chart.over, 1))))
        inner, head = 150.0 if above else 190.0, LINE + flag_height(flags(chart, width - left - right))
    foot = LINE * (1 + len(wrap(chart.axis, width - left - right))) + 7
    top = head + (LINE * 1.3 * len(title) + 6 if title else 2)
    height = top + inner + foot + (LINE * len(note) + 8 if note else 2)
    figure: Figure = make(figsize=(width / 72.0, height / 72.0), facecolor="white")
    wide = width - left - right
    ax = figure.add_axes((left / width, 1 - (top + inner) / height, wide / width, inner / height))
    _fill(ax, chart, width=wide, label_width=label_width, above=above)
    heading: dict[str, Any] = {"va": "top", "fontsize": SIZE + 2, "weight": "bold", "color": INK}
    below: dict[str, Any] = {"va": "bottom", "fontsize": SIZE, "color": QUIET}
    for lines, y, style in ((title, 1 - 4 / height, heading), (note, 4 / height, below)):
        if lines:
            quiet(figure.text(4 / width, y, "\n".join(lines), parse_math=False, **style))
    return ax


def _fill(ax: Axes, chart: BarChart | Histogram, *, width: float, label_width: float, above: bool) -> float:
    """Draw into axes of a known width in points; returns the room taken above them, in points."""
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0, labelsize=SIZE, labelcolor=QUIET)
    if isinstance(chart, BarChart):
        rows = rows_of(chart, label_width=label_width, above=above)
        head = draw_bars(ax, chart, rows, width=width, above=above)
    else:
        head = draw_histogram(ax, chart, width=width)
    label: dict[str, Any] = {"loc": "left", "color": QUIET, "fontsize": SIZE, "parse_math": False}
    quiet(ax.set_xlabel("\n".join(wrap(chart.axis, width)), **label))
    return head


def _interval_words(bar: Bar) -> str:
    if bar.low is None or bar.high is None:
        return ""
    low, high = printed([bar.low, bar.high])
    return f" ({low} to {high})"


def _inline(file: bytes, *, title_id: str, title: str, desc: str) -> str:
    """Make an SVG file one element: no prolog, size or page-wide style; ids start with `title_id`."""
    root = ElementTree.fromstring(file)
    used: dict[str, None] = {}
    for element in root.iter():
        for value in element.attrib.values():
            found = [value[1:]] if value.startswith("#") else re.findall(r"url\(#([^)]+)\)", value)
            used.update(dict.fromkeys(found))
    names = {old: f"{title_id}-{i}" for i, old in enumerate(used)}
    for parent in list(root.iter()):
        parent.tag = parent.tag.split("}")[-1]
        if parent.tag != "text" and not (parent.text or "").strip():
            parent.text = None
        parent.tail = None
        for child in list(parent):
            if child.tag.split("}")[-1] in {"metadata", "style"}:
                parent.remove(child)
        for key, value in list(parent.attrib.items()):
            del parent.attrib[key]
            plain = key.split("}")[-1]
            if plain == "id":
                if value in names:
                    parent.set("id", names[value])
            elif plain == "href":
                parent.set("href", "#" + names[value[1:]])
            else:
                parent.set(plain, _renamed(value, names).replace(" font-family: 'DejaVu Sans';", ""))
    view = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update(
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": view,
            "role": "img",
            "aria-labelledby": f"{title_id} {title_id}-desc",
            "font-family": FONTS,
            "stroke-linejoin": "round",
        }
    )
    heads = (("title", title_id, title), ("desc", f"{title_id}-desc", desc))
    for place, (tag, ident, text) in enumerate(heads):
        element = ElementTree.Element(tag, {"id": ident})
        element.text = clean(text)
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")


def _renamed(value: str, names: dict[str, str]) -> str:
    return re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{names[m.group(1)]})", value)
