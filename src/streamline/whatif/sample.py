"""The cases of one draw: the log's own arrivals, and at each what happened to a case like the one that arrived.

Cases that are in an office at the same time wait for each other. When whole weeks of arrivals are exchanged, the
crowding of the weeks drawn comes on top of that which the log already has, and queues are too long on average (by 3% in
a service at 90% load, and what relieves them seems to help half as much again). So the arrivals stay where they are,
with their growth, seasons and rushes, and what is drawn is the rest of each case: its steps, service times and delays,
from any case of the same *stratum*: that came by the same channel, and is of the same kind where people serve one kind
of case each (`lines`). Where the work that cases bring changes over the log, beyond chance, they are drawn from within
a quarter of a year instead. (They aren't always: what a quarter had by chance would then be counted twice, and near
saturation a hundredth more work is a tenth more waiting.)

What happens to a case fits the time of the week at which it came: who arrives on a Friday evening and is called back on
Monday at eight waits for no longer than the office is closed. Set at a Tuesday noon, the same two days and a half end in
a night, and the office's opening comes on top (cycle times grew by 5% in a log of loan applications). So a case is drawn
from those of the same hour of the week, by the local clock, where there are enough; else from those of the same day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.stats import f_oneway

from streamline.log.event_log import EventLog
from streamline.measure.periods import local_time
from streamline.units import DAY, MISSING_TIME

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

WEEK = 7 * DAY
#: 1970-01-01 was a Thursday; the Monday before lies three days earlier.
_MONDAY = -3 * DAY
#: Weeks of a quarter of a year.
QUARTER = 13
#: Work counts as changing when the quarters of the log differ with a p-value below this, over all pools.
CHANGING = 0.01
#: Cases of the same stratum, within reach, that an hour or a day of the week needs for one of them to be drawn.
ENOUGH = 20
HOURS = 7 * 24
#: Cases that stand in where none of the stratum arrived near.
LATEST = 100
#: A case is on record as a whole when the log goes on for longer after its arrival than this share of closed cases takes.
SLOW = 0.95
#: Cases stop at an activity when at least this share of its steps are a case's last.
STOPS = 0.95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cases:
    """The cases that a replay is of: which of the log's, and when each arrives."""

    #: Places in the log, repeats allowed; and the instant at which each arrives.
    pick: Int64
    arrival: Int64


