"""A log in one pass: what follows what, waits, routes, durations and rework, in a form that adds up.

Summaries of parts of a log, split by case, merge into the summary of the whole: counts and sums exactly, quantiles exactly
as long as the values fit and then within a stated error. So a log may be worked on by several processors, piece by
piece where it doesn't fit into memory, or on several machines; the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.machine import in_threads
from streamline.measure.summaries.routes import (
    VariantCounts,
    activity_counts,
    joined_routes,
    route_parts,
    variant_counts,
)
from streamline.measure.summaries.transitions import LoopCounts, TransitionCounts, sampled, transition_and_loop_counts
from streamline.stats.streams import BUDGET, QuantileSketch
from streamline.stats.totals import Totals
from streamline.units import DAY

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class LogSummary:
    """Counts, exact sums and quantiles of the cases of a log, or of several parts of one."""

    #: Names in alphabetical order; their places are the codes below.
    activities: tuple[str, ...]
    n_cases: int
    #: Cases without any step.
    n_empty: int
    n_closed: int
    n_steps: int
    #: (n_activities, 4): steps, cases that have it, cases that start with it, cases that end with it.
    per_activity: Int64
    #: Cases in which any activity comes twice.
    n_repeating: int
    transitions: TransitionCounts
    variants: VariantCounts
    #: One key, 0: the closed cases, and the exact sum of their cycle times in microseconds.
    cycle_total: Totals
    cycle_times: QuantileSketch
    #: Of the closed cases.
    loops: LoopCounts
    #: Rows of the source, and those that were set aside, by reason.
    n_rows: int
    rejected: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def merged(cls, parts: Sequence[LogSummary]) -> LogSummary:
        """The summary of all parts together. No case may be in two of them."""
        if not parts:
            raise InsufficientDataError("There is no summary to merge.")
        activities = tuple(sorted({name for part in parts for name in part.activities}))
        code = {name: i for i, name in enumerate(activities)}
        places = [np.array([code[name] for name in part.activities], dtype=np.int64) for part in parts]
        per_activity = np.zeros((len(activities), 4), dtype=np.int64)
        for part, place in zip(parts, places, strict=True):
            per_activity[place] += part.per_activity
        rejected: dict[str, int] = {}
        for part in parts:
            for reason, n in part.rejected.items():
                rejected[reason] = rejected.get(reason, 0) + n
        return cls(
            activities=activities,
            n_cases=sum(p.n_cases for p in parts),
            n_empty=sum(p.n_empty for p in parts),
            n_closed=sum(p.n_closed for p in parts),
            n_steps=sum(p.n_steps for p in parts),
            per_activity=per_activity,
            n_repeating=sum(p.n_repeating for p in parts),
            transitions=TransitionCounts.merged([p.transitions for p in parts], places, len(activities)),
            variants=VariantCounts.merged([p.variants for p in parts], places, len(activities)),
            cycle_total=Totals.merged([p.cycle_total for p in parts])[0],
            cycle_times=QuantileSketch.merged(
                [p.cycle_times for p in parts], [np.zeros(1, dtype=np.int64)] * len(parts), 1
            ),
            loops=LoopCounts.merged([p.loops for p in parts], places, len(activities)),
            n_rows=sum(p.n_rows for p in parts),
            rejected=dict(sorted(rejected.items())),
        )

    def held(self) -> LogSummary:
        """The same summary without the log that its waits come from; a summary of a large log keeps it alive."""
        return replace(self, transitions=replace(self.transitions, waits=self.transitions.waits.held()))

    def with_budget(self, budget: int) -> LogSummary:
        """The same summary, whose merged quantiles may hold `budget` values before they are sketched."""
        return replace(
            self,
            transitions=replace(self.transitions, waits=self.transitions.waits.with_budget(budget)),
            cycle_times=self.cycle_times.with_budget(budget),
        )

    @cached_property
    def directly_follows(self) -> pd.DataFrame:
        """Transitions, most frequent first: source, target, n, n_cases, share (of the cases that have a step), mean_hours,
        median_hours, p90_hours (from the completion of the one to the start of the other), rank_error (how far the rank
        of median and p90 may be off, as a share of the n waits, with a probability of 0.99; 0 where they are exact)."""
        return self.transitions.table(self.activities, self.n_cases - self.n_empty)

    @cached_property
    def routes(self) -> pd.DataFrame:
        """Variants, most frequent first: activities (a tuple), n_steps, n_cases, share, mean_cycle_days (of its closed
        cases; NaN when none is)."""
        return self.variants.table(self.activities, self.n_cases - self.n_empty)

    @cached_property
    def cycle_time(self) -> pd.DataFrame:
        """Cycle times of the closed cases: measure (mean, median, 90th percentile), value, unit, n, rank_error."""
        n = self.n_closed
        mean = self.cycle_total.exact_sum(0) / n / DAY if n else float("nan")
        median, p90 = self.cycle_times.quantiles([0.5, 0.9])[0] / DAY
        error = float(self.cycle_times.rank_error()[0])
        rows = {"mean": (mean, 0.0), "median": (median, error), "90th percentile": (p90, error)}
        return pd.DataFrame(
            [{"measure": k, "value": v, "unit": "days", "n": n, "rank_error": e} for k, (v, e) in rows.items()]
        )

    @cached_property
    def repeats(self) -> pd.DataFrame:
        """Activities, most repeated first: activity, n_steps, n_cases, n_repeats (steps beyond the first of each case),
        n_cases_starting, n_cases_ending."""
        order = np.argsort(self.per_activity[:, 1] - self.per_activity[:, 0], kind="stable")  # names are in order
        steps, cases, starting, ending = self.per_activity[order].T
        return pd.DataFrame(
            {
                "activity": np.asarray(self.activities, dtype=object)[order],
                "n_steps": steps,
                "n_cases": cases,
                "n_repeats": steps - cases,
                "n_cases_starting": starting,
                "n_cases_ending": ending,
            }
        )

    @cached_property
    def rework(self) -> pd.DataFrame:
        """Families of loops of the closed cases, most days first: head, trigger, n_occurrences, n_cases, cases_share,
        days_per_case (over all closed cases), days_per_occurrence (see `rework_loops`)."""
        width, days = max(len(self.activities), 1), self.loops.totals.sums() / DAY
        names, n = np.asarray(self.activities, dtype=object), max(self.n_closed, 1)
        table = pd.DataFrame(
            {
                "head": names[self.loops.totals.key // width],
                "trigger": names[self.loops.totals.key % width],
                "n_occurrences": self.loops.totals.n,
                "n_cases": self.loops.totals.n_cases,
                "cases_share": self.loops.totals.n_cases / n,
                "days_per_case": days / n,
                "days_per_occurrence": days / np.maximum(self.loops.totals.n, 1),
            }
        )
        return table.sort_values(["days_per_case", "head", "trigger"], ascending=[False, True, True], ignore_index=True)

    def __repr__(self) -> str:
        exact = "exact" if self.transitions.waits.is_exact and self.cycle_times.is_exact else "sketched"
        return (
            f"<LogSummary: {self.n_cases:,} cases ({self.n_closed:,} closed), {self.n_steps:,} steps, "
            f"{len(self.activities)} activities, {len(self.transitions.totals)} transitions, {len(self.variants):,} variants, "
            f"quantiles {exact}>"
        )


def log_summary(log: EventLog, *, budget: int = BUDGET) -> LogSummary:
    """Answer the five questions about a log in one pass, on all processors.

    Transitions and variants are counted over the cases that have a step, open ones as far as they got; cycle times and
    loops over the closed cases.

    budget : waits and cycle times that are held for exact quantiles; beyond it they are sketched (see `QuantileSketch`),
        and the tables say how far the ranks may be off. The waits of a large log aren't held until its summary is merged
        with another.

    Returns LogSummary.
    """
    check_log(log)
    rejected: dict[str, int] = {}
    for reject in log.rejects:
        rejected[reject.reason] = rejected.get(reject.reason, 0) + 1
    tasks: list[Callable[[], Any]] = [partial(joined_routes, log, route_parts(log)), partial(sampled, log)]
    routes, sample = in_threads(tasks)
    per_activity, n_repeating = activity_counts(routes, len(log.activities))
    transitions, loops = transition_and_loop_counts(log, routes, sample, budget=budget)
    times = routes.cycle_times
    n = np.array([len(times)])
    return LogSummary(
        activities=log.activities,
        n_cases=log.n_cases,
        n_empty=int(routes.n_cases[np.diff(routes.offsets) == 0].sum()),
        n_closed=len(times),
        n_steps=log.n_steps,
        per_activity=per_activity,
        n_repeating=n_repeating,
        transitions=transitions,
        variants=variant_counts(routes),
        cycle_total=Totals(
            key=np.zeros(1, dtype=np.int64),
            n=n,
            n_cases=n,
            high=routes.closed[:, 1].sum(keepdims=True),
            low=routes.closed[:, 2].sum(keepdims=True),
        ),
        cycle_times=QuantileSketch.exact(np.array([0, len(times)]), times, budget=budget),
        loops=loops,
        n_rows=log.notes.n_rows,
        rejected=dict(sorted(rejected.items())),
    )
