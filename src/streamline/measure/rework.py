"""Rework: which loops send work back, and what they take.

Loops are erased from each trace, left to right: the path so far is kept; when the next activity is already on it, the
steps after that earlier occurrence, together with this repeat, are one *loop occurrence* and leave the path. Each
step is first-pass or belongs to exactly one occurrence. A step takes the time from the completion before it (the
arrival, for the first) to its own completion; so cycle time = first-pass time + the time of all loops, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.loops import erased_loops
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.measure.path import staff_time
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS, ratio_intervals, share_interval
from streamline.units import DAY, HOUR, MISSING_TIME

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Families that get intervals: those with the most days. Some logs have thousands of families of one case each.
_WITH_INTERVAL = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class Occurrences:
    """The loop occurrences of a log's traces; arrays of one entry an occurrence, in the order in which they close."""

    log: EventLog
    #: For each step the number of its occurrence; -1 for first-pass steps.
    loop: Int64
    #: Places of the step returned to, the first step after it, the last step before the return, and the repeat.
    head: Int64
    trigger: Int64
    leaving: Int64
    repeat: Int64
    #: Code of the activity that finally followed the head; -1 when none did.
    onward: Int64
    #: For each step the time it takes: from the completion before it in its case to its own, microseconds.
    time: Int64

    def __len__(self) -> int:
        return len(self.head)

    @property
    def case(self) -> Int64:
        """For each occurrence the number of its case."""
        return self.log.case_of_step[self.head]

    def sums(self, values: npt.NDArray[np.float64] | Int64) -> Int64:
        """The sum of per-step integers over each occurrence."""
        result = np.zeros(len(self), dtype=np.int64)
        inside = self.loop >= 0
        np.add.at(result, self.loop[inside], np.asarray(values)[inside].astype(np.int64))
        return result

    def matching(self, *, to: str | None = None, leaving: str | None = None, through: str | None = None) -> Bool:
        """Which occurrences return `to` this activity, after this last step before the return, `through` this step.

        Raises UnknownNameError for an activity that the log doesn't have.
        """
        chosen = np.ones(len(self), dtype=np.bool_)
        if to is not None:
            chosen &= self.log.activity[self.head] == self.log.activity_code(to)
        if leaving is not None:
            chosen &= self.log.activity[self.leaving] == self.log.activity_code(leaving)
        if through is not None:
            has = (self.loop >= 0) & (self.log.activity == self.log.activity_code(through))
            chosen &= np.isin(np.arange(len(self)), self.loop[has])
        return chosen


def loop_occurrences(log: EventLog) -> Occurrences:
    """Erase the loops of each trace of the log (see the module's text)."""
    loop, head, trigger, leaving, repeat, onward = erased_loops(log.case_offsets, log.activity, len(log.activities))
    before = np.empty(log.n_steps, dtype=np.int64)
    before[1:] = log.complete[:-1]
    some = np.diff(log.case_offsets) > 0
    before[log.case_offsets[:-1][some]] = log.arrival[some]
    return Occurrences(
        log=log, loop=loop, head=head, trigger=trigger, leaving=leaving, repeat=repeat, onward=onward,
        time=log.complete - before,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, repr=False)
