"""Charts as data: what a chart shows, without drawing it.

A measure describes its chart with one of these; `report.chart` draws it. They are tested without drawing, and the
text alternative of a picture is built from the same numbers as the picture.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its label, its length, and the interval when there is one."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    #: Bars of one group share a colour and a legend entry; empty for a chart of one group.
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Horizontal bars, longest first as given; whiskers where a bar has an interval."""

    title: str
    axis: str
    bars: tuple[Bar, ...]
    #: Written under the chart: n, period, what the whiskers are.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A vertical line in a histogram, with its label."""

    label: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts between edges: `len(edges) == len(counts) + 1`; `over` cases lie beyond the last edge."""

    title: str
    axis: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    over: int = 0
    marks: tuple[Mark, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """One activity on the map. `waiting_days` is the mean wait before it, NaN when starts aren't recorded."""

    label: str
    n: int
    waiting_days: float
    #: Share of the cases that have this step, 0 to 1.
    share: float
    external: bool = False
    #: "start" and "end" mark the two markers that are no activities.
    kind: str = "activity"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapEdge:
    """One transition on the map, from and to by the nodes' place in the list."""

    source: int
    target: int
    n: int
    n_cases: int
    share: float
    mean_days: float
    #: The edge leads back to a step that the case had already reached.
    returns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowMap:
    """A process map: nodes, edges, and what was left off."""

    title: str
    nodes: tuple[MapNode, ...]
    edges: tuple[MapEdge, ...]
    note: str = ""


Chart = BarChart | Histogram | FlowMap
