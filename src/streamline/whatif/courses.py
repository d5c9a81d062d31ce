"""The steps that each case goes through where its customer stays, and which of them wait for which.

They are those on record. A case whose customer gave up (`giving_up`) goes on from the step that it waited for as another
case did, in place of the step that says that it ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from streamline.log.event_log import EventLog
from streamline.whatif.giving_up import GivingUp
from streamline.whatif.sample import ranges

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Courses:
    """The steps of cases, one case after the other, in order of time."""

    #: Case k has the places `offsets[k]:offsets[k + 1]`.
    offsets: Int64
    #: By place: the step of the log.
    step: Int64 = field(repr=False)
    #: The step at place p waits for those at the places `joined[join_offsets[p]:join_offsets[p + 1]]`.
    join_offsets: Int64 = field(repr=False)
    joined: Int64 = field(repr=False)
    #: By place: for how long the customer waits for the step, where that is on record; else -1.
    known: Int64 = field(repr=False)

    def of(self, cases: Int64) -> Courses:
        """The courses of these cases, each as often as it stands there."""
        first = self.offsets[cases]
        size = self.offsets[cases + 1] - first
        place = ranges(first, size)
        offsets = _bounds(size)
        n_joins = self.join_offsets[place + 1] - self.join_offsets[place]
        shift = np.repeat(np.repeat(offsets[:-1] - first, size), n_joins)
        return Courses(
            offsets=offsets,
            step=self.step[place],
            join_offsets=_bounds(n_joins),
            joined=self.joined[ranges(self.join_offsets[place], n_joins)] + shift,
            known=self.known[place],
        )


def courses_of(log: EventLog, join_offsets: Int64, joined: Int64, giving_up: GivingUp) -> Courses:
    """The courses of a log's cases. join_offsets, joined : what each step of the log waited for, as places in the log."""
    as_recorded = Courses(
        offsets=log.case_offsets, step=np.arange(log.n_steps, dtype=np.int64), join_offsets=join_offsets, joined=joined,
        known=np.full(log.n_steps, -1, dtype=np.int64),
    )  # fmt: skip
    if not len(giving_up.case):
        return as_recorded
    gone = np.zeros(log.n_steps, dtype=np.bool_)
    gone[giving_up.end] = True
    size = np.diff(log.case_offsets).copy()
    until = log.case_offsets[log.case_of_step[giving_up.onward] + 1]
    size[giving_up.case] += until - giving_up.onward - 1
    offsets = _bounds(size)
    n = int(offsets[-1])
    step, known = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    kept = np.flatnonzero(~gone)
    place = kept + (offsets[:-1] - log.case_offsets[:-1])[log.case_of_step[kept]]
    step[place] = kept
    # of each join: the place that waits, and the place that it waits for
    n_joins = join_offsets[kept + 1] - join_offsets[kept]
    waiting = [np.repeat(place, n_joins)]
    awaited = [joined[ranges(join_offsets[kept], n_joins)] + np.repeat(place - kept, n_joins)]
    for case, end, first, patience in zip(
        giving_up.case.tolist(),
        giving_up.end.tolist(),
        giving_up.onward.tolist(),
        giving_up.known.tolist(),
        strict=True,
    ):
        begin = int(offsets[case]) + end - int(log.case_offsets[case])
        known[begin] = patience
        before = joined[join_offsets[end] : join_offsets[end + 1]] + (begin - end)
        for p in range(begin, int(offsets[case + 1])):
            s = first + p - begin
            step[p] = s
            theirs = joined[join_offsets[s] : join_offsets[s + 1]]
            inside = theirs[theirs >= first] + (begin - first)
            mine = np.unique(np.concatenate([inside, before])) if len(inside) < len(theirs) else inside
            waiting.append(np.full(len(mine), p, dtype=np.int64))
            awaited.append(mine)
    waits = np.concatenate(waiting)
    order = np.argsort(waits, kind="stable")
    return Courses(
        offsets=offsets,
        step=step,
        join_offsets=_bounds(np.bincount(waits, minlength=n)),
        joined=np.concatenate(awaited)[order].astype(np.int64),
        known=known,
    )


def _bounds(sizes: Int64) -> Int64:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
