"""Delays that no queue explains: how long a step was not yet ready for staff.

A step's wait for staff begins when it is *ready*. That isn't recorded: only when it was enabled and when it began.
People who are free take what is ready, so a step that began at once where somebody was free became ready just then, and
its delay is known. One that began when a person came free from other work, or came on duty, had been ready for some
time: since the last instant at which anybody was free, at the earliest. Its delay lies between two bounds, and the
distribution of the activity's delays is estimated from both kinds (`stats.censored`). Where no step ever began later
than it was enabled while somebody was free, there is no delay but the queue.

Two more things are known. Where an activity's steps never began later than they were enabled while somebody was free,
all of them were ready when enabled. And where people take steps in the order in which these became ready (nearly all
pairs that are known do), a step became ready after those that were begun before it, and before those begun later.

Where a case's arrival is only the start of its first step, the wait before it isn't on record: that step had been ready
for some time within the same bounds.

A step that stays with a person (`own_cases`) waits for that person, so it is she alone who is free or busy; and that it
waits says nothing about where her colleagues are.

Somebody seems free, and works on other things: when a step that waited is begun by a person straight from other work
while another person of the pool seems free, that other one wasn't there for it. Such time counts as *away*.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from streamline.kernels.duty import merged_by_group, without
from streamline.kernels.spare import last_free, overlooked, ready_in_turn
from streamline.measure.waits.path import Paths
from streamline.stats.censored import Distribution, bounded_distribution
from streamline.units import HOUR
from streamline.whatif.staffing import Staffing

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Steps that a pair of activities needs for a distribution of its own.
ENOUGH = 50
#: Steps are taken in the order in which they became ready when at least this share of the known pairs is.
IN_ORDER = 0.95
#: States of the unknown delays that are kept, sweeps before the first, and from one to the next.
STATES, SETTLING, APART = 12, 40, 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Delays:
    """For each step the bounds of its delay from enabling to being ready, microseconds; equal where it is known."""

    low: Int64
    high: Int64
    #: Which distribution a bounded delay is drawn from; -1 where it is known.
    group: Int64
    distributions: tuple[Distribution, ...] = field(repr=False)
    #: For each distribution the activity's code.
    activity: Int64
    #: Time that people of each pool were away while they seemed free, hours; and free hours in all.
    away_hours: npt.NDArray[np.float64]
    free_hours: npt.NDArray[np.float64]
    #: One a step: time for which a case's first step had at most been ready before it began, where the arrival is only its start.
    hidden: Int64
    #: The unknown delays, (states, unknown steps): each row is one way in which they may all have been.
    states: Int64 = field(repr=False)
    #: For each step its place among the unknown ones; -1 where its delay is known.
    column: Int64 = field(repr=False)
    #: On-duty time of each resource less what it was away, (n, 2) by resource code; empty for those in no team.
    there: tuple[Int64, ...] = field(repr=False)

    @classmethod
    def known(cls, wait: Int64) -> Delays:
        """Every step is ready as long after its enabling as it was."""
        none = np.zeros(0)
        return cls(
            low=wait.copy(), high=wait.copy(), group=np.full(len(wait), -1, dtype=np.int64), distributions=(),
            activity=np.zeros(0, dtype=np.int64), away_hours=none, free_hours=none,
            hidden=np.zeros(len(wait), dtype=np.int64), states=np.zeros((0, 0), dtype=np.int64),
            column=np.full(len(wait), -1, dtype=np.int64), there=(),
        )  # fmt: skip

    def drawn(self, rng: np.random.Generator, step: Int64) -> Int64:
        """The delays of these steps (repeats allowed): the known ones, and for the others those of one of the states."""
        delay = self.low[step].copy()
        if len(self.states):
            column = self.column[step]
            mine = column >= 0
            delay[mine] = self.states[int(rng.integers(len(self.states))), column[mine]]
        return delay


def found_delays(paths: Paths, staffing: Staffing, *, released: Int64, entry: Bool, bound: Bool) -> Delays:
    """Bound the delay of each step, and estimate the distribution of the unknown ones; see the module's text.

    released : one instant a step, at which its batch was fired; MISSING_TIME where it wasn't batched. A batched step is
    ready at its
        release: before that it waits for the batch, not for staff.
    entry : steps whose case is taken to arrive as they begin.
    bound : steps that wait for whoever did them, and for nobody else.
    """
    log = paths.log
    assert log.resource is not None
    wait = np.maximum(np.where(paths.known, log.start, log.complete) - paths.enabled, 0)
    low, high = wait.copy(), wait.copy()
    step = np.flatnonzero(staffing.staffed & (released == np.iinfo(np.int64).min))
    n_people = len(log.resource.names)
    codes = log.resource.codes[step].astype(np.int64)
    order = np.lexsort((log.start[step], codes))
    step, codes = step[order], codes[order]
    everything = np.flatnonzero(staffing.staffed)
    whole = everything[np.lexsort((log.start[everything], log.resource.codes[everything]))]
    bounds = np.searchsorted(log.resource.codes[whole], np.arange(n_people + 1)).astype(np.int64)
    busy = merged_by_group(bounds, log.start[whole], log.complete[whole])
    busy_bounds = np.concatenate([[0], np.cumsum(busy[0])]).astype(np.int64)
    there: list[Int64] = []
    free: list[Int64] = []
    first, last = log.period
    for r in range(n_people):
        team = staffing.team_of_resource[r]
        hours = staffing.teams[team].hours if team >= 0 else np.zeros((0, 2), dtype=np.int64)
        there.append(hours)
        worked = slice(busy_bounds[r], busy_bounds[r + 1])
        inside = hours[(hours[:, 1] > first) & (hours[:, 0] < last)]
        free.append(_less(inside, np.stack([busy[1][worked], busy[2][worked]], axis=1)))
    n_pools = len(staffing.pools.pools)
    away_hours, free_hours = np.zeros(n_pools), np.zeros(n_pools)
    queue = staffing.lines.of_step
    for queues, people in _groups(staffing):
        mine = np.flatnonzero(np.isin(queue[step], queues) & ~bound[step])
        if len(mine) == 0:
            continue
        mine = mine[np.argsort(log.start[step[mine]], kind="stable")]
        at = step[mine]
        place = {r: k for k, r in enumerate(people)}
        sizes = np.concatenate([[0], np.cumsum([len(free[r]) for r in people])]).astype(np.int64)
        spans = np.concatenate([free[r] for r in people])
        who = np.array([place.get(int(r), -1) for r in codes[mine]], dtype=np.int64)
        missed_begin, missed_end, missed_who = overlooked(
            sizes, spans[:, 0].copy(), spans[:, 1].copy(), who, paths.enabled[at], log.start[at]
        )
        for k, r in enumerate(people):
            own = missed_who == k
            pool = int(staffing.pools.pool_of_resource[r])
            free_hours[pool] += float(np.diff(free[r], axis=1).sum()) / HOUR
            if own.any():
                gone = _merged(np.stack([missed_begin[own], missed_end[own]], axis=1))
                away_hours[pool] += float(np.diff(gone, axis=1).sum()) / HOUR
                free[r], there[r] = _less(free[r], gone), _less(there[r], gone)
    since = np.full(log.n_steps, np.iinfo(np.int64).min // 2, dtype=np.int64)
    parts = [(step[np.isin(queue[step], queues) & ~bound[step]], people) for queues, people in _groups(staffing)]
    parts += [(step[bound[step] & (codes == r)], [int(r)]) for r in np.unique(codes[bound[step]])]
    for at, people in parts:
        spans = _merged(np.concatenate([free[r] for r in people])) if people else np.zeros((0, 2), dtype=np.int64)
        since[at] = last_free(spans[:, 0].copy(), spans[:, 1].copy(), log.start[at])
    low[step] = np.clip(since[step] - paths.enabled[step], 0, wait[step])
    pair = _pairs(paths, step)
    delayed = np.zeros(int(pair.max(initial=-1)) + 1, dtype=np.bool_)
    delayed[pair[(low[step] == high[step]) & (wait[step] > 0)]] = True
    at_once = step[~delayed[pair]]
    low[at_once] = high[at_once] = 0
    earliest = since.copy()
    lines = [at for at, _ in parts]
    in_order = [_in_turn(paths, line, low, high, earliest, entry) for line in lines]
    group, distributions, activity = _distributions(paths, step, low, high)
    states, column = _states(
        paths,
        [line[~entry[line]] for line, ok in zip(lines, in_order, strict=True) if ok],
        low,
        high,
        group,
        distributions,
    )
    distributions = _from_states(distributions, step, group, states, column)
    hidden = np.zeros(log.n_steps, dtype=np.int64)
    entered = step[entry[step]]
    hidden[entered] = np.maximum(log.start[entered] - np.maximum(earliest[entered], log.period[0]), 0)
    return Delays(
        low=low, high=high, group=group, distributions=distributions, activity=activity, away_hours=away_hours,
        free_hours=free_hours, hidden=hidden, states=states, column=column, there=tuple(there),
    )  # fmt: skip


def _in_turn(paths: Paths, step: Int64, low: Int64, high: Int64, earliest: Int64, entry: Bool) -> bool:
    """Tighten bounds by the order of the steps' starts, where they are taken in the order in which they became ready.

    Returns whether they are.
    """
    log = paths.log
    order = step[np.argsort(log.start[step], kind="stable")]
    ready = paths.enabled[order] + low[order]
    known = (low[order] == high[order]) & ~entry[order]
    sure = ready[known]
    if len(sure) < 2 or (np.diff(sure) >= 0).mean() < IN_ORDER:
        return False
    lowest, highest = np.iinfo(np.int64).min // 2, np.iinfo(np.int64).max // 2
    before = np.maximum.accumulate(np.where(known, ready, lowest))
    after = np.minimum.accumulate(np.where(known, ready, highest)[::-1])[::-1]
    earliest[order] = np.maximum(earliest[order], np.minimum(before, log.start[order]))
    open_ = ~known & ~entry[order]
    at = order[open_]
    tight_low = np.maximum(low[at], before[open_] - paths.enabled[at])
    tight_high = np.minimum(high[at], after[open_] - paths.enabled[at])
    agree = tight_low <= tight_high
    low[at[agree]], high[at[agree]] = tight_low[agree], tight_high[agree]
    return True


def _states(
    paths: Paths, lines: list[Int64], low: Int64, high: Int64, group: Int64, distributions: tuple[Distribution, ...]
) -> tuple[Int64, Int64]:
    """Ways in which the unknown delays may all have been: (states, unknown steps), and each step's column.

    Where people take steps in order, a delay is no matter of its own bounds only: what became ready later was begun later. Then
    the delays are drawn in turn, each between its neighbours, and their distribution anew from what was drawn, until both
    have settled (Gibbs sampling; stochastic EM: Diebolt and Ip 1996). Taken one by one, delays would come out too short where
    people are busy: by a tenth at 70% of their time.
    """
    log = paths.log
    unknown = np.flatnonzero(group >= 0)
    column = np.full(log.n_steps, -1, dtype=np.int64)
    column[unknown] = np.arange(len(unknown))
    if len(unknown) == 0:
        return np.zeros((0, 0), dtype=np.int64), column
    rng = np.random.Generator(np.random.PCG64(len(unknown)))
    states = np.empty((STATES, len(unknown)), dtype=np.int64)
    for k in range(STATES):
        chance = rng.random(len(unknown))
        for g, distribution in enumerate(distributions):
            mine = np.flatnonzero(group[unknown] == g)
            at = unknown[mine]
            states[k, mine] = distribution.between(low[at], high[at], chance[mine])
    chains = [line[np.argsort(log.start[line], kind="stable")] for line in lines]
    chains = [line for line in chains if (group[line] >= 0).any()]
    if not chains:
        return states, column
    delay = low.copy()
    delay[unknown] = states[0]
    ready = paths.enabled + delay
    for line in chains:
        ready[line] = np.minimum(np.maximum.accumulate(ready[line]), (paths.enabled + high)[line])
    every = np.concatenate(chains)
    told = every[group[every] >= 0]
    pairs = _pairs(paths, every)
    key = np.full(log.n_steps, -1, dtype=np.int64)
    key[every] = pairs
    of_pair = {int(key[s]): int(group[s]) for s in told}
    number = np.array([of_pair.get(int(k), -1) for k in pairs], dtype=np.int64)
    for sweep in range(SETTLING + STATES * APART):
        now = (ready - paths.enabled)[every]
        order = np.lexsort((now, number))
        points = now[order]
        offsets = np.searchsorted(number[order], np.arange(len(distributions) + 1)).astype(np.int64)
        for line in chains:
            place = ready[line]
            ready_in_turn(
                paths.enabled[line], low[line], high[line], group[line] >= 0, np.maximum(group[line], 0), offsets, points, place,
                rng.random(len(line)),
            )  # fmt: skip
            ready[line] = place
        after = sweep - SETTLING
        if after >= 0 and after % APART == 0:
            states[after // APART, column[told]] = (ready - paths.enabled)[told]
    return states, column


def _from_states(
    distributions: tuple[Distribution, ...], step: Int64, group: Int64, states: Int64, column: Int64
) -> tuple[Distribution, ...]:
    """The distributions of all unknown delays in all states; of the known ones beside them only where they share bounds."""
    found = []
    for g, old in enumerate(distributions):
        mine = step[group[step] == g]
        drawn = states[:, column[mine]].ravel()
        points, count = np.unique(drawn, return_counts=True)
        share = old.n_bounded / max(old.n_bounded + old.n_exact, 1)
        known = old.exact
        both = np.concatenate([points, known])
        weight = np.concatenate(
            [count / max(count.sum(), 1) * share, np.full(len(known), (1 - share) / max(len(known), 1))]
        )
        places, code = np.unique(both, return_inverse=True)
        found.append(replace(old, points=places, probability=np.bincount(code, weights=weight) / weight.sum()))
    return tuple(found)


def _pairs(paths: Paths, step: Int64) -> Int64:
    """For each step the number of its activity and what it follows; of its activity alone where that pair is rare."""
    log = paths.log
    width = len(log.activities) + 1
    before = np.where(paths.predecessor[step] >= 0, log.activity[np.maximum(paths.predecessor[step], 0)], width - 1)
    pair = log.activity[step].astype(np.int64) * (width + 1) + before
    _, code, count = np.unique(pair, return_inverse=True, return_counts=True)
    return np.where(count[code] >= ENOUGH, pair, log.activity[step].astype(np.int64) * (width + 1) + width)


def _groups(staffing: Staffing) -> list[tuple[list[int], list[int]]]:
    """Queues that the same people serve, and these people's resource codes."""
    found: dict[tuple[int, ...], list[int]] = {}
    for q in range(len(staffing.lines.activity)):
        teams = tuple(k for k, t in enumerate(staffing.teams) if q in t.queues)
        if teams:
            found.setdefault(teams, []).append(q)
    return [
        (queues, np.flatnonzero(np.isin(staffing.team_of_resource, teams)).tolist()) for teams, queues in found.items()
    ]


