"""When each resource is on duty, found from its own activity: weekly hours, less closures and absences.

Hours come from the slots of the week in which a resource is seen at work (`measure/staff/signs.py` says what that means)
often enough (`measure/staff/week_hours.py`). A resource with too little activity takes the hours of its pool, the average of
its members; where the pool has too little as well, or the log covers less than two weeks, its hours are unknown. What is
found are the hours in which it works on the cases of this log: who also does other work may well be at the office at
other times. Who is seen at work is on duty, whatever the weekly hours say: `duty` holds the hours and the work itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Chart, Heat
from streamline.kernels.duty import without
from streamline.log.duty import Duty, duty_period, with_work
from streamline.log.event_log import EventLog
from streamline.measure.staff.own_hours import OwnHours, seen_hours, usual_hours
from streamline.measure.staff.pools import ResourcePools, resource_pools
from streamline.measure.staff.presence import Presence, presence
from streamline.measure.staff.signs import Signs, signs_of
from streamline.measure.staff.week_hours import HoursRule, calendar_of, hours_in_words
from streamline.measure.waits.path import paths
from streamline.results import Result
from streamline.units import DAY, HOUR, counted, parse_duration

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

OWN, POOL, UNKNOWN = "own activity", "pool", "unknown"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, kw_only=True, repr=False)
class ResourceCalendars(Result):
    """When resources are on duty, in the log's zone.

    `table`, one row a resource with steps, by pool and name: resource, pool, hours_from ("own activity", "pool" or
    "unknown"), hours (in words), hours_per_week (NaN when unknown), support (share of the resource's signs inside its hours;
    NaN when unknown), confidence (mean over its hours of the share of weeks in which it, or its pool's average member, was
    seen then), n_signs, first_day, last_day, days_there (days on its roster, less closures and absences), absent_days (days
    of its weekdays within absences).
    """

    #: One row a pool: pool, hours (in words), hours_per_week, support, confidence, n_resources, n_own, n_pool, n_unknown.
    by_pool: pd.DataFrame = field(repr=False)
    #: On-duty time of each resource code over the log's period: its hours, less closures and absences, and its own steps up
    #: to one stretch long wherever they lie.
    duty: Duty = field(repr=False)
    #: For each resource code which slots of the week, from Monday midnight, are on duty: (n_resources, slots).
    weekly: Bool = field(repr=False)
    #: The same shape: share of weeks in which it was seen; of the pool's average member where the hours are the pool's.
    confidence: Float64 = field(repr=False)
    #: Dates on which hardly anybody worked though many should have.
    closures: tuple[pd.Timestamp, ...]
    #: One row an absence: resource, first_day, last_day, open_days, probability (of no sign by its own habit).
    absences: pd.DataFrame = field(repr=False)
    #: Share of all signs inside the hours of their resource, over resources whose hours are known.
    support: float
    #: How the hours were found, in words.
    rule: str
    timezone: str

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row an absence of a resource, as in `absences`."""
        return self.absences

    def chart(self) -> Chart:
        """How many resources are on duty in each hour of the week."""
        known = self.duty.known
        per_day = self.weekly.shape[1] // 7
        on = self.weekly[known].sum(axis=0).reshape(7, per_day).astype(float)
        n = int(known.sum())
        busiest = np.unravel_index(int(on.argmax()), on.shape) if on.size else (0, 0)
        label = _slot_label(int(busiest[1]), per_day)
        return Heat(
            title=f"Most are on duty on {_WEEKDAYS[int(busiest[0])]} at {label}: {int(on.max(initial=0)):,} of {n:,}"
            if on.any()
            else "Nobody's hours are known",
            axis="Resources on duty",
            rows=_WEEKDAYS,
            columns=tuple(_slot_label(k, per_day) for k in range(per_day)),
            column_axis=f"Time of day, {self.timezone}",
            values=tuple(tuple(row) for row in on.tolist()),
            note=f"{n:,} resources whose hours could be found",
        )


