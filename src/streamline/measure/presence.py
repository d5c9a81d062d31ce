"""On which days each resource is there: signs of its work, days on which nobody works, and absences.

A *sign* of a resource is an instant at which one of its steps starts or completes. It is *seen* in a slot of the local
clock that holds a sign (a completion on the border belongs to the slot before it), and in the slots between start and
completion of a step that took no longer than one stretch of work; a step open for longer, such as overnight, proves
work at its two ends only. External steps are the customer's time and prove nothing.

A resource's *roster* runs from the first day on which it is seen to the last. A *closure* is a day on which hardly
anybody is seen, though by everybody's habit of that weekday many should be. An *absence* is a stretch of days without a
sign of one resource, between two days on which it is seen, that is unlikely by its own habit. Both are told up to the day
by which 99% of the cases had arrived: afterwards there is less and less to do, and silence proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.grouping import grouped_rows, scan_groups
from streamline.kernels.presence import (
    WEEKDAY_OF_DAY_0,
    days_seen,
    n_days_seen,
    seen_by_weekday,
    silence_before,
    slots_seen,
)
from streamline.log.event_log import EventLog
from streamline.units import DAY, MISSING_TIME

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: By the last judged day this share of the cases had arrived.
_ARRIVED = 0.99
#: On a closure at most this share of those expected is seen.
_CLOSED_SHARE = 0.1
_MOST_ROUNDS = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Signs:
    """Where the resources of a log are seen, in slots of `DAY / per_day` of the local clock; days counted from 1970."""

    per_day: int
    #: Ranges of slots of resource `r`: `first[i]` to `last[i]` for `i` in `offsets[r]:offsets[r + 1]`, by `first`.
    offsets: Int64
    first: Int64
    last: Int64
    #: The same (offsets, first, last) of its steps up to one stretch long, and of all slots in which it is seen or a step waits
    #: that it does later; None where starts aren't recorded.
    worked: tuple[Int64, Int64, Int64] | None
    wanted: tuple[Int64, Int64, Int64] | None
    #: Days on which resource `r` is seen: `days[day_offsets[r]:day_offsets[r + 1]]`, in order.
    day_offsets: Int64
    days: Int64
    #: Resource and slot of the week of each sign.
    who: Int64
    slot_of_week: Int64
    #: The log's first and last day.
    first_day: int
    last_day: int
    #: The last day of which closures and absences are told.
    judged_until: int

    @property
    def n_resources(self) -> int:
        """Number of resources, by their codes."""
        return len(self.offsets) - 1

    def weeks_seen(self, row: Int64, n_rows: int, counted: Bool) -> Int64:
        """(n_rows, 7 * per_day): in how many weeks resources are seen in each slot, on counted days, added up by row."""
        found: Int64 = slots_seen(
            self.offsets, self.first, self.last, self.per_day, row, n_rows, counted, self.first_day
        )
        return found

    def weeks_ready(self, row: Int64, n_rows: int, counted: Bool) -> tuple[Int64, Int64] | None:
        """The same, in how many weeks they do steps up to one stretch long, and in how many they are seen or work waits for
        them; None where that can't be told."""
        if self.worked is None or self.wanted is None:
            return None
        worked: Int64 = slots_seen(*self.worked, self.per_day, row, n_rows, counted, self.first_day)
        wanted: Int64 = slots_seen(*self.wanted, self.per_day, row, n_rows, counted, self.first_day)
        return worked, wanted


@dataclass(frozen=True, kw_only=True, eq=False)
class Presence:
    """Closures, absences, and how many days of each weekday each resource was there to be seen."""

    #: For each day of the log whether it is no closure.
    counted: Bool
    #: Closures, days from 1970.
    closures: Int64
    #: Absences, one row each: resource, first day, last day, open days among them.
    absences: Int64
    #: The probability of each absence by the resource's own habit.
    probability: Float64
    #: (n_resources, 7) days on the roster that are neither closure nor absence.
    days_there: Int64


