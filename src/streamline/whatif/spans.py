"""Stretches of time as arrays of shape (n, 2), sorted and disjoint, and the clock of a person that stands still off duty."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.kernels.duty import without
from streamline.units import DAY

Int64 = npt.NDArray[np.int64]


def less(spans: Int64, holes: Int64) -> Int64:
    """What is left of the spans outside the holes."""
    if len(spans) == 0 or len(holes) == 0:
        return spans
    kept = without(spans[:, 0].copy(), spans[:, 1].copy(), holes[:, 0].copy(), holes[:, 1].copy())
    return np.stack(kept, axis=1)


def shared(one: Int64, two: Int64) -> Int64:
    """The time that lies in both."""
    return less(one, less(one, two)) if len(two) else one[:0]


def merged(spans: Int64) -> Int64:
    """Sorted, disjoint stretches that cover the same time."""
    if len(spans) == 0:
        return spans
    order = np.argsort(spans[:, 0], kind="stable")
    begin, end = spans[order, 0], np.maximum.accumulate(spans[order, 1])
    new = np.concatenate([[True], begin[1:] > end[:-1]])
    last = np.concatenate([np.flatnonzero(new)[1:] - 1, [len(begin) - 1]])
    return np.stack([begin[new], end[last]], axis=1)


class Clock:
    """Time on duty since the first of some hours, which are (n, 2), sorted and disjoint; microseconds."""

    def __init__(self, hours: Int64) -> None:
        self._begin, self._end = hours[:, 0], hours[:, 1]
        self._before = np.concatenate([[0], np.cumsum(self._end - self._begin)]).astype(np.int64)

    @property
    def total(self) -> int:
        """All time on duty."""
        return int(self._before[-1])

    def at(self, instant: Int64) -> Int64:
        """The reading at each instant."""
        if len(self._begin) == 0:
            return np.zeros(len(instant), dtype=np.int64)
        place = np.searchsorted(self._begin, instant, side="right") - 1
        some = np.maximum(place, 0)
        gone = np.clip(instant - self._begin[some], 0, (self._end - self._begin)[some])
        return np.where(place >= 0, self._before[some] + gone, 0).astype(np.int64)

    def spans(self, since: Int64, until: Int64) -> Int64:
        """The time between each two readings, sorted and disjoint as they are: what is off duty lies outside."""
        since, until = np.minimum(since, self.total), np.minimum(until, self.total)
        some = until > since
        since, until = since[some], until[some]
        first = np.searchsorted(self._before, since, side="right") - 1
        last = np.searchsorted(self._before, until, side="left") - 1
        size = last - first + 1
        place = np.repeat(first - np.concatenate([[0], np.cumsum(size)[:-1]]), size) + np.arange(int(size.sum()))
        who = np.repeat(np.arange(len(since)), size)
        low = np.maximum(since[who] - self._before[place], 0)
        high = np.minimum(until[who] - self._before[place], (self._end - self._begin)[place])
        return np.stack([self._begin[place] + low, self._begin[place] + high], axis=1).astype(np.int64)

    def longest_day(self, period: tuple[int, int]) -> int:
        """The most time on duty within 24 hours from an opening in the period."""
        mine = self._begin[(self._begin >= period[0]) & (self._begin < period[1])]
        return int((self.at(mine + DAY) - self.at(mine)).max(initial=0))
