"""Loops on the map: components and cycles of what follows what, and the edges that send work back.

The map is the graph of transitions that at least a share of the cases take. A *component* is a set of activities that
can each be reached from each other (strongly connected): work can go round only within one. A *cycle* is a way round in
it that visits no activity twice. Both are of the graph: that each transition of a cycle is taken doesn't say that any
case goes all the way round. The loops of the traces (see `measure.loops.occurrences`) say what cases did; each is
pointed at on the graph by its return edge, from the step before the return to the head.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

import networkx as nx
import numpy as np
import pandas as pd

from streamline.figure import Chart, FlowMap
from streamline.log.event_log import EventLog
from streamline.measure.flow import directly_follows, process_map
from streamline.measure.loops.rework import ReworkLoops
from streamline.results import Result, rows_of
from streamline.units import counted

#: Bounds of the cycles that are listed: a dense graph has more than could ever be.
MAX_LENGTH, MAX_CYCLES = 6, 200


@dataclass(frozen=True, kw_only=True, repr=False)
class LoopGraph(Result):
    """Components, cycles and return edges of the map.

    `table`, one row a transition of the graph that sends work back, most returns first: source, target, n (times taken by
    all cases), n_cases, share (of the cases), n_returns (closing a loop of a closed case), n_cases_returning, days_per_case
    (in the loops that it closes, over the closed cases), component (its number, -1 for an activity that directly follows
    itself outside any), loops (the families that return by it, in words, the most frequent first).
    """

    #: One row a component: component, activities (a tuple, by name), n_activities.
    components: pd.DataFrame = field(repr=False)
    #: One row a cycle: activities (a tuple, from the most frequent one on), n_activities, n_cases_least (cases on its rarest
    #: transition: no more can have gone round), component, return_edges (those of its transitions that send work back in
    #: most of the times that they are taken).
    cycles: pd.DataFrame = field(repr=False)
    #: One row a family of loops and return edge: loop, source, target, n_occurrences, n_cases, days_per_case, on_graph
    #: (whether the edge is frequent enough for the graph), n_cycles (listed cycles that take it).
    return_edges: pd.DataFrame = field(repr=False)
    #: Whether there are more cycles than are listed, or may be longer ones.
    bounded: bool
    min_share: float
    _log: EventLog = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row each time that a transition of the table was taken: case, source, target, completed, hours."""
        taken = directly_follows(self._log).cases
        edges = pd.MultiIndex.from_frame(self.table[["source", "target"]])
        return taken[pd.MultiIndex.from_frame(taken[["source", "target"]]).isin(edges)].reset_index(drop=True)

    def marked(self, flow: FlowMap) -> FlowMap:
        """The map with each edge marked as returning that closes a loop in most of the times that it is taken."""
        sends_back = {(r.source, r.target) for r in rows_of(self.table) if r.n_returns > r.n / 2}
        edges = tuple(
            replace(e, returns=(flow.nodes[e.source].label, flow.nodes[e.target].label) in sends_back)
            for e in flow.edges
        )
        return replace(flow, edges=edges)

    def chart(self) -> Chart:
        """The process map with the edges that send work back marked."""
        flow = self.marked(process_map(self._log, min_share=self.min_share).flow)
        n = sum(e.returns for e in flow.edges)
        return replace(flow, title=f"{counted(n, 'transition sends', 'transitions send')} work back to an earlier step")


def loop_graph(
    rework: ReworkLoops,
    *,
    min_share: float = 0.01,
    max_length: int = MAX_LENGTH,
    max_cycles: int = MAX_CYCLES,
) -> LoopGraph:
    """Find the components and cycles of the map, and point at the edges by which the trace loops return.

    min_share : transitions taken by fewer of the cases aren't on the graph, 0 to 1. max_length : activities of the longest cycle
        that is listed. max_cycles : how many are listed at most; that there may be more is said.

    Returns LoopGraph over the n cases with a step (loops: over the closed ones). Raises ValueError for bounds that are none.
    Source: Tarjan 1972 (components); Gupta and Suzumura 2021 (cycles of bounded length), both by networkx.
    """
    if not 0 <= min_share <= 1:
        raise ValueError(f"min_share must lie between 0 and 1; {min_share} doesn't.")
    if max_length < 1 or max_cycles < 1:
        raise ValueError(f"max_length and max_cycles must be at least 1; {max_length} and {max_cycles} were given.")
    log = rework.occurrences.log
    follows = directly_follows(log)
    edges = follows.table[follows.table["share"] >= min_share]
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(
        [(r.source, r.target, int(r.n_cases)) for r in rows_of(edges.sort_values(["source", "target"]))]
    )
    groups = [c for c in nx.strongly_connected_components(graph) if len(c) > 1]
    groups.sort(key=lambda c: (-len(c), min(c)))
    component = {name: k for k, c in enumerate(groups) for name in c}
    returns = rework.return_edges
    key = pd.MultiIndex.from_frame(returns[["source", "target"]])
    on_graph = key.isin(pd.MultiIndex.from_frame(edges[["source", "target"]]))
    table = _sending_back(rework, edges, returns[on_graph], component)
    mostly = {(r.source, r.target) for r in rows_of(table) if r.n_returns > r.n / 2}
    cycles, more = _cycles(graph, component, mostly, max_length, max_cycles)
    taken = Counter(edge for activities in cycles["activities"] for edge in _steps(activities))
    longest = max((len(c) for c in groups), default=1)
    is_bounded = more or longest > max_length
    caveats = ["Components and cycles are of the map: no case need have gone all the way round."]
    if is_bounded:
        caveats.append(
            f"Cycles are listed up to {counted(max_length, 'activity', 'activities')} long and {max_cycles:,} in number; the "
            "map may have others."
        )
    left = returns[~on_graph]
    if len(left):
        times = counted(int(left["n_occurrences"].sum()), "occurrence")
        caveats.append(
            f"Loops return by {counted(len(left), 'transition')} more, in {times}: less than {min_share:.1%} of the "
            "cases take them, so they aren't on the map."
        )
    return LoopGraph(
        table=table,
        n=follows.n,
        excluded=follows.excluded,
        caveats=tuple(caveats),
        components=pd.DataFrame(
            {
                "component": range(len(groups)),
                "activities": [tuple(sorted(c)) for c in groups],
                "n_activities": [len(c) for c in groups],
            }
        ),
        cycles=cycles,
        return_edges=returns.assign(on_graph=on_graph, n_cycles=[taken[edge] for edge in key.to_list()]),
        bounded=is_bounded,
        min_share=min_share,
        _log=log,
    )


