"""Several steps at once: how much of its work time a resource has more than one step open.

A step is *open* from its start to its completion. A resource's *work time* is the time during which it has at least one
step open, its *shared time* that during which it has two or more; the share of the second in the first says how far it
does several steps at once. What the records can't tell is whether it works on all that is open: a step that is left lying
while another is done counts as open. External steps are the customer's time and don't count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.work import time_at_once
from streamline.log.duty import Duty
from streamline.log.event_log import EventLog
from streamline.measure.staff.pools import ResourcePools, resource_pools
from streamline.results import Result, rows_of
from streamline.units import HOUR, MISSING_TIME

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: From this shared part of its work time a resource does several steps at once as a rule; from the other, at times.
AS_A_RULE, AT_TIMES = 0.5, 0.05
RULE, TIMES, HARDLY = "as a rule", "at times", "hardly ever"


@dataclass(frozen=True, kw_only=True, repr=False)
class Multitasking(Result):
    """How far resources do several steps at once. `table`, one row a resource with work time, by pool and name: resource,
    pool, n_steps (with a duration), work_hours, shared_hours, shared_share (of the work time, 0 to 1), mean_at_once (steps
    open during work time, on average), most_at_once, several_at_once ("as a rule", "at times", "hardly ever")."""

    #: One row a pool: pool, n_resources, n_steps, work_hours, shared_hours, shared_share, mean_at_once, several_at_once.
    by_pool: pd.DataFrame = field(repr=False)
    #: Shared time of all resources in their work time, 0 to 1.
    shared_share: float
    #: For each resource code whether it does several steps at once as a rule.
    as_a_rule: Bool = field(repr=False)
    #: On what clock time is counted, in words.
    clock: str
    _log: EventLog = field(repr=False)

    @property
    def verdict(self) -> str:
        """The finding as a sentence, to stand beside results that take a resource to do one step at a time."""
        n, n_rule = len(self.table), int(self.as_a_rule.sum())
        does = "does" if n_rule == 1 else "do"
        return (
            f"{n_rule:,} of {n:,} resources {does} several steps at once as a rule; {self.shared_share:.0%} of all work time is "
            f"with more than one step open ({self.clock})."
        )

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a step that counts: case, activity, resource, start, complete."""
        frame = self._log.to_frame()[["case", "activity", "resource", "start", "complete"]]
        return frame[_counted(self._log)].reset_index(drop=True)

    def chart(self) -> Chart:
        """The shared part of the work time by pool."""
        return BarChart(
            title=f"{self.shared_share:.0%} of the work time is with more than one step open",
            axis=f"Share of the work time with more than one step open, % ({self.clock})",
            bars=tuple(
                Bar(label=f"{r.pool} ({r.n_resources})", value=100 * float(r.shared_share))
                for r in rows_of(self.by_pool.head(15))
            ),
            note=f"{self.n:,} cases. In brackets: number of resources",
        )


def multitasking(
    log: EventLog, *, pools: ResourcePools | None = None, duty: Duty | None = None, as_a_rule: float = AS_A_RULE
) -> Multitasking:
    """Find which resources do several steps at once.

    pools : found by `resource_pools` when not given. duty : count only time on duty of each resource, so that two steps
        left open overnight don't count as done at once; by the clock when not given.
    as_a_rule : share of the work time from which a resource does so as a rule, over 0.05 to 1.
    Returns Multitasking. Raises InsufficientDataError without resources or starts, or when no step takes any time.
    """
    if not AT_TIMES < as_a_rule <= 1:
        raise ValueError(f"as_a_rule is {as_a_rule:g}; it must be over {AT_TIMES:g} and at most 1.")
    if log.resource is None or not log.has_start or log.notes.estimated_starts:
        what = "was read without resources" if log.resource is None else "records no starts"
        if log.resource is not None and log.notes.estimated_starts:
            what = "has estimated starts, which take each resource to do one step at a time"
        raise InsufficientDataError(f"{log.source} {what}; which steps are done at once can't be told.")
    counted = np.flatnonzero(_counted(log))
    who = log.resource.codes[counted].astype(np.int64)
    start, complete = log.start[counted], log.complete[counted]
    if duty is not None:  # instants as readings of each resource's own clock, which stands still off duty
        start, complete = (duty.time(who, duty.since, at) for at in (start, complete))
        real = complete > start
        who, start, complete = who[real], start[real], complete[real]
    if len(who) == 0:
        raise InsufficientDataError(f"{log.source}: no step of a resource takes any time.")
    n = len(log.resource.names)
    order = np.argsort(who, kind="stable")
    offsets = np.searchsorted(who[order], np.arange(n + 1)).astype(np.int64)
    work, shared, most = time_at_once(offsets, start[order], complete[order]).T
    served = np.bincount(who, weights=complete - start, minlength=n)
    groups = pools if pools is not None else resource_pools(log)
    seen = np.flatnonzero(work > 0)
    names = np.asarray([*groups.pools, ""], dtype=object)
    frame = pd.DataFrame(
        {
            "resource": np.asarray(log.resource.names, dtype=object)[seen],
            "pool": names[groups.pool_of_resource[seen]],
            "n_steps": np.diff(offsets)[seen],
            "work_hours": work[seen] / HOUR,
            "shared_hours": shared[seen] / HOUR,
            "served_hours": served[seen] / HOUR,
            "most_at_once": most[seen],
        }
    )
    sums = frame.groupby("pool", sort=False)[["n_steps", "work_hours", "shared_hours", "served_hours"]].sum()
    by_pool = _told(
        sums.reset_index().assign(n_resources=frame.groupby("pool", sort=False).size().to_numpy()), as_a_rule
    )
    n_cases = len(np.unique(log.case_of_step[counted]))
    share = float(shared.sum() / work.sum())
    rule = np.zeros(n, dtype=np.bool_)
    rule[seen] = shared[seen] >= as_a_rule * work[seen]
    columns = [
        "resource",
        "pool",
        "n_steps",
        "work_hours",
        "shared_hours",
        "shared_share",
        "mean_at_once",
        "most_at_once",
    ]
    return Multitasking(
        table=_told(frame, as_a_rule)[[*columns, "several_at_once"]].sort_values(
            ["pool", "resource"], ignore_index=True
        ),
        n=n_cases,
        excluded={"without a step of a resource that takes time": log.n_cases - n_cases},
        caveats=(
            "A step counts as open from its start to its completion; whether the resource worked on it all the time isn't "
            "recorded.",
        ),
        by_pool=by_pool[["pool", "n_resources", *columns[2:7], "several_at_once"]].sort_values(
            ["shared_share", "pool"], ascending=[False, True], ignore_index=True
        ),
        shared_share=share,
        as_a_rule=rule,
        clock="elapsed time" if duty is None else "time on duty",
        _log=log,
    )


def _counted(log: EventLog) -> Bool:
    """Steps of staff with a resource and a duration."""
    assert log.resource is not None
    timed = (log.start != MISSING_TIME) & (log.complete > log.start)
    return np.asarray((log.resource.codes >= 0) & timed & ~log.external_step, dtype=np.bool_)


def _told(frame: pd.DataFrame, as_a_rule: float) -> pd.DataFrame:
    """With the shares, the mean at once and the verdict."""
    share = frame["shared_hours"] / frame["work_hours"]
    verdict = np.select([share >= as_a_rule, share >= AT_TIMES], [RULE, TIMES], HARDLY)
    return frame.assign(
        shared_share=share, mean_at_once=frame["served_hours"] / frame["work_hours"], several_at_once=verdict
    )
