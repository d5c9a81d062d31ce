"""Deviations of cases from a model, counted from alignments, and how much longer the cases that have them take.

An alignment names the fewest steps to add and to leave out that would make a case fit the model. Of an activity's steps
in a case:

- *missing*: the model asks for one that the case doesn't have;
- *out of order*: the model asks for one where the case has none, and the case has one where the model doesn't want it;
- *repeated*: the case has one too many, beside one that fits;
- *unexpected*: the case has one, and none where it was would fit.

*Days longer* is the mean cycle time of the cases with the deviation less that of the cases that fit: an association. What
else sets these cases apart isn't taken out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.figure import BarColumn, BarTable, Chart
from streamline.kernels.alignment import BOTH, MODEL_ONLY, TRACE_ONLY
from streamline.log.event_log import EventLog
from streamline.results import Estimate, Result, bounded
from streamline.stats.bootstrap import ratio_intervals, share_interval
from streamline.stats.differences import ENOUGH_UNITS, DrawnMeans, difference_interval
from streamline.units import DAY, counted

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

MISSING, OUT_OF_ORDER, REPEATED, UNEXPECTED = "missing", "out of order", "repeated", "unexpected"
BEGIN = "(begin)"
#: Deviations that get an interval for their days: those of the most cases.
_WITH_INTERVAL = 30
_WORDS = {
    MISSING: "{} is missing",
    OUT_OF_ORDER: "{} is out of order",
    REPEATED: "{} is done again",
    UNEXPECTED: "{} isn't expected",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alignments:
    """The alignments of different traces (see `kernels.alignment`); activities are codes among `activities`."""

    activities: tuple[str, ...]
    #: For each trace its steps that count, its cost (-1: not aligned), and where its moves end.
    n_steps: Int64
    cost: Int64
    ends: Int64
    move: Int8
    moved: Int32
    #: Steps of the shortest run of the model.
    shortest: int

    def fitness(self) -> npt.NDArray[np.float64]:
        """For each trace 1 less its cost over the most that it could be: all its steps too many, a whole run missing."""
        most = np.maximum(self.n_steps + self.shortest, 1)
        return np.asarray(np.where(self.cost < 0, np.nan, 1 - self.cost / most), dtype=np.float64)

    def deviations(self) -> pd.DataFrame:
        """One row a trace, kind and activity: trace, kind, code, n, after (activity before the first; -1 at the begin)."""
        width, trace = len(self.activities), np.repeat(np.arange(len(self.cost)), np.diff(self.ends))
        key = trace * width + self.moved
        keys, place = np.unique(key, return_inverse=True)
        n_of = [np.bincount(place[self.move == m], minlength=len(keys)) for m in (BOTH, TRACE_ONLY, MODEL_ONLY)]
        swapped = np.minimum(n_of[1], n_of[2])
        extra = n_of[1] - swapped
        beside = (n_of[0] + swapped) > 0
        kinds = {
            MISSING: n_of[2] - swapped,
            OUT_OF_ORDER: swapped,
            REPEATED: np.where(beside, extra, 0),
            UNEXPECTED: np.where(beside, 0, extra),
        }
        # the first move of each kind of trouble, and the step of the trace before it
        step = self.move != MODEL_ONLY
        latest = np.maximum.accumulate(np.where(step, np.arange(len(step)), -1))
        before = np.concatenate([[-1], latest[:-1]]) if len(step) else latest
        inside = before >= self.ends[trace] if len(step) else np.zeros(0, dtype=np.bool_)
        after = np.where(inside, self.moved[np.maximum(before, 0)], -1) if len(step) else before
        first = {}
        for m in (TRACE_ONLY, MODEL_ONLY):
            spot = np.full(len(keys), -1, dtype=np.int64)
            at = np.flatnonzero(self.move == m)[::-1]
            spot[place[at]] = after[at]
            first[m] = spot
        rows = []
        for kind, n in kinds.items():
            some = np.flatnonzero(n)
            spot = first[MODEL_ONLY if kind == MISSING else TRACE_ONLY]
            rows.append(
                pd.DataFrame(
                    {
                        "trace": keys[some] // width,
                        "kind": kind,
                        "code": keys[some] % width,
                        "n": n[some],
                        "after": spot[some],
                    }
                )
            )
        return pd.concat(rows, ignore_index=True)


@dataclass(frozen=True, kw_only=True, repr=False)
class Conformance(Result):
    """How well the closed cases fit a model, and where they don't.

    `table`, most cases first, one row a deviation: deviation (in words), kind, activity, usually_after (the step of the
    case before it, most often), n_cases, share (of the n cases) with share_low and share_high, n_steps (missing or too
    many), days_longer (mean cycle time of its cases less that of the fitting ones; NaN where none fits) with
    days_longer_low and days_longer_high (by resampling cases, for the 30 of the most cases, where both groups have 30).
    """

    #: 1 for a case that fits, 0 for one of which nothing does; mean over the cases.
    fitness: Estimate
    #: Share of the cases without any deviation.
    fitting_share: Estimate
    #: Different sequences among the closed cases, and how many of them were aligned.
    n_variants: int
    n_variants_aligned: int
    #: The cases were drawn, not all looked at.
    sampled: bool
    #: What was compared with, and how, in words.
    method: str
    _log: EventLog = field(repr=False)
    _aligned: Alignments = field(repr=False)
    #: Numbers of the cases that were looked at, and the trace of each.
    _cases: Int64 = field(repr=False)
    _trace: Int64 = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a case: case, fits, fitness, deviations (in words, empty where it fits), cycle_time_days."""
        words = [""] * len(self._aligned.cost)
        found = self._aligned.deviations()
        for trace, kind, code, n in zip(found["trace"], found["kind"], found["code"], found["n"], strict=True):
            times = f" ({n} times)" if n > 1 else ""
            words[trace] += (
                ("; " if words[trace] else "") + deviation_words(kind, self._aligned.activities[code]) + times
            )
        return pd.DataFrame(
            {
                "case": self._log.case_id_array(self._cases),
                "fits": self._aligned.cost[self._trace] == 0,
                "fitness": self._aligned.fitness()[self._trace],
                "deviations": np.asarray(words, dtype=object)[self._trace],
                "cycle_time_days": _cycle_days(self._log, self._cases),
            }
        )

    def chart(self) -> Chart:
        """The twelve deviations of the most cases, with the days that their cases take longer."""
        top = self.table.head(12)
        share = self.fitting_share.value
        return BarTable(
            title=f"{share:.0%} of cases follow {self.method.split(';', maxsplit=1)[0]}",
            heading="Deviation",
            labels=tuple(top["deviation"]),
            columns=(
                BarColumn(
                    heading="Share of cases (%)",
                    values=tuple(100 * top["share"]),
                    low=tuple(100 * top["share_low"]),
                    high=tuple(100 * top["share_high"]),
                    full=100.0,
                ),
                BarColumn(
                    heading="Days longer than fitting cases",
                    values=tuple(top["days_longer"]),
                    low=tuple(top["days_longer_low"]),
                    high=tuple(top["days_longer_high"]),
                    bars=False,
                ),
            ),
            note=f"{counted(self.n, 'closed case')}{', drawn at random' if self.sampled else ''}. "
            f"{100 * self.fitness.level:.0f}% intervals" if self.fitness.level else f"{counted(self.n, 'closed case')}",
        )  # fmt: skip


