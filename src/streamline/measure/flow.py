"""What follows what: transitions, variants, and the process map."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart, FlowMap, MapEdge, MapNode
from streamline.kernels.loops import erased_loops
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.measure.summaries.routes import (
    Routes,
    VariantCounts,
    activity_counts,
    routes_of,
    variant_counts,
    weighted,
)
from streamline.measure.summaries.transitions import transition_and_loop_counts
from streamline.measure.waits.path import paths
from streamline.results import Result, rows_of
from streamline.units import DAY, HOUR, MISSING_TIME, counted

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, repr=False)
class DirectlyFollows(Result):
    """Transitions between successive steps of a case.

    `table`: source, target, n, n_cases, share (of the cases), mean_hours, median_hours, p90_hours, most frequent
    first. The hours run from the completion of the one to the start of the next (negative where they overlap); to its
    completion where no start is recorded.
    """

    #: First and last activities of the cases: activity, n_cases_starting, n_cases_ending.
    ends: pd.DataFrame = field(repr=False)
    #: How far the ranks of medians and 90th percentiles may be off, as a share of a transition's occurrences, with a
    #: probability of 0.99; 0 where all are exact.
    rank_error: float
    _log: EventLog = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a transition that happened: case, source, target, completed, hours."""
        log, names = self._log, np.asarray(self._log.activities, dtype=object)
        place = np.flatnonzero(log.case_of_step[1:] == log.case_of_step[:-1]) + 1
        left = log.complete[place - 1]
        reached = np.where(log.start[place] == MISSING_TIME, log.complete[place], log.start[place])
        return pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[place]),
                "source": names[log.activity[place - 1]],
                "target": names[log.activity[place]],
                "completed": log.instants(left),
                "hours": (reached - left) / HOUR,
            }
        )

    def chart(self) -> Chart:
        """The fifteen most frequent transitions."""
        top = self.table.head(15)
        return BarChart(
            title="The most frequent transitions",
            axis="Transitions",
            bars=tuple(Bar(label=f"{r.source} → {r.target}", value=float(r.n)) for r in rows_of(top)),
            note=f"{self.n:,} cases",
        )


