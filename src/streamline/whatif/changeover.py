"""Changeover: the pause of a person between one step and the next that was already waiting.

Who completes a step and begins the next after half a minute, though it had been waiting all the time, wasn't free in that
half minute: they noted, stood up, opened the next file. A *pause* is the time on duty from when a person has nothing open
to the start of their next step, where that step was enabled before the pause. A group's *usual changeover* is the median
of its people's pauses: half of all pauses are no longer. Who seems free for no longer than that, between two steps, isn't
free.

It is zero where the group has few pauses, and where the median pause is longer than its steps take on average: such
pauses are absence, or other work, and nobody's way from one step to the next.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]

#: Pauses that a group needs for its changeover to be told.
ENOUGH = 50


def pauses(who: Int64, start: Int64, complete: Int64, waited: Int64) -> Int64:
    """The pause before each step; -1 where its person had something open until then or nothing before, or it wasn't waiting.

    who : person of each step. start, complete : readings of the person's own clock, which stands still off duty, int64
        microseconds. waited : how long each step had been enabled when it began, on the same clock.
    """
    order = np.lexsort((complete, start, who))
    person, begun, done = who[order], start[order], complete[order]
    result = np.full(len(who), -1, dtype=np.int64)
    if len(who) < 2:
        return result
    # The latest completion so far of the same person, as a running maximum over readings lifted from person to person.
    lift = (person - person.min()) * (int(max(done.max(), begun.max()) - min(done.min(), begun.min())) + 1)
    latest = np.maximum.accumulate(done + lift)[:-1] - lift[1:]
    pause = begun[1:] - latest
    counts = (person[1:] == person[:-1]) & (pause >= 0) & (waited[order][1:] >= pause)
    result[order[1:][counts]] = pause[counts]
    return result


def usual_changeover(pause: Int64, work: Int64, group: Int64, *, n_groups: int) -> Int64:
    """Each group's usual changeover, microseconds; 0 where none can be told.

    pause : of each step, as `pauses` gives them. work : what each step takes of its person. group : of each step's person.
    """
    usual = np.zeros(n_groups, dtype=np.int64)
    known = pause >= 0
    for g in range(n_groups):
        mine = group == g
        own = pause[mine & known]
        if len(own) >= ENOUGH:
            middle = int(np.median(own))
            usual[g] = middle if middle <= work[mine].mean() else 0
    return usual


def free_after_changeover(free: Int64, usual: int, *, starts: Int64) -> Int64:
    """The free stretches of one person less those that end as a step of theirs begins and are no longer than is usual.

    free : (n, 2), sorted and disjoint. starts : when the person's steps begin, sorted. The hours of opening and closing end
    a stretch too; such a stretch stays, however short.
    """
    if len(free) == 0 or len(starts) == 0 or usual <= 0:
        return free
    at = np.minimum(np.searchsorted(starts, free[:, 1]), len(starts) - 1)
    between = (starts[at] == free[:, 1]) & (free[:, 1] - free[:, 0] <= usual)
    return np.asarray(free[~between], dtype=np.int64)
