"""Rework: which loops send work back, and what they take.

Loops are erased from each trace (see `measure.loops.occurrences`). A step takes the time from the completion before it (the
arrival, for the first) to its own completion; so cycle time = first-pass time + the time of all loops, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Bar, BarChart, BarColumn, BarTable, Chart
from streamline.kernels.loops import grouped_cases, grouped_sums
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.measure.duration import LEVEL
from streamline.measure.loops.families import family_table
from streamline.measure.loops.occurrences import Occurrences, loop_occurrences, loop_words
from streamline.measure.periods import arrivals_per_year
from streamline.measure.waits.path import staff_time
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS, MANY_UNITS, ratio_intervals, share_interval
from streamline.units import DAY, HOUR, MISSING_TIME, significant

__all__ = ["Occurrences", "ReworkLoops", "known_family", "loop_occurrences", "loop_words", "rework_loops"]

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

#: Families that get intervals: those with the most days. Some logs have thousands of families of one case each.
_WITH_INTERVAL = 30


@dataclass(frozen=True, kw_only=True, repr=False)
class ReworkLoops(Result):
    """The loops of the closed cases, in families of one head (the activity returned to) and trigger (the step after).

    `table`, most days first: loop (in words), head, trigger, n_occurrences, n_cases, cases_share, cases_share_low,
    cases_share_high, days_per_case (over all n cases), days_per_case_low, days_per_case_high, days_per_occurrence,
    staff_hours_per_case (office hours; NaN without a calendar or without recorded starts), most_frequent (the
    family's commonest sequence of activities), leaving (the commonest last step before the return: leaving → head is
    the return edge), leaving_share (of the occurrences), occurrences_per_looping_case, occurrences_per_year,
    days_per_year, staff_hours_per_year, cost_per_year (NaN without the price of a staff hour). The 30 families with the
    most days have intervals. A figure per year is that per closed case times the cases that arrive in a year.
    """

    #: Share of the cases with any loop.
    cases_share: Estimate
    #: Days in loops, per case.
    days_per_case: Estimate
    #: Share of the cases that went back to an earlier step, not counting a step repeated at once.
    returns_share: float
    #: Share of the cases in which no activity is repeated.
    first_pass_yield: float
    #: Office hours of staff in loops, per case, and their price per year; NaN where they aren't known.
    staff_hours_per_case: float
    cost_per_year: float
    #: Arrivals in a year at the log's rate (see `arrivals_per_year`); NaN for a log of less than four weeks.
    cases_per_year: float
    occurrences: Occurrences = field(repr=False)
    #: Numbers of the closed cases' occurrences, and the row of `table` that each belongs to.
    kept: Int64 = field(repr=False)
    row_of_kept: Int64 = field(repr=False)
    #: Staff time of each kept occurrence, microseconds.
    staff_of_kept: Int64 | None = field(repr=False)

    @property
    def days_per_year(self) -> float:
        """Days in loops of the cases that arrive in a year; NaN where a year can't be told."""
        return self.days_per_case.value * self.cases_per_year

    @property
    def staff_hours_per_year(self) -> float:
        """Office hours of staff in loops of the cases that arrive in a year; NaN where they aren't known."""
        return self.staff_hours_per_case * self.cases_per_year

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row an occurrence: case, loop, head, trigger, leaving (the last step before the return), signature,
        started, ended, days, staff_hours."""
        found, kept, log = self.occurrences, self.kept, self.occurrences.log
        names = np.asarray(log.activities, dtype=object)
        signature, _ = found.signature
        used, place = np.unique(signature[kept], return_inverse=True)
        words = np.asarray(found.signature_words(np.asarray(used, dtype=np.int64)), dtype=object)
        return pd.DataFrame(
            {
                "case": log.case_id_array(found.case[kept]),
                "loop": self.table["loop"].to_numpy(dtype=object)[self.row_of_kept],
                "head": names[log.activity[found.head[kept]]],
                "trigger": names[log.activity[found.trigger[kept]]],
                "leaving": names[log.activity[found.leaving[kept]]],
                "signature": words[place],
                "started": log.instants(log.complete[found.head[kept]]),
                "ended": log.instants(log.complete[found.repeat[kept]]),
                "days": found.sums(found.time)[kept] / DAY,
                "staff_hours": np.nan if self.staff_of_kept is None else self.staff_of_kept / HOUR,
            }
        )

    @cached_property
    def return_edges(self) -> pd.DataFrame:
        """One row a family and return edge, in the order of `table`, the commonest edge first: loop, source (the step
        before the return), target (the head), n_occurrences, n_cases, days_per_case."""
        found, log, width = self.occurrences, self.occurrences.log, len(self.occurrences.log.activities)
        leaving = log.activity[found.leaving[self.kept]].astype(np.int64)
        key, place = np.unique(self.row_of_kept * width + leaving, return_inverse=True)
        row, n = key // max(width, 1), np.bincount(place, minlength=len(key))
        order = np.lexsort((key, -n, row))
        table = pd.DataFrame(
            {
                "loop": self.table["loop"].to_numpy(dtype=object)[row],
                "source": np.asarray(log.activities, dtype=object)[key % max(width, 1)],
                "target": self.table["head"].to_numpy(dtype=object)[row],
                "n_occurrences": n,
                "n_cases": grouped_cases(place, found.case[self.kept], len(key)),
                "days_per_case": grouped_sums(place, found.sums(found.time)[self.kept], len(key)) / DAY / self.n,
            }
        )
        return table.iloc[order].reset_index(drop=True)

    @cached_property
    def distribution(self) -> pd.DataFrame:
        """How many cases have how many occurrences, of any loop (loop "any") and of each family: loop, n_occurrences (0
        and more), n_cases, share (of all n cases)."""
        case = self.occurrences.case[self.kept]
        frames = []
        for words, pair in (("any", case), (None, self.row_of_kept * np.int64(self.occurrences.log.n_cases) + case)):
            who, times = np.unique(pair, return_counts=True)
            row = np.zeros(len(who), dtype=np.int64) if words else who // max(self.occurrences.log.n_cases, 1)
            most = int(times.max(initial=0)) + 1
            key, n = np.unique(row * most + times, return_counts=True)
            n_rows = 1 if words else len(self.table)
            none = self.n - np.bincount(row, minlength=n_rows)
            names = np.asarray([words] if words else self.table["loop"], dtype=object)
            frames.append(
                pd.DataFrame(
                    {
                        "row": np.concatenate([np.arange(n_rows), key // most]),
                        "loop": np.concatenate([names, names[key // most]]),
                        "n_occurrences": np.concatenate([np.zeros(n_rows, dtype=np.int64), key % most]),
                        "n_cases": np.concatenate([none, n]),
                    }
                ).sort_values(["row", "n_occurrences"], ignore_index=True)
            )
        whole = pd.concat(frames, ignore_index=True).drop(columns="row")
        return whole.assign(share=whole["n_cases"] / self.n)

    def chart(self) -> Chart:
        """Days per case by family of loops."""
        return BarChart(
            title=f"Loops take {significant(self.days_per_case.value)} days per case",
            axis="Days per case, over all closed cases (elapsed)",
            bars=tuple(
                Bar(
                    label=r.loop,
                    value=r.days_per_case,
                    low=_real(r.days_per_case_low),
                    high=_real(r.days_per_case_high),
                )
                for r in rows_of(self.table.head(10))
            ),
            note=f"{self.n:,} closed cases. Whiskers: intervals from resampled cases",
        )

    def bar_table(self) -> BarTable:
        """The ten families with the most days, as a table with small bars: days per case, share of cases, times, days each
        time."""
        top = self.table.head(10)

        def column(heading: str, name: str, scale: float = 1.0, full: float | None = None) -> BarColumn:
            low, high = (tuple(top[f"{name}_{end}"] * scale) if f"{name}_low" in top else () for end in ("low", "high"))
            return BarColumn(heading=heading, values=tuple(top[name] * scale), low=low, high=high, full=full)

        return BarTable(
            title=f"Loops take {significant(self.days_per_case.value)} days per case",
            heading="Loop",
            labels=tuple(top["loop"]),
            columns=(
                column("Days per case", "days_per_case"),
                column("Share of cases (%)", "cases_share", 100.0, full=100.0),
                column("Times", "n_occurrences"),
                column("Days each time", "days_per_occurrence"),
            ),
            note=f"n = {self.n:,} closed cases; days elapsed, over all of them. Intervals from resampled cases",
        )


def rework_loops(
    log: EventLog,
    *,
    calendar: Calendar | None = None,
    staff_hour: float | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> ReworkLoops:
    """Find the loops that send work back, what they take, and how many cases they touch.

    Time inside a loop is not all caused by it: without the loop, part of it may have been spent waiting elsewhere (see
    `matched_difference`).

    calendar : office hours, in which staff hours are counted; without it they aren't given, because a step left
        overnight would count the night. staff_hour : price of an hour of staff; without it nothing is priced.
    level, draws, seed : of the intervals, which resample cases.

    Returns ReworkLoops over the n closed cases. Raises InsufficientDataError when no case is closed, ValueError for a
    negative price. Source: loop erasure after Lawler 1980 (self-avoiding walks), applied to traces; ours.
    """
    check_log(log)
    if staff_hour is not None and not 0 <= staff_hour < np.inf:
        raise ValueError(f"The price of a staff hour must be 0 or more; {staff_hour} isn't.")
    closed = log.closed
    n = int(closed.sum())
    if n == 0:
        raise InsufficientDataError(
            f"{log.source}: none of {log.n_cases:,} cases is closed; loops are told of closed cases."
        )
    found = loop_occurrences(log)
    kept = np.flatnonzero(closed[found.case])
    case = (np.cumsum(closed) - 1)[found.case[kept]]
    time = found.sums(found.time)[kept]
    staff = None if calendar is None or not log.has_start else found.sums(staff_time(log, calendar))[kept]
    per_year = arrivals_per_year(log)
    table, row = family_table(found, kept, time, staff, n, per_year, staff_hour)
    shown = min(len(table), _WITH_INTERVAL)
    low, high = _day_intervals(row, case, time / DAY, n, shown, level=level, draws=draws, seed=seed)
    n_looping = _n_different(case)
    for name, at in (("cases_share", "cases_share"), ("days_per_case", "days_per_case")):
        bounds = np.full((len(table), 2), np.nan)
        if name == "cases_share":
            bounds[:shown] = [share_interval(float(k), n, level=level) for k in table["n_cases"].head(shown)] or 0.0
        else:
            bounds[:shown] = np.column_stack([low[:-1], high[:-1]])
        place = table.columns.get_loc(at)
        assert isinstance(place, int)
        table.insert(place + 1, f"{name}_low", bounds[:, 0])
        table.insert(place + 2, f"{name}_high", bounds[:, 1])
    looping = share_interval(float(n_looping), n, level=level)
    hours = float("nan") if staff is None else staff.sum() / HOUR
    return ReworkLoops(
        recorded=log.recorded,
        table=table,
        n=n,
        excluded={"open": int((~closed).sum())},
        caveats=tuple(_caveats(log, per_year)),
        cases_share=bounded(
            n_looping / n, *looping, level=level, method="loop erasure; Wilson interval", unit="share", n=n
        ),
        days_per_case=bounded(
            float(time.sum() / DAY / n), low[-1], high[-1], level=level,
            method="loop erasure; interval by resampling cases", unit="days", n=n,
        ),
        returns_share=_n_different(case[log.activity[found.head[kept]] != log.activity[found.trigger[kept]]]) / n,
        first_pass_yield=1 - n_looping / n,
        staff_hours_per_case=hours / n,
        cost_per_year=float("nan") if staff_hour is None else hours / n * staff_hour * per_year,
        cases_per_year=per_year,
        occurrences=found,
        kept=kept,
        row_of_kept=row,
        staff_of_kept=staff,
    )  # fmt: skip


def known_family(table: pd.DataFrame, name: str) -> pd.Series:
    """The row of a family by its words; UnknownNameError with the nearest when there is none."""
    rows = table[table["loop"] == name]
    if rows.empty:
        raise UnknownNameError(what="loop", name=name, known=list(table["loop"]))
    return rows.iloc[0]


def _n_different(ascending: Int64) -> int:
    """How many different values an ascending array has."""
    return int(np.count_nonzero(np.diff(ascending))) + 1 if len(ascending) else 0


def _day_intervals(
    row: Int64, case: Int64, days: Float, n: int, shown: int, *, level: float, draws: int, seed: int
) -> tuple[Float, Float]:
    """Intervals of the days per case of the first `shown` families and, last, of all loops; the same resamples for each.
    With many cases one family at a time, so that the memory doesn't grow with their number."""
    low, high = np.full(shown + 1, np.nan), np.full(shown + 1, np.nan)
    at_a_time = shown + 1 if n < MANY_UNITS else 1
    ones = np.ones(n)
    for first in range(0, shown + 1, at_a_time):
        block = range(first, min(first + at_a_time, shown + 1))
        per_case = np.empty((n, len(block)))
        for j, family in enumerate(block):
            mine = slice(None) if family == shown else row == family
            per_case[:, j] = np.bincount(case[mine], weights=days[mine], minlength=n)
        low[block], high[block] = ratio_intervals(per_case, ones, level=level, draws=draws, seed=seed)
    return low, high


def _caveats(log: EventLog, per_year: float) -> list[str]:
    caveats = [
        *log.start_caveats,
        "Time inside a loop is not all caused by it: part of it might have passed elsewhere without the loop.",
    ]
    n_open = int((~log.closed).sum())
    if np.isnan(per_year):
        caveats.append(
            "The cases arrived within less than four weeks, which can't stand for a year: nothing is told per year."
        )
    elif n_open:
        caveats.append(f"Figures per year take the {n_open:,} open cases to loop as the closed ones did.")
    ties = _tied_share(log)
    if ties > 0.05:
        caveats.append(
            f"{ties:.0%} of the steps have the same times as another step of their case, so their order, "
            "and with it some loops, rests on their order in the file."
        )
    return caveats


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
