"""Duty: when each resource of a log is at work, as intervals of time.

A resource is *on duty* at an instant when its calendar says that it works then; off duty it can't begin a step. Duty is
made from one office calendar for everybody, or from hours discovered for each resource less its absences
(`measure/staff/availability.py`). Where nothing is known of a resource it counts as always on duty, and `known` says so: then
no wait is put down to its being away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from streamline.kernels.duty import (
    back_on_duty,
    first_disorder,
    joined,
    merged_by_group,
    next_on_duty,
    outside_duty,
    time_on_duty,
)
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.units import MISSING_TIME, counted, parse_duration

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Duty:
    """On-duty time of each resource code of a log within [since, until).

    Resource `r` is on duty in the half-open intervals `[begin[i], end[i])` for `i` in `first[r]:last[r]`: int64
    microseconds since 1970 UTC, sorted, disjoint and not touching. Resources with the same hours share one stretch of
    the arrays, so that a thousand of them with one office calendar cost no more than one. In a kernel, loop over
    `range(first[r], last[r])`. Questions about instants outside [since, until] are refused.
    """

    first: Int64
    last: Int64
    begin: Int64
    end: Int64
    #: For each resource whether its hours are known; if not, it is on duty throughout.
    known: Bool
    since: int
    until: int
    #: Where the hours come from, in words.
    source: str
    #: Summed length of all intervals before each place; one more than there are intervals.
    before: Int64 = field(init=False, repr=False)

    def __repr__(self) -> str:
        n = len(self.first)
        hours = f"{len(self.begin):,} stretches"
        return f"<Duty of {counted(n, 'resource')}: hours known of {int(self.known.sum()):,}, {hours}; {self.source}>"

    def __post_init__(self) -> None:
        n = len(self.first)
        if not (len(self.last) == len(self.known) == n and len(self.begin) == len(self.end)):
            raise ValueError(
                f"first, last and known have {n:,}, {len(self.last):,} and {len(self.known):,} places, begin and end "
                f"{len(self.begin):,} and {len(self.end):,}. The first three are one a resource, the others one an interval."
            )
        if n and not (int(self.first.min()) >= 0 and int(self.last.max()) <= len(self.begin)):
            raise ValueError(f"first and last point outside the {len(self.begin):,} intervals.")
        wrong = int(first_disorder(self.begin, self.end, self.first, self.last))
        if wrong >= 0:
            raise ValueError(f"The intervals of resource {wrong} aren't sorted, disjoint and apart.")
        lengths = np.concatenate([[0], np.cumsum(self.end - self.begin)]).astype(np.int64)
        object.__setattr__(self, "before", lengths)
        for array in (self.first, self.last, self.begin, self.end, self.known, self.before):
            array.flags.writeable = False

    @classmethod
    def of_calendar(cls, calendar: Calendar, *, n_resources: int, since: int, until: int) -> Duty:
        """The office calendar as everybody's duty."""
        return cls.of_schedules(
            [calendar.openings(since, until)],
            schedule=np.zeros(n_resources, dtype=np.int64),
            since=since,
            until=until,
            source=calendar.describe(),
        )

    @classmethod
    def of_schedules(cls, spans: Sequence[Int64], *, schedule: Int64, since: int, until: int, source: str) -> Duty:
        """Resource `r` is on duty in `spans[schedule[r]]`, shape (n, 2); where `schedule[r]` is -1 its hours are unknown.

        Spans must be sorted, disjoint, apart and within [since, until]. Raises ValueError if they aren't.
        """
        throughout = np.array([[since, until]], dtype=np.int64).reshape(-1, 2)[: int(since < until)]
        parts = [*(np.asarray(part, dtype=np.int64).reshape(-1, 2) for part in spans), throughout]
        size = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
        every = np.concatenate(parts)
        if len(every) and (int(every.min()) < since or int(every.max()) > until):
            raise ValueError("Some hours on duty lie outside the period that the duty is for.")
        known = np.asarray(schedule) >= 0
        place = np.where(known, schedule, len(spans)).astype(np.int64)
        return cls(
            first=size[place],
            last=size[place + 1],
            begin=np.ascontiguousarray(every[:, 0]),
            end=np.ascontiguousarray(every[:, 1]),
            known=known,
            since=since,
            until=until,
            source=source,
        )

    @property
    def n_resources(self) -> int:
        """Number of resources, by their codes."""
        return len(self.first)

    def intervals(self, resource: int) -> Int64:
        """The on-duty intervals of one resource, shape (n, 2)."""
        chosen = slice(int(self.first[resource]), int(self.last[resource]))
        return np.stack([self.begin[chosen], self.end[chosen]], axis=1)

    def time(self, who: npt.ArrayLike, since: npt.ArrayLike, until: npt.ArrayLike) -> Int64:
        """Time on duty of resource `who` within [since, until), microseconds; the three have one shape together."""
        codes, first, last = np.broadcast_arrays(self._codes(who), self._instants(since), self._instants(until))
        if (first > last).any():
            raise ValueError(f"{int((first > last).sum()):,} of {first.size:,} intervals start after their end.")
        found = time_on_duty(
            self.first, self.last, self.begin, self.end, self.before, codes.ravel(), first.ravel(), last.ravel()
        )
        time: Int64 = found.reshape(codes.shape)
        return time

    def is_on(self, who: npt.ArrayLike, at: npt.ArrayLike) -> Bool:
        """Whether resource `who` is on duty at each instant."""
        codes, instants = np.broadcast_arrays(self._codes(who), self._instants(at))
        on: Bool = self.next_on(codes, instants) == instants
        return on

    def next_on(self, who: npt.ArrayLike, at: npt.ArrayLike) -> Int64:
        """The first instant from `at` on at which resource `who` is on duty; MISSING_TIME where there is none before `until`."""
        codes, instants = np.broadcast_arrays(self._codes(who), self._instants(at))
        found = next_on_duty(self.first, self.last, self.begin, self.end, codes.ravel(), instants.ravel(), MISSING_TIME)
        next_: Int64 = found.reshape(codes.shape)
        return next_

    def back(self, who: npt.ArrayLike, at: npt.ArrayLike, duration: npt.ArrayLike) -> Int64:
        """The latest instant from which `duration` microseconds of duty of resource `who` pass until `at`.

        MISSING_TIME where less passes since `since`; `at` itself for a duration of 0.
        """
        codes, instants, lengths = np.broadcast_arrays(
            self._codes(who), self._instants(at), np.asarray(duration, dtype=np.int64)
        )
        if (lengths < 0).any():
            raise ValueError(f"{int((lengths < 0).sum()):,} of {lengths.size:,} durations are negative.")
        found = back_on_duty(
            self.first, self.last, self.begin, self.end, self.before,
            codes.ravel(), instants.ravel(), lengths.ravel(), MISSING_TIME,
        )  # fmt: skip
        back: Int64 = found.reshape(codes.shape)
        return back

    def _codes(self, who: npt.ArrayLike) -> Int64:
        codes = np.asarray(who, dtype=np.int64)
        wrong = (codes < 0) | (codes >= self.n_resources)
        if wrong.any():
            raise ValueError(
                f"{int(wrong.sum()):,} of {codes.size:,} codes name no resource (there are {self.n_resources:,}), such as "
                f"{int(codes[wrong][0])}. Leave out the steps without a resource."
            )
        return codes

    def _instants(self, at: npt.ArrayLike) -> Int64:
        instants = np.asarray(at, dtype=np.int64)
        wrong = (instants < self.since) | (instants > self.until)
        if wrong.any():
            raise ValueError(
                f"{int(wrong.sum()):,} of {instants.size:,} instants are missing, or outside the period that the duty "
                "is for."
            )
        return instants


