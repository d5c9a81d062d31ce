"""Work that stays with a person: whoever did an earlier step of a case does the later ones too.

An adjuster who has assessed a claim keeps it: questions about it and later assessments wait for her, though colleagues are
free. No record says so. It shows in who does what: the later steps of a case are done by the same person far more often
than if they fell to anybody who is there.

For two activities, an *earlier* and a *later* one (or one that comes again), a *return* is a step of the later that begins
after a step of the earlier was completed in the case, once whoever did that has turned to something else in between: who
goes straight on with a case says nothing about who would have taken it up again. (The latest such step counts.) The share
of returns that are done by the same person is compared with the share expected if each fell, by chance, to one of those
who serve the activity, are on duty as it begins and are seen to begin something on that day, in proportion to how much of
the activity each of them does. Of the returns that would by chance go to somebody else, the part that nevertheless stays is
*kept*: (share - expected) / (1 - expected). The later activity stays with the earlier where at least `KEPT` are. This is
told for the people of each pool apart: one may keep cases, and another not.

Activities that stay with each other are one *task*, as long as that holds for the returns among all of them together. In a
case, steps of one task that were done by one person are
*bound* to the first of them, so that a case that was handed on is bound to whoever had it since.

Cases of somebody who is off for long wait for her or are *handed on*. Where her returns that came while she was off for longer
than so long went to others, beyond chance, steps that are bound to her go to others in the replay too when they become
ready and she is off for longer than that. Where the log shows no such thing, they wait for her.

What can't be told: why work stays (cases are owned, or split by something that no column shows, as by the first letter
of a name; then the first step is bound too, and is taken for free); and what happens to cases that wait already when she
goes: these are taken to wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from streamline.kernels.queues import NEVER
from streamline.log.event_log import EventLog
from streamline.measure.periods import local_time
from streamline.units import DAY, HOUR
from streamline.whatif.staffing import Staffing, Team

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

#: Work stays with a person where this share of the returns is kept that would by chance go to somebody else.
KEPT = 0.75
#: Returns that two activities need for that to be told.
ENOUGH = 50
#: Returns of a pair that are looked at.
LOOKED_AT = 2_000
#: Returns that went to others while the person was off are no chance below this p-value (binomial).
HANDED_ON = 0.001
#: Where chance alone gives this share of returns to the same person, one person does nearly all and nothing can be told.
ALONE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How often a later activity of a case is done by whoever did an earlier one."""

    #: Codes of the activities, and the place of their pool.
    earlier: int
    later: int
    pool: int
    #: Returns; of very many some are looked at, evenly spaced over the log.
    n: int
    #: Share of them done by the same person, and the share expected by chance.
    share: float
    expected: float

    @property
    def kept(self) -> float:
        """Of the returns that would by chance go to somebody else, the part that stays with the person."""
        return (self.share - self.expected) / (1 - self.expected) if self.expected < 1 else 0.0

    @property
    def stays(self) -> bool:
        """Whether the work stays with a person."""
        return self.n >= ENOUGH and self.expected <= ALONE and self.kept >= KEPT


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnCases:
    """Which steps of a log stay with a person."""

    #: One a step: the person and task that bind it, as a number; -1 where nothing does. Steps of a case with one number
    #: stay with whoever does the first of them.
    bond: Int32
    #: Steps that are bound to an earlier one of their case.
    bound: Bool
    #: One a step, microseconds: for how long a bound step waits for its person to come on duty; NEVER where that isn't limited.
    longest_off: Int64
    #: Every pair of activities with enough returns.
    pairs: tuple[Kept, ...] = field(repr=False)
    caveats: tuple[str, ...] = ()

    @classmethod
    def none(cls, n_steps: int) -> OwnCases:
        """No step stays with anybody."""
        return cls(
            bond=np.full(n_steps, -1, dtype=np.int32),
            bound=np.zeros(n_steps, dtype=np.bool_),
            longest_off=np.full(n_steps, NEVER, dtype=np.int64),
            pairs=(),
        )


