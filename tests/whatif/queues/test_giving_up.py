"""Cases that end while they wait for people: counted by hand, told from ends of other kinds, and replayed."""

from __future__ import annotations

import numpy as np
import pytest
from impatient_service import customers, mean_days, rows

from streamline.kernels.queues import NEVER
from streamline.log.calendar import Calendar
from streamline.units import DAY, HOUR
from streamline.whatif.change import AddCapacity, SpeedUp
from streamline.whatif.estimate import estimate
from streamline.whatif.giving_up import ENOUGH, Patience, learned
from streamline.whatif.queue_model import fit_queues

ENDS = ["Sent", "Withdrawn"]


def rows_of(n_gone, *, wait=1.0, after="Check", n=100):
    """n cases, two a day: checked, decided an hour later, sent; of these n_gone are withdrawn so long after a step."""
    found, arrivals = [], {}
    for k in range(n):
        at, case = 24 * (k // 10 * 7 + k // 2 % 5) + 8 + 4 * (k % 2), f"c{k}"
        arrivals[case] = at
        found.append((case, "Check", at, at + 1, "ann"))
        gone = k < n_gone
        if not (gone and after == "Check"):
            found.append((case, "Decide", at + 2, at + 3, "bob"))
        if gone:
            end = at + (1 if after == "Check" else 3) + wait
            found.append((case, "Withdrawn", end, end, None))
        else:
            found.append((case, "Sent", at + 3, at + 3, None))
    return found, arrivals


def said(log_of, office, n_gone, **how):
    options = {"ends": how.pop("ends", ENDS)}
    found, arrivals = rows_of(n_gone, **how)
    model = fit_queues(log_of(found, arrivals=arrivals, **options), calendar=office)
    return [c for c in model.caveats if "while they wait for people" in c]


def test_cases_that_are_withdrawn_while_a_decision_is_awaited(log_of, office):
    """All wait for an hour alike, so nothing says that those who left did because of it."""
    (words,) = said(log_of, office, ENOUGH)
    assert words.startswith(f"{ENOUGH} cases of 100 end (Withdrawn) while they wait for people, but not more of them")


@pytest.mark.parametrize(
    ("n_gone", "how"),
    [
        (ENOUGH - 1, {}),  # too few
        (ENOUGH, {"wait": 0.0}),  # at once: a decision
        (ENOUGH, {"after": "Decide"}),  # nobody was awaited any more
        (60, {}),  # most end there: that is what comes next
        (ENOUGH, {"ends": None}),  # nothing says what an end is
    ],
)
def test_other_ends_are_none(log_of, office, n_gone, how):
    assert said(log_of, office, n_gone, **how) == []


def test_patience_beyond_a_wait_by_hand():
    """One leaves per 10 hours in the first 20, then one per 5: of those who waited 30, half are gone 5 log 2 hours later."""
    patience = Patience(since=np.array([0, 20 * HOUR]), left=np.array([4, 8]), spent=np.array([40.0, 40.0]) * HOUR)
    rng = np.random.default_rng(1)
    late = patience.beyond(np.full(20_000, 30 * HOUR), rng) / HOUR
    assert late.min() >= 30
    assert np.median(late) == pytest.approx(30 + 5 * np.log(2), rel=0.01)
    early = patience.beyond(np.full(20_000, 10 * HOUR), rng) / HOUR
    assert (early > 20).mean() == pytest.approx(np.exp(-1), abs=0.012)
    assert early[early > 20].mean() == pytest.approx(25, rel=0.02)


@pytest.mark.parametrize("left", [[5] * 60, [5] * 50 + [9] * 10, [5] * 45 + [7, 9] + [11] * 13, list(range(1, 61))])
def test_somebody_leaves_in_each_span_whatever_the_ties(left):
    left = np.array(left) * HOUR
    patience = learned(left, np.full(1_000, 8 * HOUR))
    assert (patience.left > 0).all()
    assert patience.left.sum() == 60
    assert patience.spent.sum() == pytest.approx(left.sum() + 8_000 * HOUR)
    assert np.isfinite(patience.drawn(np.random.default_rng(1)).rate).all()


@pytest.fixture(scope="module")
def impatient(log_of):
    """4,000 customers of three people at 0.83 load, who wait for three days on average."""
    given = customers(4_000, 3, days=3.0)
    found, arrivals = rows(given, 3)
    log = log_of(found, arrivals=arrivals, ends=ENDS)
    return given, fit_queues(
        log, calendar=Calendar(hours={"mon-sun": "00:00-24:00"}), pools={"Officers": ["officer-*"]}
    )


def test_patience_is_learned(impatient):
    given, model = impatient
    gave_up = model.giving_up
    (patience,) = gave_up.patience
    assert len(gave_up.case) == sum(model.log.activities[a] == "Withdrawn" for a in model.log.activity)
    assert patience.left.sum() == len(gave_up.case)
    mean = patience.spent.sum() / patience.left.sum() / DAY
    assert mean == pytest.approx(3.0, abs=3 * 3.0 / np.sqrt(patience.left.sum()))
    assert gave_up.known / HOUR == pytest.approx(given.patience[gave_up.case], rel=1e-6)


def test_who_gave_up_goes_on_like_another_case(impatient):
    """In place of the withdrawal: a decision, which waits for the application, and what is sent after it."""
    _, model = impatient
    case = int(model.giving_up.case[0])
    course = model.courses.of(np.array([case]))
    names = [model.log.activities[a] for a in model.log.activity[course.step]]
    assert names == ["File", "Decide", "Sent"]
    assert course.joined.tolist() == [0, 1]
    assert course.join_offsets.tolist() == [0, 0, 1, 2]
    assert (course.known >= 0).tolist() == [False, True, False]
    untouched = next(k for k in range(model.log.n_cases) if k not in set(model.giving_up.case.tolist()))
    own = model.courses.of(np.array([untouched]))
    assert own.step.tolist() == list(range(*model.log.case_offsets[untouched : untouched + 2]))


def test_the_replay_as_it_is_has_as_many_give_up(impatient, work_with):
    given, model = impatient
    work = work_with(model)
    replayed = work.replayed()
    left = np.add.reduceat(replayed.left, work.offsets[:-1]) > 0
    assert left.sum() == pytest.approx(len(model.giving_up.case), rel=0.1)
    days = (np.maximum.reduceat(replayed.complete, work.offsets[:-1]) - work.arrival) / DAY
    assert days.mean() == pytest.approx(mean_days(given, 3), rel=0.03)


@pytest.mark.parametrize(("staff", "people"), [(-1, 2), (1, 4)])
def test_other_people_do_what_they_really_do(impatient, staff, people):
    """With two people the queue would grow without bound if nobody left: by months, over these 4,000 cases."""
    given, model = impatient
    true = mean_days(given, people) - mean_days(given, 3)
    got = estimate(model, [AddCapacity(pool="Officers", staff=staff)], draws=40)["cycle_time.mean"]
    assert got.change_low - 0.02 <= true <= got.change_high + 0.02
    assert got.change == pytest.approx(true, rel=0.25, abs=0.02)


def test_nothing_changes_nothing(impatient):
    _, model = impatient
    found = estimate(model, [SpeedUp(activity="Decide", by=0.0)], draws=20)
    assert all(f.change == f.change_low == f.change_high == 0 for f in found.figures)


def test_staff_of_those_who_left_is_not_counted(impatient, work_with):
    _, model = impatient
    work = work_with(model)
    replayed = work.replayed()
    assert (replayed.team[replayed.left] == -1).all()
    assert replayed.complete[replayed.left].max() < NEVER
    found = estimate(model, [AddCapacity(pool="Officers", staff=-1)], draws=20)["staff_hours_per_case"]
    assert found.change < 0  # those who withdraw are not decided