def deviation_words(kind: str, activity: str) -> str:
    """A deviation in words.

    >>> deviation_words("missing", "Intake check")
    'Intake check is missing'
    """
    return _WORDS[kind].format(activity)


def judged(
    log: EventLog,
    cases: Int64,
    trace: Int64,
    aligned: Alignments,
    *,
    excluded: Mapping[str, int],
    caveats: Sequence[str],
    method: str,
    n_variants: int,
    sampled: bool,
    level: float,
    draws: int,
    seed: int,
) -> Conformance:
    """The result from the alignments of these cases' traces; all of them are aligned.

    cases : numbers of the cases; trace : for each the place of its trace among the alignments.
    """
    n, days = len(cases), _cycle_days(log, cases)
    fits = aligned.cost[trace] == 0
    fitness = aligned.fitness()[trace]
    low, high = ratio_intervals(fitness[:, None], np.ones(n), level=level, draws=draws, seed=seed)
    table = _table(aligned, trace, days, fits, level=level, draws=draws, seed=seed)
    notes = [*caveats]
    if not table.empty and int(fits.sum()) < ENOUGH_UNITS:
        notes.append(
            f"Only {counted(int(fits.sum()), 'case')} of {n:,} fit, too few to tell how much longer the others take with any "
            "certainty."
        )
    elif not table.empty:
        notes.append(
            "Days longer compare cases that have a deviation with cases that have none. They go together with the deviation; "
            "that it causes them isn't shown."
        )
    return Conformance(
        table=table,
        n=n,
        excluded=excluded,
        caveats=tuple(notes),
        fitness=bounded(
            float(fitness.mean()), low[0], min(high[0], 1.0), level=level, n=n, unit="fitness, 0 to 1",
            method="mean over closed cases; interval by resampling cases",
        ),
        fitting_share=bounded(
            float(fits.mean()), *share_interval(int(fits.sum()), n, level=level), level=level, n=n, unit="share",
            method="closed cases without any deviation; Wilson interval",
        ),
        n_variants=n_variants,
        n_variants_aligned=len(np.unique(trace)),
        sampled=sampled,
        method=method,
        _log=log,
        _aligned=aligned,
        _cases=cases,
        _trace=trace,
    )  # fmt: skip


