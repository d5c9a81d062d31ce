"""Time of people that no record shows: who seems free, or at work on a step, and is away.

Absence is of the person, and delays are of the case. They are told apart by trials (`stats.shared_absence`): a step that is
enabled while n people seem free is late by a delay as often whatever n is, and by absence only if all n are away. People whose
trials look like absence, beyond chance, count as *absent at times*; where the trials of a step say so its steps had no
delay: what it waited while people seemed free, they were away. Where their own trials are too few to tell, what those
of other people say of the same step decides (three offices do the same, and one has too few people to tell). One
step of a person's that is late while another isn't, however many seem free, has a delay, as before.

Then the absence is placed on the clock of each person:

- *known*: while a step without a delay waits, all who seem free for it are away;
- *between*: the other time in which they seem free. They come and go at constant rates, the lengths those of the known
  absences, so that the share of that time in which they are away is the one that the trials tell, whether work waited
  or not (`kernels.away`);
- *within steps*: steps that took longer than such work takes, by as much as absences last (`stats.interrupted`); no more of it
  for an hour of work than the trials allow. That time is absence and no work;
- *afterwards*: when the log has ended they come and go as before.

Nothing of this happens to people whose trials don't tell of absence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from streamline.kernels.away import AT_WORK, AWAY, THERE, UNKNOWN, away_given, comings_and_goings
from streamline.measure.waits.path import Paths
from streamline.stats.interrupted import interruptions
from streamline.stats.shared_absence import for_absence, likeliest_share, shared_share
from streamline.units import DAY, HOUR, MINUTE
from streamline.whatif.spans import Clock, less, merged, shared
from streamline.whatif.staffing import Staffing

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: Log-likelihood by which absence must explain the trials of a group better than delays do, all its steps together.
PROVEN = 10.0
#: Log-likelihood from which on the trials of one step tell a delay from absence.
TELLING = 2.0
#: So many people seem free where one is there for certain.
SURE = 1_000
#: Trials on time that a kind needs to count as without a delay where nothing speaks for one.
ON_TIME = 20
#: Steps of a kind are always late, by a delay, when this share of their trials is.
MOSTLY = 0.98
#: A step keeps its delay when all who seemed free would be away at once with less than this chance.
UNLIKELY = 0.001
#: Time is told in moments of this length.
MOMENT = MINUTE
#: Rounds of the estimate of how often people leave and come back.
_ROUNDS = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials:
    """Steps of one group of people that were enabled while somebody of it seemed free."""

    people: tuple[int, ...]
    #: Steps, people who seemed free, whether the step began later, and what was done after what.
    step: Int64
    free: Int64
    late: Bool
    kind: Int64
    #: Nobody else was waiting who is late now and then only: trials of one absence count once.
    first: Bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Absent:
    """A group of people who are absent at times."""

    people: tuple[int, ...]
    #: Of the time in which they seem free they are away this share; so often an hour they come back, and leave.
    share: float
    mean_hours: float
    n_trials: int
    #: Absence in an hour of their work.
    within: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Absence:
    """What is found of the absences that no record shows; `groups` is empty where there are none."""

    groups: tuple[Absent, ...]
    #: One a step: it was ready when it was enabled; or, though such steps are, it wasn't and its wait is a delay of its own.
    at_once: Bool = field(repr=False)
    odd: Bool = field(repr=False)
    #: Time away by resource code, (n, 2), sorted and disjoint; those at other times aren't in it.
    away: dict[int, Int64] = field(repr=False)
    #: Working time of each step less the absence in it, microseconds.
    work: Int64 = field(repr=False)


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
    resource seems free. left : the same, less what is known to be absence by the order in which people take steps.
    """
    log = paths.log
    nothing = Absence(
        groups=(), at_once=np.zeros(log.n_steps, dtype=np.bool_), odd=np.zeros(log.n_steps, dtype=np.bool_), away={},
        work=staffing.work,
    )  # fmt: skip
    queue = staffing.lines.of_step
    name_of = dict(zip(kind.tolist(), name.tolist(), strict=True))
    mine = [np.flatnonzero(np.isin(queue[step], queues)) for queues, _ in groups]
    trials, told = _absent_groups(paths, staffing, groups, [(step[m], kind[m]) for m in mine], seeming, left, name_of)
    if not told:
        return nothing
    at_once, odd = nothing.at_once.copy(), nothing.odd.copy()
    known: dict[int, list[Int64]] = {}
    passed: dict[int, list[tuple[Int64, Float]]] = {}
    of_person: dict[int, int] = {}
    for g, (share, kinds) in told.items():
        own = step[mine[g]][np.isin(kind[mine[g]], kinds)]
        waited = own[log.start[own] > paths.enabled[own]]
        spans = [seeming[r] for r in groups[g][1]]
        late = share ** _most_at_once(spans, paths.enabled[waited], log.start[waited]) < UNLIKELY
        odd[waited[late]] = True
        at_once[own] = True
        waiting = merged(np.stack([paths.enabled[waited[~late]], log.start[waited[~late]]], axis=1))
        for r in groups[g][1]:
            known.setdefault(r, []).append(shared(seeming[r], waiting))
            passed.setdefault(r, []).append(_passed_over(paths, trials[g], kinds, r, seeming[r], share))
            if r not in of_person or len(trials[g].step) > len(trials[of_person[r]].step):
                of_person[r] = g
    at_once &= ~odd
    away: dict[int, Int64] = {}
    work = staffing.work.copy()
    found: list[Absent] = []
    rng = np.random.Generator(np.random.PCG64(log.n_steps))
    for g, (share, _) in told.items():
        people = tuple(sorted(r for r, h in of_person.items() if h == g))
        if not people:
            continue
        odds = {
            r: (np.concatenate([at for at, _ in passed[r]]), np.concatenate([x for _, x in passed[r]])) for r in people
        }
        sure = {r: merged(np.concatenate(known[r])) for r in people}
        in_steps, within = _within_steps(paths, staffing, people, share / (1 - share), work, rng)
        begun = _begun_at_once(paths, at_once)
        idle, leave, back = _between(log.period, staffing, people, sure, seeming, begun, odds, within, rng)
        for r in people:
            away[r] = merged(np.concatenate([sure[r], idle[r], in_steps[r]]))
        found.append(
            Absent(
                people=people, share=leave / (leave + back), mean_hours=MOMENT / HOUR / back,
                n_trials=len(trials[g].step), within=within,
            )
        )  # fmt: skip
    return Absence(groups=tuple(found), at_once=at_once, odd=odd, away=away, work=work)


