"""Where the time goes: waiting, service and sojourn per step awaited, along the critical path."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.measure.path import ConcurrencyRule, Paths, paths
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS, ratio_intervals
from streamline.units import DAY, HOUR

#: Activities that get intervals, those with the most waiting; and how many are resampled at a time, which bounds the memory.
_WITH_INTERVAL, _AT_A_TIME = 300, 50


@dataclass(frozen=True, kw_only=True, repr=False)
class Bottlenecks(Result):
    """Where the cycle time goes, per step awaited, over the n closed cases.

    `table`, largest wait first: activity, external, n_steps (on critical paths), n_cases, waiting_days_per_case,
    share, share_low, share_high (of total cycle time, 0 to 1), waiting_working_hours_per_case (NaN without a
    calendar), median_wait_days, p90_wait_days (per step), service_days_per_case, sojourn_days_per_case. Waiting plus
    service plus sojourn, summed over the rows, is the mean cycle time exactly. Where no start is recorded for a step,
    its time is sojourn; `share` is then the share of waiting and sojourn together. The 300 activities with the largest
    shares have intervals.
    """

    waiting: Estimate
    service: Estimate
    #: Waiting and service that can't be told apart because no start is recorded.
    sojourn: Estimate
    #: Waiting, service and sojourn of external steps: the time that is the customer's or a third party's.
    external: Estimate
    #: Whether the calendar was given, and which, in words.
    calendar: str
    paths: Paths = field(repr=False)
    _step: npt.NDArray[np.int64] = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a step on a critical path of a closed case: case, activity, enabled, start, complete, waiting_hours,
        service_hours, sojourn_hours."""
        found, log, step = self.paths, self.paths.log, self._step
        return pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[step]),
                "activity": np.asarray(log.activities, dtype=object)[log.activity[step]],
                "enabled": log.instants(found.enabled[step]),
                "start": log.instants(log.start[step]),
                "complete": log.instants(log.complete[step]),
                "waiting_hours": found.waiting[step] / HOUR,
                "service_hours": found.service[step] / HOUR,
                "sojourn_hours": found.sojourn[step] / HOUR,
            }
        )

    def chart(self) -> Chart:
        """Days per case by step awaited, waiting beside work."""
        bars = []
        together = self.waiting.value == 0 and self.service.value == 0
        for r in rows_of(self.table.head(12)):
            for group, value in (
                ("waiting", r.waiting_days_per_case),
                ("being worked on", r.service_days_per_case),
                ("waiting or being worked on", r.sojourn_days_per_case),
            ):
                if value > 0:
                    bars.append(Bar(label=r.activity, value=float(value), group="" if together else group))
        if self.table.empty:
            return BarChart(title="No step to show", axis="Days per case (elapsed)", bars=())
        top = self.table.iloc[0]
        if np.isnan(top.share):
            title = "The cases take no time"
        elif self.sojourn.value > 0:
            title = f"{top.share:.0%} of the cycle time passes before or in {top.activity}"
        else:
            title = f"{top.share:.0%} of the cycle time is spent waiting for {top.activity}"
        return BarChart(
            title=title,
            axis="Days per case, waiting or being worked on (elapsed)" if together else "Days per case (elapsed)",
            bars=tuple(bars),
            note=f"{self.n:,} closed cases, along the critical path",
        )


