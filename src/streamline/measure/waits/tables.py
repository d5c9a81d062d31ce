"""The figures of waiting by cause: shares with intervals, hours by label, the range of unrecorded delays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.log.event_log import EventLog
from streamline.measure.waits.path_split import Runs
from streamline.results import Estimate, bounded, rows_of
from streamline.stats.weeks import ratios_of_runs, sums_of_runs
from streamline.units import HOUR

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

CAUSES = ("external", "batching", "unavailability", "contention", "prioritisation", "extraneous", "unexplained")
#: What each cause says, for people who don't know the word.
MEANING: Mapping[str, str] = {
    "external": "for the customer or a third party",
    "batching": "for a batch to be released",
    "unavailability": "while those who did it were off duty",
    "contention": "while earlier work was done",
    "prioritisation": "while later work was done first",
    "extraneous": "for a reason that isn't recorded",
    "unexplained": "for a reason that can't be told",
}
#: An activity whose waiting is extraneous in at least this share may hide more of it behind other causes.
_SHOWS_DELAY = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayRange:
    """How long unrecorded delays may be: hours per case.

    A delay may end while the resource is off duty or busy, and then hides behind that cause.
    """

    #: While the resource was on duty and free: the extraneous time itself.
    seen: float
    #: From the enabling (or the end of batching) to the last instant at which the resource was on duty and free: the delay
    #: lasted at least so long if whoever is free begins what is ready.
    until_last_free: float
    #: All waiting for staff before activities that show such delays: it lasted at most so long.
    at_most: float


def hours_per_case(case: Int64, values: Int64, n: int) -> Float:
    """(n, k) sums of the columns of `values` by case, hours."""
    return np.column_stack([np.bincount(case, weights=column, minlength=n) / HOUR for column in values.T])


def shares_and_hours(
    measured: Sequence[str], per_case: Float, n_steps: Int64, runs: Runs, *, level: float, draws: int, seed: int
) -> tuple[pd.DataFrame, dict[str, Estimate], Estimate]:
    """One row a cause with its share and hours, the shares, and the whole waiting per case.

    per_case : hours of each counted case by cause. runs : the same cases by runs of weeks of arrivals.
    """
    n = len(per_case)
    whole = per_case.sum(axis=1)
    run = runs.of_case[runs.of_case >= 0]
    hours = np.column_stack([sums_of_runs(run, column, runs.n_runs) for column in (*per_case.T, whole)])
    share_low, share_high = ratios_of_runs(hours[:, :-1], hours[:, -1], level=level, draws=draws, seed=seed)
    share_low, share_high = np.clip(share_low, 0, 1), np.clip(share_high, 0, 1)
    low, high = ratios_of_runs(hours, runs.n_cases, level=level, draws=draws, seed=seed)
    share = per_case.sum(axis=0) / whole.sum() if whole.sum() else np.full(len(measured), np.nan)
    table = pd.DataFrame(
        {
            "cause": list(measured),
            "share": share,
            "share_low": share_low,
            "share_high": share_high,
            "hours_per_case": per_case.mean(axis=0),
            "hours_per_case_low": low[:-1],
            "hours_per_case_high": high[:-1],
            "n_cases": (per_case > 0).sum(axis=0),
            "n_steps": n_steps,
        }
    )
    method = f"waits along the {runs.method}"
    shares = {
        r.cause: bounded(r.share, r.share_low, r.share_high, level=level, method=method, unit="share", n=n)
        for r in rows_of(table)
    }
    return table, shares, bounded(whole.mean(), low[-1], high[-1], level=level, method=method, unit="hours", n=n)


def hours_by(
    what: str, labels: npt.NDArray[np.object_], causes: Int64, measured: Sequence[str], n: int
) -> pd.DataFrame:
    """Hours of waiting per case by label, in all and by cause, most first."""
    code, names = pd.factorize(labels, sort=True)
    columns = {
        f"{cause}_hours_per_case": np.bincount(code, weights=causes[:, CAUSES.index(cause)], minlength=len(names))
        / (HOUR * n)
        for cause in measured
    }
    table = pd.DataFrame(
        {
            what: names,
            "n_steps": np.bincount(code, minlength=len(names)),
            "waiting_hours_per_case": np.bincount(code, weights=causes.sum(axis=1), minlength=len(names)) / (HOUR * n),
            **columns,
        }
    )
    return table.sort_values(["waiting_hours_per_case", what], ascending=[False, True], ignore_index=True)


def delay_range(log: EventLog, step: Int64, causes: Int64, delays: Int64, n: int) -> DelayRange:
    """How long unrecorded delays along these steps may be, hours per case."""
    width = len(log.activities)
    activity = log.activity[step]
    seen = np.bincount(activity, weights=causes[step, 5], minlength=width)
    staffed = np.bincount(activity, weights=causes[step, 2:6].sum(axis=1), minlength=width)
    shows = seen >= _SHOWS_DELAY * np.maximum(staffed, 1)
    until_free = float(delays[step].sum())
    return DelayRange(
        seen=float(seen.sum()) / (HOUR * n),
        until_last_free=until_free / (HOUR * n),
        at_most=max(float(np.where(shows, staffed, seen).sum()), until_free) / (HOUR * n),
    )
