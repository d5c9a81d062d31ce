"""Rates of contacts in one result: by hand, and from a service whose rates are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import streamline as sl
from streamline.errors import InsufficientDataError
from streamline.figure import BarChart
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.contacts.lives import BEFORE_ARRIVAL, CLOSED
from streamline.measure.contacts.rates import contact_rates, linked_rates

MONDAY = pd.Timestamp("2025-01-06", tz="UTC")
#: One about a in review, one in its signing; two about b before and after; one about nothing.
CALLS = [("a", 1), ("a", 4.5), ("b", 3), ("b", 8), (None, 2)]


def test_rates_by_hand(cases_of: Callable[..., Any], calls_of: Callable[..., Any]) -> None:
    """Review from day 0 (a), 0 (b) and 0 (c): 4 + 6 + 2 = 12 days, 2 calls; Sign 1 + 1 days, 1 call; link share 4 of 5."""
    rows = [
        ("a", "Review", 0, 4),
        ("a", "Sign", 4, 5),
        ("b", "Review", 0, 6),
        ("b", "Sign", 6, 7),
        ("c", "Review", 0, 2),
    ]
    got = contact_rates(
        cases_of(rows, ends=["Sign"]), calls_of([*CALLS, ("b", 9)]), covers=("2025-01-06", "2025-02-20")
    )
    share = 5 / 6
    assert got.link_share == pytest.approx(share)
    states = got.by_state.set_index("state")
    assert states.loc["Review", ["open_days", "n_contacts", "n_asking", "n_cases"]].tolist() == [12, 2, 2, 3]
    assert states.loc["Sign", ["open_days", "n_contacts", "n_asking", "n_cases"]].tolist() == [2, 1, 1, 2]
    assert states.loc["Review", "rate_per_open_day"] == pytest.approx(2 / 12 / share)
    assert states.loc["Review", "rate_low"] < 2 / 12 / share < states.loc["Review", "rate_high"]
    assert states.loc[CLOSED, "n_contacts"] == 2
    assert got.per_case is not None
    assert got.per_case.value == pytest.approx(5 / 2 / share)
    assert got.per_case.n == 2
    assert got.table["n_contacts"].sum() == got.by_state["n_contacts"].sum() == 5
    assert got.choice is None
    assert got.repeats is None
    assert got.ratio_of("waiting") is None
    assert got.why.startswith("Only 3 contacts about open cases can be counted one by one")
    assert got.cases["state"].tolist() == ["Review", "Sign", "Review", CLOSED, CLOSED]
    assert isinstance(got.chart(), BarChart)


def test_one_contact_has_a_rate_with_wide_bounds(cases_of: Callable[..., Any], calls_of: Callable[..., Any]) -> None:
    log = cases_of([(f"c{k}", "Review", 0, 4) for k in range(50)])
    got = contact_rates(log, calls_of([("c7", 2)]), covers=("2025-01-06", "2025-01-20"))
    (review,) = got.by_state[got.by_state["state"] == "Review"].itertuples()
    assert review.rate_low < 0.1 / 200
    assert review.rate_high > 5 / 200
    assert got.per_case is not None
    assert got.per_case.high is not None
    assert got.per_case.high > 4 / 50
    assert any("Only 1 contact can be linked" in c for c in got.caveats)


def test_no_covered_case_leaves_the_rates(cases_of: Callable[..., Any], calls_of: Callable[..., Any]) -> None:
    """Contacts of one week of cases that take a hundred days: rates by state, but no contacts per case."""
    log = cases_of([(f"c{k}", "Review", 0, 100) for k in range(30)])
    got = contact_rates(log, calls_of([(f"c{k}", 50 + k / 5) for k in range(30)]))
    assert got.per_case is None
    assert any("contacts per case can't be told" in c for c in got.caveats)
    assert got.by_state["rate_per_open_day"].iloc[0] > 0


def test_what_cant_be_linked_is_refused(cases_of: Callable[..., Any], calls_of: Callable[..., Any]) -> None:
    log = cases_of([("a", "Review", 0, 4)])
    with pytest.raises(InsufficientDataError, match="none of 1 contact can be linked"):
        sl.contact_rates(log, calls_of([("zz", 1)]))


def _service(
    cases_of: Callable[..., Any], calls_of: Callable[..., Any], *, seed: int, late: float, slow_callers: bool
) -> tuple[Any, Any]:
    """600 cases await Review for 2 to 60 days; 0.03 calls a day, `late` times as many past day 30. With `slow_callers` customers
    call in proportion to how long their case takes."""
    rng = np.random.default_rng(seed)
    days = rng.uniform(2, 60, 600)
    begins = rng.uniform(0, 300, 600)
    zeal = days / days.mean() if slow_callers else np.ones(600)
    cases, calls = [], []
    for k in range(600):
        cases.append((f"c{k}", "Review", begins[k], begins[k] + days[k]))
        at = rng.uniform(0, days[k], rng.poisson(0.03 * late * zeal[k] * days[k]))
        kept = (at > 30) | (rng.random(len(at)) < 1 / late)
        calls += [(f"c{k}", begins[k] + t) for t in at[kept]]
    return cases_of(cases), calls_of(calls)


@pytest.mark.parametrize("slow_callers", [False, True])
def test_being_overdue_is_told_from_calling_much(
    cases_of: Callable[..., Any], calls_of: Callable[..., Any], slow_callers: bool
) -> None:
    """Past the standard customers call 1.8 times as often; that those with long cases call more is no effect of it."""
    log, calls = _service(cases_of, calls_of, seed=3, late=1.8, slow_callers=slow_callers)
    got = contact_rates(log, calls, standard="30 days", bands=(1000,), covers=("2025-01-06", "2026-02-01"))
    found = got.ratio_of("overdue")
    assert found is not None
    assert found.low < 1.8 < found.high
    assert found.high / found.low < 2.2
    assert found.n > 100
    assert "within" in found.method or "pooled" in found.method
    assert got.ratio_of("waiting") is None, "one band has nothing to compare"
    assert got.checks is not None
    assert got.checks.calibration.n_contacts.sum() == got.by_state["n_contacts"].iloc[0]
    assert got.checks.zeros.n_cases == 600
    plain = got.by_state.iloc[0]
    assert plain["rate_low"] < plain["n_contacts"] / plain["open_days"] < plain["rate_high"]


def test_linked_rates_are_those_of_the_whole(cases_of: Callable[..., Any], calls_of: Callable[..., Any]) -> None:
    log, calls = _service(cases_of, calls_of, seed=4, late=1.0, slow_callers=False)
    links = link_contacts(log, calls)
    pd.testing.assert_frame_equal(linked_rates(links, draws=50).table, contact_rates(log, calls, draws=50).table)


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm"])
def test_contacts_per_case_of_the_permits_are_those_that_were_counted(shared_truth: Path, name: str) -> None:
    import json

    folder = shared_truth / name
    log = sl.read_log(
        folder / "events.csv.gz", case="permit", activity="step", start="began", complete="finished", resource="worker",
        channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    calls = sl.read_contacts(folder / "calls.csv.gz", case="permit", time="called", timezone="UTC")
    counted = log.arrived_between(pd.Timestamp("2025-03-07", tz="UTC").value // 1000, None)
    got = contact_rates(counted, calls, whole=log, draws=100)
    observed = json.loads((folder / "truth.json").read_text())["observed"]["calls_per_case"]
    assert got.per_case is not None
    assert got.per_case.value == pytest.approx(observed, rel=0.03)
    assert BEFORE_ARRIVAL not in set(got.by_state.head(3)["state"])
