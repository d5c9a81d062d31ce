"""Level shifts in waits: from when on an activity is awaited longer, or less long, than before.

A series is the mean wait for one activity by period, over the steps of all cases, open ones included. A wait counts in the
period in which it *ended* (the step's start; its completion where no start is recorded), so that waits that aren't over yet
make no period look short. Two ends of a log lie: in its first periods only short waits can have ended yet, after its last
arrival only long ones are left. Both are cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Chart, Level, Line, LineChart, TimeMark
from streamline.log.event_log import EventLog
from streamline.measure.periods import period_edges
from streamline.measure.waits.path import ConcurrencyRule, Paths, paths
from streamline.results import Result
from streamline.stats.shifts import FALSE_ALARMS, FEWEST, MOST, level_shifts
from streamline.units import DAY, MISSING_TIME, counted, duration_words

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Activities that are looked at when none are named: those with the most waiting.
ACTIVITIES = 10
#: Waits that a period needs, and the share of an activity's periods that may have fewer and are then left out.
FEWEST_WAITS, SPARSE = 5, 0.2
#: Share of an activity's waits that must be able to have ended before its first period counts.
SETTLED = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Series:
    """One activity's waits by period: edges of the log's periods, which of them are used, waits and their mean in days there."""

    activity: str
    begin: Int64
    used: npt.NDArray[np.bool_]
    n: Int64
    mean_days: Float
    shifts: tuple[int, ...]
    autocorrelation: float
    #: The steps whose waits ended in the periods used, and which of these periods (from 0) each did.
    step: Int64
    place: Int64


@dataclass(frozen=True, kw_only=True, repr=False)
class WaitShifts(Result):
    """Level shifts in the waits for activities; n counts the cases with a wait in a period looked at.

    `table`, one row a shift, largest change of total waiting first; empty where no wait shifted: activity, since (the first
    period of the new level, in the log's zone), before_days, after_days (mean waits in the two stretches of equal level),
    change_days, n_before, n_after (waits).
    """

    #: One row an activity and period looked at: activity, since, n, mean_wait_days, level_days.
    series: pd.DataFrame = field(repr=False)
    #: One row an activity: activity, n_periods, n_shifts, autocorrelation (that was allowed for).
    activities: pd.DataFrame = field(repr=False)
    every: str
    #: Probability of any shift in the table if no wait had shifted.
    false_alarms: float
    _paths: Paths = field(repr=False)
    _found: tuple[_Series, ...] = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a wait that counts, by activity as in `activities`: case, activity, since (the beginning of the period in which
        it ended), enabled, ended, wait_days, level (0 before the first shift of its activity, 1 after it, and so on)."""
        found, log = self._paths, self._paths.log
        step = np.concatenate([one.step for one in self._found])
        return pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[step]),
                "activity": np.asarray(log.activities, dtype=object)[log.activity[step]],
                "since": log.instants(np.concatenate([one.begin[one.used][one.place] for one in self._found])),
                "enabled": log.instants(found.enabled[step]),
                "ended": log.instants(_ended(found, step)),
                "wait_days": (found.waiting + found.sojourn)[step] / DAY,
                "level": np.concatenate([np.searchsorted(one.shifts, one.place, side="right") for one in self._found]),
            }
        )

    def chart(self) -> Chart:
        """The waits with the largest shift, by period, with their levels; without any, those of the most awaited activity."""
        name = self.table.iloc[0]["activity"] if len(self.table) else self.activities.iloc[0]["activity"]
        found = next(s for s in self._found if s.activity == name)
        at, mean = found.begin[found.used], found.mean_days[found.used]
        bounds = [0, *found.shifts, len(at)]
        period = np.append(at, at[-1] + int(np.median(np.diff(at))))
        levels = tuple(
            Level(
                label=duration_words(level * DAY),
                value=level,
                start=int(period[a]),
                end=int(period[b]),
            )
            for a, b in pairwise(bounds)
            for level in [_mean(found, a, b)]
        )
        title = f"No level shift in the waits for {name}"
        if len(self.table):
            top = self.table.iloc[0]
            was, now = (duration_words(top[c] * DAY) for c in ("before_days", "after_days"))
            title = f"The wait for {name} went from {was} to {now} in {top['since']:%B %Y}"
        return LineChart(
            title=title,
            axis="Mean wait in days (elapsed)",
            lines=(Line(label=f"Wait for {name}", at=tuple(map(int, at)), values=tuple(map(float, mean))),),
            marks=tuple(TimeMark(label="level shift", at=int(at[b])) for b in found.shifts),
            levels=levels,
            timezone=self._paths.log.timezone,
            note=f"{counted(int(found.n[found.used].sum()), 'wait')} by the {self.every} in which they ended",
        )


