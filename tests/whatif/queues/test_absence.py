"""Absences that no record shows: found where they were made, told from delays, and not found where there are none."""

from __future__ import annotations

import random

import numpy as np
import pytest
from absent_service import HOURS, LATER, ROLES, WEEKS, served
from simple_service import DAY, HOUR, MINUTE, Case, Person, Step, arrivals_in, frame_of, serve, weekdays

from streamline.log.calendar import Calendar
from streamline.log.read import read_log
from streamline.whatif.change import AddCapacity, ChangeHours
from streamline.whatif.draws import OWN, bind, generator, workload_of
from streamline.whatif.queue_model import QueueModel, fit_queues
from streamline.whatif.spans import less, merged, shared
from streamline.whatif.validate import enabled_in_replay

OFFICE = Calendar(hours=HOURS)


def fitted(cases) -> QueueModel:
    return fit_queues(read_log(frame_of(cases), **ROLES), calendar=OFFICE)


@pytest.fixture(scope="module")
def interrupted():
    cases, gone = served(1)
    return cases, gone, fitted(cases)


@pytest.fixture(scope="module")
def between():
    """People who begin nothing while they are away, but finish what they had begun."""
    cases, gone = served(1, interrupt=False)
    return cases, gone, fitted(cases)


@pytest.fixture(scope="module")
def couriers():
    cases, gone = served(1, courier_hours=10)
    return cases, gone, fitted(cases)


def hours_in(spans) -> float:
    return float(np.diff(spans, axis=1).sum()) / HOUR if len(spans) else 0.0


def in_period(model: QueueModel, gone):
    """By resource code, when each person really was away while the log went on."""
    first, last = model.log.period
    spans = {r: np.array(gone[name]) for r, name in enumerate(model.log.resource.names) if name in gone}
    return {r: np.clip(s[(s[:, 1] > first) & (s[:, 0] < last)], first, last) for r, s in spans.items()}


def at_work(model: QueueModel, r: int):
    log = model.log
    mine = log.resource.codes == r
    return merged(np.stack([log.start[mine], log.complete[mine]], axis=1))


def waits(model: QueueModel, draws, *, own: bool) -> float:
    """Mean wait of a step for people in the replay, hours, over some draws."""
    found = []
    for k in draws:
        cases = model.weeks.own() if own else model.weeks.drawn(generator(1, k, 0))
        work = workload_of(model, cases, None, seed=1, draw=OWN + k if own else k)
        replayed = work.replayed()
        wait = (replayed.start - enabled_in_replay(work, replayed) - work.delay)[work.queue >= 0]
        found.append(float(wait.mean()) / HOUR)
    return float(np.mean(found))


@pytest.mark.parametrize("which", ["interrupted", "between"])
def test_absences_are_found_for_as_much_time_as_they_were_made(which, request):
    """A fifth of everybody's time: what is found is within a tenth of the whole of what there was, and of the steps none
    has a delay."""
    _, gone, model = request.getfixturevalue(which)
    absence = model.delays.absence
    assert [g.people for g in absence.groups] == [tuple(in_period(model, gone))]
    assert absence.groups[0].share == pytest.approx(0.2, abs=0.05)
    true = sum(hours_in(s) for s in in_period(model, gone).values())
    _, last = model.log.period
    for way in absence.ways:
        found = sum(hours_in(s[s[:, 0] < last]) for s in way.away.values())
        assert found == pytest.approx(true, rel=0.15)
    assert (model.delays.low == 0)[model.staffing.staffed].all()
    assert (model.delays.high == 0)[model.staffing.staffed].all()


@pytest.mark.parametrize("which", ["interrupted", "between"])
def test_whoever_is_known_to_be_away_was_away(which, request):
    """What all ways have in common, in time in which people seem free, is nearly all known; and it lies where they were away."""
    _, gone, model = request.getfixturevalue(which)
    absence, true = model.delays.absence, in_period(model, gone)
    _, last = model.log.period
    known, right = 0.0, 0.0
    for r, away in true.items():
        common = absence.ways[0].away[r]
        for way in absence.ways[1:]:
            common = shared(common, way.away[r])
        common = less(common[common[:, 0] < last], at_work(model, r))
        known, right = known + hours_in(common), right + hours_in(shared(common, away))
    assert known > 50
    assert right / known > 0.9


def test_work_that_was_interrupted_is_the_work_without_the_absence(interrupted):
    cases, _, model = interrupted
    log, staffed = model.log, model.staffing.staffed
    made = {(c.id, s.activity): s.work for c in cases for s in c.steps}
    case = log.case_id_array(log.case_of_step)
    true = np.array([made[str(c), log.activities[a]] for c, a in zip(case, log.activity, strict=True)])[staffed]
    recorded = np.array(
        [OFFICE.working_time(s, e) for s, e in zip(log.start[staffed], log.complete[staffed], strict=True)]
    )
    assert recorded.sum() > 1.15 * true.sum()  # a fifth of people's time is gone, much of it within steps
    for presence in model.staffing.presences:
        assert presence.work[staffed].sum() == pytest.approx(true.sum(), rel=0.03)
        assert (presence.work[staffed] > 0).all()


