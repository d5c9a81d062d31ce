"""What an estimate is worth, against sums that can be done by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from streamline.errors import ScenarioError
from streamline.results import Window
from streamline.whatif.change import AddCapacity
from streamline.whatif.spread import Spread
from streamline.whatif.value import NO_HOURS, NO_PRICES, Terms, present_cost, value_of

RATE = Terms(rate=0.03, source="memo", years=5)


@dataclass
class Drawn:
    """Stands for a scenario's estimate: cost and customers' hours by draw."""

    cost: list[float]
    hours: list[float]
    contacts: list[float] = field(default_factory=lambda: [0.0])
    names: tuple[str, ...] = ("cost_per_year", "customer_hours_per_case", "responses:", "responses:Form")
    level = 0.95
    n = 500
    draws = 100
    name = "Quicker"
    cases_per_year = 1_000.0
    excluded: dict[str, int] = field(default_factory=dict)
    changes: tuple = ()
    recorded: Window | None = None
    cases: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"case": ["a"], "cycle_days": [2.0]}))
    hours_of: dict[str, float] = field(default_factory=lambda: {"": 0.25, "Form": 1.5})

    @property
    def drawn_names(self):
        return self.names

    @property
    def spread(self):
        change = np.column_stack(
            [np.array(self.cost), np.array(self.hours), np.full(len(self.cost), -0.2), np.full(len(self.cost), -0.1)]
        )
        baseline = np.array([90_000.0, 2.0, 0.5, 1.25])
        return Spread(baseline=baseline, mean=change.mean(axis=0), change=change, after=baseline + change)

    def drawn(self, name):
        return self.spread.change[:, self.names.index(name)]


def told(cost=(-40_000.0,) * 4, hours=(-0.2,) * 4, **options):
    return value_of(Drawn(list(cost), list(hours)), **{"currency": "USD", **options})


def test_savings_are_the_change_of_cost_before_what_the_scenario_costs():
    """The cost of a year holds the running cost: 40,000 less with 10,000 more of it are 50,000 saved."""
    found = told(once=100_000, per_year=10_000)
    assert found.saving_per_year.value == pytest.approx(50_000)
    assert found.saving_per_year.unit == "USD per year"
    # 100,000 at 40,000 a year net: two years and a half
    assert found.payback_years.value == pytest.approx(2.5)
    assert found.pays_back == 1


def test_net_present_value_is_the_sum_of_discounted_months():
    found = told(once=100_000, per_year=10_000, terms=RATE)
    by_hand = -100_000 + sum(40_000 / 12 / 1.03 ** ((month + 0.5) / 12) for month in range(60))
    assert found.net_present_value.value == pytest.approx(by_hand)
    # as an annuity in the middle of the year, but for the curve within a year
    assert by_hand == pytest.approx(-100_000 + sum(40_000 / 1.03 ** (y + 0.5) for y in range(5)), rel=1e-3)
    assert list(found.table["year"]) == [1, 2, 3, 4, 5]
    assert found.table["net"].iloc[0] == pytest.approx(40_000 - 100_000)
    assert found.table["net_present_value"].iloc[-1] == pytest.approx(by_hand)
    assert found.table["positive"].tolist() == [0, 0, 1, 1, 1]
    assert present_cost(100_000, 10_000, RATE) == pytest.approx(100_000 + 10_000 * 4.6467, rel=1e-3)
    assert present_cost(100_000, 10_000, None) == 110_000


def test_savings_grow_in_a_straight_line_to_the_full_effect():
    """Over a ramp of 12 months half a year's savings come in the first year, while the scenario costs its full price."""
    found = told(once=0.0, per_year=10_000, ramp_months=12, terms=Terms(rate=0.0, source="none is taken", years=2))
    assert found.table["net"].tolist() == pytest.approx([25_000 - 10_000, 50_000 - 10_000])
    assert found.net_present_value.value == pytest.approx(55_000)


def test_intervals_come_from_the_draws_and_never_is_never():
    """Two draws in four save less than the scenario costs, so they never pay it back."""
    cost = np.repeat([-60_000.0, -20_000.0, 1_000.0, 5_000.0], 25)
    found = told(cost=cost, hours=np.zeros(100), once=30_000, per_year=0)
    assert found.payback_years.low == pytest.approx(0.5)
    assert math.isinf(found.payback_years.high)
    assert found.pays_back == pytest.approx(0.5)
    assert found.saving_per_year.low == pytest.approx(-5_000)
    assert found.saving_per_year.high == pytest.approx(60_000)
    never = told(cost=[1_000.0] * 4, once=30_000)
    assert math.isinf(never.payback_years.value)
    assert never.pays_back == 0


def test_hours_of_customers_are_respondents_times_responses_times_hours():
    found = told(customer_hour=30.0, once=0, terms=RATE)
    assert found.customer_hours_per_year.value == pytest.approx(0.2 * 1_000)
    assert found.customer_value_per_year.value == pytest.approx(200 * 30)
    assert found.burden["response"].tolist() == ["Contacts", "Form"]
    contacts, form = found.burden.to_dict(orient="records")
    assert contacts["hours_per_year"] == pytest.approx(1_000 * 0.5 * 0.25)
    assert contacts["change"] == pytest.approx(-1_000 * 0.2 * 0.25)
    assert form["hours_per_year_to_be"] == pytest.approx(1_000 * (1.25 - 0.1) * 1.5)
    # theirs stands beside the agency's, and is never in it
    more = found.net_present_value_with_customers.value - found.net_present_value.value
    assert more == pytest.approx(present_cost(0, 6_000, RATE))


def test_what_the_study_does_not_give_is_not_told():
    nothing = value_of(Drawn([-1.0], [-1.0], names=("cycle_time.mean",), hours_of={}))
    assert nothing.saving_per_year is nothing.payback_years is nothing.net_present_value is None
    assert nothing.customer_hours_per_year is None
    assert "no price" in " ".join(nothing.missing)
    assert nothing.missing == (NO_HOURS, NO_PRICES)
    free = told()
    assert free.saving_per_year is not None
    assert free.payback_years is None
    assert "what the scenario costs" in " ".join(free.missing)
    no_years = told(once=5, terms=Terms(rate=0.03, source="memo"))
    assert no_years.net_present_value is None
    assert no_years.payback_years is not None
    assert "gives no number of years" in " ".join(no_years.missing)
    assert "gives no discount rate and no number of years" in " ".join(told(once=5).missing)


def test_a_rate_needs_its_source():
    with pytest.raises(ScenarioError, match="source"):
        Terms(rate=0.03)
    with pytest.raises(ScenarioError, match="between 1 and 50"):
        Terms(rate=0.03, source="memo", years=51)


def test_the_pay_of_people_who_come_or_go_is_said_to_be_left_out():
    """Hours of work stay the same when two more share them; what they are paid is for the study to say."""
    drawn = Drawn([-300.0] * 4, [0.0] * 4, changes=(AddCapacity(activity="Check", staff=2),))
    silent = value_of(drawn, currency="USD")
    assert any("their pay isn't counted" in c for c in silent.caveats)
    assert value_of(drawn, currency="USD", per_year=120_000).caveats == ()
    assert told().caveats == ()