def found_own_cases(log: EventLog, staffing: Staffing, *, enabled: Int64) -> OwnCases:
    """Find the work that stays with a person; see the module's text. enabled : when each step was, see `paths`."""
    assert log.resource is not None
    who = np.where(staffing.staffed, log.resource.codes, -1).astype(np.int64)
    pools = staffing.pools.pool_of_resource
    pairs = _pairs(log, staffing, who)
    task = _tasks([k for k in pairs if k.stays], pairs, len(log.activities), len(staffing.pools.pools))
    own = np.where(who >= 0, task[np.maximum(pools[np.maximum(who, 0)], 0), log.activity], -1)
    some = np.flatnonzero(own >= 0)
    if len(some) == 0:
        return replace(OwnCases.none(log.n_steps), pairs=pairs)
    bond = np.full(log.n_steps, -1, dtype=np.int32)
    bond[some] = np.unique(own[some] * len(pools) + who[some], return_inverse=True)[1]
    longest = {
        int(t): _longest_off(log, staffing, np.flatnonzero(own == t), who, enabled) for t in np.unique(own[some])
    }
    longest_off = np.full(log.n_steps, NEVER, dtype=np.int64)
    for t, off in longest.items():
        longest_off[own == t] = off
    return OwnCases(
        bond=bond,
        bound=anchors(log.case_of_step, bond) >= 0,
        longest_off=longest_off,
        pairs=pairs,
        caveats=_words(log, staffing, pairs, task, longest),
    )


def anchors(case: Int64, bond: Int32) -> Int64:
    """For each step the first of its case with the same bond, -1 for that one itself and for steps without a bond."""
    some = np.flatnonzero(bond >= 0)
    width = int(bond.max(initial=0)) + 1
    _, first, code = np.unique(case[some] * width + bond[some], return_index=True, return_inverse=True)
    anchor = np.full(len(bond), -1, dtype=np.int64)
    anchor[some] = some[first][code]
    anchor[anchor == np.arange(len(bond))] = -1
    return anchor


def apart(teams: Sequence[Team], queues: frozenset[int]) -> tuple[list[Team], Int64]:
    """Every person of those who serve one of these queues in a team of her own; and one flag a team, 1 for these teams."""
    single: list[Team] = []
    turns: list[int] = []
    for t in teams:
        mine = bool(queues & set(t.queues))
        single += [replace(t, size=1)] * t.size if mine else [t]
        turns += [1] * t.size if mine else [0]
    return single, np.array(turns, dtype=np.int64)