def directly_follows(log: EventLog) -> DirectlyFollows:
    """Count which step directly follows which, in order of (completion, start, place in the source).

    Returns DirectlyFollows over the n cases that have a step; open cases are counted as far as they got.
    Source: van der Aalst 2016, "Process mining", sec. 6.2 (directly-follows graph).
    """
    width, some = len(log.activities), np.diff(log.case_offsets) > 0
    n = int(some.sum())
    counts, _ = transition_and_loop_counts(log, routes_of(log))
    table = counts.table(log.activities, n)
    errors = table.pop("rank_error")
    error = float(errors.max()) if len(errors) else 0.0
    first, last = log.activity[log.case_offsets[:-1][some]], log.activity[log.case_offsets[1:][some] - 1]
    ends = pd.DataFrame(
        {
            "activity": log.activities,
            "n_cases_starting": np.bincount(first, minlength=width),
            "n_cases_ending": np.bincount(last, minlength=width),
        }
    )
    caveats = list(log.start_caveats)
    if error:
        caveats.append(
            f"There are too many waits to hold: medians and 90th percentiles are of a sketch, whose ranks are off by at "
            f"most {error:.2%} with a probability of 99%."
        )
    return DirectlyFollows(
        table=table,
        n=n,
        excluded={"without any step": log.n_cases - n},
        caveats=tuple(caveats),
        ends=ends,
        rank_error=error,
        _log=log,
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class Variants(Result):
    """The different sequences of activities. `table`: activities (a tuple), n_steps, n_cases, share, and
    mean_cycle_days over the closed cases of the variant, most frequent first."""

    _log: EventLog = field(repr=False)
    _counts: VariantCounts = field(repr=False)
    _routes: Routes = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a case: case, variant (row of `table`)."""
        log, some = self._log, np.flatnonzero(np.diff(self._log.case_offsets) > 0)
        routes, order = self._routes, self._counts.order()
        place = np.full(len(routes.n_cases), -1, dtype=np.int64)
        place[np.flatnonzero(np.diff(routes.offsets) > 0)[order]] = np.arange(len(order))
        return pd.DataFrame({"case": log.case_id_array(some), "variant": place[routes.of_case[some]]})

    def chart(self) -> Chart:
        """The ten most frequent variants."""
        top = self.table.head(10)
        return BarChart(
            title=f"{len(self.table):,} different routes through the process",
            axis="Cases",
            bars=tuple(Bar(label=" → ".join(r.activities), value=float(r.n_cases)) for r in rows_of(top)),
            note=f"{self.n:,} cases",
        )


def variants(log: EventLog) -> Variants:
    """Group the cases by their sequence of activities; the sequences themselves are compared, so groups are exact.

    Returns Variants over the n cases that have a step.
    """
    check_log(log)
    n = int((np.diff(log.case_offsets) > 0).sum())
    routes = routes_of(log)
    counts = variant_counts(routes)
    return Variants(
        table=counts.table(log.activities, n),
        n=n,
        excluded={"without any step": log.n_cases - n},
        _log=log,
        _counts=counts,
        _routes=routes,
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class ProcessMap(Result):
    """A filtered map. `table` holds its edges: source, target, n, n_cases, share, mean_days, returns."""

    flow: FlowMap
    #: Transitions left off the map, and how many there were in all.
    n_edges_left_off: int
    n_edges: int
    _log: EventLog = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row each time that a transition on the map was taken: case, source, target, completed (of the source; of
        the start marker, the arrival), hours (to the target's start, or completion where no start is recorded; NaN beside
        the markers of start and end)."""
        log = self._log
        some = np.flatnonzero(np.diff(log.case_offsets) > 0)
        first, last = log.case_offsets[:-1][some], log.case_offsets[1:][some] - 1
        names, ids = np.asarray(log.activities, dtype=object), log.case_id_array(some)
        start, end = self.flow.nodes[0].label, self.flow.nodes[-1].label
        began = pd.DataFrame({"case": ids, "source": start, "target": names[log.activity[first]],
                              "completed": log.instants(log.arrival[some]), "hours": np.nan})  # fmt: skip
        done = log.closed[some]
        ended = pd.DataFrame({"case": ids[done], "source": names[log.activity[last[done]]], "target": end,
                              "completed": log.instants(log.complete[last[done]]), "hours": np.nan})  # fmt: skip
        taken = pd.concat([began, directly_follows(log).cases, ended], ignore_index=True)
        edges = pd.MultiIndex.from_frame(self.table[["source", "target"]])
        shown = pd.MultiIndex.from_frame(taken[["source", "target"]]).isin(edges)
        return taken[shown].reset_index(drop=True)

    def chart(self) -> Chart:
        """The map."""
        return self.flow

    def _repr_html_(self) -> str:
        """The map, and its transitions as a table."""
        from streamline.report.map import map_svg

        return f"<div>{map_svg(self.flow, title_id='', headed=True)}{Result._repr_html_(self)}</div>"


def process_map(log: EventLog, *, min_share: float = 0.05, max_nodes: int = 25, min_cases: int = 1) -> ProcessMap:
    """The map of the process: activities and the transitions that at least `min_share` of the cases take.

    min_share : 0 to 1; a transition taken by fewer cases is left off, unless an activity would lose its only way in.
    max_nodes : activities beyond the most frequent ones are left off with their transitions, and that is said.
    min_cases : activities and transitions of fewer cases are left off, whatever hangs on them, for publication.

    Returns ProcessMap over the n cases that have a step. A transition is marked as returning when it closes a loop
    of the trace (see `rework_loops`) in most of its occurrences. Raises InsufficientDataError for a log without steps.
    """
    check_log(log)
    if not 0 <= min_share <= 1:
        raise ValueError(f"min_share must lie between 0 and 1; {min_share} doesn't.")
    if log.n_steps == 0:
        raise InsufficientDataError(f"{log.source} has no completed steps to map.")
    edges, routes = directly_follows(log), routes_of(log)
    names = np.asarray(log.activities, dtype=object)
    count, in_cases, *_ = activity_counts(routes, len(names))[0].T
    kept = [int(a) for a in np.lexsort((names, -count)) if in_cases[a] >= max(min_cases, 1)][:max_nodes]
    found = paths(log)
    wait = pd.Series(np.where(found.known, found.waiting, np.nan) / DAY).groupby(log.activity).mean()
    nodes = [MapNode(label="Start", n=edges.n, waiting_days=float("nan"), share=1.0, kind="start")]
    nodes += [
        MapNode(
            label=str(names[a]),
            n=int(count[a]),
            waiting_days=float(wait.get(a, np.nan)),
            share=float(in_cases[a] / edges.n),
            external=names[a] in log.external,
        )
        for a in kept
    ]
    done = log.closed & (np.diff(log.case_offsets) > 0)
    n_open = edges.n - int(done.sum())
    nodes.append(
        MapNode(label="End", n=edges.n - n_open, waiting_days=float("nan"), share=1 - n_open / edges.n, kind="end")
    )
    ending = np.bincount(log.activity[log.case_offsets[1:][done] - 1], minlength=len(names))
    place = {str(names[a]): i + 1 for i, a in enumerate(kept)}
    returning = _returning(log, routes)
    rows = [
        MapEdge(
            source=place[r.source],
            target=place[r.target],
            n=int(r.n),
            n_cases=int(r.n_cases),
            share=float(r.share),
            mean_days=float(r.mean_hours) / 24 if r.mean_hours >= 0 else float("nan"),  # they mostly overlap
            returns=returning.get((r.source, r.target), 0) > r.n / 2,
        )
        for r in rows_of(edges.table)
        if r.source in place and r.target in place
    ]
    rows += [
        MapEdge(source=0, target=place[r.activity], n=n, n_cases=n, share=n / edges.n, mean_days=float("nan"))
        for r in rows_of(edges.ends)
        if (n := int(r.n_cases_starting)) and r.activity in place
    ]
    rows += [
        MapEdge(source=i + 1, target=len(nodes) - 1, n=n, n_cases=n, share=n / edges.n, mean_days=float("nan"))
        for i, a in enumerate(kept)
        if (n := int(ending[a]))
    ]
    chosen = [e for e in _filtered(rows, len(nodes), min_share) if e.n_cases >= min_cases]
    nodes, chosen = _connected(nodes, chosen)
    left_off = len(count[count > 0]) - (len(nodes) - 2)
    note = (
        f"{edges.n:,} cases. Shown: transitions taken by at least {min_share:.0%} of the cases, and each step's most "
    )
    note += "frequent way in and out"
    note += f"; {counted(left_off, 'rarer activity', 'rarer activities')} left off." if left_off else "."
    if n_open >= max(min_cases, 1):
        note += f" Still open, and so without a way to the end: {counted(n_open, 'case')}."
    flow = FlowMap(title="How cases move through the process", nodes=tuple(nodes), edges=tuple(chosen), note=note)
    table = pd.DataFrame(
        [
            {
                "source": nodes[e.source].label,
                "target": nodes[e.target].label,
                "n": e.n,
                "n_cases": e.n_cases,
                "share": e.share,
                "mean_days": e.mean_days,
                "returns": e.returns,
            }
            for e in chosen
        ]
    )
    return ProcessMap(
        table=table,
        n=edges.n,
        excluded=edges.excluded,
        flow=flow,
        n_edges_left_off=len(rows) - len(chosen),
        n_edges=len(rows),
        _log=log,
    )


def _connected(nodes: list[MapNode], edges: list[MapEdge]) -> tuple[list[MapNode], list[MapEdge]]:
    """The map without activities that no transition shown leads to or from."""
    used = {0, len(nodes) - 1} | {e.source for e in edges} | {e.target for e in edges}
    place = {old: new for new, old in enumerate(sorted(used))}
    moved = [replace(e, source=place[e.source], target=place[e.target]) for e in edges]
    return [nodes[i] for i in sorted(used)], moved


def _returning(log: EventLog, routes: Routes) -> dict[tuple[str, str], int]:
    """How often each transition closed a loop: its target is the repeat of an occurrence."""
    width = len(log.activities)
    repeat = erased_loops(routes.offsets, routes.activity, width)[4]  # never the first step of its route
    pair = routes.activity[repeat - 1].astype(np.int64) * width + routes.activity[repeat]
    codes, place = np.unique(pair, return_inverse=True)
    count = weighted(place, routes.n_cases[routes.of_step[repeat]], len(codes))
    return {(log.activities[c // width], log.activities[c % width]): int(n) for c, n in zip(codes, count, strict=True)}


def _filtered(rows: list[MapEdge], n_nodes: int, min_share: float) -> list[MapEdge]:
    """Edges with enough cases; for each node also its most frequent way in and out, so that none hangs loose."""
    best_in: dict[int, MapEdge] = {}
    best_out: dict[int, MapEdge] = {}
    for edge in rows:
        if edge.source == edge.target:
            continue
        if edge.target not in best_in or edge.n_cases > best_in[edge.target].n_cases:
            best_in[edge.target] = edge
        if edge.source not in best_out or edge.n_cases > best_out[edge.source].n_cases:
            best_out[edge.source] = edge
    needed = {id(best_in[i]) for i in range(n_nodes) if i in best_in}
    needed |= {id(best_out[i]) for i in range(n_nodes) if i in best_out}
    return [e for e in rows if e.share >= min_share or id(e) in needed]
