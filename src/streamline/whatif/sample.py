"""The cases of one draw: the log's own arrivals, and at each what happened to a case like the one that arrived.

Cases that are in an office at the same time wait for each other. When whole weeks of arrivals are exchanged, the
crowding of the weeks drawn comes on top of that which the log already has, and queues are too long on average (by 3% in
a service at 90% load, and what relieves them seems to help half as much again). So the arrivals stay where they are,
with their growth, seasons and rushes, and what is drawn is the rest of each case: its steps, service times and delays,
from any case of the same *stratum*: that came by the same channel, and is of the same kind where people serve one kind
of case each (`lines`). Where the work that cases bring changes over the log, beyond chance, they are drawn from within
a quarter of a year instead. (They aren't always: what a quarter had by chance would then be counted twice, and near
saturation a hundredth more work is a tenth more waiting.)
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
#: Cases that stand in where none of the stratum arrived near.
LATEST = 100
#: A case is on record as a whole when the log goes on for longer after its arrival than this share of closed cases takes.
SLOW = 0.95


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
    #: Cases by week: those of week w are `case[bounds[w]:bounds[w + 1]]`.
    case: Int64
    bounds: Int64
    #: Stratum of each case, as a label.
    stratum: npt.NDArray[np.object_] = field(repr=False)
    #: How many weeks away from an arrival the case may have arrived that is drawn for it.
    reach: int
    #: Cases that arrived long enough before the log's end to be on record as a whole; all where there is none.
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
        return Cases(pick=self._alike(self.week[own.pick], self.stratum[own.pick], own.pick, rng), arrival=own.arrival)

    def alike(self, stratum: npt.NDArray[np.object_], rng: np.random.Generator) -> Int64:
        """For each of some cases that came after this log's, by their strata, a case of this one that is like it."""
        late = np.full(len(stratum), self.n - 1, dtype=np.int64)
        anyone = self.whole[(rng.random(len(stratum)) * len(self.whole)).astype(np.int64)]
        return self._alike(late, stratum, anyone, rng)

    def _alike(
        self, week: Int64, stratum: npt.NDArray[np.object_], otherwise: Int64, rng: np.random.Generator
    ) -> Int64:
        """For each arrival, in order of weeks, a case of its stratum; `otherwise` where that has none on record."""
        own, theirs = self.stratum[self.whole], stratum
        names, code = np.unique(np.concatenate([own, theirs]).astype(str), return_inverse=True)
        donor_code, wanted = code[: len(own)], code[len(own) :]
        pick = otherwise.copy()
        chance = rng.random(len(week))
        for c in range(len(names)):
            mine, donor = np.flatnonzero(wanted == c), self.whole[donor_code == c]
            if len(donor) == 0 or len(mine) == 0:
                continue
            there, here = self.week[donor], week[mine]  # both ascending, as arrivals are
            first = np.searchsorted(there, here - self.reach, side="left")
            last = np.searchsorted(there, here + self.reach, side="right")
            none = first == last  # near the log's end: the latest that are on record as a whole
            first[none], last[none] = max(len(donor) - LATEST, 0), len(donor)
            pick[mine] = donor[first + (chance[mine] * (last - first)).astype(np.int64)]
        return pick


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
    n = int(number.max()) + 1 if len(number) else 0
    order = known[np.argsort(number, kind="stable")]
    bounds = np.searchsorted(week[order], np.arange(n + 1)).astype(np.int64)
    closed = log.closed
    slow = int(np.quantile((log.last_completion - log.arrival)[closed], SLOW)) if closed.any() else 0
    whole = log.arrival[order] <= log.observed_until - slow
    kept = order[whole] if whole.any() else order
    reach = QUARTER if _changes(week[kept] // QUARTER, work[kept]) else n
    return Weeks(log=log, week=week, case=order, bounds=bounds, stratum=stratum, reach=reach, whole=kept)


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
