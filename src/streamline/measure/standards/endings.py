"""How long cases stay open, with open cases counted as such, and in which ways they end.

A case's *time* runs from arrival to last completion when it is closed; for an open one it is only known to exceed the time from
arrival to the last instant that the log knows of. A case *ends in the way* of its last step that is one of the log's `ends`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Chart, Curve, Mark, StepCurves
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.measure.waits.places import group_of_case
from streamline.results import Estimate, Result, bounded
from streamline.stats.survival import StepCurve, incidence_curves, survival_curve, survival_quantile
from streamline.units import DAY, MISSING_TIME, counted, duration_words, parse_duration

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

ALL = "all cases"
#: Curves that a chart shows, and points of each: of more, every so many is taken.
CURVES, POINTS = 6, 400
#: Where fewer cases are followed, curves of ways to end are no longer read: single cases make the steps.
FOLLOWED = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseTimes:
    """The times of the cases that have an arrival: their numbers, days, and which are closed."""

    case: Int64
    days: Float
    closed: Bool

    @classmethod
    def of(cls, log: EventLog) -> CaseTimes:
        """Days from arrival to last completion, or to the end of the log. Raises InsufficientDataError when no case is closed."""
        if not log.closed.any():
            raise InsufficientDataError(
                f"{log.source}: none of {log.n_cases:,} cases is closed; nothing is known of how long they take."
            )
        case = np.flatnonzero(log.arrival != MISSING_TIME)
        until = np.where(log.closed, log.last_completion, log.observed_until)
        days = np.maximum(until - log.arrival, 0)[case] / DAY
        return cls(case=case, days=days, closed=log.closed[case])


@dataclass(frozen=True, kw_only=True, repr=False)
class TimeToClose(Result):
    """How long cases stay open, open cases counted as censored (Kaplan-Meier).

    `table`, one row a group ("all cases" without groups), largest first: group, n_cases, n_open, then for the median and the
    90th percentile of the time to close median_days, median_low, median_high, p90_days, p90_low, p90_high; NaN where so
    many aren't known to close.
    """

    #: The median over all cases.
    median: Estimate
    #: One row a group and time at which cases closed: group, days, n_at_risk, share_open, low, high.
    curve: pd.DataFrame = field(repr=False)
    standard: int | None
    _log: EventLog = field(repr=False)
    _times: CaseTimes = field(repr=False)
    _group: npt.NDArray[np.object_] = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a case with an arrival: case, group, days, closed."""
        times = self._times
        ids = self._log.case_id_array(times.case)
        return pd.DataFrame({"case": ids, "group": self._group, "days": times.days, "closed": times.closed})

    def chart(self) -> Chart:
        """Share of cases still open by days since arrival."""
        shown = self.table["group"].head(CURVES)
        known = self.median.value
        return StepCurves(
            title=f"Half of the cases close within {duration_words(known * DAY)}"
            if np.isfinite(known)
            else f"Fewer than half of the cases close within {duration_words(self._times.days.max() * DAY)}",
            axis="Days since arrival (elapsed)",
            value_axis="Share of cases still open",
            curves=tuple(
                step_curve(name, part, "share_open", self._times.days[self._group == name], start=1.0)
                for name, part in self.curve[self.curve["group"].isin(shown)].groupby("group", sort=False)
            ),
            marks=() if self.standard is None else (Mark(label="standard", at=self.standard / DAY),),
            note=_note(self._times),
        )


def step_curve(label: object, curve: pd.DataFrame, share: str, days: Float, *, start: float) -> Curve:
    """A curve of the chart that begins at time 0 with the share `start`, thinned to a few hundred points.

    curve : rows with `days`, `low`, `high` and the column named by `share`. days : the times of the cases behind it, of which
        the numbers followed as far are counted at each point.
    """
    every = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), POINTS)).round().astype(np.int64))
    first = {"days": 0.0, share: start, "low": start, "high": start}
    times, values, lows, highs = (
        (begin, *map(float, curve[name].to_numpy(dtype=np.float64)[every])) for name, begin in first.items()
    )
    followed = len(days) - np.searchsorted(np.sort(days), times, side="left")
    at_risk = tuple((at, int(n)) for at, n in zip(times, followed, strict=True))
    return Curve(label=str(label), at=times, values=values, low=lows, high=highs, at_risk=at_risk)