def resource_calendars(
    log: EventLog,
    *,
    pools: ResourcePools | None = None,
    rule: str = "usual",
    granularity: str = "1 h",
    confidence: float = 0.25,
    support: float = 0.8,
    min_weeks: float = 5,
    longest_stretch: str = "4 h",
    surprise: float = 0.01,
) -> ResourceCalendars:
    """Find when each resource is on duty.

    pools : who stands in for a resource with too little activity; found by `resource_pools` when not given.
    rule : "usual", as described above; or "seen": on duty in each slot of the week in which it was ever seen,
        with neither closures, absences nor pools. The latter is the rule of earlier tools; it takes one late evening for late
        evenings all year.
    granularity : length of a slot, a duration that divides a day, whole minutes.
    confidence : least share of its typical confidence with which a slot counts as on duty, over 0 to 1.
    support : share of the signs that the hours must cover at least, over 0 to 1.
    min_weeks : in how many weeks a resource must have been seen in its typical slot to have hours of its own.
    longest_stretch : steps up to this long prove work from start to completion, longer ones at both ends only.
    surprise : expected number of false closures, and of false absences of each resource, were all days independent; 0 finds none.

    Returns ResourceCalendars. Raises InsufficientDataError without resources, ValueError for options out of range.
    Source: López-Pintado and Dumas 2022 (support and confidence); relative threshold, absences and closures are ours.
    """
    granule = _granule(granularity)
    if rule not in ("usual", "seen"):
        raise ValueError(f"rule is {rule!r}; it must be 'usual' or 'seen'.")
    if not 0 <= surprise < 1:
        raise ValueError(f"surprise is {surprise:g}; it must be at least 0 and below 1.")
    limits = HoursRule(confidence=confidence, support=support, weeks=min_weeks)
    found = pools if pools is not None else resource_pools(log)
    if log.resource is None or len(found.pool_of_resource) != len(log.resource.names):
        raise InsufficientDataError(
            f"{log.source} has {0 if log.resource is None else len(log.resource.names):,} resources, the pools are of "
            f"{len(found.pool_of_resource):,}. Find the pools in the same log."
        )
    enabled = paths(log).enabled if rule == "usual" and log.has_start else None
    signs = signs_of(log, granule=granule, stretch=parse_duration(longest_stretch), enabled=enabled)
    there = presence(signs, surprise=surprise if rule == "usual" else 0)
    hours = usual_hours(signs, there, found, limits) if rule == "usual" else seen_hours(signs, there, found)
    words = (
        f"A resource counts as on duty in each slot of {granularity} of the week in which it was ever seen at work."
        if rule == "seen"
        else f"Weekly hours found from each resource's own activity in slots of {granularity}: a slot is on duty when it was "
        f"seen in at least {confidence:.0%} as many weeks as a typical one; resources seen in a typical slot in fewer than "
        f"{min_weeks:g} weeks take the hours of their pool. Closures and absences don't count as duty."
    )
    return _result(log, found, signs, there, hours, words, longest_stretch)


def _granule(granularity: str) -> int:
    granule = parse_duration(granularity)
    if granule <= 0 or DAY % granule or granule % (60 * 1_000_000):
        raise ValueError(
            f"granularity is {granularity!r}; it must be whole minutes that divide a day, such as '30 min' or '1 h'."
        )
    return granule


def _slot_label(slot: int, per_day: int) -> str:
    minutes = slot * 1440 // per_day
    return f"{minutes // 60:02d}" if per_day <= 24 else f"{minutes // 60:02d}:{minutes % 60:02d}"


