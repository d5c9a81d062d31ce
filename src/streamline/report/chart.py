"""Draws charts: onto matplotlib axes for a notebook, as inline SVG for a page.

Nothing is computed here. Each chart is laid out in points, with its text measured first, so that no label is
cut and a long one grows the picture instead. Groups differ by hatching as well as by colour.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from xml.etree import ElementTree

from streamline.figure import (
    BarChart,
    BarTable,
    Chart,
    FlowMap,
    Heat,
    Histogram,
    LineChart,
    ModelPicture,
    PointChart,
    Spectrum,
    StackedBars,
    StepCurves,
    Tornado,
)
from streamline.report.bar_chart import plan_bars
from streamline.report.bar_table import plan_table
from streamline.report.chart_words import describe
from streamline.report.drawing import Page, Plan, bare
from streamline.report.heat import plan_heat
from streamline.report.histogram import plan_histogram
from streamline.report.lettering import FONTS, INK, LINE, QUIET, SIZE, clean, quiet, without_glyph_warnings, wrap
from streamline.report.line_chart import plan_lines
from streamline.report.model_picture import plan_model
from streamline.report.point_chart import plan_points
from streamline.report.spectrum import plan_spectrum
from streamline.report.stacked_bars import plan_stacks
from streamline.report.step_curves import plan_curves
from streamline.report.tornado import plan_tornado

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["NARROW", "WIDE", "chart_svg", "describe", "draw"]

#: Widths of the two variants, in points.
WIDE, NARROW = 504.0, 222.0
_RIGHT = 10.0
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_PLANS: dict[type, Callable[..., Plan]] = {
    BarChart: plan_bars,
    Histogram: plan_histogram,
    StackedBars: plan_stacks,
    LineChart: plan_lines,
    StepCurves: plan_curves,
    Spectrum: plan_spectrum,
    BarTable: plan_table,
    Heat: plan_heat,
    ModelPicture: plan_model,
    PointChart: plan_points,
    Tornado: plan_tornado,
}


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
        plan = _PLANS[type(chart)](chart, Page(label_width=0.45 * width, above=False))
        bare(ax)
        plan.fill(ax, width)
        title = "\n".join(wrap(chart.title, width, SIZE + 2))
        quiet(ax.set_title(title, loc="left", pad=plan.head(width) + 8, fontsize=SIZE + 2, parse_math=False))
        return ax


def chart_svg(
    chart: Chart,
    *,
    wide: bool,
    title_id: str,
    desc: str = "",
    headed: bool = False,
    outlines: bool = False,
    width: float | None = None,
) -> str:
    """A chart as one `<svg>` element for a page; the same chart gives the same bytes.

    wide : 7 inches with labels beside the bars, else 3.1 inches with labels above them; text of 9 points.
    title_id : id of the `<title>`, unique in the page; every other id in the picture starts with it.
    desc : what the picture shows, for `<desc>`; by default the numbers of the chart in words.
    headed : also draw the title and the note, for a picture that stands alone.
    outlines : letters as shapes, for readers without fonts; else as text in the reader's own font.
    width : points, in place of the width that `wide` stands for.

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
        axes = _figure(chart, width=width or (WIDE if wide else NARROW), headed=headed, make=Figure)
        stream = io.BytesIO()
        canvas: Any = FigureCanvasSVG(cast("Figure", axes.figure))
        canvas.print_svg(stream, metadata={"Date": None})
    return _inline(stream.getvalue(), title_id=title_id, title=chart.title, desc=desc or describe(chart))


def _figure(chart: Chart, *, width: float, headed: bool, make: Any) -> Axes:
    """A new figure of the given width in points, as high as the chart needs, with the chart drawn."""
    above = width < 360
    plan = _PLANS[type(chart)](chart, Page(label_width=width - 18 if above else 0.4 * width, above=above))
    title = wrap(chart.title, width - 8, SIZE + 2, bold=True) if headed else []
    note = wrap(chart.note, width - 8) if headed and chart.note else []
    wide = width - plan.left - _RIGHT
    inner = plan.inner(wide)
    top = plan.head(wide) + (LINE * 1.3 * len(title) + 6 if title else 2)
    height = top + inner + plan.foot(wide) + (LINE * len(note) + 8 if note else 2)
    figure: Figure = make(figsize=(width / 72.0, height / 72.0), facecolor="white")
    ax = figure.add_axes((plan.left / width, 1 - (top + inner) / height, wide / width, inner / height))
    bare(ax)
    plan.fill(ax, wide)
    heading: dict[str, Any] = {"va": "top", "fontsize": SIZE + 2, "weight": "bold", "color": INK}
    below: dict[str, Any] = {"va": "bottom", "fontsize": SIZE, "color": QUIET}
    for lines, y, style in ((title, 1 - 4 / height, heading), (note, 4 / height, below)):
        if lines:
            quiet(figure.text(4 / width, y, "\n".join(lines), parse_math=False, **style))
    return ax


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
            elif plain == "d":
                parent.set("d", _NUMBER.sub(_shorter, " ".join(value.split())))
            else:
                kept = _renamed(value, names).replace(" font-family: 'DejaVu Sans';", "")
                # a solid line has no dashes; what makes the PDF leaves a line out whose list of dashes is empty
                parent.set(plain, kept.replace(" stroke-dasharray: ; stroke-dashoffset: 0;", ""))
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


def _shorter(number: re.Match[str]) -> str:
    """A coordinate to a hundredth of a point, which no screen shows."""
    return f"{round(float(number[0]), 2):g}"


def _renamed(value: str, names: dict[str, str]) -> str:
    return re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{names[m.group(1)]})", value)
