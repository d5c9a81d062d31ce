"""Work that stays with a person: found where it does and nowhere else, replayed, and what one person fewer then means."""

from __future__ import annotations

import copy
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_service import DAY, HOUR, MINUTE, MONDAY, Case, Person, Step, arrivals_in, frame_of, serve, weekdays

from streamline.kernels.queues import NEVER
from streamline.log.calendar import Calendar
from streamline.log.read import read_log
from streamline.measure.waits.path import paths
from streamline.whatif.change import AddCapacity
from streamline.whatif.estimate import estimate
from streamline.whatif.own_cases import ALONE, ENOUGH, Kept, OwnCases, anchors, apart, found_own_cases
from streamline.whatif.queue_model import fit_queues
from streamline.whatif.staffing import Team, found_staffing

OFFICE = Calendar(hours={"mon-fri": "08:00-17:00"})
ROLES = {"case": "case", "activity": "activity", "start": "start", "complete": "complete", "resource": "person",
         "arrival": "arrived", "timezone": "UTC", "external": ["Answer"]}  # fmt: skip
WEEKS = 12


def claims(seed, *, n_people=4, stays=1.0, n=900, load=0.8):
    """Assess, wait for an answer of some hours, assess again; in a share of cases the second stays with who did the first.

    Returns the cases, not yet served, and the people.
    """
    rng = random.Random(seed)
    hours = weekdays(WEEKS)
    total = sum(e - b for b, e in hours)
    mean = load * n_people * total / n / 2 / MINUTE
    people = [Person(f"p{k}", ("Assess",), weekdays(WEEKS + 40)) for k in range(n_people)]
    cases = []
    for k, at in enumerate(arrivals_in(hours, n, rng)):
        first = Step("Assess", MINUTE + int(rng.expovariate(1 / (mean * MINUTE))))
        answer = Step("Answer", int(rng.uniform(2, 40) * HOUR), after=(0,), alone=True)
        second = Step("Assess", MINUTE + int(rng.expovariate(1 / (mean * MINUTE))), after=(1,))
        if rng.random() < stays:
            second.same_as = 0
        cases.append(Case(f"c{k}", at, [first, answer, second]))
    return cases, people


def log_with(cases, people, **options):
    served = copy.deepcopy(cases)
    serve(served, people, turns=True, **options)
    return read_log(frame_of(served), **ROLES), served


def mean_days(cases):
    return float(np.mean([max(s.complete for s in c.steps) - c.arrival for c in cases])) / DAY


@pytest.fixture(scope="module")
def kept():
    """Cases that are kept, the people, how they were served, and the model of their log."""
    cases, people = claims(1)
    log, served = log_with(cases, people)
    return cases, people, served, fit_queues(log, calendar=OFFICE)


def test_cases_that_are_kept_are_found(kept):
    _, _, _, model = kept
    (pair,) = model.own_cases.pairs
    assert (pair.share, pair.stays) == (1.0, True)
    assert pair.expected == pytest.approx(0.25, abs=0.02)
    second = np.arange(model.log.n_steps) % 3 == 2
    assert np.array_equal(model.own_cases.bound, second)
    assert model.own_cases.caveats[0].startswith(
        f"Work stays with a person in Assess (pool of Assess): 100% of {pair.n} returns to a case are done by whoever had done "
        "the step before, where 25% would be by chance."
    )
    assert model.own_cases.caveats[0] in model.caveats