def _duty(log: EventLog, there: Presence, hours: OwnHours, words: str, longest_stretch: str) -> Duty:
    """Hours of each week over the log's period, less closures and absences, with the work itself."""
    since, until = duty_period(log)
    known = np.flatnonzero(hours.origin < 2)
    grids, grid_of = np.unique(np.packbits(hours.on[known], axis=1), axis=0, return_inverse=True)
    first_with = np.full(len(grids), -1, dtype=np.int64)
    first_with[grid_of[::-1]] = known[::-1]
    closed = _instants_of_days(log, there.closures, there.closures)
    spans = [calendar_of(hours.on[r], timezone=log.timezone).openings(since, until) for r in first_with]
    spans = [_less(mine, closed) for mine in spans]
    schedule = np.full(len(hours.on), -1, dtype=np.int64)
    schedule[known] = grid_of
    away = _instants_of_days(log, there.absences[:, 1], there.absences[:, 2])
    bounds = np.searchsorted(there.absences[:, 0], np.arange(len(hours.on) + 1))
    for r in known[np.diff(bounds)[known] > 0]:
        spans.append(_less(spans[schedule[r]], away[bounds[r] : bounds[r + 1]]))
        schedule[r] = len(spans) - 1
    weekly = Duty.of_schedules(spans, schedule=schedule, since=since, until=until, source=words)
    return with_work(weekly, log, longest=longest_stretch)


def _less(spans: Int64, holes: Int64) -> Int64:
    sides = (np.ascontiguousarray(part[:, k]) for part in (spans, holes) for k in (0, 1))
    return np.stack(without(*sides), axis=1)


def _instants_of_days(log: EventLog, first: Int64, last: Int64) -> Int64:
    """(n, 2): from the first instant of each first day to the last of each last day, in the log's zone."""
    ends = [
        pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[us]"))
        .tz_localize(log.timezone, nonexistent="shift_forward", ambiguous=np.ones(len(days), dtype=np.bool_))
        .as_unit("us")
        .asi8
        for days in (first, last + 1)
    ]
    return np.stack(ends, axis=1).astype(np.int64)


def _dates(days: npt.NDArray[Any]) -> pd.DatetimeIndex:
    """Days, as numbers from 1970 or as dates, as pandas dates."""
    return pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[s]"))


def _result(
    log: EventLog,
    pools: ResourcePools,
    signs: Signs,
    there: Presence,
    hours: OwnHours,
    words: str,
    longest_stretch: str,
) -> ResourceCalendars:
    assert log.resource is not None
    seen = np.flatnonzero(pools.pool_of_resource >= 0)
    some = np.diff(signs.day_offsets)[seen] > 0
    first_day, last_day = np.full((2, len(seen)), np.datetime64("NaT", "D"))
    first_day[some] = signs.days[signs.day_offsets[:-1][seen[some]]].astype("datetime64[D]")
    last_day[some] = signs.days[signs.day_offsets[1:][seen[some]] - 1].astype("datetime64[D]")
    inside = np.bincount(signs.who, weights=hours.on[signs.who, signs.slot_of_week], minlength=signs.n_resources)
    known = hours.origin < 2
    slot_hours = DAY // signs.per_day / HOUR
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_confidence = (hours.confidence * hours.on).sum(axis=1) / hours.on.sum(axis=1)
    absent = np.bincount(there.absences[:, 0], weights=there.absences[:, 3], minlength=signs.n_resources)
    names = np.asarray(log.resource.names, dtype=object)
    pool_names = np.asarray([*pools.pools, ""], dtype=object)
    words_of = _words(hours.on[seen])
    table = pd.DataFrame(
        {
            "resource": names[seen],
            "pool": pool_names[pools.pool_of_resource[seen]],
            "hours_from": np.asarray([OWN, POOL, UNKNOWN], dtype=object)[hours.origin[seen]],
            "hours": np.where(known[seen], words_of, "unknown"),
            "hours_per_week": np.where(known[seen], hours.on[seen].sum(axis=1) * slot_hours, np.nan),
            "support": np.where(known[seen] & some, inside[seen] / np.maximum(hours.signs[seen], 1), np.nan),
            "confidence": np.where(known[seen], mean_confidence[seen], np.nan),
            "n_signs": hours.signs[seen],
            "first_day": _dates(first_day),
            "last_day": _dates(last_day),
            "days_there": there.days_there[seen].sum(axis=1),
            "absent_days": absent[seen].astype(np.int64),
        }
    ).sort_values(["pool", "resource"], ignore_index=True)
    absences = pd.DataFrame(
        {
            "resource": names[there.absences[:, 0]],
            "first_day": _dates(there.absences[:, 1]),
            "last_day": _dates(there.absences[:, 2]),
            "open_days": there.absences[:, 3],
            "probability": there.probability,
        }
    )
    total = float(hours.signs[known].sum())
    support = float(inside[known].sum() / total) if total else float("nan")
    return ResourceCalendars(
        recorded=log.recorded,
        table=table,
        n=pools.n,
        excluded=pools.excluded,
        caveats=tuple(_caveats(table, support, len(there.closures), absences, signs)),
        by_pool=_by_pool(pools, hours, table, slot_hours),
        duty=_duty(log, there, hours, words, longest_stretch),
        weekly=hours.on,
        confidence=hours.confidence,
        closures=tuple(_dates(there.closures)),
        absences=absences,
        support=support,
        rule=words,
        timezone=log.timezone,
    )