def test_work_that_goes_on_is_left_as_it_is(between):
    _, _, model = between
    assert model.delays.absence.groups[0].within < 0.02


@pytest.mark.parametrize("which", ["interrupted", "between", "couriers"])
def test_cases_drawn_anew_wait_as_long_as_the_log_s_own(which, request):
    """Absence taken for work or for delays comes on top of what the queues do when cases are drawn anew: without absences the
    waits of draws were longer by 5 to 15%."""
    cases, _, model = request.getfixturevalue(which)
    true = float(np.mean([s.start - s.ready for c in cases for s in c.steps if not s.alone])) / HOUR
    assert waits(model, range(4), own=True) == pytest.approx(true, rel=0.05)
    assert waits(model, range(16), own=False) == pytest.approx(true, rel=0.05)


def test_delays_beside_absences_are_told_apart(couriers):
    """Decisions wait for a courier, checks for people only."""
    cases, _, model = couriers
    log, absence = model.log, model.delays.absence
    decide = log.activity == log.activity_code("Decide")
    check = log.activity == log.activity_code("Check")
    assert absence.at_once[check].all()
    assert not absence.at_once[decide].any()
    true = np.mean([c.steps[2].delay for c in cases]) / HOUR
    drawn = np.mean([model.delays.drawn(generator(1, k, 1), np.flatnonzero(decide)).mean() for k in range(8)]) / HOUR
    assert drawn == pytest.approx(true, rel=0.05)
    assert absence.groups[0].share == pytest.approx(0.2, abs=0.06)


def test_it_is_said(interrupted):
    _, _, model = interrupted
    (said,) = [c for c in model.caveats if "seem free" in c]
    assert said.startswith("pool of Check: 3 people who seem free, or at work on a step, are away for about 2")
    assert "hours at a stretch" in said


@pytest.mark.parametrize("options", [{"share": 0.0}, {"share": 0.0, "courier_hours": 10}, {"n_people": 1, "load": 0.7}])
def test_where_there_are_none_or_nothing_tells_them_none_are_found(options):
    """No absences; delays only; and absences of a person alone, which nothing tells from delays."""
    cases, _ = served(2, **options)
    model = fitted(cases)
    absence = model.delays.absence
    assert absence.groups == ()
    assert not any("seem free" in c for c in model.caveats)
    assert not absence.at_once.any()
    assert not absence.odd.any()
    assert len(absence.ways) == 1
    assert model.staffing.presences == model.staffing.anew == ()
    assert absence.ways[0].away == {}
    assert all(t.away is None for t in model.staffing.teams)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_people_who_wait_for_one_of_them_are_not_taken_for_absent(seed):
    """Decisions are made by one of five each, checks by any. A decision is late the less often the more seem free, as if they
    were away; but checks begin at once, so they are there."""
    rng = random.Random(seed)
    hours = weekdays(WEEKS + LATER)
    people = [Person(f"p{k}", ("Check", f"own {k}"), hours) for k in range(5)]
    cases = [
        Case(
            f"c{k}",
            at,
            [
                Step("Check", int(25 * MINUTE * rng.lognormvariate(0, 0.5))),
                Step("Reply", int(2 * DAY * rng.lognormvariate(0, 0.5)), after=(0,), alone=True),
                Step(
                    "Decide", int(35 * MINUTE * rng.lognormvariate(0, 0.5)), after=(1,), queue=f"own {rng.randrange(5)}"
                ),
            ],
        )
        for k, at in enumerate(arrivals_in(weekdays(WEEKS), 3_500, rng))
    ]
    serve(cases, people)
    decided = [c.steps[2] for c in cases]
    assert np.mean([s.start > s.ready for s in decided]) > 0.3
    assert fitted(cases).delays.absence.groups == ()


def test_an_office_with_few_people_is_told_by_the_others():
    """One person alone in South, three in North; all do the same and nobody takes the other office's cases."""
    north, _ = served(3, prefix="north")
    south, gone = served(4, prefix="south", n_people=1, arrivals_seed=2)
    for cases, office in ((north, "North"), (south, "South")):
        for c in cases:
            c.columns["office"] = office
    log = read_log(frame_of(north + south), **ROLES, attributes=["office"])
    model = fit_queues(log, calendar=OFFICE)
    assert model.staffing.lines.divided_by == ("office",)
    alone = log.resource.names.index("south0")
    assert (alone,) in {g.people for g in model.delays.absence.groups}
    true = hours_in(in_period(model, gone)[alone])
    found = model.delays.absence.ways[0].away[alone]
    assert hours_in(found[found[:, 0] < log.period[1]]) == pytest.approx(true, rel=0.35)
    # alone, nothing would tell
    assert fitted(south).delays.absence.groups == ()


