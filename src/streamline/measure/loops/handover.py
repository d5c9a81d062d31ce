"""Ping-pong: cases that go to and fro between two people, two groups or two channels.

Successive steps of one unit are one *stay* of the case with it. When the case leaves unit A for B and comes straight back
to A, that is a *round trip* from A to B. Round trips of one case don't overlap: A B A B A is two of them from A to B; in
A B A B the second stay of B belongs to no other trip. A step whose unit isn't recorded is nobody's: no trip leads over it.
Steps of external activities are passed over, because waiting on the customer isn't handing the case to a colleague.

The *days away* of a round trip run from the completion of A's last step before it to the start of A's first step after it
(to its completion, where no start is recorded); none are away where A began it before that step was completed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, MissingColumnError, UnknownNameError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.handover import round_trips
from streamline.kernels.loops import grouped_cases, grouped_sums
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS, ratio_intervals, share_interval
from streamline.units import DAY, MISSING_TIME

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

BY = ("resource", "group", "channel")
#: Share of the steps without a recorded unit from which that is said.
MANY_UNKNOWN = 0.05


@dataclass(frozen=True, kw_only=True, repr=False)
class PingPong(Result):
    """Round trips of the closed cases between two units. `table`, most days first: from_unit (A), to_unit (B),
    n_round_trips, n_cases, cases_share, days_per_case (over all n cases), days_per_round_trip."""

    by: str
    #: Share of the cases with a round trip.
    cases_share: Estimate
    #: Days away in round trips, per case.
    days_per_case: Estimate
    n_round_trips: int
    _log: EventLog = field(repr=False)
    _units: tuple[str, ...] = field(repr=False)
    _unit: Int32 = field(repr=False)
    #: Places of the last step of A before, of the last step of B, and of the first step of A after.
    _left: Int64 = field(repr=False)
    _away: Int64 = field(repr=False)
    _back: Int64 = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a round trip: case, from_unit, to_unit, left, came_back (instants), days_away, left_after, came_back_for
        (the activities of A's steps before and after)."""
        log, units = self._log, np.array([*self._units, None], dtype=object)
        names = np.asarray(log.activities, dtype=object)
        return pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[self._left]),
                "from_unit": units[self._unit[self._left]],
                "to_unit": units[self._unit[self._away]],
                "left": log.instants(log.complete[self._left]),
                "came_back": log.instants(_begun(log, self._back)),
                "days_away": _away_time(log, self._left, self._back) / DAY,
                "left_after": names[log.activity[self._left]],
                "came_back_for": names[log.activity[self._back]],
            }
        )

    def chart(self) -> Chart:
        """Days away per case by pair."""
        return BarChart(
            title=f"{self.cases_share.value:.0%} of the cases go to and fro between two {self.by}s",
            axis="Days away per case, over all closed cases (elapsed)",
            bars=tuple(
                Bar(label=f"{r.from_unit} → {r.to_unit} and back", value=r.days_per_case)
                for r in rows_of(self.table.head(10))
            ),
            note=f"{self.n:,} closed cases",
        )