@pytest.mark.parametrize("n_people", [2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_stays_where_anybody_takes_what_comes(seed, n_people):
    log, _ = log_with(*claims(seed, n_people=n_people, stays=0.0, n=400))
    model = fit_queues(log, calendar=OFFICE)
    (pair,) = model.own_cases.pairs
    assert abs(pair.kept) < 0.2
    assert not model.own_cases.bound.any()
    assert not any("stays with a person" in c for c in model.caveats)


def test_a_case_that_is_handed_on_stays_with_who_has_it_then():
    """Nine in ten are kept, and the others taken by anybody: those done by somebody else are bound to nobody."""
    log, served = log_with(*claims(2, stays=0.9))
    model = fit_queues(log, calendar=OFFICE)
    assert model.own_cases.pairs[0].kept == pytest.approx(0.9, abs=0.04)
    same = np.array([c.steps[0].person == c.steps[2].person for c in served])
    assert np.array_equal(model.own_cases.bound[2::3], same)


def test_half_of_the_cases_kept_is_too_few():
    model = fit_queues(log_with(*claims(3, stays=0.5))[0], calendar=OFFICE)
    assert model.own_cases.pairs[0].kept == pytest.approx(0.5, abs=0.07)
    assert not model.own_cases.bound.any()


def test_who_goes_straight_on_with_a_case_is_no_proof(log_of, office):
    """Ann and Ben check and at once decide each case, taking turns by the day: nobody ever comes back to a case."""
    rows, arrivals = [], {}
    for k in range(120):
        who, at = ("ann", "ben")[k % 2], 24 * (k // 5 * 7 + k % 5) + 9
        rows += [(f"c{k}", "Check", at, at + 1, who), (f"c{k}", "Decide", at + 1, at + 2, who)]
        arrivals[f"c{k}"] = at
    model = fit_queues(log_of(rows, arrivals=arrivals), calendar=office)
    assert model.own_cases.pairs == ()
    assert not model.own_cases.bound.any()


def test_people_who_are_there_on_days_of_their_own_prove_nothing(log_of, office):
    """Ann is there on odd days and Ben on even ones; each case is checked, answered and checked again within a day. On other
    days the other one would have done so too."""
    rows, arrivals = [], {}
    for k in range(240):
        at = 24 * (k // 20 * 7 + k // 4 % 5) + 8.5 + k % 4
        who = ("ann", "ben")[k // 4 % 2]
        rows += [(f"c{k}", "Check", at, at + 0.5, who), (f"c{k}", "Check", at + 2, at + 2.5, who)]
        arrivals[f"c{k}"] = at
    model = fit_queues(log_of(rows, arrivals=arrivals), calendar=office)
    (pair,) = model.own_cases.pairs
    assert (pair.share, pair.expected) == (1.0, 1.0)
    assert not model.own_cases.bound.any()


def test_one_who_does_nearly_all_proves_nothing():
    """p0 has all cases but one in 25: that the second ones are hers too is to be expected."""
    cases, people = claims(4, n_people=1, n=600, load=0.7)
    helper = Person("p1", ("Helped",), people[0].hours)
    served = copy.deepcopy(cases)
    for k, c in enumerate(served):
        for s in c.steps:
            s.queue = "Assess" if k % 25 else "Helped"
    serve(served, [people[0], helper])
    model = fit_queues(read_log(frame_of(served), **ROLES), calendar=OFFICE)
    (pair,) = model.own_cases.pairs
    assert (pair.share, pair.stays) == (1.0, False)
    assert pair.expected > ALONE


def test_too_few_returns_tell_nothing():
    few = Kept(earlier=0, later=0, pool=0, n=ENOUGH - 1, share=1.0, expected=0.1)
    assert not few.stays
    assert replace(few, n=ENOUGH).stays
    assert not replace(few, n=ENOUGH, expected=0.95).stays
    assert replace(few, share=0.55).kept == pytest.approx(0.5)


def test_a_queue_of_her_own_explains_the_wait_and_nobody_is_away(kept, monkeypatch):
    """No delay but that of the queue, and no time taken off; for a pool a fifth of the free time would count as absence."""
    _, _, _, model = kept
    assert (model.delays.low[model.own_cases.bound] == 0).all()
    assert model.delays.away_hours.sum() == 0
    monkeypatch.setattr("streamline.whatif.own_cases.KEPT", 1.01)
    pooled = fit_queues(model.log, calendar=OFFICE)
    assert pooled.delays.away_hours.sum() > 0.2 * pooled.delays.free_hours.sum()


def test_the_replay_is_what_was_recorded(kept, instants):
    """The same people with the same hours in turn: each step begins and ends when it did."""
    _, _, served, model = kept
    told = instants(model)
    since = served[0].steps[0].start / HOUR - told["c0"][0][1]
    for c in served:
        for (_, start, complete), s in zip(told[c.id], sorted(c.steps, key=lambda s: s.start), strict=True):
            assert (start + since, complete + since) == pytest.approx((s.start / HOUR, s.complete / HOUR), abs=1e-6)


@pytest.mark.parametrize("staff", [-1, 1])
def test_staff_changed(kept, staff):
    """Beside the same cases served by as many people: cases that are kept have longer queues than a pool's."""
    cases, people, served, model = kept
    then = copy.deepcopy(cases)
    more = [Person("p9", ("Assess",), people[0].hours)] if staff > 0 else []
    serve(then, people[: len(people) + min(staff, 0)] + more, turns=True)
    true = mean_days(then) - mean_days(served)
    found = estimate(model, [AddCapacity(activity="Assess", staff=staff)], draws=20)["cycle_time.mean"]
    assert found.change == pytest.approx(true, rel=0.25)
    assert found.change_low <= true <= found.change_high


def on_leave(cases, people, *, longest_off):
    """Each of the people takes two weeks off, one after another, and cases are handed on after so long, or never."""
    people = copy.deepcopy(people)
    for k, person in enumerate(people):
        since = MONDAY + (2 * k + 2) * 7 * DAY
        person.hours = [(b, e) for b, e in person.hours if not since <= b < since + 14 * DAY]
    cases = copy.deepcopy(cases)
    for case in cases:
        case.steps[2].longest_off = longest_off
    return log_with(cases, people)


def test_cases_of_people_on_leave_are_handed_on_where_the_log_shows_it(instants):
    """Handed on after three days; weekends (63 hours) are no reason, two weeks are. The replay is what was recorded."""
    cases, people = claims(5, n=700, load=0.5)
    log, served = on_leave(cases, people, longest_off=3 * DAY)
    model = fit_queues(log, calendar=OFFICE)
    (limit,) = np.unique(model.own_cases.longest_off[model.own_cases.bond >= 0])
    assert 63 < limit / HOUR < 14 * 24
    assert f"unless she or he is off for more than {limit / HOUR:.0f} hours." in model.own_cases.caveats[0]
    told = instants(model)
    for c in served:
        begun = [(s.start - MONDAY) / HOUR for s in sorted(c.steps, key=lambda s: s.start)]
        assert [start for _, start, _ in told[c.id]] == pytest.approx(begun, abs=1e-6)


def test_cases_of_people_on_leave_wait_where_the_log_shows_that():
    cases, people = claims(5, n=700, load=0.5)
    log, served = on_leave(cases, people, longest_off=None)
    model = fit_queues(log, calendar=OFFICE)
    assert max(c.steps[2].start - c.steps[1].complete for c in served) > 10 * DAY
    assert (model.own_cases.longest_off == NEVER).all()
    assert model.own_cases.caveats[0].endswith("whoever else is free.")


def test_steps_of_one_bond_are_bound_to_the_first(kept):
    case = np.array([0, 0, 0, 0, 1, 1, 1])
    bond = np.array([3, 5, 3, 3, -1, 5, 5], dtype=np.int32)
    assert anchors(case, bond).tolist() == [-1, -1, 0, 0, -1, -1, 5]
    assert anchors(case[:0], bond[:0]).tolist() == []


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 2)), max_size=30),
)
def test_bound_steps_equal_their_twin(steps):
    steps = sorted(steps, key=lambda step: step[0])
    case, bond = (np.array(c) for c in zip(*steps, strict=True)) if steps else (np.zeros(0, int), np.zeros(0, int))
    expected = []
    for k, (c, b) in enumerate(steps):
        before = [j for j in range(k) if steps[j] == (c, b)]
        expected.append(before[0] if b >= 0 and before else -1)
    assert anchors(case, bond.astype(np.int32)).tolist() == expected


def test_without_resources_nobody_has_cases_of_her_own(kept):
    """People who are only counted, from steps that are done at once, are nobody in particular."""
    _, _, served, _ = kept
    log = read_log(frame_of(served).drop(columns="person"), **{k: v for k, v in ROLES.items() if k != "resource"})
    assert not fit_queues(log, calendar=OFFICE).own_cases.bound.any()


@pytest.mark.parametrize("seed", range(6))
def test_returns_equal_their_twin(log_of, office, monkeypatch, seed):
    """Random steps of random people, counted step by step."""
    monkeypatch.setattr("streamline.whatif.own_cases.ENOUGH", 1)
    rng = random.Random(seed)
    rows, free = [], dict.fromkeys("pqr", 8.0)
    for _ in range(60):
        who = rng.choice("pqr")
        start = free[who] + rng.choice([0, 0, 0.25])
        free[who] = start + rng.choice([0.25, 0.5])
        rows.append((f"c{rng.randrange(12)}", rng.choice(["Check", "Decide"]), start, free[who], who))
    log = log_of(rows, arrivals={f"c{k}": 7 for k in range(12)})
    staffing = found_staffing(log, calendar=office, pools={"All": ["*"]})
    found = {
        (log.activities[p.earlier], log.activities[p.later]): (p.n, p.share)
        for p in found_own_cases(log, staffing, enabled=paths(log).enabled).pairs
    }
    table = log.to_frame()
    steps = [
        (row["case"], row["activity"], row["start"], row["complete"], row["resource"]) for _, row in table.iterrows()
    ]
    expected = {}
    for k, (case, later, start, _, who) in enumerate(steps):
        for earlier in ("Check", "Decide"):
            before = [s for s in steps[:k] if s[0] == case and s[1] == earlier]
            if not before or before[-1][3] > start:
                continue
            since, whose = before[-1][3], before[-1][4]
            if any(s[4] == whose and since <= s[2] < start for s in steps):
                expected.setdefault((earlier, later), []).append(who == whose)
    assert found == {pair: (len(same), pytest.approx(np.mean(same))) for pair, same in expected.items()}


def test_who_serves_such_work_is_a_team_each():
    hours = np.array([[0, 9]])
    teams = [Team(pool=0, size=2, hours=hours, queues=(0, 1)), Team(pool=1, size=3, hours=hours, queues=(2,)),
             Team(pool=0, size=0, hours=hours, queues=(1,))]  # fmt: skip
    single, turns = apart(teams, frozenset({1}))
    assert [t.size for t in single] == [1, 1, 3]
    assert turns.tolist() == [1, 1, 0]
    assert [t.size for t in teams] == [2, 3, 0]


HAND = [
    ("a", "Assess", 8, 9, "ann"), ("a", "Assess", 10, 11, "ann"), ("a", "Assess", 14, 15, "ann"),
    ("b", "Assess", 8, 12, "ben"),
    ("c", "Assess", 11, 14, "ann"),
]  # fmt: skip


def test_who_does_the_first_step_that_is_left_has_the_case(log_of, office, work_with):
    """With the first one removed the second is taken by anybody, and the third waits for that person."""
    log = log_of(HAND, arrivals={"a": 8, "b": 8, "c": 10.5})
    bond = np.array([0, 0, 0, 1, 0], dtype=np.int32)
    own = replace(OwnCases.none(5), bond=bond, bound=anchors(log.case_of_step, bond) >= 0)
    model = replace(fit_queues(log, calendar=office), own_cases=own)
    work = work_with(model)
    assert work.bond.tolist() == [0, 0, 0, 1, 0]
    team = work.replayed().team
    assert team[0] == team[1] == team[2]
    gone = np.zeros(5, dtype=np.bool_)
    gone[0] = True
    work.drop(gone)
    team = work.replayed().team
    assert team[0] == -1
    assert team[1] == team[2]