def _trials(
    paths: Paths, staffing: Staffing, step: Int64, kind: Int64, people: Sequence[int], free: Sequence[Int64]
) -> Trials:
    """The trials of one group. Who completes a step just then is there for certain, which is as good as any number of people."""
    log = paths.log
    assert log.resource is not None
    enabled = paths.enabled[step]
    n = np.zeros(len(step), dtype=np.int64)
    for r in people:
        n += _inside(free[r], enabled)
    theirs = staffing.staffed & np.isin(log.resource.codes, people)
    n[np.isin(enabled, log.complete[theirs])] = SURE
    counts = n > 0
    late = log.start[step] > enabled
    _, code = np.unique(kind, return_inverse=True)
    size = np.bincount(code, weights=counts)
    mostly = np.bincount(code, weights=counts & late) >= MOSTLY * size
    waiting = np.flatnonzero(late & ~mostly[code]) if len(step) else np.zeros(0, dtype=np.int64)
    begun, taken = np.sort(enabled[waiting]), np.sort(log.start[step[waiting]])
    enabled_before = enabled < log.start[step]
    taken_then = np.isin(enabled, log.start[step[enabled_before]])  # whoever came free took another
    n_waiting = np.searchsorted(begun, enabled, side="left") - np.searchsorted(taken, enabled, side="left")
    return Trials(
        people=tuple(people), step=step[counts], free=n[counts], late=late[counts], kind=kind[counts],
        first=((n_waiting <= 0) & ~taken_then)[counts],
    )  # fmt: skip


def _inside(spans: Int64, at: Int64) -> Bool:
    """Whether each instant lies in a span, its end included, and its begin not."""
    place = np.searchsorted(spans[:, 0], at, side="left") - 1
    return np.asarray((place >= 0) & (at <= spans[np.maximum(place, 0), 1]) if len(spans) else np.zeros(len(at), bool))