def ping_pong(
    log: EventLog,
    *,
    by: str = "resource",
    groups: Sequence[str | None] | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> PingPong:
    """Find the cases that are handed over and straight back (see the module's text).

    by : "resource", "channel", or "group". groups : for "group", the group of each resource of the log, in the order of
        `log.resource.names`; None for one that belongs to none.
    level, draws, seed : of the intervals, which resample cases.

    Returns PingPong over the n closed cases. Raises MissingColumnError when the log has no such column, UnknownNameError for
    another `by`, ValueError for groups that don't fit the log's resources, InsufficientDataError when no case is closed.
    """
    unit, units = _units(log, by, groups)
    closed = log.closed
    n = int(closed.sum())
    if n == 0:
        raise InsufficientDataError(f"{log.source}: none of {log.n_cases:,} cases is closed; no hand-over to tell of.")
    left, away, back = round_trips(log.case_offsets, unit, log.external_step)
    kept = closed[log.case_of_step[left]]
    left, away, back = left[kept], away[kept], back[kept]
    case = log.case_of_step[left]
    time = _away_time(log, left, back)
    width = max(len(units), 1)
    key, place = np.unique(unit[left].astype(np.int64) * width + unit[away], return_inverse=True)
    count = np.bincount(place, minlength=len(key))
    days = grouped_sums(place, time, len(key)) / DAY
    n_cases = grouped_cases(place, case, len(key))
    names = np.asarray(units, dtype=object)
    table = pd.DataFrame(
        {
            "from_unit": names[key // width],
            "to_unit": names[key % width],
            "n_round_trips": count,
            "n_cases": n_cases,
            "cases_share": n_cases / n,
            "days_per_case": days / n,
            "days_per_round_trip": days / count,
        }
    )
    table = table.sort_values(
        ["days_per_case", "from_unit", "to_unit"], ascending=[False, True, True], ignore_index=True
    )
    number = np.cumsum(closed) - 1
    per_case = np.bincount(number[case], weights=time / DAY, minlength=n).astype(np.float64)
    low, high = ratio_intervals(per_case[:, None], np.ones(n), level=level, draws=draws, seed=seed)
    n_with = len(np.unique(case))
    caveats = []
    counting = closed[log.case_of_step] & ~log.external_step
    unknown = float((unit[counting] < 0).mean()) if counting.any() else 0.0
    if unknown > MANY_UNKNOWN:
        caveats.append(
            f"For {unknown:.0%} of the steps no {by} is recorded; round trips over them aren't seen, so there may be more."
        )
    if by == "resource":
        caveats.append("Names of people stay with the analyst; publish groups instead.")
    return PingPong(
        table=table,
        n=n,
        excluded={"open": log.n_cases - n},
        caveats=tuple(caveats),
        by=by,
        cases_share=bounded(
            n_with / n, *share_interval(float(n_with), n, level=level), level=level, method="Wilson interval",
            unit="share", n=n,
        ),
        days_per_case=bounded(
            float(time.sum()) / DAY / n, low[0], high[0], level=level, method="interval by resampling cases",
            unit="days", n=n,
        ),
        n_round_trips=len(left),
        _log=log, _units=units, _unit=unit, _left=left, _away=away, _back=back,
    )  # fmt: skip


def _units(log: EventLog, by: str, groups: Sequence[str | None] | None) -> tuple[Int32, tuple[str, ...]]:
    """For each step the code of its unit, -1 where unknown; and the units' names."""
    if by not in BY:
        raise UnknownNameError(what="unit to tell hand-overs by", name=by, known=BY, where="ping_pong")
    if by != "group" and groups is not None:
        raise ValueError(f"`groups` belongs to by='group'; by={by!r} takes none.")
    labels = log.channel if by == "channel" else log.resource
    if labels is None:
        role = "channel" if by == "channel" else "resource"
        raise MissingColumnError(role=role, column=role, source=log.source, columns=[])
    if by != "group":
        return labels.codes, labels.names
    if groups is None or len(groups) != len(labels.names):
        found = "none were given" if groups is None else f"{len(groups):,} were given"
        raise ValueError(
            f"by='group' needs one group for each of the {len(labels.names):,} resources of the log; {found}."
        )
    names = tuple(sorted({g for g in groups if g is not None}))
    place = {name: i for i, name in enumerate(names)}
    of_resource = np.array([*(-1 if g is None else place[g] for g in groups), -1], dtype=np.int32)
    return of_resource[labels.codes], names


def _away_time(log: EventLog, left: Int64, back: Int64) -> Int64:
    """Microseconds between the completions of some steps and the beginnings of others; 0 where these came first."""
    time: Int64 = np.maximum(_begun(log, back) - log.complete[left], 0)
    return time


def _begun(log: EventLog, place: Int64) -> Int64:
    """Start of these steps; their completion where no start is recorded."""
    return np.where(log.start[place] == MISSING_TIME, log.complete[place], log.start[place])
