"""Draws: what depends on the seed and the draw only, what changes nothing, and what more staff can do."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pandas as pd
import pytest
from simple_service import (
    DAY,
    HOUR,
    MINUTE,
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
from streamline.whatif.change import (
    AddCapacity,
    Automate,
    ChangeDemand,
    ChangeHours,
    Divert,
    PoolResources,
    ReduceRework,
    RemoveStep,
    ShortenExternal,
    SpeedUp,
)
from streamline.whatif.draws import OWN, bind, drawn
from streamline.whatif.figures import Measures
from streamline.whatif.prices import Prices
from streamline.whatif.queue_model import fit_queues

OFFICE = Calendar(hours={"mon-fri": "08:00-17:00"})
ROLES = {"case": "case", "activity": "activity", "start": "start", "complete": "complete", "resource": "person",
         "arrival": "arrived", "channel": "by", "external": ["Answer"], "timezone": "UTC"}  # fmt: skip


def minutes(rng, mean):
    return MINUTE + int(rng.expovariate(1 / (mean * MINUTE)))


def permits(seed=1, n=300, weeks=8):
    """Ann and amy check, three in ten come back after the customer's answer; bob decides a while after that. Nine in
    ten of their hours."""
    rng = random.Random(seed)
    cases = []
    for k, at in enumerate(arrivals_in(weekdays(weeks), n, rng)):
        steps = [Step("Check", minutes(rng, 75))]
        while rng.random() < 0.3:
            steps.append(Step("Answer", int(rng.expovariate(1 / (2 * DAY))) + 1, after=(len(steps) - 1,), alone=True))
            steps.append(Step("Check", minutes(rng, 75), after=(len(steps) - 1,)))
        delay = int(rng.expovariate(1 / (5 * HOUR)))
        steps.append(Step("Decide", minutes(rng, 60), after=(len(steps) - 1,), delay=delay))
        cases.append(Case(f"c{k}", at, steps, {"by": rng.choice(["mail", "web"])}))
    hours = weekdays(30)
    serve(
        cases, [Person("ann", ("Check",), hours), Person("amy", ("Check",), hours), Person("bob", ("Decide",), hours)]
    )
    return cases


def model_of(frame, **options):
    return fit_queues(read_log(frame, **{**ROLES, **options}), calendar=OFFICE)


@pytest.fixture(scope="module")
def model():
    return model_of(frame_of(permits()))


@pytest.fixture(scope="module")
def measures(model):
    return Measures(model, standard=10 * DAY, prices=Prices(currency="USD", staff_hour=50.0))


SCENARIOS = (
    (AddCapacity(activity="Check", staff=1),),
    (ReduceRework(through="Answer", by=0.5, low=0.2, high=0.8), SpeedUp(activity="Decide", by=0.2, low=0.1, high=0.3)),
    (ChangeDemand(by=0.1),),
    (RemoveStep(activity="Check", share=0.3),),
)


def figures(model, measures, scenarios, **options):
    bound = [bind(model, changes) for changes in scenarios]
    return drawn(model, measures, bound, **{"draws": range(6), "seed": 1, **options})


def test_a_draw_depends_on_the_seed_and_its_number_only(model, measures):
    """However many workers, in another order, in two parts, beside other scenarios: the same numbers, bit by bit."""
    found = figures(model, measures, SCENARIOS)
    assert len(np.unique(found.as_is[:, 0])) == 6
    for workers in (2, 3):
        again = figures(model, measures, SCENARIOS, workers=workers)
        assert (again.as_is == found.as_is).all()
        assert (again.to_be == found.to_be).all()
    order = [4, 0, 5, 2, 1, 3]
    again = figures(model, measures, SCENARIOS, draws=order)
    assert (again.as_is == found.as_is[order]).all()
    assert (again.to_be == found.to_be[:, order]).all()
    parts = figures(model, measures, SCENARIOS, draws=range(2)).joined(
        figures(model, measures, SCENARIOS, draws=range(2, 6))
    )
    assert (parts.to_be == found.to_be).all()
    for k, changes in enumerate(SCENARIOS):
        alone = figures(model, measures, [changes])
        assert (alone.to_be[0] == found.to_be[k]).all()
        assert (alone.as_is == found.as_is).all()
    assert (figures(model, measures, SCENARIOS, seed=2).as_is != found.as_is)[:, 0].all()


def test_progress_is_told_once_a_draw(model, measures):
    for workers in (1, 2):
        told = []
        figures(model, measures, SCENARIOS[:1], workers=workers, progress=lambda *at, told=told: told.append(at))
        assert told == [(k, 6) for k in range(1, 7)]


@pytest.mark.parametrize(
    "change",
    [
        AddCapacity(activity="Check", staff=0),
        SpeedUp(activity="Check", by=0),
        RemoveStep(activity="Check", share=0),
        ReduceRework(through="Answer", by=0),
        ShortenExternal(activity="Answer", by=0),
        ChangeDemand(by=0),
        Divert(channel="mail", to="web", share=0),
        ChangeHours(hours={"mon-fri": "08:00-17:00"}),
        PoolResources(activities=("Check", "Check")),
    ],
    ids=lambda c: c.kind,
)
def test_a_change_of_nothing_changes_nothing(model, measures, change):
    """Every figure of every draw, of other cases and of the log's own, to the last bit."""
    found = figures(model, measures, [[change]], draws=[0, 1, 2, OWN, OWN + 1])
    assert (found.to_be[0] == found.as_is).all()
    assert found.as_is.shape == (5, len(measures.all_names))
    assert [name for name, _ in measures.names] == [
        "cycle_time.mean", "cycle_time.median", "cycle_time.p90", "within_standard", "staff_hours_per_case", "cost_per_year",
    ]  # fmt: skip