def test_a_step_that_everybody_lets_lie_keeps_its_delay():
    """One decision of many waits for a month in which everybody seems free again and again."""
    cases, _ = served(5, load=0.5, weeks=12)
    late = cases[100].steps[2]
    late.start, late.complete = late.start + 28 * DAY, late.complete + 28 * DAY
    model = fitted(cases)
    log = model.log
    (step,) = np.flatnonzero(
        (log.activity == log.activity_code("Decide")) & (log.case_id_array(log.case_of_step) == cases[100].id)
    )
    assert model.delays.absence.groups
    assert model.delays.absence.odd.nonzero()[0].tolist() == [step]
    wait = log.start[step] - model.paths.enabled[step]
    assert model.delays.low[step] == model.delays.high[step] == wait
    _, last = log.period
    free = sum(
        hours_in(less(np.array(weekdays(WEEKS + LATER)), at_work(model, r))) for r in model.delays.absence.ways[0].away
    )
    assert sum(hours_in(s[s[:, 0] < last]) for s in model.delays.absence.ways[0].away.values()) < 0.4 * free


@pytest.mark.parametrize(("since", "ways"), [(OWN, 8), (0, 32)])
def test_a_draw_takes_one_of_the_ways_and_the_same_for_all_scenarios(interrupted, since, ways):
    _, _, model = interrupted
    own = model.weeks.own()
    seen = set()
    for draw in range(since, since + 200):
        work, again = (workload_of(model, own, None, seed=1, draw=draw) for _ in range(2))
        assert all(a.hours is b.hours for a, b in zip(work.teams, again.teams, strict=True))
        assert (work.work == again.work).all()
        seen.add(id(work.teams[0].hours))
    assert len(seen) == ways


def test_absences_drawn_anew_differ_as_weeks_do_and_are_as_many_on_average(interrupted):
    _, _, model = interrupted
    first, last = model.log.period
    inside = np.array([[first, last]])

    def away(ways):
        return np.array([sum(hours_in(shared(s, inside)) for s in way.away.values()) for way in ways])

    absence = model.delays.absence
    there, anew = away(absence.ways), away(absence.anew)
    assert anew.mean() == pytest.approx(there.mean(), rel=0.04)
    # 3 people and some 31 weeks: the spread of a mean of as many weeks
    weeks = [
        hours_in(shared(s, np.array([[first + k * 7 * DAY, first + (k + 1) * 7 * DAY]])))
        for s in absence.ways[0].away.values()
        for k in range((last - first) // (7 * DAY))
    ]
    expected = np.std(weeks) / np.sqrt(len(weeks)) / np.mean(weeks)
    assert 0.6 * expected < anew.std() / anew.mean() < 1.6 * expected


def test_newcomers_are_away_as_often_at_other_times(interrupted):
    _, _, model = interrupted
    pool = model.staffing.pools.pools[model.staffing.teams[0].pool]
    work = workload_of(model, model.weeks.own(), bind(model, [AddCapacity(pool=pool, staff=2)]), seed=1, draw=OWN)
    assert sum(t.size for t in work.teams) == 5
    old, new = work.teams[:3], work.teams[3:]
    first, last = model.log.period
    inside = np.array([[first, last]])
    for t in new:
        mine = hours_in(shared(t.hours, inside))
        assert mine == pytest.approx(np.mean([hours_in(shared(o.hours, inside)) for o in old]), rel=0.06)
        for other in (*old, *(n for n in new if n is not t)):
            both = hours_in(shared(shared(t.away, other.away), inside))
            assert both < 0.5 * hours_in(shared(t.away, inside))
    office = OFFICE.openings(first - 7 * DAY, last)
    assert all(hours_in(less(shared(t.hours, inside), office)) == 0 for t in new)


def test_new_hours_leave_people_away_when_they_were(interrupted):
    _, _, model = interrupted
    longer = ChangeHours(pool="all", hours={"mon-fri": "07:00-18:00"})
    work = workload_of(model, model.weeks.own(), bind(model, [longer]), seed=1, draw=OWN)
    for t in work.teams:
        assert len(shared(t.hours, t.away)) == 0
    asked = workload_of(model, model.weeks.own(), None, seed=1, draw=OWN)
    gained = [hours_in(a.hours) / hours_in(b.hours) for a, b in zip(work.teams, asked.teams, strict=True)]
    assert gained == pytest.approx([11 / 9 + 0.05] * 3, abs=0.06)
