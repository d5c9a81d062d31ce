"""Kinds of case that go first: found where they are, not where order is time's or chance's, and replayed."""

from __future__ import annotations

import numpy as np
import pytest
from impatient_service import customers, rows, served

from streamline.log.calendar import Calendar
from streamline.units import DAY
from streamline.whatif.change import ExpressLane
from streamline.whatif.draws import bind
from streamline.whatif.queue_model import fit_queues

ALWAYS = Calendar(hours={"mon-sun": "00:00-24:00"})


def fitted(log_of, given, people=3, *, columns=None, **how):
    found, arrivals = rows(given, people, **how)
    urgent = {f"c{k:05d}": "yes" if u else "no" for k, u in enumerate(given.urgent)}
    log = log_of(found, arrivals=arrivals, ends=["Sent"], columns=columns or {"urgent": urgent}, attributes=["urgent"])
    return fit_queues(log, calendar=ALWAYS, pools={"Officers": ["officer-*"]})


@pytest.fixture(scope="module")
def urgent_first(log_of):
    given = customers(3_000, 5)
    return given, fitted(log_of, given, urgent_first=True)


def test_urgent_cases_go_first(urgent_first):
    given, model = urgent_first
    (kind,) = model.precedence.kinds
    assert (kind.attribute, kind.value) == ("urgent", "yes")
    assert kind.taken == kind.chances > 100
    log = model.log
    first = model.precedence.priority > 0
    decide = log.activity == log.activity_code("Decide")
    assert (first == (decide & given.urgent[log.case_of_step])).all()
    assert any(f"({kind.taken:,} of the {kind.chances:,} times" in c for c in model.caveats)


def test_the_replay_has_urgent_cases_wait_as_they_did(urgent_first, work_with):
    given, model = urgent_first
    work = work_with(model)
    days = (np.maximum.reduceat(work.replayed().complete, work.offsets[:-1]) - work.arrival) / DAY
    _, end, _ = served(given, 3, urgent_first=True)
    true = (end - given.arrival) / 24
    for mine in (given.urgent, ~given.urgent):
        assert days[mine].mean() == pytest.approx(true[mine].mean(), rel=0.02)
    assert days[given.urgent].mean() < 0.7 * days[~given.urgent].mean()


def test_in_order_of_time_nobody_goes_first(log_of):
    assert fitted(log_of, customers(3_000, 6)).precedence.kinds == ()


def test_an_attribute_without_meaning_does_not_either(log_of):
    given = customers(3_000, 7)
    coin = np.random.default_rng(1).random(3_000) < 0.5
    columns = {"urgent": {f"c{k:05d}": "yes" if u else "no" for k, u in enumerate(coin)}}
    assert fitted(log_of, given, columns=columns, urgent_first=True).precedence.kinds == ()


def test_an_express_lane_says_what_it_goes_before(urgent_first, log_of):
    _, model = urgent_first
    lane = [ExpressLane(where={"urgent": "no"}, priority=1)]
    assert bind(model, lane).caveats == ("Cases of the express lane go before those that go first today.",)
    other = bind(fitted(log_of, customers(300, 8)), lane).caveats
    assert other == ("Cases are taken first come, first served today: no kind of case is seen to go first.",)
