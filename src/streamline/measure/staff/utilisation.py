"""How much of its time on duty a pool is busy.

A resource is *busy* while at least one of its steps is in service (started, not yet completed); several at once count once.
*Utilisation* is the time busy on duty over the time on duty, of all resources of the pool together. Time busy off duty
(a step left overnight, overtime) is told beside it and never counted as utilisation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.buckets import bucket_times, busy_stretches
from streamline.log.duty import Duty
from streamline.log.event_log import EventLog
from streamline.measure.periods import Every, period_edges
from streamline.measure.waits.places import Groups, pool_names
from streamline.results import Result, rows_of
from streamline.units import HOUR, MISSING_TIME, counted

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, repr=False)
class Utilisation(Result):
    """Utilisation by pool, over the period of the duty; n counts the cases with a step of a resource.

    `table`, busiest first: group, n_resources, on_duty_hours, busy_hours (on duty), utilisation (0 to 1; NaN for a pool
    that is never on duty), busy_off_duty_hours.
    """

    #: One row a pool and period: group, since, until, on_duty_hours, busy_hours, utilisation, busy_off_duty_hours.
    over_time: pd.DataFrame = field(repr=False)
    every: Every
    _log: EventLog = field(repr=False)
    _stretches: tuple[Int64, Int64, Int64, npt.NDArray[np.bool_]] = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a busy stretch of a resource: resource, since, until, on_duty. What is on duty lies within a stretch
        that isn't marked so. Never published: it names people."""
        who, since, until, on_duty = self._stretches
        assert self._log.resource is not None
        return pd.DataFrame(
            {
                "resource": np.asarray(self._log.resource.names, dtype=object)[who],
                "since": self._log.instants(since),
                "until": self._log.instants(until),
                "on_duty": on_duty,
            }
        )

    def chart(self) -> Chart:
        """Utilisation by pool."""
        shown = [r for r in rows_of(self.table.head(15)) if not np.isnan(r.utilisation)]
        if not shown:
            return BarChart(title="Nobody is on duty", axis="Time busy as a share of time on duty (%)", bars=())
        return BarChart(
            title=f"Busiest is {shown[0].group}: for {shown[0].utilisation:.0%} of its time on duty",
            axis="Time busy as a share of time on duty (%)",
            bars=tuple(Bar(label=f"{r.group} ({r.n_resources})", value=100 * r.utilisation) for r in shown),
            note=f"{self.n:,} cases. In brackets: number of resources",
        )