def time_to_close(
    log: EventLog, *, by: str | None = None, standard: str | None = None, level: float = LEVEL
) -> TimeToClose:
    """How long cases stay open, closed and open ones together: a curve, the median, the 90th percentile.

    by : "channel" or the name of an attribute: a curve for each group (beyond the 40 largest they are pooled).
    standard : a duration such as "30 days", marked in the chart. level : probability that the intervals claim.

    It assumes that open cases would go on as others of their age did. Intervals count cases as independent.

    Returns TimeToClose. Raises InsufficientDataError when no case is closed, UnknownNameError for an unknown `by`.
    Source: Kaplan and Meier 1958; Brookmeyer and Crowley 1982 (`stats.survival`).
    """
    limit = None if standard is None else parse_duration(standard)
    times = CaseTimes.of(log)
    names, code = _groups(log, times, by)
    rows, curves = [], []
    for k in np.argsort(-np.bincount(code, minlength=len(names)), kind="stable"):
        own = code == k
        if not own.any():
            continue
        curve = survival_curve(times.days[own], times.closed[own], level=level)
        quantiles: dict[str, float] = {}
        for name, share in (("median", 0.5), ("p90", 0.9)):
            value, low, high = survival_quantile(curve, share)
            quantiles |= {f"{name}_days": value, f"{name}_low": low, f"{name}_high": high}
        rows.append(
            {"group": names[k], "n_cases": int(own.sum()), "n_open": int((~times.closed[own]).sum())} | quantiles
        )
        curves.append(_rows(curve, group=names[k]).rename(columns={"share": "share_open"}))
    whole = survival_quantile(survival_curve(times.days, times.closed, level=level), 0.5)
    n_open = int((~times.closed).sum())
    method = "Kaplan-Meier, open cases counted as censored; interval on the log(-log) scale"
    return TimeToClose(
        table=pd.DataFrame(rows),
        n=len(times.case),
        excluded={"without any step": log.n_cases - len(times.case)},
        caveats=_caveats(n_open, len(times.case)),
        median=bounded(*whole, level=level, method=method, unit="days", n=len(times.case)),
        curve=pd.concat(curves, ignore_index=True),
        standard=limit,
        _log=log,
        _times=times,
        _group=np.asarray(names, dtype=object)[code],
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class WaysToEnd(Result):
    """In which ways cases end, open cases counted as censored (Aalen-Johansen).

    `table`, most frequent way first: way, n_cases (that ended so), share, low, high: the share of all cases that end in this
    way within `horizon_days` of their arrival. Shares of all ways and of those still open then add up to 1.
    """

    #: Days after arrival at which the shares are taken.
    horizon_days: float
    #: Share still open then.
    still_open: float
    #: One row a way and time at which a case ended: way, days, n_at_risk, share, low, high.
    curve: pd.DataFrame = field(repr=False)
    _log: EventLog = field(repr=False)
    _times: CaseTimes = field(repr=False)
    _way: npt.NDArray[np.object_] = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a case with an arrival: case, way (missing while open), days."""
        return pd.DataFrame(
            {"case": self._log.case_id_array(self._times.case), "way": self._way, "days": self._times.days}
        )

    def chart(self) -> Chart:
        """Share ended in each way by days since arrival."""
        top = self.table.iloc[0]
        shown = self.table["way"].head(CURVES)
        return StepCurves(
            title=f"No case is followed for {duration_words(self.horizon_days * DAY)}"
            if np.isnan(top["share"])
            else f"{top['share']:.0%} of the cases end with {top['way']} within {duration_words(self.horizon_days * DAY)}",
            axis="Days since arrival (elapsed)",
            value_axis="Share of cases that ended so",
            curves=tuple(
                step_curve(way, part, "share", self._times.days, start=0.0)
                for way, part in self.curve[self.curve["way"].isin(shown)].groupby("way", sort=False)
            ),
            note=_note(self._times),
        )


def ways_to_end(log: EventLog, *, within: str | None = None, level: float = LEVEL) -> WaysToEnd:
    """The share of cases that end in each way (with which of the log's `ends`) as time goes by.

    within : a duration such as "90 days", at which the table's shares are taken; by default the longest time to which at
        least ten cases are followed. level : probability that the intervals claim.

    Returns WaysToEnd. Raises InsufficientDataError for a log without `ends`, or when no case is closed.
    Source: Aalen and Johansen 1978 (`stats.survival`).
    """
    if log.ends is None:
        raise InsufficientDataError(
            f"{log.source} was read without `ends`, so the ways in which cases end aren't known; name the activities that end a "
            "case: read_log(…, ends=[…])."
        )
    limit = None if within is None else parse_duration(within) / DAY
    times = CaseTimes.of(log)
    names = [name for name in log.ends if name in log.activities]
    number = np.full(len(log.activities), 0, dtype=np.int64)
    for k, name in enumerate(names):
        number[log.activity_code(name)] = k + 1
    last = np.zeros(log.n_cases, dtype=np.int64)
    ending = np.flatnonzero(number[log.activity] > 0)
    last[log.case_of_step[ending]] = number[log.activity[ending]]  # in order of completion: the last one stays
    way = np.where(times.closed, last[times.case], 0)
    curves = incidence_curves(times.days, way, len(names), level=level)
    followed = np.sort(times.days)[::-1]
    horizon = float(followed[min(FOLLOWED, len(followed)) - 1]) if limit is None else limit
    place = int(np.searchsorted(curves[0].at, horizon, side="right")) - 1
    reached = horizon <= times.days.max()
    rows = [
        {"way": name, "n_cases": int((way == k + 1).sum())}
        | {
            part: (float(getattr(curve, part)[place]) if place >= 0 else 0.0 if part == "share" else np.nan)
            if reached
            else np.nan
            for part in ("share", "low", "high")
        }
        for k, (name, curve) in enumerate(zip(names, curves, strict=True))
    ]
    table = pd.DataFrame(rows).sort_values(["n_cases", "way"], ascending=[False, True], ignore_index=True)
    frames = [_rows(curve, way=name) for name, curve in zip(names, curves, strict=True)]
    n_open = int((~times.closed).sum())
    caveats = list(_caveats(n_open, len(times.case)))
    if not reached:
        caveats.append(f"No case is followed for {duration_words(horizon * DAY)}; the shares by then aren't known.")
    return WaysToEnd(
        table=table,
        n=len(times.case),
        excluded={"without any step": log.n_cases - len(times.case)},
        caveats=tuple(caveats),
        horizon_days=horizon,
        still_open=float(1 - table["share"].sum()) if reached else float("nan"),
        curve=pd.concat(frames, ignore_index=True),
        _log=log,
        _times=times,
        _way=np.asarray([None, *names], dtype=object)[way],
    )


def _groups(log: EventLog, times: CaseTimes, by: str | None) -> tuple[tuple[str, ...], Int64]:
    if by is None:
        return (ALL,), np.zeros(len(times.case), dtype=np.int64)
    groups = group_of_case(log, by)
    return groups.names, groups.codes[times.case].astype(np.int64)


def _rows(curve: StepCurve, **label: str) -> pd.DataFrame:
    (name, value), *_ = label.items()
    return pd.DataFrame(
        {
            name: np.full(len(curve.at), value, dtype=object),
            "days": curve.at,
            "n_at_risk": curve.at_risk,
            "share": curve.share,
            "low": curve.low,
            "high": curve.high,
        }
    )


def _note(times: CaseTimes) -> str:
    n_open = int((~times.closed).sum())
    return f"{counted(len(times.case), 'case')}, {n_open:,} of them open. Bands: intervals at each time"


def _caveats(n_open: int, n: int) -> tuple[str, ...]:
    if n_open == 0:
        return ()
    return (
        f"{n_open:,} of {n:,} cases are still open. They count up to their age, as if they went on like other cases of that age; "
        "if the service has become slower or faster since, they don't.",
    )
