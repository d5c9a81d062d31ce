"""Where the time goes by pool, by hand-off, by channel or by any attribute of the cases."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.figure import Bar, BarChart, Chart
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.measure.waits.path import ConcurrencyRule, Paths, paths
from streamline.measure.waits.path_split import Runs, split_by_place
from streamline.measure.waits.places import ACTIVITY, HANDOFF, POOL, Groups, places_of
from streamline.results import Result, rows_of
from streamline.stats.bootstrap import DRAWS
from streamline.units import HOUR


@dataclass(frozen=True, kw_only=True, repr=False)
class BottlenecksBy(Result):
    """Where the cycle time goes, by place, over the n closed cases.

    `table`, largest wait first: place, then the columns of `Bottlenecks.table` from n_steps on, in the same units. The rows
    add up to the mean cycle time as those do.
    """

    #: "activity", "pool", "handoff", "channel" or the name of an attribute.
    by: str
    paths: Paths = field(repr=False)
    _step: npt.NDArray[np.int64] = field(repr=False)
    _place: npt.NDArray[np.object_] = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a step on a critical path of a closed case: case, place, activity, enabled, waiting_hours,
        service_hours, sojourn_hours."""
        found, log, step = self.paths, self.paths.log, self._step
        return pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[step]),
                "place": self._place,
                "activity": np.asarray(log.activities, dtype=object)[log.activity[step]],
                "enabled": log.instants(found.enabled[step]),
                "waiting_hours": found.waiting[step] / HOUR,
                "service_hours": found.service[step] / HOUR,
                "sojourn_hours": found.sojourn[step] / HOUR,
            }
        )

    def chart(self) -> Chart:
        """Shares of the total cycle time by place, with their intervals."""
        top = None if self.table.empty else self.table.iloc[0]
        found = top is not None and str(top.place).startswith("pool of ")  # such pools are named after their work
        noun = {ACTIVITY: "for", POOL: "for the" if found else "for the pool", HANDOFF: "in the hand-off"}.get(
            self.by, f"in cases whose {self.by} is"
        )
        if top is None or np.isnan(top.share):
            return BarChart(title="The cases take no time", axis="Share of total cycle time (%)", bars=())
        doing = "passes" if (self.table["sojourn_days_per_case"] > 0).any() else "is spent waiting"
        return BarChart(
            title=f"{top.share:.0%} of the cycle time {doing} {noun} {top.place}",
            axis="Waiting as a share of total cycle time (%)",
            bars=tuple(
                Bar(
                    label=r.place,
                    value=100 * r.share,
                    low=None if np.isnan(r.share_low) else 100 * r.share_low,
                    high=None if np.isnan(r.share_high) else 100 * r.share_high,
                )
                for r in rows_of(self.table.head(12))
            ),
            note=f"{self.n:,} closed cases, along the critical path"
            + ("" if np.isnan(top.share_low) else ". Whiskers: intervals from resampled weeks of arrivals"),
        )


def bottlenecks_by(
    log: EventLog,
    by: str,
    *,
    groups: Groups | None = None,
    calendar: Calendar | None = None,
    rule: ConcurrencyRule | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> BottlenecksBy:
    """Split the closed cases' cycle time as `bottlenecks` does, by something else than the activity awaited.

    by : "pool" (of the resource that does the step awaited), "handoff" (from the step before, with its pool, to
        the one awaited, with its pool; activities alone without `groups`), "channel" (that of the case's first step),
        "activity", or the name of an attribute (these four names come first). Of channels and attributes all but the 40
        largest groups are pooled as "(other)".
    groups : the pools of the resources: a `resource_pools` result, or for each resource code of the log the name of its pool.
        By pool they are found when none are given.
    calendar, rule, level, draws, seed : as for `bottlenecks`.

    For a channel or an attribute, a row's share is that group's part of all waiting; it is large for a large group. What
    its own cases wait is `wait_days_per_case_with_it`. Differences between groups aren't explained by it.

    Returns BottlenecksBy. Raises InsufficientDataError when no case is closed or a pool is asked for without resources,
    ValueError for `groups` of another length than the resources, UnknownNameError for an unknown attribute.
    """
    runs = Runs.of(log)
    found = paths(log, rule=rule)
    places = places_of(found, by, groups)
    table, step = split_by_place(
        found, runs, places.codes, len(places.names), calendar=calendar, level=level, draws=draws, seed=seed
    )
    names = np.asarray(places.names, dtype=object)
    codes = table.index.to_numpy()
    table = table.reset_index(drop=True)
    table.insert(0, "place", names[codes])
    caveats = list(log.start_caveats)
    if found.sojourn[step].any():
        caveats.append(
            "Where no start is recorded, waiting and service can't be told apart; shares then take the whole time between a "
            "step's enabling and its completion."
        )
    if calendar is None:
        caveats.append("No office hours were given: all times are elapsed time, nights and weekends included.")
    return BottlenecksBy(
        recorded=log.recorded,
        table=table.sort_values(["share", "place"], ascending=[False, True], ignore_index=True),
        n=int(log.closed.sum()),
        excluded={"open": int((~log.closed).sum())},
        caveats=(*caveats, *runs.caveats),
        by=by,
        paths=found,
        _step=step,
        _place=names[places.codes[step]],
    )
