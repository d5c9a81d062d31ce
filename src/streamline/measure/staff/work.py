"""The work of each resource: how long it is busy, and whether it does several steps at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.grouping import grouped_rows, scan_groups
from streamline.kernels.work import work_overlaps
from streamline.log.event_log import EventLog
from streamline.results import Result, rows_of
from streamline.units import HOUR, LOW_BITS, MISSING_TIME

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorkCounts:
    """What the steps of some resources say of their time; mergeable, since all steps of a resource are in one part."""

    resources: tuple[str, ...]
    #: (n_resources, 6): see `work_overlaps`.
    counts: Int64
    #: Steps with a resource and a recorded start, and all others.
    n_steps: int
    n_without: int

    @classmethod
    def merged(cls, parts: Sequence[WorkCounts]) -> WorkCounts:
        """All parts together. Raises ValueError when a resource is in two of them: its overlaps could not be told."""
        names = [name for part in parts for name in part.resources]
        twice = (
            next((name for name in sorted(names) if names.count(name) > 1), None)
            if len(set(names)) < len(names)
            else None
        )
        if twice is not None:
            raise ValueError(f"The steps of {twice!r} are in two parts; split the log by resource.")
        counts = np.concatenate([part.counts for part in parts])
        order = sorted(range(len(names)), key=names.__getitem__)
        return cls(
            resources=tuple(names[i] for i in order),
            counts=counts[np.asarray(order, dtype=np.int64)],
            n_steps=sum(p.n_steps for p in parts),
            n_without=sum(p.n_without for p in parts),
        )

    @classmethod
    def none(cls, n_without: int) -> WorkCounts:
        """Of a part in which no step has a resource and a recorded start."""
        return cls(resources=(), counts=np.zeros((0, 6), dtype=np.int64), n_steps=0, n_without=n_without)

    def table(self) -> pd.DataFrame:
        """One row a resource, busiest first: resource, n_steps, work_hours (sum of its service times), busy_hours (during
        which at least one step was under way), n_overlapping, overlapping_share, most_at_once."""
        n, high, low, busy, overlapping, most = self.counts.T
        table = pd.DataFrame(
            {
                "resource": self.resources,
                "n_steps": n,
                "work_hours": (high * float(1 << LOW_BITS) + low) / HOUR,
                "busy_hours": busy / HOUR,
                "n_overlapping": overlapping,
                "overlapping_share": overlapping / np.maximum(n, 1),
                "most_at_once": most,
            }
        )
        return table.sort_values(["busy_hours", "resource"], ascending=[False, True], ignore_index=True)


@dataclass(frozen=True, kw_only=True, repr=False)
class ResourceWork(Result):
    """How busy each resource is. `table`, busiest first: resource, n_steps, work_hours, busy_hours, n_overlapping,
    overlapping_share (of its steps, those that ran while another of its steps did), most_at_once. All by the clock."""

    #: Share of all steps that overlap another of the same resource, 0 to 1.
    overlapping_share: float
    _log: EventLog = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a step with a resource and a recorded start: case, activity, resource, start, complete, service_hours."""
        frame = self._log.to_frame().drop(columns=["row", "channel"], errors="ignore")
        frame = frame[frame["resource"].notna() & frame["start"].notna()].reset_index(drop=True)
        return frame.assign(service_hours=(frame["complete"] - frame["start"]).dt.total_seconds() / 3600)

    def chart(self) -> Chart:
        """The busiest resources."""
        return BarChart(
            title=f"{self.overlapping_share:.0%} of the steps run while the same resource does another",
            axis="Hours busy (elapsed)",
            bars=tuple(Bar(label=r.resource, value=float(r.busy_hours)) for r in rows_of(self.table.head(15))),
            note=f"{self.n:,} cases",
        )


def work_counts(log: EventLog) -> WorkCounts:
    """Count the work of each resource of the log. Raises InsufficientDataError without resources or starts."""
    if log.resource is None:
        raise InsufficientDataError(
            f"{log.source} was read without resources; name their column: read_log(…, resource=…)."
        )
    if not log.has_start:
        raise InsufficientDataError(
            f"{log.source} records no starts, so how long work took can't be told; where it has a column of starts, name it: "
            "read_log(…, start=…)."
        )
    chosen = np.flatnonzero((log.resource.codes >= 0) & (log.start != MISSING_TIME))
    who, start, complete = log.resource.codes[chosen], log.start[chosen], log.complete[chosen]
    n = len(log.resource.names)
    _, size, _, unsorted = scan_groups(who, n, start, complete)
    offsets, order = grouped_rows(who, np.arange(n, dtype=np.int32), size, unsorted, n, start, complete)
    counts = work_overlaps(offsets, start[order], complete[order])
    some = counts[:, 0] > 0
    return WorkCounts(
        resources=tuple(name for name, is_there in zip(log.resource.names, some, strict=True) if is_there),
        counts=counts[some],
        n_steps=len(chosen),
        n_without=log.n_steps - len(chosen),
    )


def resource_work(log: EventLog) -> ResourceWork:
    """How long each resource is busy, and how much of its work it does at the same time as other work.

    Two steps overlap when both are under way for a while; one that begins as another ends doesn't overlap it. Only steps
    with a resource and a recorded start are counted, of open cases too.

    Returns ResourceWork over the n cases with such a step. Raises InsufficientDataError when the log has no resources or no
    starts, or no step has both.
    """
    found = work_counts(log)
    if found.n_steps == 0:
        raise InsufficientDataError(f"{log.source}: no step has both a resource and a recorded start.")
    assert log.resource is not None
    counted = (log.resource.codes >= 0) & (log.start != MISSING_TIME)
    caveats = log.start_caveats
    if found.n_without:
        caveats = (
            *caveats,
            f"{found.n_without:,} of {log.n_steps:,} steps have no resource or no recorded start and aren't counted.",
        )
    table = found.table()
    n = len(np.unique(log.case_of_step[counted]))
    return ResourceWork(
        table=table,
        n=n,
        excluded={"without a step that has resource and start": log.n_cases - n},
        caveats=caveats,
        overlapping_share=float(table["n_overlapping"].sum() / found.n_steps),
        _log=log,
    )