def _shares(
    activity: npt.NDArray[np.int32],
    case: npt.NDArray[np.int64],
    wait: npt.NDArray[np.int64],
    cycle: npt.NDArray[np.float64],
    width: int,
    *,
    level: float,
    draws: int,
    seed: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For each activity its share of the total cycle time, and the bounds of its interval; NaN beyond `_WITH_INTERVAL`."""
    total, low, high = (
        np.bincount(activity, weights=wait, minlength=width),
        np.full(width, np.nan),
        np.full(width, np.nan),
    )
    share = total / cycle.sum() if cycle.sum() else np.full(width, np.nan)
    order = np.argsort(activity, kind="stable")
    bounds = np.searchsorted(activity[order], np.arange(width + 1))
    chosen = np.argsort(-total, kind="stable")[:_WITH_INTERVAL]
    for first in range(0, len(chosen), _AT_A_TIME):  # the same resamples in each block
        block = chosen[first : first + _AT_A_TIME]
        per_case = np.zeros((len(cycle), len(block)))
        for j, a in enumerate(block):
            steps = order[bounds[a] : bounds[a + 1]]
            np.add.at(per_case[:, j], case[steps], wait[steps])
        low[block], high[block] = ratio_intervals(per_case, cycle, level=level, draws=draws, seed=seed)
    return share, np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def bottlenecks(
    log: EventLog,
    *,
    calendar: Calendar | None = None,
    rule: ConcurrencyRule | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> Bottlenecks:
    """Split each closed case's cycle time among the steps on its critical path.

    The critical path runs back from the last completion, each time to the predecessor, as far as the arrival. The
    wait for a step runs from its enabling to its start. The bottleneck is the step with the largest share of total
    cycle time in waiting, not the one with the largest mean wait.

    calendar : office hours in which waits are told as working time too; elapsed time alone when None.
    rule : when two activities count as concurrent. level, draws, seed : of the intervals, which resample cases.

    Returns Bottlenecks. Raises InsufficientDataError when no case is closed.
    """
    closed = log.closed
    n = int(closed.sum())
    if n == 0:
        raise InsufficientDataError(f"{log.source}: none of {log.n_cases:,} cases is closed; no cycle time to split.")
    found = paths(log, rule=rule)
    on_path = found.critical & closed[log.case_of_step]
    step = np.flatnonzero(on_path)
    activity, case = log.activity[step], log.case_of_step[step]
    wait, service, sojourn = found.waiting[step], found.service[step], found.sojourn[step]
    width = len(log.activities)
    number = np.cumsum(closed) - 1

    cycle = (log.last_completion - log.arrival)[closed].astype(float)
    share, low, high = _shares(
        activity, number[case], wait + sojourn, cycle, width, level=level, draws=draws, seed=seed
    )

    working = np.full(len(step), np.nan)
    if calendar is not None:
        until = np.where(found.known[step], log.start[step], log.complete[step])
        working = calendar.working_time(found.enabled[step], until) / HOUR
    frame = pd.DataFrame(
        {"activity": activity, "case": case, "wait": (wait + sojourn) / DAY, "service": service / DAY,
         "waiting": wait / DAY, "sojourn": sojourn / DAY, "working": working}
    )  # fmt: skip
    group = frame.groupby("activity")
    table = pd.DataFrame(
        {
            "n_steps": group.size(),
            "n_cases": group["case"].nunique(),
            "waiting_days_per_case": group["waiting"].sum() / n,
            "waiting_working_hours_per_case": group["working"].sum(min_count=1) / n,
            "median_wait_days": group["wait"].median(),
            "p90_wait_days": group["wait"].quantile(0.9),
            "service_days_per_case": group["service"].sum() / n,
            "sojourn_days_per_case": group["sojourn"].sum() / n,
        }
    )
    codes = table.index.to_numpy()
    table = table.reset_index(drop=True)
    table.insert(0, "activity", np.asarray(log.activities, dtype=object)[codes])
    table.insert(1, "external", [a in log.external for a in table["activity"]])
    table.insert(5, "share", share[codes])
    table.insert(6, "share_low", low[codes])
    table.insert(7, "share_high", high[codes])
    table = table.sort_values(["share", "activity"], ascending=[False, True], ignore_index=True)

    parts = np.column_stack(
        [
            found.per_case(np.where(mask, values, 0))[closed] / DAY
            for values, mask in (
                (found.waiting, True),
                (found.service, True),
                (found.sojourn, True),
                (found.waiting + found.service + found.sojourn, log.external_step),
            )
        ]
    )
    part_low, part_high = ratio_intervals(parts, np.ones(n), level=level, draws=draws, seed=seed)

    def mean(column: int) -> Estimate:
        method = "critical paths of closed cases; interval by resampling cases"
        value = parts[:, column].mean()
        return bounded(value, part_low[column], part_high[column], level=level, method=method, unit="days", n=n)

    caveats = []
    if sojourn.any():
        unknown = int((~found.known[step]).sum())
        caveats.append(
            f"{unknown:,} of {len(step):,} steps have no recorded start. Their waiting and service can't be told apart; "
            "they are given together as sojourn time."
        )
    if calendar is None:
        caveats.append("No office hours were given: all times are elapsed time, nights and weekends included.")
    return Bottlenecks(
        table=table,
        n=n,
        excluded={"open": int((~closed).sum())},
        caveats=tuple(caveats),
        waiting=mean(0),
        service=mean(1),
        sojourn=mean(2),
        external=mean(3),
        calendar="none: elapsed time" if calendar is None else calendar.describe(),
        paths=found,
        _step=step,
    )