def utilisation(log: EventLog, *, duty: Duty, groups: Groups | None = None, every: Every = "week") -> Utilisation:
    """How busy each pool is, over the whole period of the duty and period by period.

    duty : when each resource is on duty (`office_duty`, or discovered). No default: the answer depends on it.
    groups : the pools, as for `bottlenecks_by`; found when None.
    every : "hour", "day", "week", "month" or "quarter" of the log's zone.

    Only steps with a recorded start count, and unfinished ones don't (their resource isn't kept). External steps are the
    customer's time and don't count either.

    Returns Utilisation. Raises InsufficientDataError without resources or starts, ValueError for a duty of another log.
    """
    if log.resource is None:
        raise InsufficientDataError(f"{log.source} has no resources, so nobody's time is known.")
    if not log.has_start:
        raise InsufficientDataError(f"{log.source} has no starts, so nobody's time at work is known.")
    n_resources = len(log.resource.names)
    if duty.n_resources != n_resources:
        raise ValueError(f"The duty is of {duty.n_resources:,} resources, the log has {n_resources:,}.")
    if duty.until <= duty.since:
        raise InsufficientDataError(f"{log.source}: the duty covers no time.")
    names, pool = np.unique(np.asarray(pool_names(log, groups), dtype=str), return_inverse=True)
    known = (log.resource.codes >= 0) & (log.start != MISSING_TIME) & ~log.external_step
    step = np.flatnonzero(known)
    who = log.resource.codes[step]
    step = step[np.lexsort((log.start[step], who))]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(who, minlength=n_resources))]).astype(np.int64)
    stretches = busy_stretches(
        offsets, log.start[step], log.complete[step], duty.first, duty.last, duty.begin, duty.end
    )
    busy_who, since, until, on_duty = stretches
    edges = period_edges(log, duty.since, duty.until, every)
    edges[0], edges[-1] = duty.since, duty.until

    frames = []
    by_pool = np.argsort(pool[busy_who], kind="stable")
    bounds = np.searchsorted(pool[busy_who][by_pool], np.arange(len(names) + 1))
    for k in range(len(names)):
        own = by_pool[bounds[k] : bounds[k + 1]]
        on, all_of = own[on_duty[own]], own[~on_duty[own]]
        busy = _hours(since[on], until[on], edges)
        frames.append(
            pd.DataFrame(
                {
                    "group": str(names[k]),
                    "since": log.instants(edges[:-1]),
                    "until": log.instants(edges[1:]),
                    "on_duty_hours": _duty_hours(duty, np.flatnonzero(pool == k), edges),
                    "busy_hours": busy,
                    "busy_off_duty_hours": _hours(since[all_of], until[all_of], edges) - busy,
                }
            )
        )
    over_time = pd.concat(frames, ignore_index=True)
    over_time.insert(5, "utilisation", _ratio(over_time["busy_hours"], over_time["on_duty_hours"]))
    sums = over_time.groupby("group")[["on_duty_hours", "busy_hours", "busy_off_duty_hours"]].sum()
    table = pd.DataFrame(
        {
            "group": sums.index.to_numpy(),
            "n_resources": np.bincount(pool, minlength=len(names)),
            "on_duty_hours": sums["on_duty_hours"].to_numpy(),
            "busy_hours": sums["busy_hours"].to_numpy(),
            "utilisation": _ratio(sums["busy_hours"], sums["on_duty_hours"]),
            "busy_off_duty_hours": sums["busy_off_duty_hours"].to_numpy(),
        }
    )
    return Utilisation(
        table=table.sort_values(["utilisation", "group"], ascending=[False, True], ignore_index=True),
        n=len(np.unique(log.case_of_step[step])),
        excluded={},
        caveats=_caveats(log, duty, known),
        over_time=over_time,
        every=every,
        _log=log,
        _stretches=stretches,
    )


def _hours(since: Int64, until: Int64, edges: Int64, weight: Int64 | None = None) -> Float:
    """Hours of the stretches in each period."""
    ones = np.ones(len(since), dtype=np.int64) if weight is None else weight
    whole, partial = bucket_times(since, until, ones, edges)
    return np.asarray(whole * (np.diff(edges) / HOUR) + partial / HOUR, dtype=np.float64)


def _duty_hours(duty: Duty, resources: Int64, edges: Int64) -> Float:
    """Hours on duty of some resources in each period; resources that share their hours are counted together."""
    pairs, n = np.unique(np.stack([duty.first[resources], duty.last[resources]], axis=1), axis=0, return_counts=True)
    total = np.zeros(len(edges) - 1)
    for (first, last), times in zip(pairs, n, strict=True):
        total += times * _hours(duty.begin[first:last], duty.end[first:last], edges)
    return total


def _ratio(above: pd.Series[float], below: pd.Series[float]) -> Float:
    over, under = above.to_numpy(dtype=np.float64), below.to_numpy(dtype=np.float64)
    ratio: Float = np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0)
    return ratio


def _caveats(log: EventLog, duty: Duty, known: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    caveats = [f"Time on duty is taken from: {duty.source}. Work that the log doesn't record doesn't count as busy."]
    without = int((~known & ~log.external_step).sum())
    if without:
        caveats.append(f"{counted(without, 'step')} without a resource or a start can't be counted.")
    if not duty.known.all():
        caveats.append(
            f"The hours of {counted(int((~duty.known).sum()), 'resource')} aren't known; they count as always on duty, so their "
            "pool seems less busy than it is."
        )
    return tuple(caveats)