def signs_of(log: EventLog, *, granule: int, stretch: int, enabled: Int64 | None = None) -> Signs:
    """Find where each resource of the log is seen. The log has resources.

    enabled : when each step could have begun, so that slots in which work waited are known.
    granule : length of a slot, microseconds; divides a day. stretch : steps up to this long prove work throughout.
    """
    assert log.resource is not None
    step = np.flatnonzero((log.resource.codes >= 0) & ~log.external_step)
    who = log.resource.codes[step]
    done = _local(log, log.complete[step])
    done_slot = (done - 1) // granule
    started = log.start[step] != MISSING_TIME
    begun = done.copy()
    begun[started] = _local(log, log.start[step][started])
    begun_slot = np.where(started & (begun < done), begun // granule, done_slot)
    done_slot = np.maximum(done_slot, begun_slot)  # the clock may be put back during a step
    short = log.complete[step] - np.where(started, log.start[step], log.complete[step]) <= stretch
    long = np.flatnonzero(~short)
    n = len(log.resource.names)
    code = np.concatenate([who, who[long]])
    first = np.concatenate([begun_slot, done_slot[long]])
    last = np.concatenate([np.where(short, done_slot, begun_slot), done_slot[long]])
    worked = wanted = None
    if enabled is not None and log.has_start:
        worked = _by_resource(who[short & started], begun_slot[short & started], done_slot[short & started], n)
        waited = started & (enabled[step] < log.start[step])
        since = _local(log, enabled[step][waited]) // granule
        until = np.maximum((_local(log, log.start[step][waited]) - 1) // granule, since)
        wanted = _by_resource(
            np.concatenate([code, who[waited]]), np.concatenate([first, since]), np.concatenate([last, until]), n
        )
    offsets, first, last = _by_resource(code, first, last, n)
    per_day = DAY // granule
    day_offsets = np.concatenate([[0], np.cumsum(n_days_seen(offsets, first, last, per_day))]).astype(np.int64)
    days = np.empty(int(day_offsets[-1]), dtype=np.int64)
    days_seen(offsets, first, last, per_day, days)
    slots = np.concatenate([begun_slot[started], done_slot])
    first_day, last_day = (int(days.min()), int(days.max())) if len(days) else (0, -1)
    if wanted is not None and len(wanted[1]):  # an arrival may lie before all work
        first_day = min(first_day, int(wanted[1].min()) // per_day)
    weekday = (slots // per_day + WEEKDAY_OF_DAY_0) % 7
    return Signs(
        per_day=per_day,
        offsets=offsets,
        first=first,
        last=last,
        worked=worked,
        wanted=wanted,
        day_offsets=day_offsets,
        days=days,
        who=np.concatenate([who[started], who]).astype(np.int64),
        slot_of_week=weekday * per_day + slots % per_day,
        first_day=first_day,
        last_day=last_day,
        judged_until=_judged_until(log),
    )


def presence(signs: Signs, *, surprise: float) -> Presence:
    """Find closures and absences.

    surprise : how many false closures, and false absences of each resource, are expected where all days are
        independent; 0 finds neither. Habits and absences depend on each other, so they are found in rounds.
    """
    n_days = signs.last_day - signs.first_day + 1
    counted = np.ones(n_days, dtype=np.bool_)
    absences, probability = np.zeros((0, 4), dtype=np.int64), np.zeros(0)
    for _ in range(_MOST_ROUNDS):
        there, seen = _days_there(signs, counted, absences), _seen(signs, counted)
        chance = _habit(there, seen)
        closed = _closures(signs, chance, surprise) if surprise > 0 else np.zeros(n_days, dtype=np.bool_)
        open_before = _open_before(signs, ~closed)
        logarithm, n_open = silence_before(signs.day_offsets, signs.days, open_before, signs.first_day, chance)
        who = np.repeat(np.arange(signs.n_resources), np.diff(signs.day_offsets))
        allowed = np.log(max(surprise, 1e-300)) - np.log(np.maximum((there * (chance > 0)).sum(axis=1), 1))
        judged = (n_open > 0) & (signs.days <= signs.judged_until + 1)
        found = np.flatnonzero(judged & (logarithm <= allowed[who])) if surprise > 0 else np.zeros(0, np.int64)
        now = np.stack([who[found], signs.days[found - 1] + 1, signs.days[found] - 1, n_open[found]], axis=1)
        settled = np.array_equal(now, absences) and np.array_equal(~closed, counted)
        counted, absences, probability = ~closed, now.astype(np.int64), np.exp(logarithm[found])
        if settled:
            break
    return Presence(
        counted=counted,
        closures=np.flatnonzero(~counted) + signs.first_day,
        absences=absences,
        probability=probability,
        days_there=_days_there(signs, counted, absences),
    )


def _by_resource(code: npt.NDArray[Any], first: Int64, last: Int64, n: int) -> tuple[Int64, Int64, Int64]:
    """Ranges by resource, then by their first slot: (offsets, first, last)."""
    code = code.astype(np.int32)
    _, size, _, unsorted = scan_groups(code, n, first, first)
    offsets, order = grouped_rows(code, np.arange(n, dtype=np.int32), size, unsorted, n, first, first)
    return offsets, first[order], last[order]


def _judged_until(log: EventLog) -> int:
    known = log.arrival[log.arrival != MISSING_TIME]
    if len(known) == 0:
        return -1
    return int(_local(log, np.quantile(known, [_ARRIVED], method="inverted_cdf"))[0] // DAY)


def _habit(there: Int64, seen: Int64) -> Float64:
    """(n_resources, 7): the chance that a resource is seen on a day of each weekday; below 1, however often it was seen."""
    n_days = (there * (seen > 0)).sum(axis=1, keepdims=True)
    return np.asarray(np.minimum(seen / np.maximum(there, 1), n_days / (n_days + 1.0)), dtype=np.float64)


def _local(log: EventLog, instants: Int64) -> Int64:
    """Instants as readings of the local clock, microseconds since 1970."""
    return np.asarray(log.instants(instants).tz_localize(None).as_unit("us").asi8, dtype=np.int64)


def _open_before(signs: Signs, counted: Bool) -> Int64:
    """(n_days + 1, 7): counted days of each weekday before each day of the log."""
    day = np.arange(len(counted))
    result = np.zeros((len(counted) + 1, 7), dtype=np.int64)
    result[day + 1, (day + signs.first_day + WEEKDAY_OF_DAY_0) % 7] = counted
    return np.cumsum(result, axis=0)


def _roster(signs: Signs) -> tuple[Bool, Int64, Int64]:
    """Which resources are seen at all, and the place of each one's first day and of the day after its last."""
    some = np.diff(signs.day_offsets) > 0
    first, last = np.zeros(signs.n_resources, dtype=np.int64), np.zeros(signs.n_resources, dtype=np.int64)
    first[some] = signs.days[signs.day_offsets[:-1][some]] - signs.first_day
    last[some] = signs.days[signs.day_offsets[1:][some] - 1] - signs.first_day + 1
    return some, first, last


def _days_there(signs: Signs, counted: Bool, absences: Int64) -> Int64:
    before = _open_before(signs, counted)
    _, first, last = _roster(signs)
    there = before[last] - before[first]
    away = before[absences[:, 2] - signs.first_day + 1] - before[absences[:, 1] - signs.first_day]
    np.subtract.at(there, absences[:, 0], away)
    return there


def _seen(signs: Signs, counted: Bool) -> Int64:
    seen: Int64 = seen_by_weekday(signs.day_offsets, signs.days, counted, signs.first_day)
    return seen


def _closures(signs: Signs, chance: Float64, surprise: float) -> Bool:
    """Days on which hardly anybody is seen, unlikely so by everybody's habit of the weekday.

    Where nobody is seen the probability is the product over all on the roster; else it is bounded by that of a Poisson
    variable with the same mean, whose tail is heavier.
    """
    from scipy.stats import poisson

    n_days = signs.last_day - signs.first_day + 1
    some, first, last = _roster(signs)
    steps = np.zeros((2, n_days + 1, 7))
    for k, weight in enumerate((chance, np.log1p(-chance))):
        np.add.at(steps[k], first[some], weight[some])
        np.subtract.at(steps[k], last[some], weight[some])
    day = np.arange(n_days)
    expected, nobody = np.cumsum(steps, axis=1)[:, day, (day + signs.first_day + WEEKDAY_OF_DAY_0) % 7]
    n_seen = np.bincount(signs.days - signs.first_day, minlength=n_days)
    log_chance = np.where(n_seen == 0, nobody, poisson.logcdf(n_seen, np.maximum(expected, 1e-9)))
    few = (n_seen <= _CLOSED_SHARE * expected) & (day + signs.first_day <= signs.judged_until)
    return np.asarray(few & (log_chance <= np.log(surprise) - np.log(n_days)), dtype=np.bool_)
