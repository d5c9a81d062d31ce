"""The overview of a log as HTML: inside a notebook, or as a page of its own. Nothing is computed here.

Pictures are images with their numbers in words as alternative text, so that nothing in the page has an id and the same
overview may be shown twice; they are drawn on white, dark theme or not.
"""

from __future__ import annotations

import base64
import html
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from streamline.figure import BarChart, Chart
from streamline.report.chart import chart_svg, describe
from streamline.report.map import map_svg
from streamline.results import rows_of
from streamline.units import DAY, counted, duration_words, significant

if TYPE_CHECKING:
    from streamline.notebook.overview import Overview

#: Width of a chart in points, and in CSS pixels: its letters of 9 points come out 10.8 pixels high.
CHART_WIDTH, CHART_PIXELS = 341.0, 410.0
#: Findings about the records that are shown, and places where the time goes.
FINDINGS, PLACES = 4, 3

STYLE = """
.streamline-overview{box-sizing:border-box;max-width:1280px;background:#fff;color:#1b1f24;padding:4px 12px;
 font:14px/1.35 system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Noto Sans','DejaVu Sans',sans-serif}
.streamline-overview *{box-sizing:border-box}
.streamline-overview h2{font-size:19px;line-height:1.25;margin:0;color:#1b1f24;overflow-wrap:anywhere}
.streamline-overview h3{font-size:14px;line-height:1.25;margin:0 0 2px;color:#1b1f24}
.streamline-overview .so-head{display:flex;flex-wrap:wrap;gap:0 14px;align-items:baseline}
.streamline-overview p{margin:0;color:#4a5460;font-size:13px}
.streamline-overview .so-figures{display:flex;flex-wrap:wrap;gap:4px 20px;margin:4px 0 6px;padding:0}
.streamline-overview .so-figures div{display:flex;flex-direction:column-reverse;margin:0}
.streamline-overview dt{font-size:12px;font-weight:400;color:#4a5460;margin:0;padding:0}
.streamline-overview dd{font-size:17px;font-weight:600;margin:0;padding:0}
.streamline-overview dd small{font-size:12px;font-weight:400;color:#4a5460}
.streamline-overview .so-grid{display:grid;gap:6px;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr))}
.streamline-overview section{border:1px solid #c5ccd3;border-radius:4px;padding:3px 8px;min-width:0;background:#fff}
.streamline-overview img{display:block;max-width:100%;height:auto;margin:0 auto;background:#fff}
.streamline-overview .so-map{grid-row:span 2;display:flex;flex-direction:column}
.streamline-overview .so-scroll{overflow:auto;flex:1 1 0;min-height:340px}
.streamline-overview .so-scroll:focus-visible{outline:3px solid #b23c00;outline-offset:1px}
.streamline-overview .so-scroll img{max-width:none}
.streamline-overview .so-chart{overflow:auto;max-height:300px}
.streamline-overview .so-wide{grid-column:1/-1}
.streamline-overview ul{margin:0;padding-left:16px;font-size:12.5px;columns:380px auto;column-gap:24px}
.streamline-overview li{break-inside:avoid}
""".strip()


def overview_html(view: Overview) -> str:
    """The overview as one element with its own style."""
    window = view.recorded
    head = f"<h2>{html.escape(view.source)}</h2>"
    period = f"Records from {window.first} to {window.last}, {html.escape(window.timezone)}." if window else ""
    reading = f"{counted(view.n, 'case')}. {period}"
    quality = "".join(f"<li>{html.escape(f.statement)}</li>" for f in view.quality.findings[:FINDINGS])
    more = len(view.quality.findings) - FINDINGS
    if more > 0:
        quality += f"<li>{counted(more, 'more finding')} in <code>.quality</code></li>"
    quality += "".join(f"<li>{html.escape(c)}</li>" for c in view.caveats)
    panels = [
        _map_panel(view),
        _panel("Volume", view.volume, "The log covers less than two whole periods."),
        _panel("Cycle time", view.cycle.chart() if view.cycle else None, "No case is closed."),
        _panel("Channels", view.channels, "The records name no channels."),
        _panel("Where the time goes", _places(view), "No case is closed."),
    ]
    panels.append(
        '<section class="so-wide"><h3>Quality of the records, and what to know</h3>'
        + (f"<ul>{quality}</ul>" if quality else "<p>Nothing was found.</p>")
        + "</section>"
    )
    return (
        f'<div class="streamline-overview"><style>{STYLE}</style><div class="so-head">{head}<p>{reading}</p></div>'
        f'<dl class="so-figures">{_figures(view)}</dl><div class="so-grid">{"".join(panels)}</div></div>'
    )