def _pairs(log: EventLog, staffing: Staffing, who: Int64) -> tuple[Kept, ...]:
    """All pairs of activities with enough returns, by the pool of whoever did the earlier one; none whose later activity nobody
    of that pool does. who : -1 for steps without staff."""
    found: list[Kept] = []
    step = np.flatnonzero((who >= 0) & (staffing.team_of_resource[np.maximum(who, 0)] >= 0))
    case, activity = log.case_of_step[step], log.activity[step]
    pool = staffing.pools.pool_of_resource[who[step]]
    together = np.bincount(pool[np.unique(who[step], return_index=True)[1]], minlength=len(staffing.pools.pools))
    begun = _begun(who[step], log.start[step], len(staffing.team_of_resource))
    chance = _Chance(log, staffing, who)
    often = np.flatnonzero(np.bincount(activity, minlength=len(log.activities)) >= ENOUGH)
    for earlier in often:
        latest = np.where(activity == earlier, np.arange(len(step)), -1)
        latest = np.concatenate([[-1], np.maximum.accumulate(latest)[:-1]])
        again = (latest >= 0) & (case[np.maximum(latest, 0)] == case) & (together[pool[np.maximum(latest, 0)]] >= 2)
        again[again] = log.complete[step[latest[again]]] <= log.start[step[again]]
        at = np.flatnonzero(again)
        first = step[latest[at]]
        at = at[_turned_away(begun, who[first], log.complete[first], log.start[step[at]])]
        key = pool[latest[at]] * len(log.activities) + activity[at]
        for k in np.unique(key):
            mine = at[key == k]
            if len(mine) < ENOUGH:
                continue
            seen = mine[np.unique(np.linspace(0, len(mine) - 1, min(len(mine), LOOKED_AT)).astype(np.int64))]
            first, then = step[latest[seen]], step[seen]
            expected = chance.of_the_same(first, then)
            if expected > 0:
                found.append(
                    Kept(
                        earlier=int(earlier),
                        later=int(k % len(log.activities)),
                        pool=int(k // len(log.activities)),
                        n=len(mine),
                        share=float((who[first] == who[then]).mean()),
                        expected=expected,
                    )
                )
    return tuple(found)


def _begun(who: Int64, start: Int64, n_people: int) -> list[Int64]:
    """When each person began something, in order."""
    order = np.lexsort((start, who))
    return np.split(start[order], np.searchsorted(who[order], np.arange(1, n_people)))


def _turned_away(begun: Sequence[Int64], person: Int64, since: Int64, until: Int64) -> Bool:
    """Whether each person began something from one instant on and before another. begun : sorted, one array a person."""
    result = np.zeros(len(person), dtype=np.bool_)
    for r in np.unique(person):
        mine = person == r
        result[mine] = np.searchsorted(begun[r], since[mine]) < np.searchsorted(begun[r], until[mine])
    return result


class _Chance:
    """To whom steps would fall by chance."""

    def __init__(self, log: EventLog, staffing: Staffing, who: Int64) -> None:
        self._log, self._staffing, self._who = log, staffing, who
        self._day = local_time(log, log.start) // DAY
        some = np.flatnonzero(who >= 0)
        self._width = int(self._day[some].max(initial=0)) + 1
        self._seen = np.unique(who[some] * self._width + self._day[some])

    def of_the_same(self, first: Int64, then: Int64) -> float:
        """Share of later steps that would be done by whoever did the earlier one."""
        queue, who = self._staffing.lines.of_step, self._who
        total, same = np.zeros(len(then)), np.zeros(len(then))
        for q in np.unique(queue[then]):
            here = np.flatnonzero(queue[then] == q)
            weight = np.bincount(who[(queue == q) & (who >= 0)], minlength=len(self._staffing.team_of_resource))
            for r in np.flatnonzero(weight):
                there = self._there(int(r), then[here]) | (who[then[here]] == r)
                total[here] += weight[r] * there
                same[here] += weight[r] * (there & (who[first[here]] == r))
        return float((same / total).mean())

    def _there(self, person: int, step: Int64) -> Bool:
        """Whether a person is on duty as each step begins, and is seen to begin something on that day."""
        hours = self._staffing.teams[int(self._staffing.team_of_resource[person])].hours
        if len(hours) == 0:
            return np.zeros(len(step), dtype=np.bool_)
        at = self._log.start[step]
        k = np.searchsorted(hours[:, 1], at, side="right")
        on_duty = (k < len(hours)) & (hours[np.minimum(k, len(hours) - 1), 0] <= at)
        key = person * self._width + self._day[step]
        place = np.minimum(np.searchsorted(self._seen, key), len(self._seen) - 1)
        return np.asarray(on_duty & (self._seen[place] == key), dtype=np.bool_)


def _tasks(stays: Sequence[Kept], pairs: Sequence[Kept], n_activities: int, n_pools: int) -> Int64:
    """(pools, activities): the task that an activity belongs to in a pool, named after one of them; -1 for none.

    stays : the pairs that make tasks, those with most returns first, unless the returns among all activities of a task would
    no longer be kept often enough; pairs : all of them.
    """
    task = np.full((n_pools, n_activities), -1, dtype=np.int64)
    for k in sorted(stays, key=lambda k: -k.n):
        mine = {k.earlier, k.later}
        for a in (k.earlier, k.later):
            if task[k.pool, a] >= 0:
                mine |= set(np.flatnonzero(task[k.pool] == task[k.pool, a]).tolist())
        share, expected, _ = _together([p for p in pairs if p.pool == k.pool and {p.earlier, p.later} <= mine])
        if share - expected >= KEPT * (1 - expected):
            task[k.pool, list(mine)] = k.pool * n_activities + min(mine)
    return task


def _longest_off(log: EventLog, staffing: Staffing, step: Int64, who: Int64, enabled: Int64) -> int:
    """For how long steps of one task wait for a person who is off, microseconds; NEVER where none is seen to be handed on.

    It is the time that best tells those done by the same person from others, if these are more beyond it than by chance: half
    way between the longest on one side and the shortest on the other.
    """
    again = np.flatnonzero(log.case_of_step[step[1:]] == log.case_of_step[step[:-1]])
    again = again[log.complete[step[again]] <= log.start[step[again + 1]]]
    first, then = step[again], step[again + 1]
    off = np.zeros(len(then), dtype=np.int64)
    for r in np.unique(who[first]):
        mine = who[first] == r
        hours = staffing.teams[int(staffing.team_of_resource[r])].hours
        at = enabled[then[mine]]
        k = np.searchsorted(hours[:, 1], at, side="right")
        opens = np.append(hours[:, 0], np.iinfo(np.int64).max // 2)[k]
        off[mine] = np.maximum(opens - at, 0)
    order = np.argsort(-off, kind="stable")
    off, gone = off[order], (who[first] != who[then])[order]
    # the more go to others beyond a time, less those that don't, the better it tells; ties in time stay together
    better = np.cumsum(np.where(gone, 1, -1))
    ends = np.flatnonzero(np.append(off[1:] != off[:-1], False)) if len(off) else np.zeros(0, dtype=np.int64)
    if len(ends) == 0:
        return NEVER
    best = int(ends[np.argmax(better[ends])])
    beyond = gone[: best + 1]
    if (
        better[best] <= 0
        or binomtest(int(beyond.sum()), len(beyond), float(gone.mean()), "greater").pvalue >= HANDED_ON
    ):
        return NEVER
    return int(off[best] // 2 + off[best + 1] // 2)


def _together(pairs: Sequence[Kept]) -> tuple[float, float, int]:
    """(share, expected share, number) of the returns of some pairs."""
    n = sum(k.n for k in pairs)
    return sum(k.n * k.share for k in pairs) / n, sum(k.n * k.expected for k in pairs) / n, n


def _words(
    log: EventLog, staffing: Staffing, pairs: Sequence[Kept], task: Int64, longest: Mapping[int, int]
) -> tuple[str, ...]:
    """What is assumed, one sentence a task."""
    said = []
    for t in np.unique(task[task >= 0]).tolist():
        mine = [k for k in pairs if task[k.pool, k.earlier] == t and task[k.pool, k.later] == t]
        share, expected, n = _together(mine)
        names = sorted({log.activities[a] for k in mine for a in (k.earlier, k.later)})
        said.append(
            f"Work stays with a person in {', '.join(names)} ({staffing.pools.pools[mine[0].pool]}): {share:.0%} of {n:,} "
            f"returns to a case are done by whoever had done the step before, where {expected:.0%} would be by chance. Such "
            "steps are replayed as waiting for that person, whoever else is free"
            + (
                "."
                if longest[t] == NEVER
                else f", unless she or he is off for more than {longest[t] / HOUR:,.0f} hours."
            )
        )
    return tuple(said)


__all__ = ["KEPT", "Kept", "OwnCases", "anchors", "apart", "found_own_cases"]
