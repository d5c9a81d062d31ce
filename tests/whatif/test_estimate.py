"""The estimate: exactly zero without effect, the same for the same seed, right by hand for contacts and costs."""

from __future__ import annotations

import pandas as pd
import pytest

from streamline.errors import ScenarioError
from streamline.log.read import read_contacts
from streamline.whatif.change import ReduceRework, RemoveStep, SpeedUp
from streamline.whatif.estimate import Prices, estimate
from streamline.whatif.replay import fit_replay

MONDAY = pd.Timestamp("2025-01-06", tz="UTC")


def many(log_of, n=60):
    """Cases of 2 to 8 hours, every third of which is sent back once."""
    rows = []
    for k in range(n):
        at = 24 * k
        rows += [(f"c{k:02}", "In", at + 8, at + 8), (f"c{k:02}", "Review", at + 9, at + 10 + k % 6)]
        if k % 3 == 0:
            rows += [(f"c{k:02}", "In", at + 16, at + 16), (f"c{k:02}", "Review", at + 17, at + 18)]
    return log_of(rows)


@pytest.mark.parametrize(
    "change", [SpeedUp(activity="Review", by=0), RemoveStep(activity="Review", share=0), ReduceRework(to="In", by=0)]
)
def test_a_null_change_is_exactly_zero_in_every_figure(log_of, office, change):
    model = fit_replay(many(log_of), calendar=office)
    got = estimate(model, [change], draws=25, standard="5 hours", prices=Prices(currency="USD", staff_hour=50))
    assert {f.measure for f in got.figures} >= {
        "cycle_time.mean",
        "within_standard",
        "staff_hours_per_case",
        "cost_per_year",
    }
    for f in got.figures:
        assert (f.change, f.change_low, f.change_high) == (0, 0, 0), f
        assert f.value == f.baseline
    assert estimate(model, [], draws=25)["cycle_time.mean"].change == 0


def test_the_same_seed_gives_the_same_figures_whatever_else_is_estimated(log_of):
    model = fit_replay(many(log_of))
    change = ReduceRework(to="In", by=0.5, low=0.2, high=0.9)
    once = estimate(model, [change], draws=30, seed=4)
    estimate(model, [SpeedUp(activity="Review", by=0.3)], draws=30, seed=4)
    assert estimate(model, [change], draws=30, seed=4).figures == once.figures
    assert estimate(model, [change], draws=30, seed=5).figures != once.figures


def test_more_of_a_change_does_more(log_of):
    model = fit_replay(many(log_of))
    means = [
        estimate(model, [SpeedUp(activity="Review", by=by)], draws=20)["cycle_time.mean"].change
        for by in (0.1, 0.4, 0.9)
    ]
    assert 0 > means[0] > means[1] > means[2]


def test_the_belief_widens_the_interval(log_of):
    model = fit_replay(many(log_of))
    sure = estimate(model, [SpeedUp(activity="Review", by=0.5)], draws=100)["cycle_time.mean"]
    unsure = estimate(model, [SpeedUp(activity="Review", by=0.5, low=0.1, high=0.9)], draws=100)["cycle_time.mean"]
    assert unsure.change_high - unsure.change_low > 2 * (sure.change_high - sure.change_low)
    assert unsure.change == pytest.approx(sure.change, rel=0.15)


def test_too_few_draws(log_of):
    with pytest.raises(ScenarioError, match="at least 20; 5"):
        estimate(fit_replay(many(log_of)), [], draws=5)


def contacts_by_hand(log_of):
    """One day: case a awaits Work from hour 0 to 10 and Sign from 10 to 20. Four calls while awaiting Work, two while
    awaiting Sign, one of which marks the end of the call log; prices by channel."""
    log = log_of([("a", "In", 0, 0), ("a", "Work", 0, 10), ("a", "Sign", 18, 20)])
    frame = pd.DataFrame(
        {
            "case": ["a"] * 6,
            "time": [MONDAY + pd.Timedelta(hours=h) for h in (0, 3, 5, 7, 12, 20)],
            "channel": ["phone", "phone", "email", "phone", "phone", "web"],
        }
    )
    return log, read_contacts(frame, case="case", time="time", channel="channel")


def test_contacts_follow_the_open_days_by_hand(log_of):
    """Work at half its time: 5 hours awaited instead of 10, so 2 calls instead of 4. Sign is awaited as long as before:
    of its calls one falls before the end of the call log's 20 hours, one at the very end, after the case. 6 become 4."""
    log, calls = contacts_by_hand(log_of)
    got = estimate(fit_replay(log, contacts=calls), [SpeedUp(activity="Work", by=0.5)], draws=20)["contacts_per_case"]
    assert (got.baseline, got.value) == pytest.approx((6, 4))


def test_costs_by_hand(log_of, office):
    """Office hours 8 to 17: Work (0-10) holds 2 of them, Sign (18-20) none. One case in a period of a day at least:
    365.25 a year. Staff 50 an hour: 100. Contacts: 4 by phone at 6, 1 by e-mail at 3, web unpriced: 27 a case.
    Half of the work is one office hour, done at 9 instead of 10: 9 tenths of the 4 calls while Work is awaited: 5.6."""
    log, calls = contacts_by_hand(log_of)
    model = fit_replay(log, contacts=calls, calendar=office)
    prices = Prices(currency="USD", staff_hour=50, contact={"phone": 6, "email": 3}, scenario_per_year=1000)
    got = estimate(model, [SpeedUp(activity="Work", by=0.5)], draws=20, prices=prices)
    assert got["staff_hours_per_case"].baseline == pytest.approx(2)
    assert got["staff_hours_per_case"].value == pytest.approx(1)
    cost = got["cost_per_year"]
    assert cost.baseline == pytest.approx((100 + 27) * 365.25)
    assert cost.value == pytest.approx((50 + 5.6 / 6 * 27) * 365.25 + 1000)
    assert any("no price for contacts by web (17% of the contacts)" in c for c in got.caveats)


def test_without_office_hours_no_staff_hours(log_of):
    got = estimate(fit_replay(many(log_of)), [], draws=20, prices=Prices(currency="USD", staff_hour=50))
    assert {f.measure for f in got.figures} == {"cycle_time.mean", "cycle_time.median", "cycle_time.p90"}
    assert any("a step left overnight would count the night" in c for c in got.caveats)
    with pytest.raises(KeyError, match="isn't estimated"):
        got["staff_hours_per_case"]
