"""Several steps at once: what each of them takes of a person, and how many a person holds at once.

A step is *open* from its start to its completion. Who has several steps open works on one of them at a time, or on all as
a batch; the records can't tell. Either way a replay that lets a person take one step at a time, each for as long as it was
open, asks more time of people than they have: four boxes packed together in two hours would take eight.

A person has a number of *places*: how many steps they hold open as a rule, rounded from the mean over the time at which
at least one is open. While no more steps are open than there are places, each takes one place; while more are, they share
the places evenly. So the work of all steps, in time of places, is never more than the places have while their person has
anything open, and it is the time that the step was open where a person never holds more steps than places: with one place
and one step at a time nothing changes.

What it leaves out: a step that shared a place is shorter than it was open, by the time that its person gave to others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AtOnce:
    """What steps take of people who hold several at once."""

    #: int64 microseconds, one a step: time of one place.
    work: Int64
    #: One a person: steps held at once as a rule, at least 1.
    places: Int64
    #: One a person: mean number of open steps while any is open; NaN for who never has any.
    mean_at_once: Float


def at_once(who: Int64, start: Int64, complete: Int64, *, group: Int64) -> AtOnce:
    """What each step takes of a place of its person, and how many places each person has.

    who : person of each step, a code >= 0. start, complete : readings of the person's own clock, which stands still off duty
        (`Duty.time` since some instant), or instants; int64 microseconds, complete >= start.
    group : one a person: people of one group have as many places, since who holds several steps is what a team does.

    The cost is that of sorting the steps. Raises ValueError where a step ends before it starts.
    """
    if (complete < start).any():
        raise ValueError(f"{int((complete < start).sum()):,} of {len(start):,} steps end before they start.")
    n_people = len(group)
    person = np.concatenate([who, who])
    at = np.concatenate([start, complete])
    change = np.repeat(np.array([1, -1], dtype=np.int64), len(who))
    order = np.lexsort((at, person))
    person, at, change = person[order], at[order], change[order]
    n_open = np.cumsum(change)  # back to 0 at each person's last completion
    same = person[1:] == person[:-1]
    gap = np.where(same, np.diff(at), 0)
    n_open = n_open[:-1]
    busy = np.bincount(person[:-1], weights=np.where(n_open > 0, gap, 0), minlength=n_people)
    held = np.bincount(person[:-1], weights=n_open * gap, minlength=n_people)
    of_group = [np.bincount(group, weights=v, minlength=int(group.max(initial=-1)) + 1) for v in (busy, held)]
    mean = np.divide(of_group[1], of_group[0], out=np.ones_like(of_group[0]), where=of_group[0] > 0)
    places = np.maximum(np.rint(mean), 1).astype(np.int64)[group]
    # Of each moment a step gets places / n_open of a place, 1 at most: one running total serves all steps.
    share = np.minimum(places[person[:-1]], n_open)
    given = gap * share // np.maximum(n_open, 1)
    total = np.concatenate([[0], np.cumsum(given)]).astype(np.int64)
    reading = np.empty(2 * len(who), dtype=np.int64)
    reading[order] = total[: len(order)]
    return AtOnce(
        work=reading[len(who) :] - reading[: len(who)],
        places=places,
        mean_at_once=np.divide(held, busy, out=np.full(n_people, np.nan), where=busy > 0),
    )
