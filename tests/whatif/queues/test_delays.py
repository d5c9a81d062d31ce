"""Delays that a queue hides, and people who are away: found where they were made, and not where they weren't."""

from __future__ import annotations

import random

import numpy as np
import pytest
from simple_service import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Case,
    Person,
    Step,
    arrivals_in,
    frame_of,
    serve,
    weekdays,
)

from streamline.log.calendar import Calendar
from streamline.log.read import read_log
from streamline.whatif.queue_model import fit_queues
from streamline.whatif.staffing import YEARS_AFTER

OFFICE = Calendar(hours={"mon-fri": "08:00-17:00"})
ALWAYS = Calendar.always()
ROLES = {"case": "case", "activity": "activity", "start": "start", "complete": "complete", "resource": "person",
         "arrival": "arrived", "timezone": "UTC"}  # fmt: skip
ROUND_THE_CLOCK = [(MONDAY, MONDAY + 400 * DAY)]


def minutes(rng: random.Random, mean: float) -> int:
    return MINUTE + int(rng.expovariate(1 / (mean * MINUTE)))


def delayed(seed, *, mean_hours, n=1_500, load=0.7):
    """A clerk checks, another decides; a decision isn't ready for exponential hours after the check. Both are always there, and
    a case comes every hour. Returns the true mean of the delays, hours, and the model."""
    rng = random.Random(seed)
    arrivals = arrivals_in([(MONDAY, MONDAY + n * HOUR)], n, rng)
    cases = [
        Case(
            f"c{k}",
            at,
            [
                Step("Check", minutes(rng, 20)),
                Step("Decide", minutes(rng, 60 * load), after=(0,),
                     delay=int(rng.expovariate(1 / (mean_hours * HOUR))) if mean_hours else 0),
            ],
        )
        for k, at in enumerate(arrivals)
    ]  # fmt: skip
    serve(cases, [Person("ann", ("Check",), ROUND_THE_CLOCK), Person("bob", ("Decide",), ROUND_THE_CLOCK)])
    true = np.mean([c.steps[1].delay for c in cases]) / HOUR
    return float(true), fit_queues(read_log(frame_of(cases), **ROLES), calendar=ALWAYS)


def told(model, seed=1):
    """Mean delay of decisions as drawn, hours."""
    mine = np.flatnonzero(model.log.activity == model.log.activity_code("Decide"))
    return float(model.delays.drawn(np.random.default_rng(seed), mine).mean()) / HOUR


@pytest.mark.parametrize(
    ("load", "mean_hours"),
    [
        (0.3, 0.5),
        (0.7, 2.0),
    ],
)
def test_hidden_delays_are_found_on_average(load, mean_hours):
    """Twelve services: the mean drawn differs from the mean made by no more than four standard errors of the difference."""
    off = []
    for seed in range(12):
        true, model = delayed(seed, mean_hours=mean_hours, load=load)
        mine = model.log.activity == model.log.activity_code("Decide")
        known = mine & (model.delays.low == model.delays.high)
        assert 0.1 < known[mine].mean() < 0.9  # some are hidden, some are not
        off.append(told(model, seed) - true)
    assert abs(np.mean(off)) < 4 * np.std(off, ddof=1) / np.sqrt(len(off))


def test_known_delays_are_the_ones_made():
    """Where the bounds of a delay meet they hold the delay itself, and else they hold it between them."""
    rng = random.Random(3)
    cases = [
        Case(f"c{k}", at, [Step("Check", minutes(rng, 20)),
                           Step("Decide", minutes(rng, 40), after=(0,), delay=int(rng.expovariate(1 / (2 * HOUR))))])
        for k, at in enumerate(arrivals_in([(MONDAY, MONDAY + 60 * DAY)], 1_500, rng))
    ]  # fmt: skip
    serve(cases, [Person("ann", ("Check",), ROUND_THE_CLOCK), Person("bob", ("Decide",), ROUND_THE_CLOCK)])
    model = fit_queues(read_log(frame_of(cases), **ROLES), calendar=ALWAYS)
    made = {c.id: c.steps[1].delay for c in cases}
    mine = np.flatnonzero(model.log.activity == model.log.activity_code("Decide"))
    true = np.array([made[str(c)] for c in model.log.case_id_array(model.log.case_of_step[mine])])
    low, high = model.delays.low[mine], model.delays.high[mine]
    assert (low <= true).all()
    assert (true <= high).all()
    assert (low == high).mean() > 0.2