def overview_page(view: Overview) -> str:
    """The overview as a page of its own."""
    title = f"Overview of {html.escape(view.source)}"
    body = overview_html(view).replace("<h2>", "<h1>", 1).replace("</h2>", "</h1>", 1)
    body = body.replace("<h3>", "<h2>").replace("</h3>", "</h2>")
    style = ".streamline-overview h1{font-size:19px;line-height:1.25;margin:0;overflow-wrap:anywhere}"
    style += ".streamline-overview section h2{font-size:14px}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>body{{margin:0;background:#fff}}main{{margin:0 auto;max-width:1280px}}{style}</style>"
        f"</head><body><main>{body}</main></body></html>\n"
    )


def _figures(view: Overview) -> str:
    parts = []
    for row in rows_of(view.table):
        value, between = _said(row.value, row.unit), ""
        if math.isfinite(row.low) and math.isfinite(row.high):
            between = f" <small>{_bound(row.low, row.unit)} to {_bound(row.high, row.unit)}</small>"
        parts.append(f"<div><dt>{html.escape(str(row.measure))}</dt><dd>{value}{between}</dd></div>")
    return "".join(parts)


def _said(value: float, unit: str) -> str:
    if unit == "cases":
        return f"{int(value):,}"
    if unit.startswith("share"):
        return f"{value:.0%}"
    return duration_words(value * DAY) if unit == "days" else significant(value)


def _bound(value: float, unit: str) -> str:
    """A bound beside its value, without the unit where the value says it."""
    return significant(value) if unit == "days" and value >= 1 else _said(value, unit)


def _places(view: Overview) -> Chart | None:
    if view.bottlenecks is None:
        return None
    chart = view.bottlenecks.chart()
    if not isinstance(chart, BarChart):
        return chart
    places = list(dict.fromkeys(bar.label for bar in chart.bars))[:PLACES]
    return replace(chart, bars=tuple(bar for bar in chart.bars if bar.label in places))


def _panel(title: str, chart: Chart | None, otherwise: str) -> str:
    if chart is None:
        return f"<section><h3>{title}</h3><p>{otherwise}</p></section>"
    svg = chart_svg(chart, wide=False, title_id="chart", headed=False, width=CHART_WIDTH)
    words = html.escape(f"{chart.title}. {describe(chart)}", quote=True)
    note = f"<p>{html.escape(chart.note)}</p>" if chart.note else ""
    return (
        f"<section><h3>{html.escape(chart.title)}</h3>{note}"
        f'<div class="so-chart" tabindex="0" role="group" aria-label="{title}">{_image(svg, words, CHART_PIXELS)}</div></section>'
    )


def _map_panel(view: Overview) -> str:
    head = '<section class="so-map"><h3>Process map</h3>'
    if view.process_map is None:
        return f"{head}<p>The log has no steps.</p></section>"
    flow = view.process_map.flow
    svg = map_svg(flow, title_id="map")
    words = html.escape(f"{flow.title}. {describe(flow)}", quote=True)
    wide = float(svg.split('viewBox="0 0 ', 1)[1].split(" ", 1)[0])
    return (
        f'{head}<div class="so-scroll" tabindex="0" role="group" aria-label="Process map">{_image(svg, words, wide)}</div>'
        f"<p>{html.escape(flow.note)}</p></section>"
    )


def _image(svg: str, words: str, width: float) -> str:
    data = base64.b64encode(svg.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{words}" width="{width:.0f}">'