@dataclass(frozen=True, kw_only=True, eq=False)
class Weeks:
    """The weeks of a log's arrivals."""

    log: EventLog
    #: Week of each case with an arrival, counted from the first one; -1 without.
    week: Int64
    #: Hour of the week of each case, from Monday midnight, 0 to 167; -1 without an arrival.
    hour: Int64
    #: Cases by week: those of week w are `case[bounds[w]:bounds[w + 1]]`.
    case: Int64
    bounds: Int64
    #: Stratum of each case, as a label.
    stratum: npt.NDArray[np.object_] = field(repr=False)
    #: How many weeks away from an arrival the case may have arrived that is drawn for it.
    reach: int
    #: Cases that arrived long enough before the log's end to be on record as a whole; all where there is none, and
    #: where nothing says that a later one isn't over.
    whole: Int64

    @property
    def n(self) -> int:
        """Number of weeks."""
        return len(self.bounds) - 1

    def own(self) -> Cases:
        """The log's own cases, in its order."""
        pick = np.flatnonzero(self.log.arrival != MISSING_TIME)
        return Cases(pick=pick, arrival=self.log.arrival[pick])

    def drawn(self, rng: np.random.Generator) -> Cases:
        """One draw: the log's arrivals, at each what happened to a case of the same stratum within `reach` weeks."""
        own = self.own()
        mine = own.pick
        pick = self._alike(self.week[mine], self.hour[mine], self.stratum[mine], mine, rng)
        return Cases(pick=pick, arrival=own.arrival)

    def alike(self, stratum: npt.NDArray[np.object_], arrival: Int64, rng: np.random.Generator) -> Int64:
        """For each of some cases that came after this log's, by strata and arrivals, a case of this one that is like it."""
        late = np.full(len(stratum), self.n - 1, dtype=np.int64)
        anyone = self.whole[(rng.random(len(stratum)) * len(self.whole)).astype(np.int64)]
        return self._alike(late, hours_of_week(self.log, arrival), stratum, anyone, rng)

    def _alike(
        self,
        week: Int64,
        hour: Int64,
        stratum: npt.NDArray[np.object_],
        otherwise: Int64,
        rng: np.random.Generator,
    ) -> Int64:
        """For each arrival a case of its stratum, by hour, day or any time of the week, whichever has enough of them first.

        Where the stratum has none within reach it is one of its latest, and `otherwise` where it has none on record.
        """
        n = len(self.whole)
        names, code = np.unique(np.concatenate([self.stratum[self.whole], stratum]).astype(str), return_inverse=True)
        donor, wanted = code[:n].astype(np.int64), code[n:].astype(np.int64)
        size = np.bincount(donor, minlength=len(names))
        pick, chance = otherwise.copy(), rng.random(len(week))
        left = size[wanted] > 0
        since, until = np.maximum(week - self.reach, 0), np.minimum(week + self.reach, self.n - 1)
        for wide, fewest in ((1, ENOUGH), (24, ENOUGH), (HOURS, 1)):
            cell = (donor * HOURS + self.hour[self.whole] // wide) * self.n + self.week[self.whole]
            order = np.argsort(cell, kind="stable")
            cell = cell[order]
            mine = np.flatnonzero(left)
            start = (wanted[mine] * HOURS + hour[mine] // wide) * self.n
            first = np.searchsorted(cell, start + since[mine], side="left")
            last = np.searchsorted(cell, start + until[mine], side="right")
            if wide == HOURS:  # near the log's end: the latest that are on record as a whole
                none = first == last
                end = np.cumsum(size)[wanted[mine]]
                first = np.where(none, end - np.minimum(size[wanted[mine]], LATEST), first)
                last = np.where(none, end, last)
            some = last - first >= fewest
            found = mine[some]
            place = first[some] + (chance[found] * (last - first)[some]).astype(np.int64)
            pick[found] = self.whole[order[place]]
            left[found] = False
        return pick


def hours_of_week(log: EventLog, at: Int64) -> Int64:
    """The hour of the week of each instant by the log's clock, from Monday midnight, 0 to 167."""
    return np.asarray((local_time(log, at) - _MONDAY) % WEEK // (DAY // 24), dtype=np.int64)


def strata_of(log: EventLog, kinds: Sequence[str]) -> npt.NDArray[np.object_]:
    """The stratum of each case: its channel, and its values of these attributes."""
    label = np.full(log.n_cases, "", dtype=object)
    channel = log.case_channel
    if channel is not None:
        label = np.asarray([*channel.names, ""], dtype=object)[channel.codes]
    for name in kinds:
        if name in log.attributes.columns:
            label = label + "\x1f" + log.attributes[name].astype("string").fillna("").to_numpy(dtype=object)
    return np.asarray(label, dtype=object)


def weeks_of(log: EventLog, work: Float, stratum: npt.NDArray[np.object_]) -> Weeks:
    """Put the log's cases into the weeks of their arrival, Monday to Sunday by the local clock.

    work : (n_cases, pools) working time that each case brought to each pool. stratum : a label a case, see `strata_of`.
    """
    known = np.flatnonzero(log.arrival != MISSING_TIME)
    number = (local_time(log, log.arrival[known]) - _MONDAY) // WEEK
    number = number - number.min() if len(number) else number
    week = np.full(log.n_cases, -1, dtype=np.int64)
    week[known] = number
    hour = np.full(log.n_cases, -1, dtype=np.int64)
    hour[known] = hours_of_week(log, log.arrival[known])
    n = int(number.max()) + 1 if len(number) else 0
    order = known[np.argsort(number, kind="stable")]
    bounds = np.searchsorted(week[order], np.arange(n + 1)).astype(np.int64)
    closed = log.closed
    slow = int(np.quantile((log.last_completion - log.arrival)[closed], SLOW)) if closed.any() else 0
    whole = log.arrival[order] <= log.observed_until - slow
    kept = order[whole] if whole.any() and _cut_off(log, order[whole], order[~whole]) else order
    reach = QUARTER if _changes(week[kept] // QUARTER, work[kept]) else n
    return Weeks(log=log, week=week, hour=hour, case=order, bounds=bounds, stratum=stratum, reach=reach, whole=kept)


def _cut_off(log: EventLog, early: Int64, late: Int64) -> bool:
    """Whether a late case may not be over: an open one; where no ends are named, one that stops where early ones go on."""
    if log.ends is not None:
        return bool(~log.closed[late].all())
    some = np.diff(log.case_offsets) > 0
    early, late = early[some[early]], late[some[late]]
    last = log.activity[np.maximum(log.case_offsets[1:] - 1, 0)]
    width = len(log.activities)
    stops = np.bincount(last[early], minlength=width)
    inside = np.zeros(log.n_cases, dtype=np.bool_)
    inside[early] = True
    steps = inside[log.case_of_step]
    met = np.bincount(log.activity[steps], minlength=width)
    is_stop = (stops > 0) & (stops >= STOPS * met)
    return bool((~is_stop[last[late]]).any())


def _changes(quarter: Int64, work: Float) -> bool:
    """Whether the quarters differ beyond chance in the work that a case brings to any pool (analysis of variance)."""
    _, code, count = np.unique(quarter, return_inverse=True, return_counts=True)
    some = np.flatnonzero(count >= 2)
    if len(some) < 2:
        return False
    chosen = np.isin(code, some)
    parts = [work[chosen][code[chosen] == q] for q in some]
    tested = [j for j in range(work.shape[1]) if any(float(np.ptp(p[:, j])) > 0 for p in parts)]
    return any(float(f_oneway(*[p[:, j] for p in parts]).pvalue) < CHANGING / len(tested) for j in tested)


def ranges(first: Int64, size: Int64) -> Int64:
    """All places `first[k]`, …, `first[k] + size[k] - 1`, one stretch after the other."""
    total = int(size.sum())
    start = np.repeat(first - np.concatenate([[0], np.cumsum(size)[:-1]]), size)
    return (start + np.arange(total)).astype(np.int64)
