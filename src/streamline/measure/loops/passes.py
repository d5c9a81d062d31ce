"""Passes: how often a case goes through a step, and how the chance of coming back changes with it.

The first time that a case does an activity is its *first pass*, the next its second. The *first-pass yield* of an
activity is the share of the cases with it that did it once. The chance of coming back after pass k is the share of the
cases with a k-th pass that also have the next. Both are of closed cases: an open case may still come back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.loops import pass_numbers
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.measure.loops.rework import ReworkLoops
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS, ratio_intervals, share_interval
from streamline.units import DAY, HOUR, counted, significant

Int64 = npt.NDArray[np.int64]

#: Passes that are told one by one; later ones are so few that chances aren't told.
MOST_PASSES = 5


@dataclass(frozen=True, kw_only=True, repr=False)
class FirstPasses(Result):
    """First-pass yield of each activity. `table`, most repeats first: activity, n_cases (with it), n_steps, n_repeats
    (steps beyond the first of their case), first_pass_yield with first_pass_yield_low and first_pass_yield_high
    (Wilson intervals)."""

    #: Share of the cases in which every activity is done once.
    whole: Estimate
    #: One row an activity and pass, up to the fifth: activity, pass, n_cases, n_again, again_share, again_share_low,
    #: again_share_high.
    by_pass: pd.DataFrame = field(repr=False)
    _log: EventLog = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a case and activity: case, activity, n_steps."""
        log = self._log
        chosen = np.flatnonzero(log.closed[log.case_of_step])
        key = log.case_of_step[chosen] * len(log.activities) + log.activity[chosen]
        pair, n = np.unique(key, return_counts=True)
        return pd.DataFrame(
            {
                "case": log.case_id_array(pair // max(len(log.activities), 1)),
                "activity": np.asarray(log.activities, dtype=object)[pair % max(len(log.activities), 1)],
                "n_steps": n,
            }
        )

    def chart(self) -> Chart:
        """First-pass yield of the activities with the most repeats."""
        shown = self.table[self.table["n_repeats"] > 0].head(12)
        return BarChart(
            title=f"{self.whole.value:.0%} of the cases repeat no step",
            axis="Share of the cases with the step that did it once (%)",
            bars=tuple(
                Bar(
                    label=r.activity,
                    value=100 * r.first_pass_yield,
                    low=100 * r.first_pass_yield_low,
                    high=100 * r.first_pass_yield_high,
                )
                for r in rows_of(shown.sort_values("first_pass_yield", ascending=False))
            ),
            note=f"{self.n:,} closed cases. Whiskers: Wilson intervals",
        )


def first_passes(log: EventLog, *, level: float = LEVEL) -> FirstPasses:
    """First-pass yield of the whole process and of each activity, and the chance of coming back by pass.

    Returns FirstPasses over the n closed cases. Raises InsufficientDataError when no case is closed.
    """
    closed, width = log.closed, len(log.activities)
    n = int(closed.sum())
    if n == 0:
        raise InsufficientDataError(
            f"{log.source}: none of {log.n_cases:,} cases is closed; no pass is known to be last."
        )
    passes = pass_numbers(log.case_offsets, log.activity, width)
    inside = closed[log.case_of_step]
    # a case with k passes of an activity has one step of each pass up to it: steps of a pass are its cases
    top = np.minimum(passes, MOST_PASSES)
    reached = np.bincount(
        log.activity[inside].astype(np.int64) * (MOST_PASSES + 1) + top[inside], minlength=width * (MOST_PASSES + 1)
    ).reshape(width, MOST_PASSES + 1)
    n_steps = reached.sum(axis=1)
    # the last column holds all later passes; its cases are those with exactly that pass
    reached[:, MOST_PASSES] = np.bincount(log.activity[inside & (passes == MOST_PASSES)], minlength=width)
    repeating = np.zeros(log.n_cases, dtype=np.bool_)
    repeating[log.case_of_step[passes > 0]] = True
    once = int((closed & ~repeating).sum())
    rows, by_pass = [], []
    for a in np.flatnonzero(n_steps):
        low, high = share_interval(float(reached[a, 0] - reached[a, 1]), int(reached[a, 0]), level=level)
        rows.append(
            {
                "activity": log.activities[a],
                "n_cases": int(reached[a, 0]),
                "n_steps": int(n_steps[a]),
                "n_repeats": int(n_steps[a] - reached[a, 0]),
                "first_pass_yield": 1 - reached[a, 1] / reached[a, 0],
                "first_pass_yield_low": low,
                "first_pass_yield_high": high,
            }
        )
        by_pass += [
            {"activity": log.activities[a], "pass": k + 1, **_again(int(reached[a, k]), int(reached[a, k + 1]), level)}
            for k in range(MOST_PASSES)
            if reached[a, k]
        ]
    table = pd.DataFrame(rows).sort_values(["n_repeats", "activity"], ascending=[False, True], ignore_index=True)
    return FirstPasses(
        table=table,
        n=n,
        excluded={"open": log.n_cases - n},
        whole=bounded(
            once / n, *share_interval(float(once), n, level=level), level=level, method="Wilson interval",
            unit="share", n=n,
        ),
        by_pass=pd.DataFrame(by_pass),
        _log=log,
    )  # fmt: skip


def _again(n: int, again: int, level: float) -> dict[str, float]:
    low, high = share_interval(float(again), n, level=level)
    return {"n_cases": n, "n_again": again, "again_share": again / n, "again_share_low": low, "again_share_high": high}


@dataclass(frozen=True, kw_only=True, repr=False)
class MatchingLoops(Result):
    """The loop occurrences that a selector picks, such as those that `reduce_rework` would prevent.

    An occurrence opens at a step: the one directly before the return where `from_` is given (each execution of it either
    returns thus or doesn't), else the execution of the head that it starts from. `table` has a row a pass, up to the
    fifth (pass: how often the case had that activity before, from 1): pass, n_steps, n_returning, returning_share,
    returning_share_low, returning_share_high (Wilson: a case has one step of a pass).
    """

    #: The selector, in words.
    selected: str
    #: Share of the steps at which such a loop may open that do open one; interval by resampling cases.
    returning_share: Estimate
    #: Share of the closed cases with such a loop.
    cases_share: Estimate
    #: Days in such loops per closed case, and per occurrence (NaN without any).
    days_per_case: Estimate
    days_per_occurrence: float
    #: Office hours of staff in such loops per closed case; NaN where unknown.
    staff_hours_per_case: float
    n_occurrences: int
    #: Share of all days in loops that are in these.
    loop_days_share: float
    #: Activities at whose executions such loops open.
    opens_at: tuple[str, ...]
    _rework: ReworkLoops = field(repr=False)
    _chosen: npt.NDArray[np.bool_] = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """The occurrences, as in `ReworkLoops.cases`."""
        return self._rework.cases[self._chosen].reset_index(drop=True)

    @property
    def words(self) -> tuple[str, ...]:
        """A sentence with the share and its interval."""
        e = self.returning_share
        if not self.n_occurrences:
            return (f"No closed case has a loop {self.selected}.",)
        interval = "" if e.low is None or e.high is None else f" ({e.low:.1%} to {e.high:.1%})"
        return (
            f"{e.value:.1%}{interval} of the {counted(e.n, 'execution')} of {' or '.join(self.opens_at)} lead into a loop "
            f"{self.selected}, which takes {significant(self.days_per_occurrence)} days each time.",
        )

    def chart(self) -> Chart:
        """The chance of the loop by pass."""
        return BarChart(
            title=f"Loops {self.selected}, by pass",
            axis="Share of the steps that lead into the loop (%)",
            bars=tuple(
                Bar(
                    label=f"pass {r.pass_}",
                    value=100 * r.returning_share,
                    low=100 * r.returning_share_low,
                    high=100 * r.returning_share_high,
                )
                for r in rows_of(self.table.rename(columns={"pass": "pass_"}))
            ),
            note=f"{self.n:,} closed cases. Whiskers: Wilson intervals",
        )


def loops_matching(
    rework: ReworkLoops,
    *,
    to: str | None = None,
    from_: str | None = None,
    through: str | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> MatchingLoops:
    """The loops that return `to` an activity, `from_` a last step before the return, `through` any step in the loop.

    The selector is that of the change `reduce_rework`; at least one of the three is needed.

    Returns MatchingLoops over the closed cases. Raises ValueError without a selector, UnknownNameError for an activity that the
    log doesn't have.
    """
    given = {"back to": to, "from": from_, "through": through}
    selected = " ".join(f"{word} {name}" for word, name in given.items() if name is not None)
    if not selected:
        raise ValueError(
            "Say which loops: `to` their head, `from_` their last step before the return, `through` any step."
        )
    found, kept, log = rework.occurrences, rework.kept, rework.occurrences.log
    matching = found.matching(to=to, leaving=from_, through=through)[kept]
    chosen = kept[matching]
    # the step directly before a repeat has the activity that the path left from; that before a trigger the head's
    opening = (found.repeat if from_ is not None else found.trigger)[chosen] - 1
    activities = np.unique(log.activity[opening])
    if from_ is not None:
        activities = np.array([log.activity_code(from_)])
    elif to is not None:
        activities = np.array([log.activity_code(to)])
    closed = log.closed
    at_risk = np.flatnonzero(np.isin(log.activity, activities) & closed[log.case_of_step])
    passes = pass_numbers(log.case_offsets, log.activity, len(log.activities))
    n_risk = np.bincount(np.minimum(passes[at_risk], MOST_PASSES), minlength=MOST_PASSES + 1)
    n_open = np.bincount(np.minimum(passes[opening], MOST_PASSES), minlength=MOST_PASSES + 1)
    rows = [
        {
            "pass": k + 1,
            "n_steps": int(n_risk[k]),
            "n_returning": int(n_open[k]),
            "returning_share": n_open[k] / n_risk[k],
            **dict(
                zip(
                    ("returning_share_low", "returning_share_high"),
                    share_interval(float(n_open[k]), int(n_risk[k]), level=level),
                    strict=True,
                )
            ),
        }
        for k in range(MOST_PASSES)
        if n_risk[k]
    ]
    names = ["pass", "n_steps", "n_returning", "returning_share", "returning_share_low", "returning_share_high"]
    number, n = np.cumsum(closed) - 1, rework.n
    per_case = np.bincount(number[log.case_of_step[at_risk]], minlength=n).astype(float)
    opened = np.bincount(number[found.case[chosen]], minlength=n).astype(float)
    time = found.sums(found.time)
    days = np.bincount(number[found.case[chosen]], weights=time[chosen] / DAY, minlength=n).astype(np.float64)
    have = per_case > 0
    share_bounds = ratio_intervals(opened[have, None], per_case[have], level=level, draws=draws, seed=seed)
    day_bounds = ratio_intervals(days[:, None], np.ones(n), level=level, draws=draws, seed=seed)
    n_with, all_days = int((opened > 0).sum()), float(time[kept].sum()) / DAY
    return MatchingLoops(
        table=pd.DataFrame(rows, columns=names),
        n=n,
        excluded=rework.excluded,
        caveats=rework.caveats,
        selected=selected,
        returning_share=bounded(
            opened.sum() / per_case.sum() if have.any() else float("nan"), share_bounds[0][0], share_bounds[1][0],
            level=level, method="loop erasure; interval by resampling cases", unit="share", n=len(at_risk),
        ),
        cases_share=bounded(
            n_with / n, *share_interval(float(n_with), n, level=level), level=level,
            method="loop erasure; Wilson interval", unit="share", n=n,
        ),
        days_per_case=bounded(
            days.sum() / n, day_bounds[0][0], day_bounds[1][0], level=level,
            method="loop erasure; interval by resampling cases", unit="days", n=n,
        ),
        days_per_occurrence=days.sum() / len(chosen) if len(chosen) else float("nan"),
        staff_hours_per_case=float("nan") if rework.staff_of_kept is None else rework.staff_of_kept[matching].sum() / HOUR / n,
        n_occurrences=len(chosen),
        loop_days_share=days.sum() / all_days if all_days else float("nan"),
        opens_at=tuple(log.activities[a] for a in activities),
        _rework=rework,
        _chosen=matching,
    )  # fmt: skip
