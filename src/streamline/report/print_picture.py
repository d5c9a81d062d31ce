"""Pictures on paper: a process map of few steps, a chart at its own size, a tall one in pieces."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from streamline.figure import Chart, FlowMap
from streamline.report.chart import chart_svg, describe
from streamline.report.lettering import SIZE
from streamline.report.map import map_svg
from streamline.report.map_layout import TEXT_SIZE
from streamline.report.print_letters import Letters
from streamline.report.section import Figure
from streamline.units import counted

#: Activities on a printed map: more can't be read on a page; fewer, down to the second, where it takes many pages.
MAP_STEPS, FEWEST_STEPS = 12, 8
#: The least size of a picture's letters on paper, in points.
LEAST = 6.5
_VIEW = re.compile(r'viewBox="([-\d.]+) ([-\d.]+) ([\d.]+) ([\d.]+)"')
_TEXT = re.compile(r"<text\b.*?</text>", re.DOTALL)
_TEXT_Y = re.compile(r'<text[^>]*? y="([-\d.]+)"')
#: matplotlib's way to say that a line is solid, for which the compiler draws no line at all.
_EMPTY_DASHES = re.compile(r"stroke-dasharray: *;")
#: The boxes of a map; the rectangles without round corners are frames that clip what is drawn.
_BOX = re.compile(r'<rect x="[-\d.]+" y="([-\d.]+)" width="[\d.]+" height="([\d.]+)" rx=')
_MOVED_Y = re.compile(r"<text[^>]*?translate\([-\d.]+[ ,]+([-\d.]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Width and height that a picture may take on an upright page, in points; on its side they are swapped for it."""

    width: float
    height: float
    turned_width: float
    turned_height: float


def simplified(flow: FlowMap, max_steps: int = MAP_STEPS) -> FlowMap:
    """The map with the `max_steps` steps that most cases have; the others go with their transitions, and that is said.

    Steps that no shown transition joins to others go too. Numbers stay those of the whole map.
    """
    steps = [i for i, node in enumerate(flow.nodes) if node.kind == "activity"]
    if len(steps) <= max_steps:
        return flow
    kept = set(sorted(steps, key=lambda i: (-_share(flow, i), i))[:max_steps])
    kept |= {i for i, node in enumerate(flow.nodes) if node.kind != "activity"}
    while True:
        edges = [e for e in flow.edges if e.source in kept and e.target in kept]
        joined = {i for e in edges if e.source != e.target for i in (e.source, e.target)}
        loose = {i for i in kept - joined if flow.nodes[i].kind == "activity"}
        if not loose:
            break
        kept -= loose
    place = {old: new for new, old in enumerate(sorted(kept))}
    left = len(flow.nodes) - len(kept)
    words = (
        f"Simplified for print: {counted(left, 'step')} that fewer cases have "
        f"{'is' if left == 1 else 'are'} left off with {'its' if left == 1 else 'their'} transitions; "
        "section.html shows the whole map."
    )
    return replace(
        flow,
        nodes=tuple(flow.nodes[i] for i in sorted(kept)),
        edges=tuple(replace(e, source=place[e.source], target=place[e.target]) for e in edges),
        note=f"{flow.note} {words}".strip(),
    )


def _share(flow: FlowMap, i: int) -> float:
    """The share of cases that have a step; a step whose share isn't known counts as the rarest."""
    share = flow.nodes[i].share
    return share if math.isfinite(share) else -1.0


