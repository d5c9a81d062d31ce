"""Where the absences of people lie on the clock, between what is known of them, within their steps, and after the log.

Between: what is known of a person is when she is at work, when she began a step as it was enabled (she was there just before),
when a step without a delay waited for her (she was away), and when somebody else began a step at once while she seemed free
too (she is somewhat likelier away, the more readily she takes steps when she is there). She leaves and comes back at
constant rates, which are those that fit all of it best, with the others of her group (a hidden Markov model in moments of
two minutes). In most free time nobody waits and little is known, so these rates may come out low where many people are
seldom needed. Absence is of the clock, so people leave as often in an hour of free time as in an hour of work: where more of
it is found within steps, that rate is taken.

Within steps: `stats.interrupted`. The absence lies anywhere in the step.

All these are the absences that there were, beside the log's own cases. Where what happens to cases is drawn anew, absences
are too: each week of a person's are those of any week of any of her group, so that draws differ by as much as such luck does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.away import AT_WORK, AWAY, THERE, UNKNOWN, away_given, comings_and_goings
from streamline.log.event_log import EventLog
from streamline.measure.waits.path import Paths
from streamline.stats.choices import readiness
from streamline.stats.interrupted import Interruptions, interruptions
from streamline.units import HOUR, MINUTE, WEEK
from streamline.whatif.spans import Clock, less, merged, shared
from streamline.whatif.staffing import Staffing
from streamline.whatif.trials import SURE, Trials, inside

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: Time is told in moments of this length.
MOMENT = 2 * MINUTE
#: Rounds of the estimate of how often people leave and come back, at most; it has settled when neither chance moves by more.
ROUNDS, SETTLED = 60, 1e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class Comings:
    """How people of one group come and go while they are at work on no step."""

    clock: dict[int, Clock]
    #: What is known of each moment of a person's clock, and how many times likelier what was seen is if she was away.
    known: dict[int, Int64]
    odds: dict[int, Float]
    #: Time in which each seems free, and first and last instant of the log.
    seeming: dict[int, Int64]
    period: tuple[int, int]
    #: Chances of leaving, and of coming back, by the next moment.
    leave: float
    back: float

    @property
    def share(self) -> float:
        """Share of the time that they are away, where nothing is known."""
        return self.leave / (self.leave + self.back)

    @property
    def mean_hours(self) -> float:
        """Mean length of an absence."""
        return MOMENT / HOUR / self.back

    def drawn(self, rng: np.random.Generator) -> dict[int, Int64]:
        """One way in which they may have been away: in time in which they seem free, and at any time after the log."""
        result = {}
        for r, clock in self.clock.items():
            way = away_given(self.known[r], self.odds[r], self.leave, self.back, rng.random(len(self.known[r])))
            edge = np.flatnonzero(np.diff(np.concatenate([[0], way, [0]])))
            spans = clock.spans(edge[::2] * MOMENT, edge[1::2] * MOMENT)
            before = spans[:, 0] < self.period[1]
            result[r] = merged(np.concatenate([shared(spans[before], self.seeming[r]), spans[~before]]))
        return result


def comings_of(
    log: EventLog,
    staffing: Staffing,
    *,
    away: dict[int, Int64],
    seeming: Sequence[Int64],
    begun: tuple[Int64, Int64],
    passed: dict[int, tuple[Int64, Float]],
    within: float,
) -> Comings:
    """How the people come and go of whom it is known when they were `away`; see the module's text.

    away, seeming : by resource code, (n, 2). begun : who began a step as it was enabled, and when. passed : see `passed_over`.
    within : absence in an hour of their work.
    """
    period = log.period
    clock = {r: Clock(staffing.hours_of(r)) for r in away}
    known: dict[int, Int64] = {}
    odds: dict[int, Float] = {}
    until: dict[int, int] = {}
    for r, gone in away.items():
        n = int(clock[r].total // MOMENT) + 1
        first, until[r] = (clock[r].at(np.array(period)) // MOMENT).tolist()
        code = np.full(n, UNKNOWN, dtype=np.int64)
        at_work = _covered(clock[r], seeming[r], n) < 0.5
        at_work[:first] = at_work[until[r] + 1 :] = False
        code[at_work] = AT_WORK
        there = clock[r].at(begun[1][begun[0] == r] - 1) // MOMENT
        code[there[code[there] == UNKNOWN]] = THERE
        code[_covered(clock[r], gone, n) > 0.5] = AWAY
        when, likelier = passed[r]
        known[r] = code
        odds[r] = np.exp(np.bincount(clock[r].at(when - 1) // MOMENT, weights=np.log(likelier), minlength=n))
    leave, back = 0.01, 0.05
    for _ in range(ROUNDS):
        count = np.sum([comings_and_goings(known[r][: until[r]], odds[r], leave, back) for r in away], axis=0)
        before = leave, back
        leave = float(np.clip(count[1] / max(count[0], 1.0), 1e-6, 0.5))
        back = float(np.clip(count[3] / max(count[2], 1.0), 1e-6, 0.5))
        if max(abs(leave - before[0]), abs(back - before[1])) < SETTLED:
            break
    return Comings(
        clock=clock, known=known, odds=odds, seeming={r: seeming[r] for r in away}, period=period,
        leave=float(np.clip(within * back, leave, 0.5)), back=back,
    )  # fmt: skip


def passed_over(
    paths: Paths, trials: Trials, kinds: Int64, seeming: Sequence[Int64], share: float
) -> dict[int, tuple[Int64, Float]]:
    """When somebody else began a step at once while a person seemed free too, and how many times likelier if she was away.

    By resource code of each of the trials' people. kinds : of steps without a delay. share : chance that any of the others
    who seem free is away. How readily each person takes steps is told by who takes them (`stats.choices`): that somebody who
    seldom does when others can didn't take one says little.
    """
    log = paths.log
    assert log.resource is not None
    mine = ~trials.late & (trials.free < SURE) & np.isin(trials.kind, kinds)
    at, who = paths.enabled[trials.step[mine]], log.resource.codes[trials.step[mine]]
    offered = np.stack([inside(seeming[r], at) | (who == r) for r in trials.people], axis=1)
    known = np.isin(who, trials.people)
    at, who, offered = at[known], who[known], offered[known]
    taken = np.searchsorted(trials.people, who).astype(np.int64)
    ready = readiness(offered, taken)
    everyone, taker = offered @ ready, ready[taken]
    result = {}
    for k, r in enumerate(trials.people):
        seen = offered[:, k] & (taken != k)
        others = (1 - share) * np.maximum(everyone - taker - ready[k], 0.0)
        result[r] = at[seen], (1 + ready[k] / np.maximum(taker + others, 1e-12))[seen]
    return result


def other_weeks(
    away: dict[int, Int64], hours: dict[int, Int64], period: tuple[int, int], rng: np.random.Generator
) -> dict[int, Int64]:
    """Absences of a group as they might have been: each week of each person has those of a week of one of them, drawn at random.

    away, hours : by resource code, (n, 2): when they were away, and on duty. period : first and last instant of the log, from
    which weeks are counted; whole ones are drawn from. After it nothing changes, and a log shorter than a week stays as it is.
    """
    first, last = period
    n_weeks = (last - first) // WEEK
    if n_weeks == 0:
        return dict(away)
    people = list(away)
    week = [first + v * WEEK + np.array([[0, WEEK]]) for v in range(n_weeks)]
    of_week = [[shared(away[r], w) - first - v * WEEK for v, w in enumerate(week)] for r in people]
    wanted = -(-(last - first) // WEEK)
    result = {}
    for r in people:
        who, when = rng.integers(len(people), size=wanted), rng.integers(n_weeks, size=wanted)
        drawn = [of_week[q][v] + first + w * WEEK for w, (q, v) in enumerate(zip(who, when, strict=True))]
        inside = less(merged(np.concatenate(drawn)), np.array([[last, last + 2 * WEEK]]))
        later = away[r][away[r][:, 0] >= last]
        result[r] = merged(np.concatenate([shared(inside, hours[r]), later]))
    return result


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


@dataclass(frozen=True, kw_only=True, eq=False)
class WithinSteps:
    """Absences within the steps of some people."""

    staffing: Staffing
    #: The steps, what sort of work each is, and how long it took on duty, hours.
    step: Int64
    kind: Int64
    hours: Float
    found: Interruptions

    @property
    def for_an_hour(self) -> float:
        """Absence for an hour of work."""
        return self.found.rate * self.found.mean_length

    def drawn(self, rng: np.random.Generator, work: Int64) -> dict[int, Int64]:
        """One way in which they may have been away within steps, by person; takes it off the `work` of each step."""
        log = self.staffing.log
        assert log.resource is not None
        lost = np.rint(self.found.drawn(self.hours, self.kind, rng) * HOUR).astype(np.int64)
        who = log.resource.codes[self.step]
        begun = (rng.random(len(lost)) * (work[self.step] - lost)).astype(np.int64)
        result = {}
        for r in np.unique(who).tolist():
            own = np.flatnonzero((who == r) & (lost > 0))
            clock = Clock(self.staffing.hours_of(r))
            since = clock.at(log.start[self.step[own]]) + begun[own]
            order = np.argsort(since)
            result[r] = merged(clock.spans(since[order], (since + lost[own])[order]))
        work[self.step] -= lost
        return result


def within_steps(staffing: Staffing, *, people: Sequence[int], most: float) -> WithinSteps:
    """Find the absences within steps of people who hold one step at a time; no more than `most` for an hour of work."""
    log = staffing.log
    assert log.resource is not None
    alone = [r for r in people if staffing.teams[int(staffing.team_of_resource[r])].places == 1]
    codes = log.resource.codes
    step = np.flatnonzero(staffing.staffed & np.isin(codes, alone) & (staffing.work > 0))
    clock = {r: Clock(staffing.hours_of(r)) for r in alone}
    on_duty = np.zeros(len(step), dtype=np.bool_)
    for r in alone:
        mine = codes[step] == r
        on_duty[mine] = clock[r].at(log.complete[step[mine]]) > clock[r].at(log.start[step[mine]])
    step = step[on_duty]
    hours = staffing.work[step] / HOUR
    kind = np.unique(log.activity[step], return_inverse=True)[1].astype(np.int64)
    longest = max((clock[r].longest_day(log.period) for r in alone), default=0) / HOUR
    return WithinSteps(
        staffing=staffing, step=step, kind=kind, hours=hours,
        found=interruptions(hours, kind, longest=max(longest, MOMENT / HOUR), most=most),
    )  # fmt: skip
