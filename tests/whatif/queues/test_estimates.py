"""Estimates: baseline, change and interval, and what they don't depend on."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
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

from streamline.errors import UnknownNameError
from streamline.log.calendar import Calendar
from streamline.log.read import read_log
from streamline.whatif.change import AddCapacity, ChangeHours, ReduceRework, SpeedUp
from streamline.whatif.draws import ERRORS, generator
from streamline.whatif.estimate import MONTE_CARLO, MOST_TIMES, Proposal, estimate, estimates
from streamline.whatif.prices import CustomerTime, Prices
from streamline.whatif.queue_model import fit_queues

OFFICE = Calendar(hours={"mon-fri": "08:00-17:00"})
PRICES = Prices(currency="USD", staff_hour=50.0)


def minutes(rng, mean):
    return MINUTE + int(rng.expovariate(1 / (mean * MINUTE)))


@pytest.fixture(scope="module")
def model():
    """Ann and amy check, a third of the cases twice; bob decides."""
    rng = random.Random(2)
    cases = []
    for k, at in enumerate(arrivals_in(weekdays(8), 260, rng)):
        steps = [Step("Check", minutes(rng, 80))]
        if rng.random() < 0.33:
            steps.append(Step("Answer", int(rng.expovariate(1 / (2 * DAY))) + 1, after=(0,), alone=True))
            steps.append(Step("Check", minutes(rng, 80), after=(1,)))
        steps.append(Step("Decide", minutes(rng, 50), after=(len(steps) - 1,), delay=int(rng.expovariate(1 / HOUR))))
        cases.append(Case(f"c{k}", at, steps))
    hours = weekdays(30)
    serve(cases, [Person(p, (a,), hours) for p, a in (("ann", "Check"), ("amy", "Check"), ("bob", "Decide"))])
    log = read_log(
        frame_of(cases), case="case", activity="activity", start="start", complete="complete", resource="person",
        arrival="arrived", external=["Answer"], timezone="UTC",
    )  # fmt: skip
    return fit_queues(log, calendar=OFFICE)


QUICKER = (ReduceRework(through="Answer", by=0.5, low=0.2, high=0.8),)
MORE = (AddCapacity(activity="Check", staff=1),)


def test_baseline_is_the_log_itself_and_figures_add_up(model):
    found = estimate(model, MORE, standard="5 days", prices=PRICES, draws=40)
    log = model.log
    days = (log.last_completion - log.arrival) / DAY
    mean = found["cycle_time.mean"]
    assert mean.baseline == pytest.approx(days.mean(), rel=0.02)  # hidden delays are drawn anew
    for f in found.figures:
        assert f.value == pytest.approx(f.baseline + f.change)
        assert f.change_low <= f.change <= f.change_high
        assert f.low <= f.value <= f.high
        assert f.n == 260
    assert mean.change_high < 0
    # nobody works more or less: no hour and no dollar is saved
    assert found["staff_hours_per_case"].change == found["cost_per_year"].change == 0
    hours = found["staff_hours_per_case"]
    work = np.bincount(log.case_of_step, weights=np.where(model.staffing.staffed, model.staffing.work, 0)) / HOUR
    assert hours.baseline == pytest.approx(work.mean())
    # 260 cases a year as often as these days of arrivals go into it
    span = float(log.arrival.max() - log.arrival.min()) / DAY
    assert found["cost_per_year"].baseline == pytest.approx(work.mean() * 50 * 260 / span * 365.25, rel=2e-3)


def test_a_scenario_of_no_change_is_exactly_zero(model):
    for changes in ((), (SpeedUp(activity="Check", by=0),), (AddCapacity(activity="Check", staff=0),)):
        found = estimate(model, changes, standard="5 days", prices=PRICES, draws=20)
        assert found.draws == 20
        for f in found.figures:
            assert (f.change, f.change_low, f.change_high) == (0, 0, 0)
            assert f.value == f.baseline
        # hidden delays are drawn anew in each of its five replays
        assert (found.cases["cycle_days"] - found.cases["cycle_days_to_be"]).abs().mean() < 0.1


def test_the_running_cost_of_a_scenario_is_in_its_yearly_cost_alone(model):
    free, dear = (
        estimate(model, MORE, prices=Prices(currency="USD", staff_hour=50.0, scenario_per_year=cost), draws=20)
        for cost in (0.0, 1_000.0)
    )
    for f, d in zip(free.figures, dear.figures, strict=True):
        assert d.change - f.change == pytest.approx(1_000.0 if f.measure == "cost_per_year" else 0.0)
        assert d.baseline == f.baseline


def test_the_same_seed_gives_the_same_table(model):
    def told(**options):
        return estimate(model, QUICKER, **{"draws": 20, "seed": 3, **options}).table

    first = told()
    assert told().equals(first)
    assert told(workers=2).equals(first)
    assert not told(seed=4).equals(first)


def test_other_scenarios_beside_it_change_nothing(model):
    """Neither figures nor the number of draws, which each scenario makes for itself until its own error is small."""
    proposals = [
        Proposal(name="more", changes=MORE),
        Proposal(name="quicker", changes=QUICKER),
        Proposal(name="same", changes=()),
        Proposal(name="later", changes=(ChangeHours(hours={"mon-fri": "10:00-19:00"}),)),
    ]
    beside = estimates(model, proposals, draws=20, seed=3)
    assert len({e.draws for e in beside}) > 1  # some need more than others
    for proposal, together in zip(proposals, beside, strict=True):
        (alone,) = estimates(model, [proposal], draws=20, seed=3)
        assert alone.table.equals(together.table)
        assert alone.draws == together.draws
        assert alone.caveats == together.caveats
    turned = estimates(model, proposals[::-1], draws=20, seed=3)
    assert all(a.table.equals(b.table) for a, b in zip(turned[::-1], beside, strict=True))


def test_more_draws_are_made_where_bounds_are_uncertain_and_it_is_said(model):
    tried = [estimate(model, QUICKER, draws=20, seed=s) for s in range(1, 9)]
    found = next(e for e in tried if e.draws > 20)  # twenty are seldom enough
    assert found.draws <= MOST_TIMES * 20
    uncertain = [c for c in found.caveats if "interval's bounds are uncertain" in c]
    settled = estimate(model, QUICKER, draws=600)
    assert settled.draws == 600
    assert not [c for c in settled.caveats if "interval's bounds are uncertain" in c]
    if uncertain:
        assert found.draws == MOST_TIMES * 20
    assert MONTE_CARLO == 0.1


@dataclass
class Off:
    """Stands for a validation whose replay is off by so much, beyond chance."""

    excess_error: float


def test_the_error_of_the_replay_is_carried_into_the_interval(model):
    """Each draw's difference is scaled by the exponential of a normal number of that size, but for measures without waits."""
    right, wrong = (estimate(model, MORE, draws=100, validation=Off(e)) for e in (0.0, 0.5))
    assert right.draws == wrong.draws
    for a, b in zip(right.figures, wrong.figures, strict=True):
        assert (a.value, a.change, a.baseline) == (b.value, b.change, b.baseline)
    a, b = right["cycle_time.mean"], wrong["cycle_time.mean"]
    assert b.change_high - b.change_low > 1.5 * (a.change_high - a.change_low)
    scale = np.exp(0.5 * generator(1, 0, ERRORS).standard_normal(wrong.draws))
    drawn = right.differences[:, 0] * scale
    assert (b.change_low, b.change_high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    # no wait enters the hours of staff
    quick = [SpeedUp(activity="Decide", by=0.2)]
    plain, found = (estimate(model, quick, draws=100, validation=Off(e))["staff_hours_per_case"] for e in (0.0, 0.4))
    assert (found.change_low, found.change_high) == (plain.change_low, plain.change_high)


def test_cases_behind_the_figures(model):
    found = estimate(model, MORE, draws=20)
    cases = found.cases
    assert list(cases["case"]) == [str(c) for c in model.log.case_id_array()]
    assert (cases["cycle_days_to_be"] <= cases["cycle_days"] + 1.0).mean() > 0.95
    assert cases["cycle_days_to_be"].mean() < cases["cycle_days"].mean()
    assert found.n == len(cases) == 260
    assert found.excluded == {"open, or not counted": 0}


def test_a_measure_that_is_not_estimated_is_named(model):
    with pytest.raises(KeyError, match=r"'within_standard' isn't estimated; these are: cycle_time\.mean"):
        estimate(model, MORE, draws=20)["within_standard"]


def test_cases_that_do_not_count_fill_the_queues_only(model):
    """Told of the second half of the cases alone, the baseline is theirs; the first half still stands before them."""
    half = np.arange(260) >= 130
    log = model.log
    later = fit_queues(log, calendar=OFFICE, counted=half)
    found = estimate(later, MORE, draws=20)
    days = ((log.last_completion - log.arrival) / DAY)[half]
    assert found["cycle_time.mean"].baseline == pytest.approx(days.mean(), rel=0.02)
    assert found["cycle_time.mean"].n == 130
    assert found.excluded == {"open, or not counted": 130}


def test_no_error_takes_more_than_there_is(model):
    """However wrong the replay is, a reduction leaves nothing below zero and no share above one."""
    found = estimate(model, MORE, draws=60, standard="2 days", validation=Off(3.0))
    for f in found.figures:
        assert f.low >= 0
        assert f.change_low >= -1.5 * f.baseline
    assert found["within_standard"].high <= 1
    right = estimate(model, MORE, draws=60, standard="2 days", validation=Off(0.0))
    assert found["cycle_time.mean"].change_low < right["cycle_time.mean"].change_low


def test_hours_of_customers_follow_the_steps_that_they_answer_to(model):
    """Ninety minutes for each answer: preventing the returns saves them in proportion, and nobody's staff hours count."""
    time = CustomerTime(steps={"Answer": 90 * MINUTE})
    found = estimate(model, QUICKER, customer_time=time, draws=20)
    hours = found["customer_hours_per_case"]
    log = model.log
    answers = np.bincount(log.activity, minlength=len(log.activities))[log.activity_code("Answer")]
    assert hours.baseline == pytest.approx(1.5 * answers / log.n_cases)
    assert hours.change / hours.baseline == pytest.approx(-0.5, abs=0.1)
    with pytest.raises(UnknownNameError, match="Did you mean 'Answer'"):
        estimate(model, QUICKER, customer_time=CustomerTime(steps={"Anser": MINUTE}), draws=20)
    # contacts take time too, but none are estimated here, and that is said
    asked = estimate(model, QUICKER, customer_time=CustomerTime(contact=MINUTE, steps={"Answer": MINUTE}), draws=20)
    assert any("time that they take customers is left out" in c for c in asked.caveats)


def test_the_error_of_the_replay_touches_the_contacts_in_the_cost_only(model):
    """No wait enters staff hours, so a yearly cost of staff alone has the interval of the draws, whatever the error."""
    quick = [SpeedUp(activity="Decide", by=0.2)]
    plain, wrong = (
        estimate(model, quick, prices=PRICES, draws=40, validation=Off(e))["cost_per_year"] for e in (0.0, 0.5)
    )
    assert (plain.change_low, plain.change_high) == (wrong.change_low, wrong.change_high)