def _absent_groups(
    paths: Paths,
    staffing: Staffing,
    groups: Sequence[tuple[Sequence[int], Sequence[int]]],
    steps: Sequence[tuple[Int64, Int64]],
    seeming: Sequence[Int64],
    left: Sequence[Int64],
    name: dict[int, int],
) -> tuple[list[Trials], dict[int, tuple[float, Int64]]]:
    """(trials of each group; by group, of those absent at times, the share of the time and the kinds without a delay).

    Whether people are absent at times is told by what the order in which people take steps leaves unexplained.
    """
    people = [p for _, p in groups]
    strict_ = [_trials(paths, staffing, *of, p, left) for of, p in zip(steps, people, strict=True)]
    proven = {g for g, t in enumerate(strict_) if _gain(t) >= PROVEN}
    trials = [_trials(paths, staffing, *of, p, seeming) for of, p in zip(steps, people, strict=True)] if proven else strict_
    kinds = [np.unique(t.kind) for t in trials]
    ways: dict[int, set[bool]] = {}
    for g in proven:
        for k, r in zip(kinds[g].tolist(), _ratio(trials[g], kinds[g], _share(trials[g])).tolist(), strict=True):
            if abs(r) > TELLING:
                ways.setdefault(name[k], set()).add(r > 0)
    found: dict[int, tuple[float, Int64]] = {}
    for g, t in enumerate(trials):
        elsewhere = np.array([ways.get(name[int(k)]) == {True} for k in kinds[g]], dtype=np.bool_)
        share = _share(t) if g in proven else 0.0
        absent = elsewhere | (_ratio(t, kinds[g], share) > TELLING if g in proven else False)
        for _ in range(3):  # the share by the kinds, and the kinds by the share
            mine = np.isin(t.kind, kinds[g][absent]) & (t.free < SURE)
            alone = mine & t.first
            if not t.late[alone].any():
                break
            share = likeliest_share(t.free[mine], t.late[mine])
            own = _ratio(t, kinds[g], likeliest_share(t.free[alone], t.late[alone]))
            absent = elsewhere & (own >= -TELLING)
            if g in proven:
                absent |= own > TELLING
            if absent.any():
                absent |= (own >= -TELLING) & (_on_time(t, kinds[g]) >= ON_TIME)
            found[g] = share, kinds[g][absent]
    return trials, {g: (q, k) for g, (q, k) in found.items() if len(k)}


def _share(t: Trials) -> float:
    kinds, code = np.unique(t.kind[t.first], return_inverse=True)
    return shared_share(t.free[t.first], t.late[t.first], code, n_kinds=len(kinds))


def _ratio(t: Trials, kinds: Int64, share: float) -> Float:
    """How much rather each kind of a group's trials looks like absence with this chance than like a delay."""
    code = np.searchsorted(kinds, t.kind[t.first])
    return for_absence(t.free[t.first], t.late[t.first], code, n_kinds=len(kinds), share=share)


def _on_time(t: Trials, kinds: Int64) -> Int64:
    """How many trials of each kind began at once."""
    return np.bincount(np.searchsorted(kinds, t.kind[t.first & ~t.late]), minlength=len(kinds))


def _gain(t: Trials) -> float:
    """How much better absence explains a group's trials, each kind going to whichever explains it better."""
    kinds = np.unique(t.kind)
    return float(np.maximum(_ratio(t, kinds, _share(t)), 0.0).sum()) if len(t.step) else 0.0


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


def _begun_at_once(paths: Paths, at_once: Bool) -> tuple[Int64, Int64]:
    """(who, when) of steps that were begun as they were enabled: whoever did was there just before."""
    log = paths.log
    assert log.resource is not None
    mine = np.flatnonzero(at_once & (log.start == paths.enabled))
    return log.resource.codes[mine].astype(np.int64), log.start[mine]


def _passed_over(
    paths: Paths, trials: Trials, kinds: Int64, person: int, seeming: Int64, share: float
) -> tuple[Int64, Float]:
    """(when somebody else began a step at once while this person seemed free too; how many times likelier if she was away).

    Whoever is there of those who seem free is taken to be as likely to begin it as the others who are.
    """
    log = paths.log
    assert log.resource is not None
    mine = ~trials.late & (trials.free >= 2) & (trials.free < SURE) & np.isin(trials.kind, kinds)
    mine &= log.resource.codes[trials.step] != person
    at, n = paths.enabled[trials.step[mine]], trials.free[mine]
    seen = _inside(seeming, at)
    at, n = at[seen], n[seen]
    sizes = np.unique(n)
    ratio = np.array([_taken(int(k) - 2, 1 - share, 1) / _taken(int(k) - 2, 1 - share, 2) for k in sizes])
    return at, ratio[np.searchsorted(sizes, n)] if len(n) else np.zeros(0)


def _taken(others: int, there: float, besides: int) -> float:
    """The mean of 1 / (besides + those of the others who are there, each with this chance)."""
    k = np.arange(others + 1)
    return float(binom.pmf(k, others, there) @ (1.0 / (besides + k)))