def wait_shifts(
    log: EventLog,
    *,
    activities: Sequence[str] | None = None,
    every: Literal["week", "month"] = "month",
    false_alarms: float = FALSE_ALARMS,
    rule: ConcurrencyRule | None = None,
) -> WaitShifts:
    """Find when the waits for activities went up or down for good.

    activities : names; by default the ten with the most waiting in all. every : "month" or "week" of the log's zone.
    false_alarms : probability of reporting any shift, in any of the activities, if nothing has shifted.

    That a level shifted says nothing of why. The means of the two stretches are what was seen; being chosen because they
    differ, they carry no interval. A slow drift may show as one or more shifts.

    Returns WaitShifts. Raises UnknownNameError for an activity that isn't there, InsufficientDataError when none has a dozen
    periods with enough waits.
    Source: Killick, Fearnhead and Eckley 2012, with a simulated penalty (`stats.shifts`).
    """
    if every not in ("week", "month"):
        raise ValueError(f"every={every!r}: level shifts are sought by 'week' or by 'month'.")
    found = paths(log, rule=rule)
    wait = found.waiting + found.sojourn
    total = np.bincount(log.activity, weights=wait, minlength=len(log.activities))
    codes = (
        np.argsort(-total, kind="stable")[:ACTIVITIES]
        if activities is None
        else np.array([log.activity_code(name) for name in activities], dtype=np.int64)
    )
    series, left_out = [], []
    for code in codes:
        if total[code] == 0 and activities is None:
            continue
        one = _series(found, wait, int(code), every)
        if one is None:
            left_out.append(log.activities[code])
        else:
            series.append(one)
    if not series:
        raise InsufficientDataError(
            f"{log.source}: no activity has {FEWEST} {every}s with at least {FEWEST_WAITS} waits each, once the ends of the "
            "log are cut off; level shifts can't be told from chance."
        )
    tried = [_with_shifts(one, false_alarms / len(series)) for one in series]
    table = pd.DataFrame([row for one in tried for row in _shift_rows(log, one)], columns=_COLUMNS)
    weight = (table["change_days"].abs() * table["n_after"]).to_numpy(dtype=np.float64)
    table = table.iloc[np.argsort(-weight, kind="stable")].reset_index(drop=True)
    caveats = [
        f"A wait counts in the {every} in which it ended. If no wait had shifted, any shift would be reported with a "
        f"probability of about {false_alarms:.0%}."
    ]
    if left_out:
        caveats.append(
            f"Too few {every}s with at least {FEWEST_WAITS} waits to look for shifts: {', '.join(map(repr, left_out))}."
        )
    if not found.known.all():
        caveats.append("Where no start is recorded, the time to the completion stands for the wait.")
    return WaitShifts(
        table=table,
        n=len(np.unique(log.case_of_step[np.concatenate([one.step for one in tried])])),
        excluded={},
        caveats=tuple(caveats),
        series=pd.concat([_frame(log, one) for one in tried], ignore_index=True),
        activities=pd.DataFrame(
            [
                {
                    "activity": one.activity,
                    "n_periods": int(one.used.sum()),
                    "n_shifts": len(one.shifts),
                    "autocorrelation": one.autocorrelation,
                }
                for one in tried
            ]
        ),
        every=every,
        false_alarms=false_alarms,
        _paths=found,
        _found=tuple(tried),
    )


