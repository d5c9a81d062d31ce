"""Loops over the slots of the clock in which each resource is seen at work, and over the days on which it isn't.

A *slot* is a stretch of the local clock of fixed length, counted from midnight of 1 January 1970. Days are counted from
there too; weekdays from Monday.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: Weekday of day 0, 1 January 1970: a Thursday.
WEEKDAY_OF_DAY_0 = 3
_LONG_AGO = -(2**62)


@compiled
def slots_seen(
    offsets: Int64, first: Int64, last: Int64, per_day: int, row: Int64, n_rows: int, counted: Bool, first_day: int
) -> Any:
    """In which slots of the week the resources are seen: (n_rows, 7 * per_day), the number of weeks, added up by row.

    Resource `r` owns the ranges of slots `first[i]` to `last[i]`, both included, for `i` in `offsets[r]:offsets[r + 1]`,
    in order of `first`; it is counted in row `row[r]`. A slot counts once for a resource, however many of its ranges
    touch it, and only on days `d` with `counted[d - first_day]`.
    """
    counts = np.zeros((n_rows, 7 * per_day), np.int64)
    for r in range(len(offsets) - 1):
        unmarked = np.int64(_LONG_AGO)
        for i in range(offsets[r], offsets[r + 1]):
            for slot in range(max(first[i], unmarked), last[i] + 1):
                day = slot // per_day
                if counted[day - first_day]:
                    counts[row[r], (day + WEEKDAY_OF_DAY_0) % 7 * per_day + slot % per_day] += 1
            unmarked = max(unmarked, last[i] + 1)
    return counts


@compiled
def n_days_seen(offsets: Int64, first: Int64, last: Int64, per_day: int) -> Any:
    """On how many days each resource is seen; arguments as for `slots_seen`."""
    result = np.zeros(len(offsets) - 1, np.int64)
    for r in range(len(offsets) - 1):
        unseen = np.int64(_LONG_AGO)
        for i in range(offsets[r], offsets[r + 1]):
            begun, done = max(first[i] // per_day, unseen), last[i] // per_day + 1
            result[r] += max(done - begun, 0)
            unseen = max(unseen, done)
    return result


@compiled
def days_seen(offsets: Int64, first: Int64, last: Int64, per_day: int, days: Int64) -> None:
    """Write the days on which each resource is seen into `days`, resource after resource, in order."""
    n = 0
    for r in range(len(offsets) - 1):
        unseen = np.int64(_LONG_AGO)
        for i in range(offsets[r], offsets[r + 1]):
            done = last[i] // per_day + 1
            for day in range(max(first[i] // per_day, unseen), done):
                days[n] = day
                n += 1
            unseen = max(unseen, done)


@compiled
def seen_by_weekday(day_offsets: Int64, days: Int64, counted: Bool, first_day: int) -> Any:
    """(n_resources, 7): on how many counted days of each weekday each resource was seen."""
    result = np.zeros((len(day_offsets) - 1, 7), np.int64)
    for r in range(len(day_offsets) - 1):
        for i in range(day_offsets[r], day_offsets[r + 1]):
            if counted[days[i] - first_day]:
                result[r, (days[i] + WEEKDAY_OF_DAY_0) % 7] += 1
    return result


@compiled
def silence_before(day_offsets: Int64, days: Int64, open_before: Int64, first_day: int, chance: Float64) -> Any:
    """How unlikely it is that nothing was seen of a resource since the day before: (logarithm, n_open), one a seen day.

    open_before : (n_days + 1, 7) open days of each weekday before each day, counted from `first_day`.
    chance : (n_resources, 7) that the resource is seen on an open day of each weekday, 0 to below 1.
    The logarithm is that of the probability of no sign on any open day between two seen days (0 where there is none, as
    before the first seen day); `n_open` counts those of them on which the resource is ever seen.
    """
    logarithm = np.zeros(len(days), np.float64)
    n_open = np.zeros(len(days), np.int64)
    for r in range(len(day_offsets) - 1):
        for i in range(day_offsets[r] + 1, day_offsets[r + 1]):
            since, until = days[i - 1] + 1 - first_day, days[i] - first_day
            if since >= until:
                continue
            for w in range(7):
                if chance[r, w] > 0:
                    n = open_before[until, w] - open_before[since, w]
                    n_open[i] += n
                    logarithm[i] += n * math.log1p(-chance[r, w])
    return logarithm, n_open


@compiled
def waiting_by_slot(row: Int64, since: Int64, until: Int64, granule: int, per_day: int, n_rows: int) -> Any:
    """How long waits lasted in each slot of the week: (n_rows, 7 * per_day) of microseconds, added up by row.

    Wait `i` runs on the local clock from `since[i]` to `until[i]`, microseconds since 1970, and is counted in row `row[i]`.
    Each costs no more than a week's slots, however long it is.
    """
    width = 7 * per_day
    week = width * granule
    result = np.zeros((n_rows, width), np.float64)
    whole = np.zeros(n_rows, np.float64)
    for i in range(len(row)):
        if until[i] <= since[i]:
            continue
        n_weeks = (until[i] - since[i]) // week
        whole[row[i]] += n_weeks
        at, end = since[i] + n_weeks * week, until[i]
        while at < end:
            slot = at // granule
            then = min((slot + 1) * granule, end)
            result[row[i], (slot // per_day + WEEKDAY_OF_DAY_0) % 7 * per_day + slot % per_day] += then - at
            at = then
    for k in range(n_rows):
        result[k] += whole[k] * granule
    return result