def test_no_changes_at_all_change_nothing(model, measures):
    found = figures(model, measures, [[]])
    assert (found.to_be[0] == found.as_is).all()


def test_more_staff_never_makes_the_mean_longer(model, measures):
    """One check fewer to two more people: the mean falls with each, within the error of the differences over the
    draws, by less and less."""
    found = figures(model, measures, [[AddCapacity(activity="Check", staff=k)] for k in (-1, 0, 1, 2)], draws=range(12))
    mean = found.to_be[:, :, 0]
    for fewer, more in itertools.pairwise(mean):
        change = more - fewer
        assert change.mean() <= 2 * change.std(ddof=1) / np.sqrt(len(change))
    assert mean[0].mean() > 1.2 * mean[1].mean()
    assert mean[1].mean() - mean[2].mean() > mean[2].mean() - mean[3].mean() >= 0


def test_twice_the_staff_makes_nobody_wait_longer(work_with):
    """One pool, one step, first come, first served: with two more people each case begins no later."""
    rng = random.Random(9)
    cases = [Case(f"c{k}", at, [Step("Check", minutes(rng, 70))], {"by": "web"})
             for k, at in enumerate(arrivals_in(weekdays(8), 500, rng))]  # fmt: skip
    serve(cases, [Person("ann", ("Check",), weekdays(30)), Person("amy", ("Check",), weekdays(30))])
    model = model_of(frame_of(cases), external=[])
    as_is = work_with(model).replayed()
    to_be = work_with(model, AddCapacity(activity="Check", staff=2)).replayed()
    assert (to_be.start <= as_is.start).all()
    assert (to_be.start < as_is.start).mean() > 0.3


def test_names_of_cases_and_the_order_of_rows_are_no_matter(model, measures):
    frame = frame_of(permits())
    renamed = frame.assign(case=frame["case"].map(lambda c: f"{int(c[1:]) * 7919 % 10_007}"))
    shuffled = frame.sample(frac=1, random_state=1)
    people = frame.assign(person=frame["person"].map({"ann": "zoe", "amy": "a", "bob": "m"}))
    want = figures(model, measures, SCENARIOS)
    for other in (renamed, shuffled, people):
        theirs = model_of(other)
        got = figures(
            theirs, Measures(theirs, standard=10 * DAY, prices=Prices(currency="USD", staff_hour=50.0)), SCENARIOS
        )
        assert got.as_is == pytest.approx(want.as_is, rel=1e-12)
        assert got.to_be == pytest.approx(want.to_be, rel=1e-12)


