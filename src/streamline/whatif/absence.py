"""Time of people that no record shows: who seems free, or at work on a step, and is away.

Absence is of the person, and delays are of the case. They are told apart by trials (`trials`, `stats.shared_absence`): a step
that is enabled while n people seem free is late by a delay as often whatever n is, and by absence only if all n are away.
People whose trials look like absence, beyond chance, count as *absent at times*; where the trials of a step say so its
steps had no delay: while one waited and people seemed free, they were away. Where their own trials are too few to tell,
what those of other people say of the same step decides (three offices do the same, and one has too few people to
tell). A step keeps its delay, as before, where it is late while so many seem free that they can't all be away, or while one
who was there took another.

Then the absence is placed on the clock of each person (`whereabouts`): where it is known; in the other time in which she seems
free; within steps that took longer than such work takes; and after the log has ended. What isn't known is drawn, in `WAYS` ways.
Each draw of an estimate takes one of `ANEW` ways in which absences might have been with other luck.

Nothing of this happens to people whose trials don't tell of absence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from streamline.measure.waits.path import Paths
from streamline.units import counted
from streamline.whatif.spans import merged, shared
from streamline.whatif.staffing import AwayWay, Staffing
from streamline.whatif.trials import absent_groups, inside
from streamline.whatif.whereabouts import comings_of, other_weeks, passed_over, within_steps

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: A step keeps its delay when all who seemed free would be away at once with less than this chance.
UNLIKELY = 0.001
#: Ways in which people may have been away that are drawn; and in which they might have been, with other luck.
WAYS, ANEW = 8, 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Absent:
    """A group of people who are absent at times."""

    people: tuple[int, ...]
    #: Where nothing is known they are away this share of the time, for so long on average.
    share: float
    mean_hours: float
    #: Absence within steps, for an hour of work.
    within: float
    n_trials: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Absence:
    """What is found of the absences that no record shows; `groups` is empty where there are none."""

    groups: tuple[Absent, ...]
    #: One a step: it was ready when it was enabled; or, though such steps are, it wasn't and its wait is a delay of its own.
    at_once: Bool = field(repr=False)
    odd: Bool = field(repr=False)
    #: How they may have been away, beside the log's own cases, at least one; and beside cases that are drawn, none where nobody
    #: was.
    ways: tuple[AwayWay, ...] = field(repr=False)
    anew: tuple[AwayWay, ...] = field(repr=False)

    def caveats(self, staffing: Staffing) -> tuple[str, ...]:
        """What is to be said of it, a sentence or two a group."""
        said = []
        for g in self.groups:
            pools = sorted({staffing.pools.pools[int(staffing.pools.pool_of_resource[r])] for r in g.people})
            said.append(
                f"{', '.join(pools)}: {counted(len(g.people), 'person', 'people')} who seem free, or at work on a step, are away "
                f"for about {g.share:.0%} of the time ({g.mean_hours:,.1f} hours at a stretch), though no record shows it: a "
                "step is late the less often the more of them seem free, which a delay of the case wouldn't heed. The replay "
                "goes without them in that time, placed as the records allow and else by chance."
            )
        return tuple(said)


def found_absence(
    paths: Paths,
    staffing: Staffing,
    *,
    groups: Sequence[tuple[Sequence[int], Sequence[int]]],
    step: Int64,
    kind: Int64,
    name: Int64,
    seeming: Sequence[Int64],
    left: Sequence[Int64],
) -> Absence:
    """Find the absences of a log; see the module's text.

    groups : queues that the same people serve, and these people's codes. step : steps that wait for people and nothing else.
    kind : of each of them, what is done after what, in which line; name : the same for all lines. seeming : time in which each
    resource seems free. left : the same, less what the order in which people take steps shows to be absence.
    """
    log = paths.log
    at_once, odd = np.zeros(log.n_steps, dtype=np.bool_), np.zeros(log.n_steps, dtype=np.bool_)
    name_of = dict(zip(kind.tolist(), name.tolist(), strict=True))
    mine = [np.flatnonzero(np.isin(staffing.lines.of_step[step], queues)) for queues, _ in groups]
    trials, told = absent_groups(
        paths, staffing, groups=[p for _, p in groups], steps=[(step[m], kind[m]) for m in mine], seeming=seeming, left=left,
        name=name_of,
    )  # fmt: skip
    known: dict[int, list[Int64]] = {}
    passed: dict[int, list[tuple[Int64, Float]]] = {}
    of_person: dict[int, int] = {}
    for g, (share, kinds) in told.items():
        people = groups[g][1]
        own = step[mine[g]][np.isin(kind[mine[g]], kinds)]
        waited = own[log.start[own] > paths.enabled[own]]
        most = _most_at_once([seeming[r] for r in people], paths.enabled[waited], log.start[waited])
        its_own = (share**most < UNLIKELY) | _passed_by(paths, own, waited, people, seeming)
        at_once[own], odd[waited[its_own]] = True, True
        waited = waited[~its_own]
        waiting = merged(np.stack([paths.enabled[waited], log.start[waited]], axis=1))
        over = passed_over(paths, trials[g], kinds, seeming, share)
        for r in people:
            known.setdefault(r, []).append(shared(seeming[r], waiting))
            passed.setdefault(r, []).append(over[r])
            if r not in of_person or len(trials[g].step) > len(trials[of_person[r]].step):
                of_person[r] = g  # who serves in several groups comes and goes with the one that tells most of her
    at_once &= ~odd
    rng = np.random.Generator(np.random.PCG64(log.n_steps))
    ways = [AwayWay(away={}, work=staffing.work.copy()) for _ in range(WAYS if told else 1)]
    anew = [AwayWay(away={}, work=ways[k % WAYS].work) for k in range(ANEW if told else 0)]
    found: list[Absent] = []
    begun = _begun_at_once(paths, at_once)
    for g, (share, _) in told.items():
        theirs = tuple(sorted(r for r, h in of_person.items() if h == g))
        if not theirs:
            continue
        sure = {r: merged(np.concatenate(known[r])) for r in theirs}
        odds = {r: _joined(passed[r]) for r in theirs}
        at_work = within_steps(staffing, people=theirs, most=share / (1 - share))
        comings = comings_of(
            log, staffing, away=sure, seeming=seeming, begun=begun, passed=odds, within=at_work.for_an_hour
        )
        for way in ways:
            idle, in_steps = comings.drawn(rng), at_work.drawn(rng, way.work)
            for r in theirs:
                parts = [sure[r], idle[r], *([in_steps[r]] if r in in_steps else [])]
                way.away[r] = merged(np.concatenate(parts))
        hours = {r: staffing.hours_of(r) for r in theirs}
        for k, way in enumerate(anew):
            before = {r: ways[k % WAYS].away[r] for r in theirs}
            way.away.update(other_weeks(before, hours, log.period, rng))
        found.append(
            Absent(
                people=theirs, share=comings.share, mean_hours=comings.mean_hours, within=at_work.for_an_hour,
                n_trials=len(trials[g].step),
            )
        )  # fmt: skip
    return Absence(groups=tuple(found), at_once=at_once, odd=odd, ways=tuple(ways), anew=tuple(anew))


def _most_at_once(spans: Sequence[Int64], since: Int64, until: Int64) -> Int64:
    """For each stretch the most people who seem free at one time in it."""
    every = np.concatenate(spans)
    at = np.concatenate([every[:, 0], every[:, 1]])
    order = np.argsort(at, kind="stable")
    at = at[order]
    level = np.cumsum(np.repeat([1, -1], len(every))[order])
    first, last = np.searchsorted(at, since, side="right") - 1, np.searchsorted(at, until, side="left")
    return np.array(
        [max(level[max(i, 0) : j].max(initial=0), 0) for i, j in zip(first, last, strict=True)], dtype=np.int64
    )  # fmt: skip


def _passed_by(paths: Paths, step: Int64, waited: Int64, people: Sequence[int], seeming: Sequence[Int64]) -> Bool:
    """Which of the steps that waited were passed by: somebody who was free, and there, took another in the meantime.

    Who had been free and begins a step in the very moment in which it is enabled had been there just before.
    """
    log = paths.log
    assert log.resource is not None
    fresh = step[log.start[step] == paths.enabled[step]]
    who, at = log.resource.codes[fresh], log.start[fresh]
    there = np.zeros(len(fresh), dtype=np.bool_)
    for r in people:
        mine = who == r
        there[mine] = inside(seeming[r], at[mine])
    taken = np.sort(at[there])
    first = np.searchsorted(taken, paths.enabled[waited], side="right")
    return np.asarray(np.searchsorted(taken, log.start[waited], side="left") > first, dtype=np.bool_)


def _begun_at_once(paths: Paths, at_once: Bool) -> tuple[Int64, Int64]:
    """(who, when) of steps that were begun as they were enabled: whoever did was there just before."""
    log = paths.log
    assert log.resource is not None
    mine = np.flatnonzero(at_once & (log.start == paths.enabled))
    return log.resource.codes[mine].astype(np.int64), log.start[mine]


def _joined(parts: Sequence[tuple[Int64, Float]]) -> tuple[Int64, Float]:
    return np.concatenate([at for at, _ in parts]), np.concatenate([x for _, x in parts])