def duty_period(log: EventLog) -> tuple[int, int]:
    """The first and last instant that the log knows of; its duty is made for this period."""
    known = [
        int(v.min()) for v in (log.arrival[log.arrival != MISSING_TIME], log.start[log.start != MISSING_TIME]) if len(v)
    ]
    since = min([*known, *([int(log.complete.min())] if log.n_steps else [])], default=log.observed_until)
    until = max([log.observed_until, *([int(log.complete.max())] if log.n_steps else [])])
    return since, max(since, until)


def office_duty(log: EventLog, calendar: Calendar) -> Duty:
    """The office calendar as the duty of each resource of the log, over the log's period."""
    since, until = duty_period(log)
    n = 0 if log.resource is None else len(log.resource.names)
    return Duty.of_calendar(calendar, n_resources=n, since=since, until=until)


def with_work(duty: Duty, log: EventLog, *, longest: str = "4 h") -> Duty:
    """The duty with each resource's own steps: who is at work is on duty, whatever the calendar says.

    Steps of staff up to `longest` count throughout; longer ones, such as one left open overnight, don't. Resources whose
    hours are unknown stay on duty throughout. Where starts are estimated no work is proved, and nothing changes.
    """
    if log.resource is None or log.notes.estimated_starts:
        return duty
    chosen = np.flatnonzero(
        (log.resource.codes >= 0)
        & ~log.external_step
        & (log.start != MISSING_TIME)
        & (log.complete > log.start)
        & (log.complete - log.start <= parse_duration(longest))
    )
    who = log.resource.codes[chosen].astype(np.int64)
    order = np.lexsort((log.start[chosen], who))
    offsets = np.searchsorted(who[order], np.arange(duty.n_resources + 1)).astype(np.int64)
    own = merged_by_group(offsets, log.start[chosen][order], log.complete[chosen][order])
    offsets = np.concatenate([[0], np.cumsum(own[0])]).astype(np.int64)
    size, begin, end = outside_duty(duty.first, duty.last, duty.begin, duty.end, offsets, own[1], own[2])
    bounds = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    first, last, begins, ends, n = duty.first.copy(), duty.last.copy(), [duty.begin], [duty.end], len(duty.begin)
    for r in np.flatnonzero(size):
        mine, more = slice(duty.first[r], duty.last[r]), slice(bounds[r], bounds[r + 1])
        both = joined(duty.begin[mine], duty.end[mine], begin[more], end[more])
        first[r], last[r] = n, n + len(both[0])
        begins.append(both[0])
        ends.append(both[1])
        n += len(both[0])
    return replace(
        duty,
        first=first,
        last=last,
        begin=np.concatenate(begins),
        end=np.concatenate(ends),
        source=f"{duty.source.rstrip('.')}; who is seen at work counts as on duty",
    )