def _cycles(
    graph: nx.DiGraph,
    component: dict[str, int],
    mostly: set[tuple[str, str]],
    max_length: int,
    max_cycles: int,
) -> tuple[pd.DataFrame, bool]:
    """The cycles within the bounds, those of the most cases first; and whether there are more of that length."""
    listed = list(islice(nx.simple_cycles(graph, length_bound=max_length), max_cycles + 1))
    rows = []
    for cycle in listed[:max_cycles]:
        steps = _steps(cycle)
        weight = [int(graph.edges[edge]["weight"]) for edge in steps]
        # from the activity that most cases reach on the cycle; of equals the first by name
        first = min(range(len(cycle)), key=lambda i: (-weight[i - 1], cycle[i]))
        rows.append(
            {
                "activities": tuple(cycle[first:] + cycle[:first]),
                "n_activities": len(cycle),
                "n_cases_least": min(weight),
                "component": component.get(cycle[0], -1),
                "return_edges": tuple(edge for edge in steps if edge in mostly),
            }
        )
    names = ["activities", "n_activities", "n_cases_least", "component", "return_edges"]
    frame = pd.DataFrame(rows, columns=names).sort_values(["n_cases_least", "activities"], ascending=[False, True])
    return frame.reset_index(drop=True), len(listed) > max_cycles


def _steps(cycle: Sequence[str]) -> list[tuple[str, str]]:
    """The transitions of a cycle."""
    return list(zip(cycle, [*cycle[1:], cycle[0]], strict=True))


def _sending_back(
    rework: ReworkLoops, edges: pd.DataFrame, returns: pd.DataFrame, component: dict[str, int]
) -> pd.DataFrame:
    """One row a transition of the graph that closes loops."""
    found, log, width = rework.occurrences, rework.occurrences.log, max(len(rework.occurrences.log.activities), 1)
    code = {name: a for a, name in enumerate(log.activities)}
    pair = log.activity[found.leaving[rework.kept]].astype(np.int64) * width + log.activity[found.head[rework.kept]]
    case = found.case[rework.kept]
    # a case counts once for each edge, whatever families it returns by it in
    one = np.unique(pair * max(log.n_cases, 1) + case) // max(log.n_cases, 1)
    n_cases = dict(zip(*(a.tolist() for a in np.unique(one, return_counts=True)), strict=True))
    known = {(r.source, r.target): r for r in rows_of(edges)}
    rows = []
    for both, group in returns.groupby(["source", "target"], sort=True):
        source, target = map(str, both)
        mine = group.sort_values(["n_occurrences", "loop"], ascending=[False, True])
        edge = known[source, target]
        inside = component.get(source, -1) if component.get(source, -1) == component.get(target, -2) else -1
        rows.append(
            {
                "source": source,
                "target": target,
                "n": int(edge.n),
                "n_cases": int(edge.n_cases),
                "share": float(edge.share),
                "n_returns": int(mine["n_occurrences"].sum()),
                "n_cases_returning": n_cases[code[source] * width + code[target]],
                "days_per_case": float(mine["days_per_case"].sum()),
                "component": inside,
                "loops": tuple(mine["loop"]),
            }
        )
    names = [
        "source",
        "target",
        "n",
        "n_cases",
        "share",
        "n_returns",
        "n_cases_returning",
        "days_per_case",
        "component",
        "loops",
    ]
    frame = pd.DataFrame(rows, columns=names)
    return frame.sort_values(["n_returns", "source", "target"], ascending=[False, True, True], ignore_index=True)
