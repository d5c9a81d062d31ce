"""Cycle time: how long cases take, from arrival to last completion."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Chart, Histogram, Mark
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.results import Estimate, Result, bounded
from streamline.stats.bootstrap import DRAWS, quantile_intervals, ratio_intervals, share_interval
from streamline.stats.survival import share_done_by
from streamline.units import DAY, MISSING_TIME, duration_words, parse_duration

LEVEL = 0.95
#: Under this many cases, the interval of a mean of durations this skewed holds the truth in about 90% of samples only.
FEW, SKEWED = 400, 4.0


@dataclass(frozen=True, kw_only=True, repr=False)
class CycleTime(Result):
    """How long cases take. `table` has one row a figure: measure, value, low, high, unit, n."""

    mean: Estimate
    median: Estimate
    p90: Estimate
    #: Share of cases closed within the standard, open cases counted as censored; None without a standard.
    within_standard: Estimate | None
    #: The standard in microseconds of elapsed time; None without one.
    standard: int | None
    n_open: int
    _log: EventLog = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a case: case, arrival, last_completion, closed, cycle_time_days (NaN when open)."""
        log = self._log
        return pd.DataFrame(
            {
                "case": log.case_id_array(),
                "arrival": log.instants(log.arrival),
                "last_completion": log.instants(log.last_completion),
                "closed": log.closed,
                "cycle_time_days": np.where(log.closed, (log.last_completion - log.arrival) / DAY, np.nan),
            }
        )

    def chart(self) -> Chart:
        """Cycle times of closed cases, up to their 98th percentile."""
        days = (self._log.last_completion - self._log.arrival)[self._log.closed] / DAY
        top = float(np.quantile(days, 0.98)) or 1.0
        counts, edges = np.histogram(days[days <= top], bins=min(40, max(5, int(np.sqrt(len(days))))), range=(0, top))
        marks = [Mark(label="median", at=self.median.value), Mark(label="mean", at=self.mean.value)]
        if self.standard is not None and self.standard / DAY <= top:
            marks.append(Mark(label="standard", at=self.standard / DAY))
        return Histogram(
            title=f"Half of the cases close within {duration_words(self.median.value * DAY)}",
            axis="Cycle time in days (elapsed)",
            edges=tuple(float(e) for e in edges),
            counts=tuple(int(c) for c in counts),
            over=int((days > top).sum()),
            marks=tuple(marks),
            note=f"{len(days):,} closed cases",
        )


def cycle_time(
    log: EventLog,
    *,
    standard: str | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> CycleTime:
    """Cycle times of the closed cases: last completion minus arrival, by the clock.

    standard : the service standard as a duration, such as "30 days" (elapsed). The share of cases within it counts
        open cases as censored (Kaplan-Meier), so that slow cases that are still open aren't forgotten.
    level : probability that the intervals claim. draws, seed : of the resampling of cases behind the mean.

    Returns CycleTime in days, over the n closed cases.
    Raises InsufficientDataError when no case is closed, ValueError for a standard that is no duration.
    Source: intervals by the bootstrap (`ratio_intervals`) and order statistics (Conover 1999).
    """
    check_log(log)
    limit = None if standard is None else parse_duration(standard)
    closed = log.closed
    known = log.arrival != MISSING_TIME
    n, n_open = int(closed.sum()), int((~closed & known).sum())
    if n == 0:
        raise InsufficientDataError(
            f"{log.source}: none of {log.n_cases:,} cases is closed. A case is closed when it reaches one of `ends` "
            f"({', '.join(log.ends or ()) or 'none named'})."
        )
    days = (log.last_completion - log.arrival)[closed] / DAY
    ratio_low, ratio_high = ratio_intervals(days[:, None], np.ones(n), level=level, draws=draws, seed=seed)
    low, high = quantile_intervals(days, np.array([0.5, 0.9]), level=level)
    p50, p90 = np.quantile(days, [0.5, 0.9], method="inverted_cdf")

    def figure(value: float, bounds: tuple[float, float], method: str) -> Estimate:
        return bounded(value, *bounds, level=level, method=method, unit="days", n=n)

    order = "closed cases; interval from order statistics"
    mean = figure(days.mean(), (ratio_low[0], ratio_high[0]), "closed cases; interval by resampling cases")
    median, ninety = figure(p50, (low[0], high[0]), order), figure(p90, (low[1], high[1]), order)
    within = None if limit is None else _within(log, limit, level=level)
    rows = {"mean": mean, "median": median, "90th percentile": ninety}
    if within is not None:
        rows[f"share within {duration_words(float(limit or 0))}"] = within
    caveats = []
    if n_open:
        caveats.append(
            f"{n_open:,} of {n + n_open:,} cases are still open. Mean, median and 90th percentile rest on closed cases, "
            "which tend to be the faster ones."
        )
    centred = days - days.mean()
    if 2 < n < FEW and (centred**3).mean() > SKEWED * (centred**2).mean() ** 1.5:
        caveats.append(
            f"A few very long cases among only {n:,} make much of the mean; its interval may be too narrow. The median "
            "says more."
        )
    return CycleTime(
        table=pd.DataFrame(
            [
                {"measure": k, "value": e.value, "low": e.low, "high": e.high, "unit": e.unit, "n": e.n}
                for k, e in rows.items()
            ]
        ),
        n=n,
        excluded={"open": n_open, "without any step": int((~known).sum())},
        caveats=tuple(caveats),
        mean=mean,
        median=median,
        p90=ninety,
        within_standard=within,
        standard=limit,
        n_open=n_open,
        _log=log,
    )


def _within(log: EventLog, limit: int, *, level: float) -> Estimate:
    """Share closed within the standard; with open cases by Kaplan-Meier, else by counting."""
    closed, known = log.closed, log.arrival != MISSING_TIME
    age = np.where(closed, log.last_completion, log.observed_until) - log.arrival
    age, done = age[known], closed[known]
    # An open case that is already past the standard has missed it for certain.
    if (done | (age > limit)).all():
        hits = int((done & (age <= limit)).sum())
        low, high = share_interval(hits, len(age), level=level)
        value, method = hits / len(age), "all cases whose outcome is known; Wilson interval"
    else:
        value, low, high = share_done_by(age.astype(float), done, float(limit), level=level)
        method = "open cases counted as censored (Kaplan-Meier); log(-log) interval"
    return bounded(value, low, high, level=level, method=method, unit="share", n=len(age))
