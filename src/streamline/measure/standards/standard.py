"""The service standard: how many cases meet it, by the period of their arrival, by channel, by any attribute.

A case *meets* the standard when it closes within it, counted from its arrival. An open case that is past it has missed it;
one that isn't counts as far as it was seen (Kaplan-Meier), so that the latest period isn't flattered by its quick cases
alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart, Level, Line, LineChart
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.measure.duration import LEVEL
from streamline.measure.periods import Every, period_edges
from streamline.measure.waits.places import group_of_case
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import share_interval
from streamline.stats.survival import share_done_by
from streamline.units import DAY, MISSING_TIME, counted, duration_words, parse_duration

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

#: With fewer cases whose outcome is known, a share says little; the chart leaves it out.
FEWEST = 10


@dataclass(frozen=True, kw_only=True, repr=False)
class Attainment(Result):
    """Share of cases that meet the service standard; n counts the cases with an arrival, open ones included.

    `table`, one row a period of arrivals, or a group (largest first): since and until (in the log's zone), or group;
    n_cases, n_open, n_met and n_missed (for certain), within (share, 0 to 1, open cases censored), low, high. NaN where no
    case was followed long enough.
    """

    whole: Estimate
    #: The standard in microseconds of elapsed time; the share that is aimed at, None without one.
    standard: int
    target: float | None
    #: "hour", "day", "week", "month", "quarter", or the name of the groups.
    by: str
    _log: EventLog = field(repr=False)
    _case: Int64 = field(repr=False)
    _age: Int64 = field(repr=False)
    _begin: Int64 | None = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a case with an arrival: case, arrival, closed, age_days (cycle time, or age of an open case), met
        (missing while it isn't known)."""
        log, case, done = self._log, self._case, self._log.closed[self._case]
        met = pd.array(done & (self._age <= self.standard), dtype="boolean")
        met[~done & (self._age <= self.standard)] = pd.NA
        return pd.DataFrame(
            {
                "case": log.case_id_array(case),
                "arrival": log.instants(log.arrival[case]),
                "closed": done,
                "age_days": self._age / DAY,
                "met": met,
            }
        )

    def chart(self) -> Chart:
        """Attainment over time as a line, or by group as bars, with intervals and the target."""
        share = "not known" if np.isnan(self.whole.value) else f"{self.whole.value:.0%}"
        title = f"{share} of cases close within {duration_words(self.standard)}"
        if self.target is not None:
            title += f"; the target is {self.target:.0%}"
        note = (
            f"{counted(self.n, 'case')}, open ones censored. Shares of fewer than {FEWEST} known outcomes are left out"
        )
        axis = f"Cases closed within {duration_words(self.standard)} (%)"
        known = (self.table["n_met"] + self.table["n_missed"] >= FEWEST) & self.table["within"].notna()
        if self._begin is None:
            return BarChart(
                title=title,
                axis=axis,
                bars=tuple(
                    Bar(label=r.group, value=100 * r.within, low=100 * r.low, high=100 * r.high)
                    for r in rows_of(self.table[known].head(15))
                ),
                note=note,
            )
        shown = self.table.where(known)
        columns = (tuple(map(float, 100 * shown[c])) for c in ("within", "low", "high"))
        within, low, high = columns
        target = () if self.target is None else (Level(label="target", value=100 * self.target),)
        return LineChart(
            title=title,
            axis=axis,
            lines=(
                Line(label="within the standard", at=tuple(map(int, self._begin)), values=within, low=low, high=high),
            ),
            levels=target,
            timezone=self._log.timezone,
            top=100.0,
            note=note,
        )


def attainment(
    log: EventLog,
    *,
    standard: str,
    every: Every | None = None,
    by: str | None = None,
    target: float | None = None,
    level: float = LEVEL,
) -> Attainment:
    """The share of cases that meet the service standard, by period of arrival or by group.

    standard : a duration such as "30 days" (elapsed). target : the share aimed at, 0 to 1, shown in the chart.
    every : "day", "week", "month" (the default) or "quarter" of the log's zone. by : instead, "channel" or the
        name of an attribute.
    level : probability that the intervals claim; they count cases as independent.

    Differences between periods or groups aren't explained by this.

    Returns Attainment. Raises ValueError for `every` with `by`, a standard that is no duration or a target outside 0 to 1;
    InsufficientDataError for a log without arrivals; UnknownNameError for an unknown `by`.
    """
    check_log(log)
    if every is not None and by is not None:
        raise ValueError("Attainment is told by period (`every`) or by group (`by`), not both.")
    if target is not None and not 0 <= target <= 1:
        raise ValueError(f"target={target:g} is no share; give 0.9 for 90%.")
    limit = parse_duration(standard)
    case = np.flatnonzero(log.arrival != MISSING_TIME)
    if len(case) == 0:
        raise InsufficientDataError(f"{log.source}: no case has an arrival.")
    arrival, done = log.arrival[case], log.closed[case]
    age = np.where(done, log.last_completion[case], log.observed_until) - arrival
    begin: Int64 | None = None
    labels: dict[str, Any]
    if by is None:
        edges = period_edges(log, int(arrival.min()), int(arrival.max()) + 1, every or "month")
        code, begin = np.searchsorted(edges, arrival, side="right") - 1, edges[:-1]
        labels = {"since": log.instants(begin), "until": log.instants(edges[1:])}
        order = np.arange(len(begin))
    else:
        groups = group_of_case(log, by)
        code = groups.codes[case].astype(np.int64)
        size = np.bincount(code, minlength=len(groups.names))
        order = np.argsort(-size, kind="stable")[: int((size > 0).sum())]
        labels = {"group": np.asarray(groups.names, dtype=object)[order]}
    by_code = np.argsort(code, kind="stable")
    bounds = np.searchsorted(code[by_code], np.arange(int(order.max()) + 2))
    rows = [_row(age[own], done[own], limit, level) for own in (by_code[bounds[k] : bounds[k + 1]] for k in order)]
    whole = _row(age, done, limit, level)
    n_open = int((~done & (age <= limit)).sum())
    caveats = []
    if n_open:
        caveats.append(
            f"{counted(n_open, 'case')} still open within the standard count up to their age, as if they went on like "
            "others of that age."
        )
    method = "open cases counted as censored (Kaplan-Meier); log(-log) interval, Wilson's where all outcomes are known"
    return Attainment(
        table=pd.DataFrame(labels).join(pd.DataFrame(rows)),
        n=len(case),
        excluded={"without any step": log.n_cases - len(case)},
        caveats=tuple(caveats),
        whole=bounded(
            whole["within"], whole["low"], whole["high"], level=level, method=method, unit="share", n=len(case)
        ),
        standard=limit,
        target=target,
        by=by or every or "month",
        _log=log,
        _case=case,
        _age=age,
        _begin=begin,
    )


def _row(age: Int64, done: Bool, limit: int, level: float) -> dict[str, float]:
    """Counts and the share within the standard of some cases."""
    met, missed = int((done & (age <= limit)).sum()), int((age > limit).sum())
    if len(age) == met + missed:
        low, high = share_interval(met, len(age), level=level)
        within = met / len(age) if len(age) else float("nan")
    else:
        within, low, high = share_done_by(age.astype(np.float64), done, float(limit), level=level)
    counts = {"n_cases": len(age), "n_open": int((~done).sum()), "n_met": met, "n_missed": missed}
    return counts | {"within": within, "low": low, "high": high}
