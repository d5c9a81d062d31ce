"""What follows what: transitions, variants, and the process map."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart, FlowMap, MapEdge, MapNode
from streamline.kernels.traces import erased_loops, same_traces, trace_hashes
from streamline.log.event_log import EventLog
from streamline.measure.path import paths
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
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a transition that happened: case, source, target, completed, hours."""
        return self._cases

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
    width = len(log.activities)
    inside = log.case_of_step[1:] == log.case_of_step[:-1]
    source, target = log.activity[:-1][inside].astype(np.int64), log.activity[1:][inside].astype(np.int64)
    case = log.case_of_step[1:][inside]
    reached = np.where(log.start == MISSING_TIME, log.complete, log.start)[1:][inside]
    left = log.complete[:-1][inside]
    hours = (reached - left) / HOUR
    pair, code, count = np.unique(source * width + target, return_inverse=True, return_counts=True)
    n_cases = np.bincount(np.unique(code * (log.n_cases + 1) + case) // (log.n_cases + 1), minlength=len(pair))
    some = np.diff(log.case_offsets) > 0
    names = np.asarray(log.activities, dtype=object)
    spread = pd.Series(hours).groupby(code)
    table = pd.DataFrame(
        {
            "source": names[pair // width],
            "target": names[pair % width],
            "n": count,
            "n_cases": n_cases,
            "share": n_cases / max(int(some.sum()), 1),
            "mean_hours": spread.mean().to_numpy(),
            "median_hours": spread.median().to_numpy(),
            "p90_hours": spread.quantile(0.9).to_numpy(),
        }
    ).sort_values(["n", "source", "target"], ascending=[False, True, True], ignore_index=True)
    first, last = log.activity[log.case_offsets[:-1][some]], log.activity[log.case_offsets[1:][some] - 1]
    ends = pd.DataFrame(
        {
            "activity": log.activities,
            "n_cases_starting": np.bincount(first, minlength=width),
            "n_cases_ending": np.bincount(last, minlength=width),
        }
    )
    return DirectlyFollows(
        table=table,
        n=int(some.sum()),
        excluded={"without any step": int((~some).sum())},
        ends=ends,
        _cases=pd.DataFrame(
            {
                "case": log.case_id_array(case),
                "source": names[source],
                "target": names[target],
                "completed": log.instants(left),
                "hours": hours,
            }
        ),
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class Variants(Result):
    """The different sequences of activities. `table`: activities (a tuple), n_steps, n_cases, share, and
    mean_cycle_days over the closed cases of the variant, most frequent first."""

    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a case: case, variant (row of `table`)."""
        return self._cases

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
    """Group the cases by their sequence of activities; collisions of the hash are checked, so groups are exact.

    Returns Variants over the n cases that have a step.
    """
    some = np.flatnonzero(np.diff(log.case_offsets) > 0)
    hashes = trace_hashes(log.case_offsets, log.activity)[some]
    _, model, group = np.unique(hashes.view("u8,u8").ravel(), return_index=True, return_inverse=True)
    if not same_traces(log.case_offsets, log.activity, some, some[model][group]).all():
        traces = [log.activity[log.case_offsets[c] : log.case_offsets[c + 1]].tobytes() for c in some]
        _, model, group = np.unique(np.array(traces, dtype=object), return_index=True, return_inverse=True)
    n_cases = np.bincount(group, minlength=len(model))
    closed = log.closed[some]
    days = np.where(closed, (log.last_completion - log.arrival)[some] / DAY, 0.0)
    n_closed = np.bincount(group, weights=closed, minlength=len(model))
    total = np.bincount(group, weights=days, minlength=len(model))
    sequences = [
        tuple(log.activities[a] for a in log.activity[log.case_offsets[c] : log.case_offsets[c + 1]])
        for c in some[model]
    ]
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame(
            {
                "activities": pd.Series(sequences, dtype=object),
                "n_steps": [len(s) for s in sequences],
                "n_cases": n_cases,
                "share": n_cases / max(len(some), 1),
                "mean_cycle_days": total / n_closed,
            }
        )
    order = sorted(range(len(table)), key=lambda i: (-int(n_cases[i]), sequences[i]))
    place = np.empty(len(order), dtype=np.int64)
    place[np.asarray(order, dtype=np.int64)] = np.arange(len(order))
    return Variants(
        table=table.iloc[order].reset_index(drop=True),
        n=len(some),
        excluded={"without any step": log.n_cases - len(some)},
        _cases=pd.DataFrame({"case": log.case_id_array(some), "variant": place[group]}),
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class ProcessMap(Result):
    """A filtered map. `table` holds its edges: source, target, n, n_cases, share, mean_days, returns."""

    flow: FlowMap
    #: Transitions left off the map, and how many there were in all.
    n_edges_left_off: int
    n_edges: int

    def chart(self) -> Chart:
        return self.flow

    def _repr_html_(self) -> str:
        from streamline.report.map import map_svg

        return map_svg(self.flow, title_id="process-map")


def process_map(log: EventLog, *, min_share: float = 0.05, max_nodes: int = 25, min_cases: int = 1) -> ProcessMap:
    """The map of the process: activities and the transitions that at least `min_share` of the cases take.

    min_share : 0 to 1; a transition taken by fewer cases is left off, unless an activity would lose its only way in.
    max_nodes : activities beyond the most frequent ones are left off with their transitions, and that is said.
    min_cases : activities and transitions of fewer cases are left off, whatever hangs on them, for publication.

    Returns ProcessMap over the n cases that have a step. A transition is marked as returning when it closes a loop
    of the trace (see `rework_loops`) in most of its occurrences. Raises InsufficientDataError for a log without steps.
    """
    if not 0 <= min_share <= 1:
        raise ValueError(f"min_share must lie between 0 and 1; {min_share} doesn't.")
    if log.n_steps == 0:
        raise InsufficientDataError(f"{log.source} has no completed steps to map.")
    edges, loops = directly_follows(log), erased_loops(log.case_offsets, log.activity, len(log.activities))
    names = np.asarray(log.activities, dtype=object)
    count = np.bincount(log.activity, minlength=len(names))
    in_cases = np.bincount(np.unique(log.case_of_step * len(names) + log.activity) % len(names), minlength=len(names))
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
    nodes.append(MapNode(label="End", n=edges.n, waiting_days=float("nan"), share=1.0, kind="end"))
    place = {str(names[a]): i + 1 for i, a in enumerate(kept)}
    returning = _returning(log, loops)
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
        MapEdge(
            source=place[r.activity], target=len(nodes) - 1, n=n, n_cases=n, share=n / edges.n, mean_days=float("nan")
        )
        for r in rows_of(edges.ends)
        if (n := int(r.n_cases_ending)) and r.activity in place
    ]
    chosen = [e for e in _filtered(rows, len(nodes), min_share) if e.n_cases >= min_cases]
    nodes, chosen = _connected(nodes, chosen)
    left_off = len(count[count > 0]) - (len(nodes) - 2)
    note = (
        f"{edges.n:,} cases. Shown: transitions taken by at least {min_share:.0%} of the cases, and each step's most "
    )
    note += "frequent way in and out"
    note += f"; {counted(left_off, 'rarer activity', 'rarer activities')} left off." if left_off else "."
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
    )


def _connected(nodes: list[MapNode], edges: list[MapEdge]) -> tuple[list[MapNode], list[MapEdge]]:
    """The map without activities that no transition shown leads to or from."""
    used = {0, len(nodes) - 1} | {e.source for e in edges} | {e.target for e in edges}
    place = {old: new for new, old in enumerate(sorted(used))}
    moved = [replace(e, source=place[e.source], target=place[e.target]) for e in edges]
    return [nodes[i] for i in sorted(used)], moved


def _returning(log: EventLog, loops: tuple[Int64, ...]) -> dict[tuple[str, str], int]:
    """How often each transition closed a loop: its target is the repeat of an occurrence."""
    repeat = loops[4]
    before = repeat - 1  # a repeat is never the first step of its case
    pair = log.activity[before].astype(np.int64) * len(log.activities) + log.activity[repeat]
    codes, count = np.unique(pair, return_counts=True)
    width = len(log.activities)
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
