"""The cycle time split among places: which kind of step the cases wait for, and what that wait costs.

A *place* is what each step is put under: the activity awaited, a pool, a hand-off, or the group of the case. Along the
critical path waiting, service and sojourn add up to the cycle time, whatever the places are, so the rows of a split add
up too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.kernels.halving import kinds_on_paths
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.periods import arrivals_per_year, local_week
from streamline.measure.waits.path import Paths
from streamline.stats.weeks import FEWEST_RUNS, first_of_runs, ratios_of_runs, runs_of_weeks, sums_of_runs
from streamline.units import DAY, HOUR, counted

Float = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

#: Places that get intervals: those with the most waiting.
WITH_INTERVAL = 300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """The closed cases by runs of weeks of arrivals, which are resampled as one."""

    #: For each case its run; -1 for cases that aren't closed.
    of_case: Int64
    n_runs: int
    length_weeks: int
    #: For each run the sum of cycle times in microseconds, and the number of its closed cases.
    cycle: Float
    n_cases: Float

    @classmethod
    def of(cls, log: EventLog, cases: npt.NDArray[np.bool_] | None = None) -> Runs:
        """The runs of the closed cases of a log, or of some of them. Raises InsufficientDataError when there are none."""
        closed = log.closed if cases is None else log.closed & cases
        if not closed.any():
            raise InsufficientDataError(
                f"{log.source}: none of {log.n_cases:,} cases is closed; no cycle time to split."
            )
        run, length = runs_of_weeks(local_week(log, log.arrival[closed]))
        of_case = np.full(log.n_cases, -1, dtype=np.int64)
        of_case[closed] = run
        cycle = (log.last_completion - log.arrival)[closed]
        n = int(run.max()) + 1
        return cls(
            of_case=of_case,
            n_runs=n,
            length_weeks=length,
            cycle=sums_of_runs(run, cycle, n),
            n_cases=sums_of_runs(run, np.ones(len(run)), n),
        )

    @property
    def n_used(self) -> int:
        """Runs in which closed cases arrived."""
        return int((self.n_cases > 0).sum())

    @property
    def method(self) -> str:
        """How the intervals are made, in words."""
        weeks = "whole weeks" if self.length_weeks == 1 else f"runs of {self.length_weeks} weeks"
        return f"critical paths of closed cases; interval by resampling {weeks} of arrivals"

    @property
    def caveats(self) -> tuple[str, ...]:
        """Why there are no intervals, if there are none."""
        if self.n_used >= FEWEST_RUNS:
            return ()
        runs = (
            counted(self.n_used, "week")
            if self.length_weeks == 1
            else f"{counted(self.n_used, 'run')} of {self.length_weeks} weeks"
        )
        return (
            f"The closed cases arrived in {runs}. Cases that arrive together share their queues, so intervals rest on "
            f"weeks of arrivals, and need at least {FEWEST_RUNS}; none is given.",
        )


def split_by_place(
    found: Paths,
    runs: Runs,
    place: Int32,
    n_places: int,
    *,
    calendar: Calendar | None,
    level: float,
    draws: int,
    seed: int,
) -> tuple[pd.DataFrame, Int64]:
    """One row a place with a step on a critical path of a closed case, in order of the places; and those steps.

    place : for each step of the log the number of its place, 0 to `n_places` - 1.

    The columns are those of `Bottlenecks`, without the name of the place; the index holds the place.
    """
    log, closed = found.log, found.log.closed
    n = int(closed.sum())
    step = np.flatnonzero(found.critical & closed[log.case_of_step])
    wait, service, sojourn = found.waiting[step], found.service[step], found.sojourn[step]
    working = np.full(len(step), np.nan)
    if calendar is not None:
        until = np.where(found.known[step], log.start[step], log.complete[step])
        working = calendar.working_time(found.enabled[step], until) / HOUR
    frame = pd.DataFrame(
        {"place": place[step], "wait": (wait + sojourn) / DAY, "service": service / DAY,
         "waiting": wait / DAY, "sojourn": sojourn / DAY, "working": working}
    )  # fmt: skip
    group = frame.groupby("place")
    of_case, kind, waited, saved = kinds_on_paths(
        log.case_offsets, log.complete, found.predecessor, found.waiting + found.sojourn, place, closed, n_places
    )
    codes = np.asarray(group.size().index.to_numpy(), dtype=np.int64)
    share = np.bincount(kind, weights=waited, minlength=n_places)[codes]
    total = float(runs.cycle.sum())
    n_cases = np.bincount(kind, minlength=n_places)[codes]
    halved = np.bincount(kind, weights=saved, minlength=n_places)[codes] / 2 / DAY / n

    table = pd.DataFrame(
        {
            "n_steps": group.size(),
            "n_cases": n_cases,
            "waiting_days_per_case": group["waiting"].sum() / n,
            "share": share / total if total else np.full(len(codes), np.nan),
            "share_low": np.nan,
            "share_high": np.nan,
            "waiting_working_hours_per_case": group["working"].sum(min_count=1) / n,
            "median_wait_days": group["wait"].median(),
            "p90_wait_days": group["wait"].quantile(0.9),
            "service_days_per_case": group["service"].sum() / n,
            "sojourn_days_per_case": group["sojourn"].sum() / n,
            "p95_wait_days": group["wait"].quantile(0.95),
            "wait_days_per_case_with_it": share / DAY / n_cases,
            "case_days_per_year": share / DAY / n * arrivals_per_year(log),
            "halved_days_per_case": halved,
            "halved_low": np.nan,
            "halved_high": np.nan,
            "first_share_of_draws": np.nan,
        },
        index=pd.Index(codes, name="place"),
    )
    chosen = codes[np.argsort(-share, kind="stable")[:WITH_INTERVAL]]
    spot = np.full(n_places, -1, dtype=np.int64)
    spot[chosen] = np.arange(len(chosen))
    some = spot[kind] >= 0
    cell = runs.of_case[of_case[some]] * len(chosen) + spot[kind[some]]
    shape = runs.n_runs, len(chosen)

    def by_run(values: Int64) -> Float:
        return sums_of_runs(cell, values[some], shape[0] * shape[1]).reshape(shape)

    waits = by_run(waited)
    low, high = ratios_of_runs(waits, runs.cycle, level=level, draws=draws, seed=seed)
    table.loc[chosen, "share_low"], table.loc[chosen, "share_high"] = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
    low, high = ratios_of_runs(by_run(saved) / 2 / DAY, runs.n_cases, level=level, draws=draws, seed=seed)
    table.loc[chosen, "halved_low"], table.loc[chosen, "halved_high"] = low, high
    if total:
        table.loc[chosen, "first_share_of_draws"] = first_of_runs(waits[runs.n_cases > 0], draws=draws, seed=seed)
    return table, step