def _between(
    period: tuple[int, int],
    staffing: Staffing,
    people: Sequence[int],
    known: dict[int, Int64],
    seeming: Sequence[Int64],
    begun: tuple[Int64, Int64],
    passed: dict[int, tuple[Int64, Float]],
    within: float,
    rng: np.random.Generator,
) -> tuple[dict[int, Int64], float, float]:
    """(absences in time of which nothing is known, by person; how often a moment they leave; and come back)."""
    clock = {r: Clock(staffing.teams[int(staffing.team_of_resource[r])].hours) for r in people}
    state: dict[int, Int64] = {}
    odds: dict[int, Float] = {}
    until: dict[int, int] = {}
    for r in people:
        n = int(clock[r].total // MOMENT) + 1
        first, last = (clock[r].at(np.array(period)) // MOMENT).tolist()
        until[r] = last
        code = np.full(n, UNKNOWN, dtype=np.int64)
        code[first : last + 1][_covered(clock[r], seeming[r], n)[first : last + 1] < 0.5] = AT_WORK
        there = clock[r].at(begun[1][begun[0] == r] - 1) // MOMENT
        code[there[code[there] == UNKNOWN]] = THERE
        code[_covered(clock[r], known[r], n) > 0.5] = AWAY
        state[r] = code
        when, likelier = passed.get(r, (np.zeros(0, dtype=np.int64), np.zeros(0)))
        odds[r] = np.exp(np.bincount(clock[r].at(when - 1) // MOMENT, weights=np.log(likelier), minlength=n)[:n])
    leave, back = 0.01, 0.05
    for _ in range(_ROUNDS):
        count = np.sum([comings_and_goings(state[r][: until[r]], odds[r], leave, back) for r in people], axis=0)
        leave, back = (float(np.clip(v, 1e-6, 0.5)) for v in (count[1] / max(count[0], 1), count[3] / max(count[2], 1)))
    leave = float(np.clip(within * back, leave, 0.5))
    result = {}
    for r in people:
        way = away_given(state[r], odds[r], leave, back, rng.random(len(state[r])))
        edge = np.flatnonzero(np.diff(np.concatenate([[0], way, [0]])))
        spans = clock[r].spans(edge[::2] * MOMENT, edge[1::2] * MOMENT)
        inside_log = shared(spans[spans[:, 0] < period[1]], seeming[r])
        result[r] = merged(np.concatenate([inside_log, spans[spans[:, 0] >= period[1]]]))
    return result, leave, back


def _covered(clock: Clock, spans: Int64, n: int) -> Float:
    """The share of each moment of a clock that lies in the spans."""
    begin, end = clock.at(spans[:, 0]), clock.at(spans[:, 1])
    edge = np.arange(n + 1) * MOMENT
    before = np.concatenate([[0], np.cumsum(end - begin)])
    place = np.searchsorted(begin, edge, side="right") - 1
    some = np.maximum(place, 0)
    if len(begin) == 0:
        return np.zeros(n)
    covered = np.where(place >= 0, before[some] + np.minimum(np.maximum(edge - begin[some], 0), (end - begin)[some]), 0)
    return np.asarray(np.diff(covered) / MOMENT, dtype=np.float64)


def _within_steps(
    paths: Paths, staffing: Staffing, people: Sequence[int], most: float, work: Int64,
    rng: np.random.Generator,
) -> tuple[dict[int, Int64], float]:  # fmt: skip
    """(absences within steps by person, absence in an hour of work); takes them off `work`."""
    log = paths.log
    assert log.resource is not None
    result = {r: np.zeros((0, 2), dtype=np.int64) for r in people}
    codes = log.resource.codes
    mine = np.flatnonzero(staffing.staffed & np.isin(codes, people) & (work > 0))
    alone = {r: staffing.teams[int(staffing.team_of_resource[r])].places == 1 for r in people}
    mine = mine[np.array([alone[int(r)] for r in codes[mine]], dtype=np.bool_)] if len(mine) else mine
    if len(mine) == 0:
        return result, 0.0
    hours = work[mine] / HOUR
    longest = max(
        Clock(staffing.teams[int(staffing.team_of_resource[r])].hours).longest_day(log.period) for r in people
    )
    _, kind = np.unique(log.activity[mine], return_inverse=True)
    found = interruptions(
        hours, kind.astype(np.int64), longest=longest / HOUR, most=most
    )  # fmt: skip
    lost = np.rint(found.drawn(hours, kind.astype(np.int64), rng) * HOUR).astype(np.int64)
    for r in people:
        own = np.flatnonzero((codes[mine] == r) & (lost > 0))
        if len(own) == 0:
            continue
        clock = Clock(staffing.teams[int(staffing.team_of_resource[r])].hours)
        begun = clock.at(log.start[mine[own]])
        begun += (rng.random(len(own)) * (work[mine[own]] - lost[own])).astype(np.int64)
        order = np.argsort(begun)
        result[r] = merged(clock.spans(begun[order], (begun + lost[own])[order]))
    total = float((work[mine] - lost).sum())
    work[mine] -= lost
    return result, float(lost.sum()) / total if total else 0.0


__all__ = ["DAY", "Absence", "Absent", "found_absence"]
