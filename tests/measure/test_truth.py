"""Truth: services whose figures are known. The permits' own log must give what their simulation counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from streamline.log.calendar import Calendar
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.read import read_contacts, read_log
from streamline.measure.contacts.rates import contact_rates
from streamline.measure.duration import cycle_time
from streamline.measure.loops.rework import loop_occurrences, rework_loops
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.measure.waits.path import paths
from streamline.measure.waits.releases import observed_releases
from streamline.units import HOUR

pytestmark = pytest.mark.real

FROM = pd.Timestamp("2025-03-07", tz="UTC").value // 1000


class Permits(NamedTuple):
    whole: EventLog
    window: EventLog
    calls: ContactLog
    observed: dict[str, float]


def _permits(folder: Path) -> Permits:
    log = read_log(
        folder / "events.csv.gz", case="permit", activity="step", start="began", complete="finished", resource="worker",
        channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    calls = read_contacts(
        folder / "calls.csv.gz", case="permit", time="called", channel="channel", reason="reason",
        status_reasons=["status"], timezone="UTC",
    )  # fmt: skip
    truth = json.loads((folder / "truth.json").read_text())
    return Permits(log, log.arrived_between(FROM, None), calls, truth["observed"])


@pytest.fixture(scope="module", params=["permits", "permits-busy", "permits-calm"])
def permits(request: pytest.FixtureRequest, shared_truth: Path) -> Permits:
    return _permits(shared_truth / request.param)


def test_cycle_times_are_those_that_were_counted(permits: Permits) -> None:
    """The log's seconds are rounded, the simulation's aren't: figures agree within a second, of days."""
    got = cycle_time(permits.window, standard="30 days", draws=50)
    second = 1 / 86_400
    assert got.n == permits.observed["cases"]
    assert got.mean.value == pytest.approx(permits.observed["mean"], abs=second)
    assert got.median.value == pytest.approx(permits.observed["median"], abs=5 * 60 * second)
    assert got.p90.value == pytest.approx(permits.observed["p90"], abs=5 * 60 * second)
    assert got.within_standard is not None
    assert got.within_standard.value == pytest.approx(permits.observed["within_30"], abs=1e-9)
    assert permits.window.n_steps / permits.window.n_cases == pytest.approx(permits.observed["touches"])


def test_calls_per_case_are_those_that_were_made(permits: Permits) -> None:
    """7% of the calls name no case; scaled by the link share, calls per case agree within chance."""
    got = contact_rates(permits.window, permits.calls, whole=permits.whole, draws=50)
    assert got.link_share == pytest.approx(0.93, abs=0.015)
    assert got.per_case.value == pytest.approx(permits.observed["calls_per_case"], rel=0.005)


def test_both_loops_are_found_and_nothing_runs_side_by_side(permits: Permits) -> None:
    assert paths(permits.whole).concurrent == ()
    loops = rework_loops(permits.window, draws=50).table["loop"].tolist()
    assert loops == ["back to Intake check after Request information", "back to Intake check after Technical review"]
    log = permits.window
    occurrences = loop_occurrences(log)
    returned = occurrences.matching(to="Intake check", leaving="Technical review").sum()
    frame = log.to_frame()
    follower = frame.groupby("case")["activity"].shift(-1)
    reviews = frame["activity"] == "Technical review"
    assert returned == (reviews & (follower == "Intake check")).sum()
    assert 0.12 <= returned / reviews.sum() <= 0.21


def test_the_thursday_batch_is_the_bottleneck(permits: Permits) -> None:
    """Decisions are approved in one batch on Thursdays at 13:00: those are the releases, but for a few seconds."""
    hours = Calendar(hours={"mon-fri": "08:00-17:00"})
    got = bottlenecks(permits.window, calendar=hours, draws=50)
    assert got.table["activity"].iloc[0] == "Approve decision"
    released = observed_releases(paths(permits.whole), "Approve decision", calendar=hours)
    at = pd.DatetimeIndex(released.releases.view("datetime64[us]"))
    assert set(at.day_name()) == {"Thursday"}
    since_midnight = (at - at.normalize()).to_numpy().astype("timedelta64[us]").astype(np.int64)
    assert (np.abs(since_midnight - 13 * HOUR) < HOUR // 2).all()


def test_steps_side_by_side_in_the_loan_service(shared_truth: Path) -> None:
    """The three checks of an application run side by side, and so do the home insurance and the acceptance pack."""
    log: Any = read_log(
        shared_truth / "loan" / "events.csv.gz", case="application", activity="step", start="began",
        complete="finished", resource="worker", timezone="UTC",
    )  # fmt: skip
    found = set(paths(log).concurrent)
    checks = {("AML Check", "Appraise property"), ("AML Check", "Check credit history"),
              ("Appraise property", "Check credit history")}  # fmt: skip
    assert checks <= found
    assert ("Prepare acceptance pack", "Prepare home insurance quote") in found
    names = {name for pair in found for name in pair}
    assert names.isdisjoint({"Check application form completeness", "Applicant completes form", "Assess loan risk",
                             "Design loan offer", "Approve Loan Offer"})  # fmt: skip
    observed = json.loads((shared_truth / "loan" / "truth.json").read_text())["observed"]
    got = cycle_time(log, draws=50)
    assert got.mean.value == pytest.approx(observed["mean"], rel=1e-6)
    assert got.p90.value == pytest.approx(observed["p90"], rel=0.01)
