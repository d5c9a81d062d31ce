"""Work that stays with a person: whoever did an earlier step of a case does the later ones too.

An adjuster who has assessed a claim keeps it: questions about it and later assessments wait for her, though colleagues are
free. No record says so. It shows in who does what: the later steps of a case are done by the same person far more often
than if they fell to anybody who is there.

For two activities of one pool, an *earlier* and a *later* one (or one that comes again), a *return* is a step of the
later that begins after a step of the earlier was completed in the case, once whoever did that has turned to something
else in between: who goes straight on with a case says nothing about who would have taken it up again. (The latest such
step counts.) The share of returns that are done by the same person is compared with the share expected if each fell to
somebody of those who serve the activity and are on duty as it begins, in proportion to how much of the activity each of
them does. Of the returns that would by chance go to somebody else, the part that nevertheless stays is what is *kept*:
(share - expected) / (1 - expected). The later activity is kept with the earlier where at least `KEPT` of them are.

Activities that are kept with each other are one *task*. In a case, steps of one task that were done by one person are
*bound* to the first of them, so that a case that was handed on is bound to whoever had it since.

What can't be told: why work stays (cases are owned, or split by something that no column shows, as by the first letter
of a name; then the first step is bound too, and is taken for free); what happens to the cases of somebody who leaves or
falls ill for long: they are taken to wait, except that a person who is taken away leaves no cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from streamline.log.event_log import EventLog
from streamline.whatif.staffing import Staffing, Team

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

#: Work stays with a person where this share of the returns is kept that would by chance go to somebody else.
KEPT = 0.75
#: Returns that two activities need for that to be told.
ENOUGH = 50
#: Returns that are looked at, evenly spaced over the log.
LOOKED_AT = 2_000
#: Where chance alone gives this share of returns to the same person, one person does nearly all and nothing can be told.
ALONE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How often a later activity of a case is done by whoever did an earlier one."""

    #: Codes of the activities, and the place of their pool.
    earlier: int
    later: int
    pool: int
    #: Returns that were looked at.
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
    #: Every pair of activities with enough returns.
    pairs: tuple[Kept, ...] = field(repr=False)
    caveats: tuple[str, ...] = ()

    @classmethod
    def none(cls, n_steps: int) -> OwnCases:
        """No step stays with anybody."""
        return cls(
            bond=np.full(n_steps, -1, dtype=np.int32), bound=np.zeros(n_steps, dtype=np.bool_), pairs=(), caveats=()
        )