_COLUMNS = ["activity", "since", "before_days", "after_days", "change_days", "n_before", "n_after"]


def _series(found: Paths, wait: Int64, code: int, every: Literal["week", "month"]) -> _Series | None:
    """The waits for one activity by whole period between the ends of the log; None where there are too few."""
    log = found.log
    step = np.flatnonzero(log.activity == code)
    arrivals = log.arrival[log.arrival != MISSING_TIME]
    if len(step) < FEWEST * FEWEST_WAITS:
        return None
    own = wait[step]
    ended = _ended(found, step)
    first, last = int(arrivals.min() + np.quantile(own, SETTLED)), int(arrivals.max())
    if last <= first:
        return None
    edges = period_edges(log, first, last, every)
    edges = edges[(edges >= first) & (edges <= last)]
    if len(edges) <= FEWEST:
        return None
    edges = edges[-MOST - 1 :]
    inside = (ended >= edges[0]) & (ended < edges[-1])
    place = np.searchsorted(edges, ended[inside], side="right") - 1
    n = np.bincount(place, minlength=len(edges) - 1)
    total = np.bincount(place, weights=own[inside], minlength=len(edges) - 1)
    used = n >= FEWEST_WAITS
    if used.sum() < FEWEST or used.mean() < 1 - SPARSE:
        return None
    return _Series(
        activity=log.activities[code],
        begin=edges[:-1],
        used=used,
        n=n,
        mean_days=np.where(used, total / np.maximum(n, 1) / DAY, np.nan),
        shifts=(),
        autocorrelation=0.0,
        step=step[inside][used[place]],
        place=(np.cumsum(used) - 1)[place[used[place]]],
    )


def _ended(found: Paths, step: Int64) -> Int64:
    """When the waits for these steps ended: at their start, at their completion where no start is recorded."""
    return np.where(found.known[step], found.log.start[step], found.log.complete[step])


def _with_shifts(one: _Series, false_alarms: float) -> _Series:
    found = level_shifts(one.mean_days[one.used], false_alarms=false_alarms)
    return replace(one, shifts=found.at, autocorrelation=found.autocorrelation)


def _mean(one: _Series, first: int, last: int) -> float:
    """The mean of the waits that ended in some of the periods used."""
    n, mean = one.n[one.used][first:last], one.mean_days[one.used][first:last]
    return float((n * mean).sum() / n.sum())


def _shift_rows(log: EventLog, one: _Series) -> list[dict[str, object]]:
    bounds = [0, *one.shifts, int(one.used.sum())]
    n, begin = one.n[one.used], one.begin[one.used]
    rows = []
    for a, b, c in zip(bounds[:-2], bounds[1:-1], bounds[2:], strict=True):
        before, after = _mean(one, a, b), _mean(one, b, c)
        rows.append(
            {
                "activity": one.activity,
                "since": log.instants(begin[[b]])[0],
                "before_days": before,
                "after_days": after,
                "change_days": after - before,
                "n_before": int(n[a:b].sum()),
                "n_after": int(n[b:c].sum()),
            }
        )
    return rows


def _frame(log: EventLog, one: _Series) -> pd.DataFrame:
    bounds = [0, *one.shifts, int(one.used.sum())]
    levels = [_mean(one, a, b) for a, b in pairwise(bounds)]
    return pd.DataFrame(
        {
            "activity": one.activity,
            "since": log.instants(one.begin[one.used]),
            "n": one.n[one.used],
            "mean_wait_days": one.mean_days[one.used],
            "level_days": np.repeat(levels, np.diff(bounds)),
        }
    )