def _words(on: Bool) -> npt.NDArray[np.object_]:
    """Hours in words, each kind of week worded once."""
    if not len(on):
        return np.zeros(0, dtype=object)
    _, first, which = np.unique(np.packbits(on, axis=1), axis=0, return_index=True, return_inverse=True)
    return np.asarray([hours_in_words(on[k]) for k in first], dtype=object)[which]


def _by_pool(pools: ResourcePools, hours: OwnHours, table: pd.DataFrame, slot_hours: float) -> pd.DataFrame:
    known = hours.pool_on.any(axis=1)
    origin = pd.crosstab(table["pool"], table["hours_from"]).reindex(
        index=list(pools.pools), columns=[OWN, POOL, UNKNOWN], fill_value=0
    )
    weighted = table.assign(
        inside=table["support"] * table["n_signs"], told=table["n_signs"].where(table["support"].notna())
    )
    inside = weighted.groupby("pool")[["inside", "told"]].sum().reindex(list(pools.pools))
    with np.errstate(invalid="ignore", divide="ignore"):
        confidence = (hours.pool_confidence * hours.pool_on).sum(axis=1) / hours.pool_on.sum(axis=1)
        support = inside["inside"].to_numpy(dtype=float) / inside["told"].to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "pool": pools.pools,
            "hours": np.where(known, _words(hours.pool_on), "unknown"),
            "hours_per_week": np.where(known, hours.pool_on.sum(axis=1) * slot_hours, np.nan),
            "support": support,
            "confidence": np.where(known, confidence, np.nan),
            "n_resources": origin.sum(axis=1).to_numpy(),
            "n_own": origin[OWN].to_numpy(),
            "n_pool": origin[POOL].to_numpy(),
            "n_unknown": origin[UNKNOWN].to_numpy(),
        }
    )


def _caveats(table: pd.DataFrame, support: float, n_closures: int, absences: pd.DataFrame, signs: Signs) -> list[str]:
    """What a reader must know."""
    n = len(table)
    caveats = [
        "The hours on duty are found from the log: they are the hours in which people work on these cases, not those in "
        "which they are at the office."
    ]
    from_pool, unknown = (int((table["hours_from"] == k).sum()) for k in (POOL, UNKNOWN))
    if from_pool:
        caveats.append(
            f"{from_pool:,} of {n:,} resources are seen too seldom to have hours of their own; they take those of their pool."
        )
    if unknown:
        caveats.append(f"The hours of {unknown:,} of {n:,} resources can't be found; they count as always on duty.")
    if signs.n_dates:
        caveats.append(
            f"{signs.n_dates:,} starts and completions are dates without a time of day; they say nothing of the hours."
        )
    if support < 0.9:
        caveats.append(f"Only {support:.0%} of the starts and completions fall into the hours that were found.")
    off = [f"{counted(int(n_closures), 'day')} on which hardly anybody worked"] if n_closures else []
    off += (
        [f"{counted(len(absences), 'stretch', 'stretches')} in which one resource showed nothing"]
        if len(absences)
        else []
    )
    if off:
        caveats.append(f"Counted as off duty: {' and '.join(off)}.")
    return caveats