def _less(spans: Int64, holes: Int64) -> Int64:
    if len(spans) == 0 or len(holes) == 0:
        return spans
    kept = without(spans[:, 0].copy(), spans[:, 1].copy(), holes[:, 0].copy(), holes[:, 1].copy())
    return np.stack(kept, axis=1)


def _merged(spans: Int64) -> Int64:
    """Sorted, disjoint stretches that cover the same time."""
    if len(spans) == 0:
        return spans
    order = np.argsort(spans[:, 0], kind="stable")
    begin, end = spans[order, 0], np.maximum.accumulate(spans[order, 1])
    new = np.concatenate([[True], begin[1:] > end[:-1]])
    last = np.concatenate([np.flatnonzero(new)[1:] - 1, [len(begin) - 1]])
    return np.stack([begin[new], end[last]], axis=1)


def _distributions(paths: Paths, step: Int64, low: Int64, high: Int64) -> tuple[Int64, tuple[Distribution, ...], Int64]:
    """(distribution of each step, the distributions, their activities): one for each pair of an activity and what it follows."""
    log = paths.log
    key = _pairs(paths, step)
    group = np.full(log.n_steps, -1, dtype=np.int64)
    found: list[Distribution] = []
    activity: list[int] = []
    for k in np.unique(key):
        mine = step[key == k]
        bounded = low[mine] < high[mine]
        if not bounded.any():
            continue
        group[mine[bounded]] = len(found)
        found.append(bounded_distribution(low[mine], high[mine]))
        activity.append(int(log.activity[mine[0]]))
    return group, tuple(found), np.array(activity, dtype=np.int64)