ZONE = "America/New_York"
LOCAL = Calendar(hours={"mon-fri": "08:00-17:00"}, timezone=ZONE)


def by_local_clock(weeks_later):
    """A first-come service by the local clock, so many weeks after January 2025: (model, the log's steps by the local clock)."""
    rng = random.Random(11)
    cases = []
    for k, at in enumerate(arrivals_in(weekdays(8), 400, rng)):
        cases.append(Case(f"c{k}", at, [Step("Check", minutes(rng, 70)), Step("Decide", minutes(rng, 45), after=(0,))]))
    hours = weekdays(30)
    serve(cases, [Person(p, (a,), hours) for p, a in (("ann", "Check"), ("amy", "Check"), ("bob", "Decide"))])
    frame = frame_of(cases)
    for column in ("start", "complete", "arrived"):
        clock = frame[column].dt.tz_localize(None) + pd.Timedelta(weeks=weeks_later)
        frame[column] = clock.dt.tz_localize(ZONE)
    roles = {k: v for k, v in ROLES.items() if k not in ("channel", "external")}
    return fit_queues(read_log(frame, **{**roles, "timezone": ZONE}), calendar=LOCAL)


def local(instants):
    return pd.DatetimeIndex(pd.to_datetime(instants, unit="us", utc=True)).tz_convert(ZONE).tz_localize(None)


@pytest.mark.parametrize(("weeks_later", "change_in_it"), [(6, True), (39, True), (52, False)])
def test_a_clock_change_moves_nothing_else(work_with, weeks_later, change_in_it):
    """Six weeks later the clocks change on 9 March amid the cases, 39 weeks later on 2 November, 52 weeks later not.
    By the local clock each step begins and ends when it would have without, as it is and with more people, fewer, or
    in other hours."""
    here, there = by_local_clock(0), by_local_clock(weeks_later)
    offset = local(there.log.complete) - pd.to_datetime(there.log.complete, unit="us")
    assert (len(set(offset)) == 2) == change_in_it
    shift = pd.Timedelta(weeks=weeks_later)
    for changes in (
        [],
        [AddCapacity(activity="Check", staff=1)],
        [AddCapacity(activity="Check", staff=-1)],
        [ChangeHours(hours={"mon-sat": "07:00-12:00,13:00-16:00"})],
    ):
        one, other = (work_with(model, *changes).replayed() for model in (here, there))
        assert (local(one.start) + shift == local(other.start)).all()
        assert (local(one.complete) + shift == local(other.complete)).all()


def test_a_holiday_after_the_last_event_changes_nothing():
    frame = frame_of(permits())
    log = read_log(frame, **ROLES)
    after = (pd.Timestamp(log.observed_until, unit="us") + pd.Timedelta(days=40)).date()
    found = []
    for holidays in (None, [after]):
        model = fit_queues(log, calendar=Calendar(hours={"mon-fri": "08:00-17:00"}, holidays=holidays))
        theirs = Measures(model, standard=10 * DAY, prices=None)
        found.append(figures(model, theirs, SCENARIOS))
    assert (found[0].as_is == found[1].as_is).all()
    assert (found[0].to_be == found[1].to_be).all()


def test_what_nobody_serves_any_more_is_told_as_unfinished(model, measures):
    """Decisions are made on Sundays only, for ten minutes: the queue outlasts the years that the replay covers."""
    hardly = ChangeHours(pool="pool of Decide", hours={"sun": "08:00-08:10"})
    found = figures(model, measures, [[hardly], [Automate(activity="Check", to="1 minute")]])
    assert found.unfinished[0] > 0.5
    assert found.unfinished[1] == 0
    assert found.unfinished_as_is == 0