def _table(
    aligned: Alignments, trace: Int64, days: npt.NDArray[np.float64], fits: npt.NDArray[np.bool_],
    *, level: float, draws: int, seed: int,
) -> pd.DataFrame:  # fmt: skip
    n = len(trace)
    weight = np.bincount(trace, minlength=len(aligned.cost))
    found = aligned.deviations()
    found["n_cases"] = weight[found["trace"]]
    found["n_steps"] = found["n"] * found["n_cases"]
    found = found[found["n_cases"] > 0]
    names = np.asarray([*aligned.activities, BEGIN], dtype=object)
    fitting = DrawnMeans(days[fits], draws=draws, seed=seed)
    spots = found.groupby(["kind", "code", "after"], sort=True)["n_cases"].sum().reset_index()
    spots = spots.sort_values("n_cases", ascending=False, kind="stable").drop_duplicates(["kind", "code"])
    usual = {
        (kind, code): str(names[after])
        for kind, code, after in zip(spots["kind"], spots["code"], spots["after"], strict=True)
    }
    total = found.groupby(["kind", "code"])[["n_cases", "n_steps"]].sum().reset_index()
    total = total.sort_values(
        ["n_cases", "n_steps", "kind", "code"], ascending=[False, False, True, True], ignore_index=True
    )
    rows = []
    for k, (kind, code, n_cases, n_steps) in enumerate(
        zip(total["kind"], total["code"], total["n_cases"], total["n_steps"], strict=True)
    ):
        has = np.zeros(len(aligned.cost), dtype=np.bool_)
        has[found.loc[(found["kind"] == kind) & (found["code"] == code), "trace"]] = True
        mine = days[has[trace]]
        bounds = (np.nan, np.nan)
        if k < _WITH_INTERVAL:
            bounds = difference_interval(DrawnMeans(mine, draws=draws, seed=seed + 1 + k), fitting, level=level)
        low, high = share_interval(int(n_cases), n, level=level)
        rows.append(
            {
                "deviation": deviation_words(kind, str(names[code])),
                "kind": kind,
                "activity": str(names[code]),
                "usually_after": usual[kind, code],
                "n_cases": int(n_cases),
                "share": n_cases / n,
                "share_low": low,
                "share_high": high,
                "n_steps": int(n_steps),
                "days_longer": mine.mean() - fitting.mean,
                "days_longer_low": bounds[0],
                "days_longer_high": bounds[1],
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = [
    "deviation", "kind", "activity", "usually_after", "n_cases", "share", "share_low", "share_high", "n_steps",
    "days_longer", "days_longer_low", "days_longer_high",
]  # fmt: skip


def _cycle_days(log: EventLog, cases: Int64) -> npt.NDArray[np.float64]:
    return np.asarray((log.last_completion[cases] - log.arrival[cases]) / DAY, dtype=np.float64)
