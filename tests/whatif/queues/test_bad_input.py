"""Changes that can't be made, and logs that can't carry them: refused, or worded, with what was found and what to do."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import InsufficientDataError, ScenarioError, UnknownNameError
from streamline.log.calendar import Calendar
from streamline.whatif.change import (
    AddCapacity,
    Automate,
    ChangeDemand,
    ChangeHours,
    Divert,
    ExpressLane,
    PoolResources,
    ReduceRework,
    Release,
    RemoveStep,
    RunInParallel,
    ShortenExternal,
    SpeedUp,
)
from streamline.whatif.draws import bind
from streamline.whatif.estimate import Proposal, estimate, estimates
from streamline.whatif.queue_model import NO_QUEUES_CAVEAT, fit_queues
from streamline.whatif.validate import validated

ARRIVALS = {"a": 8, "b": 8.5, "c": 9}
#: Ann and amy check, bob decides, the customer answers in between.
ROWS = [
    ("a", "Check", 8, 9, "ann"), ("a", "Answer", 9, 10, None), ("a", "Decide", 10, 11, "bob"),
    ("b", "Check", 8.5, 9.5, "amy"), ("b", "Answer", 9.5, 10, None), ("b", "Decide", 11, 12, "bob"),
    ("c", "Check", 9, 10, "ann"), ("c", "Decide", 12, 13, "bob"), ("c", "Send", 13, 13, None),
]  # fmt: skip


@pytest.fixture
def model(log_of, office):
    return fit_queues(
        log_of(ROWS, arrivals=ARRIVALS, external=["Answer"], columns={"size": dict.fromkeys("abc", "small"),
               "by": {"a": "mail", "b": "mail", "c": "web"}}, attributes=["size"], channel="by"),
        calendar=office,
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        RemoveStep(activity="Chek"),
        Automate(activity="Chek", to="1 minute"),
        SpeedUp(activity="Chek", by=0.1),
        AddCapacity(activity="Chek", staff=1),
        PoolResources(activities=("Chek", "Decide")),
        Release(activity="Chek", every="immediately"),
        RunInParallel(activities=("Chek", "Decide")),
        ShortenExternal(activity="Chek", by=0.1),
        ReduceRework(through="Chek", by=0.1),
        ReduceRework(to="Chek", by=0.1),
        ReduceRework(from_="Chek", by=0.1),
    ],
    ids=lambda c: c.words(),
)
def test_an_activity_that_is_not_there(model, change):
    with pytest.raises(UnknownNameError, match=r"no activity 'Chek'\. Did you mean 'Check'\?"):
        bind(model, [change])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (AddCapacity(pool="pool of Chek", staff=1), r"no pool 'pool of Chek'\. Did you mean 'pool of Check'\?"),
        (ChangeHours(pool="pool of Chek", hours={"mon": "08:00-09:00"}), r"no pool .* Did you mean 'pool of Check'\?"),
        (Divert(channel="male", to="web", share=1), r"no channel 'male'\. Did you mean 'mail'\?"),
        (Divert(channel="mail", to="wb", share=1), r"no channel 'wb'\. Did you mean 'web'\?"),
        (Divert(channel="mail", to="mail", share=1), "divert moves cases from 'mail' to itself"),
        (ExpressLane(where={"sise": "small"}), r"no attribute 'sise'\. Did you mean 'size'\?"),
        (ExpressLane(where={"size": "smal"}), r"no value of size 'smal'\. Did you mean 'small'\?"),
        (ExpressLane(where={"by": "web"}), r"no attribute 'by'.*It has: 'channel', 'size'"),
        (ShortenExternal(activity="Check", by=0.5), r"'Check' isn't declared external.*'Answer'"),
        (ReduceRework(to="Check", by=0.5), "No loop in .* matches"),
        (RunInParallel(activities=("Check", "Send")), "no case has these one after another"),
        (AddCapacity(activity="Answer", staff=1), "'Answer' (needs no staff|waits on the customer)"),
        (AddCapacity(activity="Send", staff=1), "'Send' needs no staff"),
        (PoolResources(activities=("Check", "Send")), "Nobody is seen to spend time on 'Send'"),
        (Release(activity="Decide", every="immediately"), "'Decide' isn't released in batches"),
        (ChangeHours(hours={"mon": "25:00-26:00"}), "change_hours of all: "),
        (ChangeHours(hours={"someday": "08:00-12:00"}), "change_hours of all: "),
        (ChangeHours(pool="pool of Decide", hours={"mon": "08:00-08:00"}), "change_hours of pool of Decide: "),
    ],
    ids=lambda v: v.words() if hasattr(v, "words") else "",
)
def test_what_is_not_in_the_log_is_refused(model, change, message):
    with pytest.raises((ScenarioError, InsufficientDataError), match=message):
        bind(model, [change])


@pytest.mark.parametrize(
    "make",
    [
        lambda: RemoveStep(activity="Check", share=1.2),
        lambda: RemoveStep(activity="Check", share=0.5, high=1.2),
        lambda: RemoveStep(activity="Check", share=-0.1),
        lambda: SpeedUp(activity="Check", by=1.01),
        lambda: SpeedUp(activity="Check", by=0.5, low=-0.1),
        lambda: ReduceRework(to="Check", by=2),
        lambda: ShortenExternal(activity="Answer", by=1.5),
        lambda: Divert(channel="mail", to="web", share=1.1),
        lambda: ChangeDemand(by=-1),
        lambda: ChangeHours(hours={}),
        lambda: AddCapacity(staff=1),
        lambda: AddCapacity(pool="pool of Check", activity="Check", staff=1),
        lambda: AddCapacity(activity="Check", staff=float("nan")),
    ],
)
def test_values_that_mean_nothing(make):
    with pytest.raises(ScenarioError, match=r"^sl\.\w+: ") as refused:
        make()
    assert "pydantic" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        AddCapacity(activity="Check", staff=-2),
        AddCapacity(pool="pool of Check", staff=-3),
        AddCapacity(activity="Check", staff=-1.5),
        AddCapacity(activity="Check", staff=-1, low=-2, high=0),
        AddCapacity(activity="Check", staff=0, low=-2, high=1),
    ],
    ids=lambda c: c.words(),
)
def test_more_staff_taken_away_than_there_are(model, change):
    with pytest.raises(ScenarioError, match=r"pool of Check has 2 people; taking away .* leaves nobody"):
        bind(model, [change])


def test_two_changes_that_leave_nobody_together(model):
    """Either leaves one of the two who check; both leave none, whether by the pool's name or by what it does."""
    bind(model, [AddCapacity(activity="Check", staff=-1)])
    for first in (AddCapacity(activity="Check", staff=-1), AddCapacity(pool="pool of Check", staff=-1)):
        with pytest.raises(ScenarioError, match="pool of Check has 2 people; taking away 2 leaves nobody"):
            bind(model, [first, AddCapacity(activity="Check", staff=-1)])
    bind(model, [AddCapacity(activity="Check", staff=-1), AddCapacity(pool="pool of Check", staff=1)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([Automate(activity="Check", to="1 minute"), SpeedUp(activity="Check", by=0.5)], "Automate and SpeedUp of 'Check'"),
        ([RemoveStep(activity="Check"), Automate(activity="Check", to="1 minute")], "Automate and RemoveStep of 'Check'"),
        ([Automate(activity="Check", to="1 minute"), Automate(activity="Check", to="2 minutes")], "Automate.*'Check'"),
        ([SpeedUp(activity="Check", by=0.5), SpeedUp(activity="Check", by=0.1)], "SpeedUp of 'Check'"),
        ([Release(activity="Check", every="13:00"), Release(activity="Check", every="monday")], "Release of 'Check'"),
        ([Automate(activity="Check", to="1 hour"), Release(activity="Check", every="monday")], "Release of 'Check'"),
        ([ShortenExternal(activity="Answer", by=0.1), ShortenExternal(activity="Answer", by=0.2)], "ShortenExternal of 'Answer'"),
        ([ChangeHours(hours={"mon": "08:00-12:00"}), ChangeHours(hours={"mon": "09:00-12:00"})],
         "give hours to the same people: 'all', 'all'"),
        ([ChangeHours(hours={"mon": "08:00-12:00"}), ChangeHours(pool="pool of Check", hours={"mon": "09:00-12:00"})],
         "'all', 'pool of Check'"),
        ([ChangeDemand(by=0.1), ChangeDemand(by=-0.1)], "Two changes say how many cases arrive"),
    ],
)  # fmt: skip
def test_changes_that_contradict_each_other(model, changes, message):
    for given in (changes, changes[::-1]):
        with pytest.raises(ScenarioError, match="Two changes"):
            bind(model, given)
    with pytest.raises(ScenarioError, match=message):
        bind(model, changes)


