"""When in the week cases arrive, steps become ready, wait and begin; by hour of the week in the log's zone.

A wait belongs to the hour in which its step was *enabled*: it tells what somebody who becomes ready then has ahead. The number
waiting belongs to the hour itself: it tells when the queue is long. Both are by the local clock; the hours of each kind
are counted as they occurred, so a week in which the clock changes has 167 or 169 of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Chart, Heat
from streamline.kernels.buckets import bucket_times
from streamline.log.event_log import EventLog
from streamline.measure.periods import local_time, period_edges
from streamline.measure.waits.path import ConcurrencyRule, Paths, paths
from streamline.measure.waits.queue import stays_of
from streamline.results import Result
from streamline.units import DAY, HOUR, MISSING_TIME, counted, duration_words

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = 168
#: Cells of the chart that rest on fewer waits are hatched, without a shade.
FEWEST = 10


@dataclass(frozen=True, kw_only=True, repr=False)
class HoursOfWeek(Result):
    """What happens by hour of the week; n counts the cases behind the waits.

    `table`, 168 rows from Monday 0 to Sunday 23: weekday, hour, n_hours (how many such hours the log spans), n_arrivals (cases),
    arrivals_per_hour (NaN where the log spans less than one such hour), n_enabled (steps), mean_wait_hours and
    median_wait_hours (of the steps enabled in this hour; NaN for none), n_started, mean_waiting (mean number waiting during
    this hour, exact).
    """

    #: By weekday: weekday, n_arrivals, n_enabled, mean_wait_hours, median_wait_hours, n_started.
    by_weekday: pd.DataFrame = field(repr=False)
    #: What is counted, in words.
    subject: str
    _paths: Paths = field(repr=False)
    _step: Int64 = field(repr=False)
    _cell: Int64 = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a wait: case, activity, enabled, weekday, hour, wait_hours."""
        log, step = self._paths.log, self._step
        return pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[step]),
                "activity": np.asarray(log.activities, dtype=object)[log.activity[step]],
                "enabled": log.instants(self._paths.enabled[step]),
                "weekday": np.asarray(WEEKDAYS, dtype=object)[self._cell // 24],
                "hour": self._cell % 24,
                "wait_hours": (self._paths.waiting + self._paths.sojourn)[step] / HOUR,
            }
        )

    def chart(self) -> Chart:
        """Mean wait by the hour in which the step was enabled."""
        shown = self.table["mean_wait_hours"].where(self.table["n_enabled"] >= FEWEST).to_numpy(dtype=np.float64)
        days = self.by_weekday[self.by_weekday["n_enabled"] >= FEWEST]
        title = "Too few waits to compare the days of the week"
        if len(days):
            top = days.iloc[int(np.argmax(days["mean_wait_hours"]))]
            wait = duration_words(top["mean_wait_hours"] * HOUR)
            title = f"What becomes ready on a {top['weekday']} waits longest: {wait} on average"
        return Heat(
            title=title,
            axis=f"Mean wait in hours ({self.subject}), elapsed",
            rows=tuple(day[:3] for day in WEEKDAYS),
            columns=tuple(f"{hour:02d}" for hour in range(24)),
            column_axis=f"Hour in which the step became ready, {self._paths.log.timezone}",
            values=tuple(tuple(map(float, row)) for row in shown.reshape(7, 24)),
            note=f"{counted(len(self._step), 'wait')} of {counted(self.n, 'case')}. Hours with fewer than {FEWEST} are hatched",
        )


def waits_by_hour_of_week(
    log: EventLog, *, activity: str | None = None, rule: ConcurrencyRule | None = None
) -> HoursOfWeek:
    """Arrivals, waits, starts and the number waiting by hour of the week, in the log's zone.

    activity : only waits for this activity; arrivals are of all cases. External steps count like others.

    Returns HoursOfWeek. Raises UnknownNameError for an activity that isn't there, InsufficientDataError when nothing waits,
    ValueError for a log of more than a million hours: a date in it is likely wrong.
    """
    found = paths(log, rule=rule)
    stays, _, subject, _ = stays_of(found, activity, None, None)
    step = np.arange(log.n_steps) if activity is None else np.flatnonzero(log.activity == log.activity_code(activity))
    if len(step) == 0:
        raise InsufficientDataError(f"{log.source} has no completed step, so nothing is known of waits.")
    known = log.arrival[log.arrival != MISSING_TIME]
    first, last = int(known.min()), max(log.observed_until, int(known.min()) + 1)
    edges = period_edges(log, first, last, "hour")
    edges[0], edges[-1] = first, last
    of_period = hour_of_week(log, edges[:-1])
    lengths = np.bincount(of_period, weights=np.diff(edges), minlength=HOURS)
    area = np.zeros(HOURS)
    for waits in (stays[0], stays[2]):
        whole, partial = bucket_times(waits.begin, waits.end, np.ones(len(waits.begin), dtype=np.int64), edges)
        area += np.bincount(of_period, weights=whole * np.diff(edges).astype(np.float64) + partial, minlength=HOURS)

    cell = hour_of_week(log, found.enabled[step])
    wait = pd.Series((found.waiting + found.sojourn)[step] / HOUR)
    starts = log.start[step][found.known[step]]
    n_arrivals = np.bincount(hour_of_week(log, known), minlength=HOURS)
    n_started = np.bincount(hour_of_week(log, starts), minlength=HOURS)
    with np.errstate(divide="ignore", invalid="ignore"):
        table = pd.DataFrame(
            {
                "weekday": np.repeat(WEEKDAYS, 24).astype(object),
                "hour": np.tile(np.arange(24), 7),
                "n_hours": lengths / HOUR,
                "n_arrivals": n_arrivals,
                "arrivals_per_hour": np.where(lengths >= HOUR, n_arrivals / (lengths / HOUR), np.nan),
                **_waits(wait, cell, HOURS),
                "n_started": n_started,
                "mean_waiting": area / lengths,
            }
        )
    by_weekday = pd.DataFrame(
        {
            "weekday": WEEKDAYS,
            "n_arrivals": n_arrivals.reshape(7, 24).sum(axis=1),
            **_waits(wait, cell // 24, 7),
            "n_started": n_started.reshape(7, 24).sum(axis=1),
        }
    )
    caveats = [
        *log.start_caveats,
        "All waits are elapsed time, nights and weekends included; a wait counts where it began.",
    ]
    unknown = int((~found.known[step]).sum())
    if unknown:
        caveats.append(
            f"{counted(unknown, 'step')} of {len(step):,} have no recorded start; their wait is the time to their completion."
        )
    return HoursOfWeek(
        table=table,
        n=len(np.unique(log.case_of_step[step])),
        excluded={},
        caveats=tuple(caveats),
        by_weekday=by_weekday,
        subject=subject,
        _paths=found,
        _step=step,
        _cell=cell,
    )


def hour_of_week(log: EventLog, instants: Int64) -> Int64:
    """The hour of the week of each instant by the local clock: 0 from Monday midnight, 167 the last of Sunday."""
    local = local_time(log, instants)
    return (local // DAY + 3) % 7 * 24 + local % DAY // HOUR


def _waits(wait: pd.Series[float], cell: Int64, n_cells: int) -> dict[str, npt.NDArray[Any]]:
    """How many waits there are in each cell, and how long they are in hours."""
    group = wait.groupby(cell)
    every = range(n_cells)
    return {
        "n_enabled": np.bincount(cell, minlength=n_cells),
        "mean_wait_hours": group.mean().reindex(every).to_numpy(dtype=np.float64),
        "median_wait_hours": group.median().reindex(every).to_numpy(dtype=np.float64),
    }
