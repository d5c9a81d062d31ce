"""Where the time goes: waiting, service and sojourn per step awaited, along the critical path."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.figure import Bar, BarChart, Chart
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.measure.duration import LEVEL
from streamline.measure.waits.path import ConcurrencyRule, Paths, paths
from streamline.measure.waits.path_split import Runs, split_by_place
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS
from streamline.stats.weeks import ratios_of_runs, sums_of_runs
from streamline.units import DAY, HOUR


@dataclass(frozen=True, kw_only=True, repr=False)
class Bottlenecks(Result):
    """Where the cycle time goes, per step awaited, over the n closed cases.

    `table`, largest wait first: activity, external, n_steps (on critical paths), n_cases, waiting_days_per_case,
    share, share_low, share_high (of total cycle time, 0 to 1), waiting_working_hours_per_case (NaN without a
    calendar), median_wait_days, p90_wait_days (per step), service_days_per_case, sojourn_days_per_case,
    p95_wait_days, wait_days_per_case_with_it (over n_cases), case_days_per_year (of waiting, at the rate of the
    arrivals, as if open cases waited like closed ones; NaN if arrivals span less than four weeks),
    halved_days_per_case with halved_low and halved_high, first_share_of_draws. Waiting plus service plus sojourn, summed
    over the rows, is the mean cycle time exactly. Where no start is recorded for a step, its time is sojourn; shares,
    waits per step, days a year and halving then take waiting and sojourn together.

    halved_days_per_case : by how much the mean cycle time would be shorter if each wait for this step were half as
        long, all else lasting as long as it did. Each case's path is computed again, so a branch that ran side by side
        may then be the last to end. Queues aren't: shorter waits here could mean longer ones at the next step.
    first_share_of_draws : share of the resamples in which this wait is the largest: how sure its first rank is.

    Intervals resample runs of whole weeks of arrivals (`stats.weeks`), none is given for fewer than ten runs; the 300
    activities with the largest shares have them.
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
    rule : when two activities count as concurrent. level, draws, seed : of the intervals, which resample weeks of arrivals.

    Returns Bottlenecks. Raises InsufficientDataError when no case is closed.
    """
    check_log(log)
    runs = Runs.of(log)
    closed = log.closed
    n = int(closed.sum())
    found = paths(log, rule=rule)
    table, step = split_by_place(
        found, runs, log.activity, len(log.activities), calendar=calendar, level=level, draws=draws, seed=seed
    )
    codes = table.index.to_numpy()
    table = table.reset_index(drop=True)
    table.insert(0, "activity", np.asarray(log.activities, dtype=object)[codes])
    table.insert(1, "external", [a in log.external for a in table["activity"]])
    table = table.sort_values(["share", "activity"], ascending=[False, True], ignore_index=True)

    totals = [
        found.per_case(values)[closed]
        for values in (
            found.waiting,
            found.service,
            found.sojourn,
            np.where(log.external_step, found.waiting + found.service + found.sojourn, 0),
        )
    ]
    run = runs.of_case[closed]
    by_run = np.column_stack([sums_of_runs(run, values / DAY, runs.n_runs) for values in totals])
    part_low, part_high = ratios_of_runs(by_run, runs.n_cases, level=level, draws=draws, seed=seed)

    def mean(part: int) -> Estimate:
        value = (totals[part] / DAY).mean()
        return bounded(value, part_low[part], part_high[part], level=level, method=runs.method, unit="days", n=n)

    caveats = list(log.start_caveats)
    if found.sojourn[step].any():
        unknown = int((~found.known[step]).sum())
        caveats.append(
            f"{unknown:,} of {len(step):,} steps have no recorded start. Their waiting and service can't be told apart; "
            "they are given together as sojourn time."
        )
    if calendar is None:
        caveats.append("No office hours were given: all times are elapsed time, nights and weekends included.")
    return Bottlenecks(
        recorded=log.recorded,
        table=table,
        n=n,
        excluded={"open": int((~closed).sum())},
        caveats=(*caveats, *runs.caveats),
        waiting=mean(0),
        service=mean(1),
        sojourn=mean(2),
        external=mean(3),
        calendar="none: elapsed time" if calendar is None else calendar.describe(),
        paths=found,
        _step=step,
    )