def test_what_is_begun_between_two_that_are_known_became_ready_between_them():
    """Ann checks, which needs no delay, and decides, which does, in the order in which things became ready. Each check that
    waited tells of the decisions begun around it, within bounds that hold the delays made."""
    rng = random.Random(6)
    cases = [
        Case(f"c{k}", at, [Step("Check", minutes(rng, 20)),
                           Step("Decide", minutes(rng, 25), after=(0,), delay=int(rng.expovariate(1 / (2 * HOUR))))])
        for k, at in enumerate(arrivals_in([(MONDAY, MONDAY + 60 * DAY)], 1_500, rng))
    ]  # fmt: skip
    serve(cases, [Person("ann", ("Check", "Decide"), ROUND_THE_CLOCK)])
    model = fit_queues(read_log(frame_of(cases), **ROLES), calendar=ALWAYS)
    made = {c.id: c.steps[1].delay for c in cases}
    log = model.log
    mine = np.flatnonzero(log.activity == log.activity_code("Decide"))
    true = np.array([made[str(c)] for c in log.case_id_array(log.case_of_step[mine])])
    low, high = model.delays.low[mine], model.delays.high[mine]
    assert (low <= true).all()
    assert (true <= high).all()
    tighter = high < log.start[mine] - model.paths.enabled[mine]  # than until it was begun
    assert tighter[low < high].mean() > 0.2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_delays_there_are_exactly_none(seed):
    _, model = delayed(seed, mean_hours=0.0, load=0.9)
    assert (model.paths.waiting > HOUR).mean() > 0.1  # there are queues that could hide some
    assert (model.delays.low == 0).all()
    assert (model.delays.high == 0).all()
    assert told(model) == 0.0


