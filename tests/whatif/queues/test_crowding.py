"""How busy teams are, added up by hand; what is told of queues that grow without bound, and of those that nobody has seen."""

from __future__ import annotations

import pytest

from streamline.whatif.change import AddCapacity, Automate, ChangeDemand, PoolResources, SpeedUp
from streamline.whatif.crowding import crowding, utilisation
from streamline.whatif.draws import bind
from streamline.whatif.figures import Measures
from streamline.whatif.queue_model import fit_queues

ARRIVALS = {"a": 8, "b": 8.5, "c": 9}
#: Ann checks (3 hours in all), Bob decides (4). Cases come from 8:00 to 9:00, when each of the two is there for one hour.
COUNTER = [
    ("a", "Check", 8, 9, "ann"), ("a", "Decide", 9, 11, "bob"),
    ("b", "Check", 9, 10, "ann"), ("b", "Decide", 11, 12, "bob"),
    ("c", "Check", 10, 11, "ann"), ("c", "Decide", 12, 13, "bob"),
]  # fmt: skip


@pytest.fixture
def counter(log_of, office):
    return fit_queues(log_of(COUNTER, arrivals=ARRIVALS), calendar=office)


@pytest.fixture
def said():
    """`said(model, *changes)`: what must be said of the queues."""

    def words(model, *changes):
        return crowding(model, Measures(model, standard=None, prices=None), bind(model, changes), seed=1)

    return words


@pytest.mark.parametrize(
    ("changes", "checks", "decisions"),
    [
        ((), 3.0, 4.0),
        ((SpeedUp(activity="Check", by=0.5),), 1.5, 4.0),
        ((AddCapacity(activity="Decide", staff=1),), 3.0, 2.0),
        ((AddCapacity(activity="Decide", staff=3),), 3.0, 1.0),
        # both do both: 7 hours of work for two
        ((PoolResources(activities=("Check", "Decide")),), 3.5, 3.5),
        # three do both: ann is a third of each
        ((PoolResources(activities=("Check", "Decide")), AddCapacity(activity="Decide", staff=1)), 7 / 3, 7 / 3),
        # nobody needs to check
        ((Automate(activity="Check", to="0 minutes"),), 0.0, 4.0),
    ],
)
def test_work_that_comes_over_time_on_duty(counter, work_with, changes, checks, decisions):
    found = utilisation(counter, work_with(counter, *changes))
    assert found == pytest.approx({"pool of Check": checks, "pool of Decide": decisions})


def test_time_on_duty_is_that_while_cases_come(log_of, office, work_with):
    """Cases come on Monday at 16:00 and on Tuesday at 9:00: two hours of the office lie between, and bring 1 + 1
    hours of work."""
    rows = [("a", "Check", 16, 17, "ann"), ("b", "Check", 33, 34, "ann")]
    model = fit_queues(log_of(rows, arrivals={"a": 16, "b": 33}), calendar=office)
    assert utilisation(model, work_with(model)) == {"pool of Check": 1.0}


def test_more_work_than_can_be_done_is_told_with_what_is_left(counter, said):
    """At 9:00, as the last case comes, ann turns to b; c, an hour of work, waits. Bob turns to a; nobody else is checked."""
    assert said(counter) == [
        "More work arrives than can be done: pool of Check (300%), pool of Decide (400%) of the time on duty. The queue grows as "
        "long as that lasts, so the figures are those of this period and no steady state; when the last case "
        "arrives, 1 step with "
        "1 hours of work wait."
    ]  # fmt: skip
    # checked at once, b (8:30) and c (9:00) wait for bob, an hour each
    (words,) = said(counter, Automate(activity="Check", to="0 minutes"))
    assert "done: pool of Decide (400%) of the time" in words
    assert words.endswith("2 steps with 2 hours of work wait.")


def test_a_team_that_can_just_do_its_work_is_not_full(counter, said):
    """With three more who check, work and time on duty are 3 and 4; with four more who decide 4 and 5."""
    assert said(counter, AddCapacity(activity="Check", staff=3), AddCapacity(activity="Decide", staff=4)) == []
    (words,) = said(counter, AddCapacity(activity="Check", staff=3), AddCapacity(activity="Decide", staff=2))
    assert "done: pool of Decide (133%) of the time" in words


def quiet(log_of, office, *, waits=0):
    """200 cases, five a working day, each half an hour with ann; nobody waits for her but the last `waits`, which
    come ten minutes after the one before."""
    rows, arrivals, free = [], {}, 0.0
    for k in range(200):
        day, within = divmod(k, 5)
        week, day = divmod(day, 5)
        at = 168 * week + 24 * day + 8.1 + 1.9 * within + 0.1 * (k % 7)
        if k >= 200 - waits:
            at = arrivals[f"c{k - 1}"] + 1 / 6
        begin = max(at, free)
        free = begin + 0.5
        arrivals[f"c{k}"] = at
        rows.append((f"c{k}", "Check", begin, begin + 0.5, "ann"))
        rows.append((f"c{k}", "Send", begin + 0.5, begin + 0.5, None))
    return fit_queues(log_of(rows, arrivals=arrivals), calendar=office)


def test_adding_staff_where_nobody_waited_is_said_to_be_no_estimate(log_of, office, said):
    words = "Hardly any step waited for people in Check: no queue was seen there, so adding staff can't be estimated to help."
    model = quiet(log_of, office)
    assert said(model, AddCapacity(activity="Check", staff=1)) == [words]
    assert said(model, AddCapacity(pool="pool of Check", staff=1)) == [words]
    assert said(model, SpeedUp(activity="Check", by=0.5)) == []
    # from one step in a hundred on there is a queue
    assert said(quiet(log_of, office, waits=4), AddCapacity(activity="Check", staff=1)) == []


def test_demand_beyond_what_can_be_done(log_of, office, said):
    """Half an hour each, 200 cases: six times as many are 600 hours of work, in 39 days of nine hours and the 8½ of the last."""
    model = quiet(log_of, office)
    assert said(model) == []
    (words,) = said(model, ChangeDemand(by=5))
    assert round(600 / (40 * 9 - 0.9), 2) == 1.67
    assert words.startswith("More work arrives than can be done: pool of Check (167%) of the time on duty")