def found_own_cases(log: EventLog, staffing: Staffing) -> OwnCases:
    """Find the work that stays with a person; see the module's text."""
    assert log.resource is not None
    who = np.where(staffing.staffed, log.resource.codes, -1).astype(np.int64)
    pool = np.where(who >= 0, staffing.pools.pool_of_resource[np.maximum(who, 0)], -1)
    pairs: list[Kept] = []
    for p in range(len(staffing.pools.pools)):
        people = np.flatnonzero((staffing.pools.pool_of_resource == p) & (staffing.team_of_resource >= 0))
        if len(people) >= 2:
            pairs += _pairs_of_pool(log, staffing, p, np.flatnonzero(pool == p), who, people)
    stays = [k for k in pairs if k.stays]
    task = _tasks(stays, len(log.activities), len(staffing.pools.pools))
    own = np.where(pool >= 0, task[np.maximum(pool, 0), log.activity], -1)
    some = np.flatnonzero(own >= 0)
    if len(some) == 0:
        return replace(OwnCases.none(log.n_steps), pairs=tuple(pairs))
    bond = np.full(log.n_steps, -1, dtype=np.int32)
    bond[some] = np.unique(own[some] * len(log.resource.names) + who[some], return_inverse=True)[1]
    return OwnCases(
        bond=bond,
        bound=anchors(log.case_of_step, bond) >= 0,
        pairs=tuple(pairs),
        caveats=_words(log, staffing, stays, task),
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


def _pairs_of_pool(log: EventLog, staffing: Staffing, pool: int, step: Int64, who: Int64, people: Int64) -> list[Kept]:
    """All pairs of a pool's activities with enough returns. step : the steps that its people did."""
    found: list[Kept] = []
    count = np.bincount(log.activity[step], minlength=len(log.activities))
    mine = [int(a) for a in np.flatnonzero(count >= ENOUGH)]
    begun = [np.sort(log.start[step[who[step] == r]]) for r in people]
    place = np.full(len(staffing.team_of_resource), -1, dtype=np.int64)
    place[people] = np.arange(len(people))
    case = log.case_of_step[step]
    for earlier in mine:
        latest = np.where(log.activity[step] == earlier, np.arange(len(step)), -1)
        latest = np.concatenate([[-1], np.maximum.accumulate(latest)[:-1]])
        again = (latest >= 0) & (case[np.maximum(latest, 0)] == case)
        again[again] = log.complete[step[latest[again]]] <= log.start[step[again]]
        for later in mine:
            at = np.flatnonzero(again & (log.activity[step] == later))
            first, then = step[latest[at]], step[at]
            left = _turned_away(begun, place[who[first]], log.complete[first], log.start[then])
            first, then = first[left], then[left]
            if len(then) < ENOUGH:
                continue
            chosen = np.unique(np.linspace(0, len(then) - 1, min(len(then), LOOKED_AT)).astype(np.int64))
            first, then = first[chosen], then[chosen]
            found.append(
                Kept(
                    earlier=earlier,
                    later=later,
                    pool=pool,
                    n=len(then),
                    share=float((who[first] == who[then]).mean()),
                    expected=_expected(log, staffing, who, first, then),
                )
            )
    return found


def _turned_away(begun: Sequence[Int64], person: Int64, since: Int64, until: Int64) -> Bool:
    """Whether each person began something from one instant on and before another. begun : sorted, one array a person."""
    result = np.zeros(len(person), dtype=np.bool_)
    for r in np.unique(person):
        mine = person == r
        result[mine] = np.searchsorted(begun[r], since[mine]) < np.searchsorted(begun[r], until[mine])
    return result


def _expected(log: EventLog, staffing: Staffing, who: Int64, first: Int64, then: Int64) -> float:
    """Share of later steps that the earlier one's person would do if they fell to those on duty at random."""
    queue = staffing.lines.of_step
    total, same = np.zeros(len(then)), np.zeros(len(then))
    for q in np.unique(queue[then]):
        here = np.flatnonzero(queue[then] == q)
        at = log.start[then[here]]
        weight = np.bincount(who[(queue == q) & (who >= 0)], minlength=len(staffing.team_of_resource))
        for r in np.flatnonzero(weight):
            hours = staffing.teams[int(staffing.team_of_resource[r])].hours
            k = np.searchsorted(hours[:, 1], at, side="right")
            there = (k < len(hours)) & (hours[np.minimum(k, len(hours) - 1), 0] <= at) if len(hours) else at < 0
            there = there | (who[then[here]] == r)
            total[here] += weight[r] * there
            same[here] += weight[r] * (there & (who[first[here]] == r))
    return float((same / total).mean())


def _tasks(stays: Sequence[Kept], n_activities: int, n_pools: int) -> Int64:
    """(pools, activities): the task that an activity belongs to in a pool, named after its lowest; -1 for none."""
    task = np.full((n_pools, n_activities), -1, dtype=np.int64)
    for k in stays:
        for a in (k.earlier, k.later):
            if task[k.pool, a] < 0:
                task[k.pool, a] = k.pool * n_activities + a
        one, two = task[k.pool, k.earlier], task[k.pool, k.later]
        task[task == max(one, two)] = min(one, two)
    return task


def _words(log: EventLog, staffing: Staffing, stays: Sequence[Kept], task: Int64) -> tuple[str, ...]:
    """What is assumed, one sentence a task."""
    said = []
    for t in np.unique(task[task >= 0]):
        mine = [k for k in stays if task[k.pool, k.later] == t]
        n = sum(k.n for k in mine)
        share = sum(k.n * k.share for k in mine) / n
        expected = sum(k.n * k.expected for k in mine) / n
        names = sorted({log.activities[a] for k in mine for a in (k.earlier, k.later)})
        said.append(
            f"Work stays with a person in {', '.join(names)} ({staffing.pools.pools[mine[0].pool]}): {share:.0%} of returns to a "
            f"case are done by whoever had done the step before, where {expected:.0%} would be by chance. Such steps are "
            "replayed as waiting for that person, whoever else is free."
        )
    return tuple(said)


__all__ = ["KEPT", "Kept", "OwnCases", "anchors", "apart", "found_own_cases"]