def joined(spans):
    """Stretches that touch or overlap as one."""
    found = []
    for begin, end in sorted(spans):
        if found and found[-1][1] >= begin:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def away(seed, *, share):
    """Two clerks check in office hours, 24 weeks; each is away for that share of the day, in blocks of half an hour
    that no record shows."""
    rng = random.Random(seed)
    people, gone = [], {}
    for name in ("ann", "amy"):
        blocks = [(at, at + HOUR // 2) for begin, end in weekdays(60) for at in range(begin, end, HOUR // 2)]
        out = {b for b in blocks if rng.random() < share}
        people.append(Person(name, ("Check",), joined(b for b in blocks if b not in out)))
        gone[name] = joined(out)
    cases = [
        Case(f"c{k}", at, [Step("Check", minutes(rng, 20))])
        for k, at in enumerate(arrivals_in(weekdays(24), 3_000, rng))
    ]
    serve(cases, people)
    return cases, gone, fit_queues(read_log(frame_of(cases), **ROLES), calendar=OFFICE)


def missed_hours(cases, gone):
    """Hours in which a case waited that the one clerk then began as she ended another, while the other clerk was away
    and idle to the end."""
    steps = [c.steps[0] for c in cases]
    ends = {name: {s.complete for s in steps if s.person == name} for name in gone}
    found = {name: [] for name in gone}
    for case, s in zip(cases, steps, strict=True):
        if s.start == case.arrival or s.start not in ends[s.person]:
            continue
        other = "amy" if s.person == "ann" else "ann"
        idle_since = max((t.complete for t in steps if t.person == other and t.complete <= s.start), default=0)
        if any(t.person == other and t.start < s.start < t.complete for t in steps):
            continue
        for begin, end in gone[other]:
            if begin < s.start <= end:
                found[other].append((max(begin, case.arrival, idle_since), s.start))
    return sum(e - b for spans in found.values() for b, e in joined(spans)) / HOUR


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_people_who_are_there_are_not_found_away(seed):
    _, _, model = away(seed, share=0.0)
    assert model.delays.away_hours.tolist() == [0.0]
    assert model.delays.free_hours[0] > 1_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_people_who_are_seldom_away_are_found_so_while_others_work_off_what_waits(seed):
    """Too seldom for the trials to tell of absence (`test_absence`), but what is seen of it is taken off."""
    cases, gone, model = away(seed, share=0.03)
    there = missed_hours(cases, gone)
    assert there > 0.5
    assert model.delays.absence.groups == ()
    assert model.delays.away_hours[0] == pytest.approx(there, rel=0.05)
    # and they aren't there for others then: their hours in the replay lack that time
    first, last = model.log.period
    office = np.diff(OFFICE.openings(first - 7 * DAY, last + YEARS_AFTER * 366 * DAY), axis=1).sum()
    lacking = sum(t.size * (office - np.diff(t.hours, axis=1).sum()) for t in model.staffing.teams) / HOUR
    assert lacking == pytest.approx(model.delays.away_hours[0])


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_people_who_are_often_away_are_found_away_when_nobody_is_there_too(share):
    """Many times what is missed while the other works, and no more than they were."""
    cases, gone, model = away(1, share=share)
    assert len(model.delays.absence.groups) == 1
    assert model.delays.absence.groups[0].share == pytest.approx(share, rel=0.3)
    last = model.log.period[1]
    true = sum(e - b for spans in gone.values() for b, e in spans if e < last) / HOUR
    assert 5 * missed_hours(cases, gone) < model.delays.away_hours[0] < true


def test_without_recorded_arrivals_the_wait_before_the_first_step_is_told_from_the_queue():
    """A clerk 90% busy; the records begin with the check. How long cases really stood before it can't be more than
    the bounds allow, and the time drawn lies anywhere within them."""
    rng = random.Random(5)
    cases = [
        Case(f"c{k}", at, [Step("Check", minutes(rng, 53)), Step("Send", 0, after=(0,), alone=True)])
        for k, at in enumerate(arrivals_in([(MONDAY, MONDAY + 2_000 * HOUR)], 2_000, rng))
    ]
    serve(cases, [Person("ann", ("Check",), ROUND_THE_CLOCK)])
    roles = {k: v for k, v in ROLES.items() if k != "arrival"}
    log = read_log(frame_of(cases, arrivals=False), **roles)
    model = fit_queues(log, calendar=ALWAYS)
    assert model.arrival_is_start
    came = {c.id: c.arrival for c in cases}
    first = log.case_offsets[:-1]
    waited = log.start[first] - np.array([came[str(c)] for c in log.case_id_array(np.arange(log.n_cases))])
    assert (waited >= 0).all()
    hidden = model.delays.hidden[first]
    assert (waited[1:] <= hidden[1:] + 1).all()
    assert (hidden[waited == 0] == 0).all()
    # the time of a case runs from its first start, as in the records, so the replay's is that of the log
    work = model.workload(model.weeks.own(), np.random.default_rng(1))
    assert (work.arrival <= log.arrival).all()
    earlier = (log.arrival - work.arrival)[hidden > 0]
    assert (earlier <= hidden[hidden > 0]).all()
    assert earlier.mean() == pytest.approx(hidden[hidden > 0].mean() / 2, rel=0.1)  # anywhere within the bounds
    replayed = work.replayed()
    assert (replayed.complete - replayed.start == log.complete - log.start).all()


def test_recorded_arrivals_are_kept():
    _, model = delayed(1, mean_hours=2.0)
    assert not model.arrival_is_start
    assert (model.delays.hidden == 0).all()
    work = model.workload(model.weeks.own(), np.random.default_rng(1))
    assert (work.arrival == model.log.arrival).all()