def test_changes_of_different_places_do_not_contradict(model):
    bind(model, [SpeedUp(activity="Check", by=0.5), Automate(activity="Decide", to="1 minute"),
                 ChangeHours(pool="pool of Check", hours={"mon": "08:00-12:00"}),
                 ChangeHours(pool="pool of Decide", hours={"mon": "09:00-12:00"})])  # fmt: skip


def test_a_refusal_names_the_scenario_and_comes_before_any_draw(model):
    told = []
    with pytest.raises(UnknownNameError, match=r"^Scenario 'Quick': .*no activity 'Chek'"):
        estimates(
            model,
            [Proposal(name="As it is", changes=[]), Proposal(name="Quick", changes=[SpeedUp(activity="Chek", by=0.1)])],
            progress=lambda *at: told.append(at),
        )
    assert told == []
    with pytest.raises(ScenarioError, match="draws must be at least 20; 5 leave"):
        estimate(model, [], draws=5)


def without(rows, *, start=False, person=False):
    return [(c, a, None if start else s, e, None if person else p) for c, a, s, e, p in rows]


def test_without_starts_there_are_no_queues_and_staff_can_not_be_changed(log_of, office, instants):
    model = fit_queues(log_of(without(ROWS, start=True), arrivals=ARRIVALS), calendar=office)
    assert NO_QUEUES_CAVEAT in model.caveats
    # each step ends as long after the one before as it did; a removed one takes its time away
    assert [end for _, _, end in instants(model)["a"]] == [9, 10, 11]
    assert [end for _, _, end in instants(model, RemoveStep(activity="Answer"))["a"]] == [9, 10]
    for change in (
        AddCapacity(activity="Check", staff=1),
        PoolResources(activities=("Check", "Decide")),
        ChangeHours(hours={"mon": "08:00-12:00"}),
    ):
        with pytest.raises(
            InsufficientDataError, match="records no starts of steps, so nobody's queue can be replayed"
        ):
            bind(model, [change])
    with pytest.raises(InsufficientDataError, match="no start of 'Check'"):
        bind(model, [SpeedUp(activity="Check", by=0.1)])


