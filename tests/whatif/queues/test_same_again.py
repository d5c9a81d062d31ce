"""The records of a first-come service whose staff is known, replayed as they are: every instant comes out again, to
the microsecond."""

from __future__ import annotations

import random

import numpy as np
import pytest
from simple_service import DAY, HOUR, MINUTE, MONDAY, Case, Person, Step, arrivals_in, frame_of, serve, weekdays

from streamline.log.calendar import Calendar
from streamline.log.read import read_log
from streamline.whatif.queue_model import fit_queues

OFFICE = Calendar(hours={"mon-fri": "08:00-17:00"})
ROLES = {"case": "case", "activity": "activity", "start": "start", "complete": "complete", "resource": "person",
         "arrival": "arrived", "timezone": "UTC"}  # fmt: skip


def minutes(rng: random.Random, mean: float) -> int:
    """A length of work, exponential, at least a minute; hardly ever the same twice."""
    return MINUTE + int(rng.expovariate(1 / (mean * MINUTE)))


def read(cases, **options):
    return read_log(frame_of(cases), **{**ROLES, **options})


def unserved(cases):
    """The same cases as they come, before anybody has served them."""
    for case in cases:
        for s in case.steps:
            s.ready = s.start = s.complete = -1
            s.person = None
    return cases


def missed(model, seed=1):
    """(steps that don't begin when they did, steps that don't end when they did)."""
    work = model.workload(model.weeks.own(), np.random.default_rng(seed))
    replayed = work.replayed()
    log = model.log
    return int((replayed.start != log.start[work.step]).sum()), int(
        (replayed.complete != log.complete[work.step]).sum()
    )


CLERKS = [Person(p, (a,), weekdays(20)) for p, a in (("ann", "Check"), ("amy", "Check"), ("bob", "Decide"))]


def one_after_another(seed, *, n=400, weeks=6):
    """Two clerks check (90% busy), one officer decides."""
    rng = random.Random(seed)
    cases = [
        Case(f"c{k}", at, [Step("Check", minutes(rng, 66)), Step("Decide", minutes(rng, 28), after=(0,))])
        for k, at in enumerate(arrivals_in(weekdays(weeks), n, rng))
    ]
    serve(cases, CLERKS)
    return cases


def with_loops(seed):
    """Checks come again, up to three times, after the customer's answer, which takes days."""
    rng = random.Random(seed)
    hours = weekdays(20)
    cases = []
    for k, at in enumerate(arrivals_in(weekdays(8), 300, rng)):
        steps = [Step("Check", minutes(rng, 40))]
        while rng.random() < 0.4 and len(steps) < 7:
            steps.append(Step("Answer", int(rng.expovariate(1 / (3 * DAY))) + 1, after=(len(steps) - 1,), alone=True))
            steps.append(Step("Check", minutes(rng, 40), after=(len(steps) - 1,)))
        steps.append(Step("Decide", minutes(rng, 50), after=(len(steps) - 1,)))
        cases.append(Case(f"c{k}", at, steps))
    serve(cases, [Person("ann", ("Check",), hours), Person("amy", ("Decide",), hours)])
    return cases


def side_by_side(seed):
    """After intake two opinions at once, each by other people; the decision waits for both."""
    rng = random.Random(seed)
    hours = weekdays(20)
    cases = [
        Case(
            f"c{k}",
            at,
            [
                Step("Intake", minutes(rng, 20)),
                Step("Fire", minutes(rng, 45), after=(0,)),
                Step("Roads", minutes(rng, 45), after=(0,)),
                Step("Decide", minutes(rng, 45), after=(1, 2)),
            ],
        )
        for k, at in enumerate(arrivals_in(weekdays(6), 250, rng))
    ]
    serve(
        cases,
        [Person(p, (a,), hours) for p, a in (("ann", "Intake"), ("bob", "Fire"), ("cy", "Roads"), ("dee", "Decide"))],
    )
    return cases


def shared_staff(seed):
    """Three serve checks and decisions alike, oldest first."""
    rng = random.Random(seed)
    hours = weekdays(20)
    cases = [
        Case(f"c{k}", at, [Step("Check", minutes(rng, 60)), Step("Decide", minutes(rng, 60), after=(0,))])
        for k, at in enumerate(arrivals_in(weekdays(6), 350, rng))
    ]
    serve(cases, [Person(p, ("Check", "Decide"), hours) for p in ("ann", "bob", "cy")])
    return cases


@pytest.mark.parametrize("make", [one_after_another, with_loops, side_by_side, shared_staff])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_instant_again(make, seed):
    model = fit_queues(read(make(seed), external=["Answer"] if make is with_loops else []), calendar=OFFICE)
    assert missed(model) == (0, 0)


def weekly_release(seed):
    """Checked as they come, signed on Thursdays from 13:00 on, by two who have nothing else to do."""
    rng = random.Random(seed)
    hours = weekdays(40)
    cases = [
        Case(f"c{k}", at, [Step("Check", minutes(rng, 60)), Step("Sign", minutes(rng, 12), after=(0,))])
        for k, at in enumerate(arrivals_in(weekdays(26), 900, rng))
    ]
    people = [Person("ann", ("Check",), hours), Person("sue", ("Sign",), hours)]
    serve(cases, people, releases={"Sign": [MONDAY + (7 * w + 3) * DAY + 13 * HOUR for w in range(60)]})
    return cases


@pytest.mark.parametrize("seed", [1, 2])
def test_every_instant_again_with_a_weekly_release(seed):
    model = fit_queues(read(weekly_release(seed)), calendar=OFFICE)
    assert [model.log.activities[s.activity] for s in model.schedules] == ["Sign"]
    assert missed(model) == (0, 0)


def offices(seed):
    """North and south have a clerk each, who takes no case of the other."""
    rng = random.Random(seed)
    hours = weekdays(20)
    cases = []
    for k, at in enumerate(arrivals_in(weekdays(6), 380, rng)):
        office = rng.choice(["north", "south"])
        step = Step("Check", minutes(rng, 60), queue=office)
        cases.append(Case(f"c{k}", at, [step], {"office": office}))
    serve(cases, [Person("ann", ("north",), hours), Person("bob", ("south",), hours)])
    return cases


@pytest.mark.parametrize("seed", [1, 2])
def test_every_instant_again_in_two_offices(seed):
    model = fit_queues(read(offices(seed), attributes=["office"]), calendar=OFFICE)
    assert missed(model) == (0, 0)
    # without the attribute nobody can tell, and who is free in the wrong office takes cases of the other
    assert missed(fit_queues(read(offices(seed)), calendar=OFFICE))[0] > 20


def test_a_service_that_is_not_first_come_does_not_come_out_again():
    """Last come, first served, by the same people: the tests above can fail."""
    cases = one_after_another(1)
    serve(unserved(cases), CLERKS, last_come=True)
    assert missed(fit_queues(read(cases), calendar=OFFICE))[0] > 100
