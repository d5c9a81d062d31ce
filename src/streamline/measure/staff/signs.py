"""Signs of work: in which slots of the local clock, and on which days, each resource is seen.

A *sign* of a resource is an instant at which one of its steps starts or completes. It is *seen* in a slot of the local
clock that holds a sign (a completion on the border belongs to the slot before it), and in the slots between start and
completion of a step that took no longer than one stretch of work; a step open for longer, such as overnight, proves
work at its two ends only. External steps are the customer's time and prove nothing. Neither do times that are dates only:
where more than one in a hundred is exactly midnight, those at midnight are no signs. Estimated starts prove nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.grouping import grouped_rows, scan_groups
from streamline.kernels.presence import WEEKDAY_OF_DAY_0, days_seen, n_days_seen, slots_seen, waiting_by_slot
from streamline.log.event_log import EventLog
from streamline.measure.periods import local_time
from streamline.units import DAY, MISSING_TIME

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: By the last judged day this share of the cases had arrived.
_ARRIVED = 0.99
#: Above this share of times at exactly midnight, those are taken for dates without a time of day.
_MIDNIGHTS = 0.01


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
    #: Waits of steps that it does later: resource, since and until on the local clock, and whether the step took up to one
    #: stretch; None where starts aren't recorded.
    waits: tuple[Int64, Int64, Int64, Bool] | None
    #: Days on which resource `r` is seen: `days[day_offsets[r]:day_offsets[r + 1]]`, in order.
    day_offsets: Int64
    days: Int64
    #: Resource and slot of the week of each sign.
    who: Int64
    slot_of_week: Int64
    #: How many starts and completions of staff are dates only.
    n_dates: int
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

    def waits_by_slot(self, row: Int64, n_rows: int) -> tuple[Float64, Float64] | None:
        """(n_rows, 7 * per_day) each: how long steps waited in each slot, microseconds, and how many of them that took
        up to one stretch began in it, added up by the row of the resource; None where that can't be told."""
        if self.waits is None:
            return None
        who, since, until, short = self.waits
        granule, width = DAY // self.per_day, 7 * self.per_day
        waited: Float64 = waiting_by_slot(row[who], since, until, granule, self.per_day, n_rows)
        slot = until[short] // granule
        place = (slot // self.per_day + WEEKDAY_OF_DAY_0) % 7 * self.per_day + slot % self.per_day
        begun = np.bincount(row[who[short]] * width + place, minlength=n_rows * width).astype(np.float64)
        return waited, begun.reshape(n_rows, width)


def signs_of(log: EventLog, *, granule: int, stretch: int, enabled: Int64 | None = None) -> Signs:
    """Find where each resource of the log is seen. The log has resources.

    enabled : when each step could have begun, so that slots in which work waited are known.
    granule : length of a slot, microseconds; divides a day. stretch : steps up to this long prove work throughout.
    """
    assert log.resource is not None
    step = np.flatnonzero((log.resource.codes >= 0) & ~log.external_step)
    who, n = log.resource.codes[step].astype(np.int64), len(log.resource.names)
    recorded = log.has_start and not log.notes.estimated_starts
    started = (log.start[step] != MISSING_TIME) & recorded
    done = local_time(log, log.complete[step])
    begun = done.copy()
    begun[started] = local_time(log, log.start[step][started])
    dated = dates_only(np.concatenate([done, begun[started]]))
    begins = started.copy()
    begins[started] = ~dated[len(step) :]
    ends = ~dated[: len(step)]
    done_slot = (done - 1) // granule
    begun_slot = np.where(begun < done, begun // granule, done_slot)
    done_slot = np.maximum(done_slot, begun_slot)  # the clock may be put back during a step
    long = started & (log.complete[step] - log.start[step] > stretch)
    whole = np.flatnonzero(ends & begins & ~long)
    end, begin = np.flatnonzero(ends & ~(begins & ~long)), np.flatnonzero(begins & ~(ends & ~long))
    code = np.concatenate([who[whole], who[begin], who[end]])
    first = np.concatenate([begun_slot[whole], begun_slot[begin], done_slot[end]])
    last = np.concatenate([done_slot[whole], begun_slot[begin], done_slot[end]])
    worked = wanted = waits = None
    per_day = DAY // granule
    first_day, last_day = (int(first.min()) // per_day, int(last.max()) // per_day) if len(first) else (0, -1)
    if enabled is not None and recorded and len(first):
        worked = _by_resource(who[whole], begun_slot[whole], done_slot[whole], n)
        waited = started & (enabled[step] < log.start[step])
        waits = who[waited], local_time(log, enabled[step][waited]), begun[waited], ~long[waited]
        since = waits[1] // granule
        until = np.maximum((waits[2] - 1) // granule, since)
        wanted = _by_resource(
            np.concatenate([code, who[waited]]), np.concatenate([first, since]), np.concatenate([last, until]), n
        )
        first_day = min(first_day, int(wanted[1].min()) // per_day)  # an arrival may lie before all work
        last_day = max(last_day, int(wanted[2].max()) // per_day)
    offsets, first, last = _by_resource(code, first, last, n)
    day_offsets = np.concatenate([[0], np.cumsum(n_days_seen(offsets, first, last, per_day))]).astype(np.int64)
    days = np.empty(int(day_offsets[-1]), dtype=np.int64)
    days_seen(offsets, first, last, per_day, days)
    slots = np.concatenate([begun_slot[begins], done_slot[ends]])
    return Signs(
        per_day=per_day,
        offsets=offsets,
        first=first,
        last=last,
        worked=worked,
        wanted=wanted,
        waits=waits,
        day_offsets=day_offsets,
        days=days,
        who=np.concatenate([who[begins], who[ends]]),
        slot_of_week=(slots // per_day + WEEKDAY_OF_DAY_0) % 7 * per_day + slots % per_day,
        n_dates=int(dated.sum()),
        first_day=first_day,
        last_day=last_day,
        judged_until=_judged_until(log),
    )


def dates_only(local: Int64) -> Bool:
    """Which readings of the local clock are dates without a time of day: those at midnight, where they are too many."""
    midnight = local % DAY == 0
    return np.asarray(midnight & (midnight.sum() > _MIDNIGHTS * len(local)), dtype=np.bool_)


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
    return int(local_time(log, np.quantile(known, [_ARRIVED], method="inverted_cdf"))[0] // DAY)