class ReworkLoops(Result):
    """The loops of the closed cases, in families of one head (the activity returned to) and trigger (the step after).

    `table`, most days first: loop (in words), head, trigger, n_occurrences, n_cases, cases_share, cases_share_low,
    cases_share_high, days_per_case (over all n cases), days_per_case_low, days_per_case_high, days_per_occurrence,
    staff_hours_per_case (office hours; NaN without a calendar or without recorded starts), most_frequent (the
    family's commonest sequence of activities). The 30 families with the most days have intervals.
    """

    #: Share of the cases with any loop.
    cases_share: Estimate
    #: Days in loops, per case.
    days_per_case: Estimate
    #: Share of the cases that went back to an earlier step, not counting a step repeated at once.
    returns_share: float
    #: Share of the cases in which no activity is repeated.
    first_pass_yield: float
    occurrences: Occurrences = field(repr=False)
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row an occurrence: case, loop, head, trigger, leaving (the last step before the return), signature,
        started, ended, days, staff_hours."""
        return self._cases

    def chart(self) -> Chart:
        """Days per case by family of loops."""
        top = self.table.head(10)
        return BarChart(
            title=f"Loops take {self.days_per_case.value:.2g} days per case",
            axis="Days per case, over all closed cases (elapsed)",
            bars=tuple(
                Bar(
                    label=r.loop,
                    value=r.days_per_case,
                    low=_real(r.days_per_case_low),
                    high=_real(r.days_per_case_high),
                )
                for r in rows_of(top)
            ),
            note=f"{self.n:,} closed cases. Whiskers: intervals from resampled cases",
        )


def rework_loops(
    log: EventLog,
    *,
    calendar: Calendar | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> ReworkLoops:
    """Find the loops that send work back, what they take, and how many cases they touch.

    Time inside a loop is not all caused by it: without the loop, part of it may have been spent waiting elsewhere.

    calendar : office hours, in which staff hours are counted; without it they aren't given, because a step left
        overnight would count the night. level, draws, seed : of the intervals, which resample cases.

    Returns ReworkLoops over the n closed cases. Raises InsufficientDataError when no case is closed.
    Source: loop erasure after Lawler 1980 (self-avoiding walks), applied to traces; ours.
    """
    closed = log.closed
    n = int(closed.sum())
    if n == 0:
        raise InsufficientDataError(
            f"{log.source}: none of {log.n_cases:,} cases is closed; loops are told of closed cases."
        )
    found = loop_occurrences(log)
    number = np.cumsum(closed) - 1
    kept = np.flatnonzero(closed[found.case])
    case = number[found.case[kept]]
    days = found.sums(found.time)[kept] / DAY
    staff = None if calendar is None or not log.has_start else found.sums(staff_time(log, calendar))[kept] / HOUR
    names = np.asarray(log.activities, dtype=object)
    head, trigger = names[log.activity[found.head[kept]]], names[log.activity[found.trigger[kept]]]
    signature = _signatures(found)[kept]
    frame = pd.DataFrame(
        {
            "case": log.case_id_array(found.case[kept]),
            "loop": [loop_words(h, t) for h, t in zip(head, trigger, strict=True)],
            "head": head,
            "trigger": trigger,
            "leaving": names[log.activity[found.leaving[kept]]],
            "signature": signature,
            "started": log.instants(log.complete[found.head[kept]]),
            "ended": log.instants(log.complete[found.repeat[kept]]),
            "days": days,
            "staff_hours": np.nan if staff is None else staff,
        }
    )
    table, families = _families(frame, n)
    shown = min(len(table), _WITH_INTERVAL)
    per_case = np.zeros((n, 2 * shown + 2))
    for j in range(shown):
        mine = families == j
        per_case[case[mine], 2 * j] = 1
        np.add.at(per_case[:, 2 * j + 1], case[mine], days[mine])
    per_case[case, -2] = 1
    np.add.at(per_case[:, -1], case, days)
    low, high = ratio_intervals(per_case, np.ones(n), level=level, draws=draws, seed=seed)
    for column in (*range(0, 2 * shown, 2), 2 * shown):  # shares of cases
        low[column], high[column] = share_interval(float(per_case[:, column].sum()), n, level=level)
    mean = per_case.mean(axis=0)
    for j, name in enumerate(("cases_share", "days_per_case")):
        at = table.columns.get_loc(name)
        assert isinstance(at, int)
        for place, bound in enumerate((low, high), start=1):
            values = np.full(len(table), np.nan)
            values[:shown] = bound[j:-2:2]
            table.insert(at + place, f"{name}_{('low', 'high')[place - 1]}", values)

    def figure(column: int, unit: str, interval: str) -> Estimate:
        method = f"loop erasure; {interval}"
        return bounded(mean[column], low[column], high[column], level=level, method=method, unit=unit, n=n)

    caveats = ["Time inside a loop is not all caused by it: part of it might have passed elsewhere without the loop."]
    ties = _tied_share(log)
    if ties > 0.05:
        caveats.append(
            f"{ties:.0%} of the steps have the same times as another step of their case, so their order, "
            "and with it some loops, rests on their order in the file."
        )
    return ReworkLoops(
        table=table,
        n=n,
        excluded={"open": int((~closed).sum())},
        caveats=tuple(caveats),
        cases_share=figure(-2, "share", "Wilson interval"),
        days_per_case=figure(-1, "days", "interval by resampling cases"),
        returns_share=len(np.unique(case[head != trigger])) / n,
        first_pass_yield=1 - float(mean[-2]),
        occurrences=found,
        _cases=frame,
    )


def loop_words(head: str, trigger: str) -> str:
    """A family of loops in words.

    >>> loop_words("Intake check", "Request information"), loop_words("Review", "Review")
    ('back to Intake check after Request information', 'Review repeated at once')
    """
    return f"{head} repeated at once" if head == trigger else f"back to {head} after {trigger}"


def known_family(table: pd.DataFrame, name: str) -> pd.Series:
    """The row of a family by its words; UnknownNameError with the nearest when there is none."""
    rows = table[table["loop"] == name]
    if rows.empty:
        raise UnknownNameError(what="loop", name=name, known=list(table["loop"]))
    return rows.iloc[0]


def _families(frame: pd.DataFrame, n: int) -> tuple[pd.DataFrame, Int64]:
    """One row a family, most days first, and for each occurrence the row of its family."""
    group = frame.groupby(["loop", "head", "trigger"], sort=True)
    table = pd.DataFrame(
        {
            "n_occurrences": group.size(),
            "n_cases": group["case"].nunique(),
            "cases_share": group["case"].nunique() / n,
            "days_per_case": group["days"].sum() / n,
            "days_per_occurrence": group["days"].mean(),
            "staff_hours_per_case": group["staff_hours"].sum(min_count=1) / n,
            "most_frequent": group["signature"].agg(lambda s: str(s.value_counts().sort_index().idxmax()))
            if len(frame)
            else [],
        }
    ).reset_index()
    table = table.sort_values(["days_per_case", "loop"], ascending=[False, True], ignore_index=True)
    place = {family: j for j, family in enumerate(zip(table["head"], table["trigger"], strict=True))}
    of_row = [place[family] for family in zip(frame["head"], frame["trigger"], strict=True)]
    return table, np.array(of_row, dtype=np.int64)


def _signatures(found: Occurrences) -> npt.NDArray[np.object_]:
    """For each occurrence its activities in order, joined by arrows."""
    steps = np.flatnonzero(found.loop >= 0)
    steps = steps[np.argsort(found.loop[steps], kind="stable")]
    result = np.empty(len(found), dtype=object)
    bounds = np.searchsorted(found.loop[steps], np.arange(len(found) + 1))
    activity = found.log.activity
    cache: dict[bytes, str] = {}
    for k in range(len(found)):
        codes = activity[steps[bounds[k] : bounds[k + 1]]]
        key = codes.tobytes()
        if key not in cache:
            cache[key] = " → ".join(found.log.activities[c] for c in codes)
        result[k] = cache[key]
    return result


def _tied_share(log: EventLog) -> float:
    """Share of steps whose start and completion equal those of the step before or after, so that the file orders them."""
    if log.n_steps < 2:
        return 0.0
    begun = np.where(log.start == MISSING_TIME, log.complete, log.start)
    same = (log.complete[1:] == log.complete[:-1]) & (begun[1:] == begun[:-1])
    same &= log.case_of_step[1:] == log.case_of_step[:-1]
    tied = np.zeros(log.n_steps, dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    return float(tied.mean())


def _real(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
