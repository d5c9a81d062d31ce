"""Half hours of the day in which somebody is on duty by the calendar and never seen: a lunch break, a late start.

Somebody who begins and completes steps all day long leaves signs in every half hour now and then. A half hour in which she would
have left at least `ENOUGH` signs, at the rate of her other hours, and left hardly any, though on as many days a step that she did
later waited all through it, isn't part of her day. Taken for time on duty it would make such steps look as if they had a delay
of their own, until the very minute in which she comes. (What is completed on the stroke of the half hour is a sign of the
one that ends.) Where nothing waited, there may have been nothing to do.

All her days are taken together. Who is seen seldom is never judged: too few signs are expected of each half hour. Nor is
anybody of whom more than `MOST` of the day would be gone: whose steps are all entered in the morning and in the evening works
in between.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.log.event_log import EventLog
from streamline.measure.periods import local_time
from streamline.units import DAY, MINUTE
from streamline.whatif.spans import less

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

SLOT = 30 * MINUTE
N_SLOTS = DAY // SLOT
#: Signs that must have been expected of a half hour, and days on which something waited through it,
ENOUGH = 20
#: and the share of them up to which it counts as one in which she is never seen.
HARDLY = 0.02
#: Nothing is taken off where it would be more than this share of her hours.
MOST = 0.25


def without_breaks(log: EventLog, hours: Int64, *, enabled: Int64, start: Int64, complete: Int64) -> Int64:
    """Somebody's hours, (n, 2), less the half hours in which she is never seen; the other arrays are of the steps she did."""
    signs = np.concatenate([start, complete - 1])
    if len(hours) == 0 or len(signs) < ENOUGH:
        return hours
    begin, end = local_time(log, hours[:, 0]), local_time(log, hours[:, 1])
    day, first, last = begin // DAY, -(-(begin % DAY) // SLOT), (begin % DAY + end - begin) // SLOT
    last = np.minimum(last, N_SLOTS)
    at = local_time(log, signs)
    inside = np.isin(day, at // DAY) & (last > first)
    change = np.zeros(N_SLOTS + 1, dtype=np.int64)
    np.add.at(change, first[inside], 1)
    np.add.at(change, last[inside], -1)
    never = slots_never_seen(np.bincount(at % DAY // SLOT, minlength=N_SLOTS), np.cumsum(change)[:-1])
    order = np.argsort(enabled, kind="stable")
    by_then, latest = enabled[order], np.maximum.accumulate(start[order])
    holes = []
    for slot in np.flatnonzero(never):
        mine = (first <= slot) & (slot < last)
        since = hours[mine, 0] + slot * SLOT - begin[mine] % DAY
        place = np.searchsorted(by_then, since, side="right") - 1
        waited = (place >= 0) & (latest[np.maximum(place, 0)] >= since + SLOT) & inside[mine]
        if waited.sum() >= ENOUGH:
            holes.append(np.stack([since, since + SLOT], axis=1))
    if not holes:
        return hours
    every = np.concatenate(holes)
    return less(hours, every[np.argsort(every[:, 0])])


def slots_never_seen(signs: Int64, days: Int64) -> Bool:
    """Which slots have hardly any signs where many were expected. signs, days on which it was on duty : one a slot."""
    never = np.zeros(len(signs), dtype=np.bool_)
    while True:
        among = (days > 0) & ~never
        expected = days * (signs[among].sum() / max(int(days[among].sum()), 1))
        more = among & (expected >= ENOUGH) & (signs <= HARDLY * expected)
        if not more.any():
            return never if days[never].sum() <= MOST * days.sum() else np.zeros(len(signs), dtype=np.bool_)
        never |= more