def figure_data(figure: Figure, letters: Letters, *, paper: Paper, name: str, map_seconds: float) -> dict[str, Any]:
    """A figure as the template wants it: its pictures with their widths in points, and its words.

    name : id of the picture, unique in the document. map_seconds : time limit for the layout of a map.
    """
    chart: Chart = figure.chart
    turned = False
    if isinstance(chart, FlowMap):
        chart, svg, turned, scale = _map(chart, paper, name, map_seconds)
    else:
        svg = _EMPTY_DASHES.sub("", chart_svg(chart, wide=True, title_id=name))
        scale = _scale(svg, paper.width, paper.height, least=LEAST / SIZE, most=1.0)
    alt = figure.alt if figure.alt.strip() and chart is figure.chart else describe(chart)
    alt = letters.known(" ".join(alt.split()))
    height = paper.turned_height if turned else paper.height
    views = _pieces(svg, height / scale)
    pieces = [
        {
            "svg": letters.known(view),
            "width": round(scale * _size(view)[0], 2),
            "alt": alt if i == 0 else f"The figure goes on, part {i + 1} of {len(views)}; its first part says it all.",
        }
        for i, view in enumerate(views)
    ]
    return {
        "kind": "figure",
        "caption": letters.line(figure.caption, width=paper.width, size=9.5),
        "pieces": pieces,
        "landscape": turned,
        "notes": [letters.line(chart.note, width=paper.width, size=8.5)] if chart.note else [],
    }


def _map(flow: FlowMap, paper: Paper, name: str, seconds: float) -> tuple[FlowMap, str, bool, float]:
    """The simplified map, upright or, where its letters are larger so, on its side; with its scale.

    A map that is too long to be read on one page is as large as its width allows, and goes on overleaf; one that would
    take more than two pages has fewer steps.
    """
    least = LEAST / TEXT_SIZE
    for steps in (MAP_STEPS, 10, FEWEST_STEPS):
        chart = simplified(flow, steps)
        svg = map_svg(chart, title_id=name, max_seconds=seconds)
        wide, high = _size(svg)
        turned = paper.height / high < least <= min(paper.turned_width / wide, paper.turned_height / high)
        turned = turned or paper.width / wide < least
        room = (paper.turned_width, paper.turned_height) if turned else (paper.width, paper.height)
        scale = _scale(svg, *room, least=least, most=0.75)
        if scale * high <= 2 * room[1]:
            break
    return chart, svg, turned, scale


def _scale(svg: str, width: float, height: float, *, least: float, most: float) -> float:
    """How large a picture comes, in points a unit: as wide as the page allows, on as few pages as its letters allow.

    least : below this its letters can't be read. A picture that is too wide even so is smaller: nothing is cut.
    """
    wide, high = _size(svg)
    largest = min(width / wide, most)
    pages = max(math.ceil(min(least, largest) * high / height), 1)
    if pages > 1:
        height *= 0.96  # pages end where nothing is written, so they aren't full
    return min(largest, pages * height / high)


def _size(svg: str) -> tuple[float, float]:
    """Width and height of a picture in its own units."""
    found = _VIEW.search(svg)
    assert found is not None, "our pictures say their size"
    return float(found[3]), float(found[4])


def _pieces(svg: str, height: float) -> list[str]:
    """The picture as views of at most `height` units, parted where nothing is written; one if it is no higher."""
    wide, high = _size(svg)
    height += 0.1  # a picture that is as high as the page, but for rounding, isn't parted
    if high <= height:
        return [svg]
    taken = [(float(y) - 12, float(y) + 4) for y in [*_TEXT_Y.findall(svg), *_MOVED_Y.findall(svg)]]
    taken += [(float(y) - 3, float(y) + float(tall) + 3) for y, tall in _BOX.findall(svg)]
    cuts = [0.0]
    while high - cuts[-1] > height:
        last = cuts[-1] + height
        free = (last - i for i in range(int(0.5 * height)) if not any(a < last - i < b for a, b in taken))
        cuts.append(math.floor(100 * next(free, last)) / 100)  # as it is written, so that views add up
    cuts.append(high)
    return [_view(svg, wide, top, foot) for top, foot in pairwise(cuts)]


def _view(svg: str, wide: float, top: float, foot: float) -> str:
    """The picture between two heights, without the words of the rest, which would be there unseen."""

    def shown(text: re.Match[str]) -> str:
        place = _TEXT_Y.search(text[0]) or _MOVED_Y.search(text[0])
        return text[0] if place is None or top <= float(place[1]) <= foot else ""

    view = f'viewBox="0 {top:.2f} {wide:g} {foot - top:.2f}"'
    return _VIEW.sub(view, _TEXT.sub(shown, svg), count=1)