def test_without_resources_people_are_those_seen_at_once(log_of, office, instants):
    """Two check side by side at 8:30, one decides; that is said, and what is recorded comes out again."""
    model = fit_queues(log_of(without(ROWS, person=True), arrivals=ARRIVALS, external=["Answer"]), calendar=office)
    assert "The records don't say who did what" in model.caveats[0]
    assert model.log.resource.names == ("Check 1", "Check 2", "Decide 1")
    assert instants(model)["b"] == [("Check", 8.5, 9.5), ("Answer", 9.5, 10), ("Decide", 11, 12)]
    assert instants(model, AddCapacity(activity="Decide", staff=1))["b"][-1] == ("Decide", 10, 11)


def test_without_either_only_what_is_recorded_is_replayed(log_of, done):
    model = fit_queues(log_of(without(ROWS, start=True, person=True), arrivals=ARRIVALS))
    assert model.staffing is None
    assert done(model) == [11, 12, 13]


def test_one_case(log_of, office, done):
    model = fit_queues(log_of(ROWS[:3], arrivals=ARRIVALS, external=["Answer"]), calendar=office)
    assert done(model) == [11]
    assert done(model, SpeedUp(activity="Check", by=0.5)) == [10.5]
    found = estimate(model, [SpeedUp(activity="Check", by=0.5)], draws=20)["cycle_time.mean"]
    assert (found.baseline, found.value) == pytest.approx((3 / 24, 2.5 / 24))
    assert (found.change_low, found.change_high) == pytest.approx((-0.5 / 24, -0.5 / 24))
    assert found.n == 1
    checked = validated(model, refit=lambda chosen: model)
    assert checked.held_out is None
    assert "0 closed cases in its first 70% and 1 closed case after that" in checked.held_out_missing


def test_no_closed_case(log_of):
    log = log_of([*ROWS, ("d", "End", 1, 1, None)], ends=["End"])
    with pytest.raises(InsufficientDataError, match="none of 3 cases is closed; nothing to replay"):
        fit_queues(log.select(~log.closed, because="test"))


def test_a_calendar_that_excludes_everybodys_work(log_of, done):
    """Ten Mondays of work, and an office that is open on Sundays for an hour: the replay waits for Sundays, which
    isn't what happened. It is told to be unfit, and that hardly any work lies in these hours."""
    rows, arrivals = [], {}
    for week in range(10):
        for case, activity, start, end, who in ROWS:
            at = 168 * week
            arrivals[f"{case}{week}"] = at + ARRIVALS[case]
            rows.append((f"{case}{week}", activity, at + start, at + end, who))
    model = fit_queues(
        log_of(rows, arrivals=arrivals, external=["Answer"]), calendar=Calendar(hours={"sun": "01:00-02:00"})
    )
    assert min(done(model)) > 6 * 24
    assert validated(model).verdict == "not fit"
    assert any("60 of 60 steps of staff lie outside" in c for c in model.caveats)


def test_figures_that_rest_on_nothing_are_not_zero(model):
    """No case is ever decided: no cycle time is told, rather than one of zero."""
    never = ChangeHours(pool="pool of Decide", hours={"sun": "00:00-00:01"})
    found = estimate(model, [never], draws=20)
    assert found["cycle_time.mean"].baseline > 0
    assert np.isnan(found["cycle_time.mean"].value) or found["cycle_time.mean"].value > 7
