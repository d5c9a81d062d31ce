"""Contacts of simulated services whose figures are known, and of real records that only look like contacts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError
from streamline.log.read import read_contacts, read_log
from streamline.measure.contacts.exposure import open_life
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.contacts.loop_contacts import loop_contacts
from streamline.measure.contacts.overdue import overdue_contacts
from streamline.measure.contacts.per_case import contacts_per_case
from streamline.measure.contacts.quality import contact_quality
from streamline.measure.contacts.reasons import why_they_call
from streamline.measure.contacts.repeats import first_contact_resolution
from streamline.measure.contacts.switching import channel_switching

pytestmark = pytest.mark.real

FROM = pd.Timestamp("2025-03-07", tz="UTC").value // 1000
#: Few draws: the figures are looked at, their intervals hardly.
FEW = {"draws": 100}


@pytest.fixture(scope="module", params=["permits", "permits-busy", "permits-calm"])
def permits(request, shared_truth: Path):
    folder = shared_truth / request.param
    log = read_log(
        folder / "events.csv.gz", case="permit", activity="step", start="began", complete="finished", resource="worker",
        channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    names = {"case": "permit", "time": "called", "channel": "channel"}
    calls = read_contacts(folder / "calls.csv.gz", **names, reason="reason", status_reasons=["status"])
    silent = read_contacts(folder / "calls.csv.gz", **names)
    return log, calls, silent, json.loads((folder / "truth.json").read_text())["observed"]


def test_contacts_per_case_are_those_of_the_simulation(permits) -> None:
    """Within 3%; 7% of the calls carry no case id. They are within 0.5% (0.02% for `permits`)."""
    log, calls, _, observed = permits
    links = link_contacts(log, calls)
    assert 0.91 < links.link_share < 0.95
    got = contacts_per_case(links, cases=log.arrival >= FROM, **FEW).per_case
    assert got.n == observed["cases"]
    assert got.value == pytest.approx(observed["calls_per_case"], rel=0.03)
    assert got.low < observed["calls_per_case"] < got.high


def test_days_add_up_to_cycle_times(permits) -> None:
    """Cases whose whole life is covered by the calls: their days up to the end are their cycle time to the microsecond."""
    log, calls, *_ = permits
    links = link_contacts(log, calls)
    life = open_life(links, standard="30 days", weekday=True, **FEW)
    state = life.factor("state")
    open_ = ~np.isin(state.codes, [state.levels.index("after the case was closed")])
    inside = log.closed & (log.arrival >= links.period[0]) & (log.last_completion <= links.period[1])
    got = np.zeros(log.n_cases, dtype=np.int64)
    np.add.at(got, life.case[open_], life.time[open_])
    assert (got[inside] == (log.last_completion - log.arrival)[inside]).all()
    assert life.contacts.sum() == links.n_contacts == len(links.place)


def test_a_request_for_information_costs_about_its_days_times_the_rate(permits) -> None:
    """Calls inside the loop are those made while its steps are awaited; like cases without it have as many fewer calls."""
    log, calls, *_ = permits
    row = (
        loop_contacts(link_contacts(log, calls), **FEW)
        .table.set_index("loop")
        .loc["back to Intake check after Request information"]
    )
    assert row["inside_low"] < row["inside_per_occurrence"] < row["inside_high"]
    assert row["matched_per_occurrence"] == pytest.approx(row["inside_per_occurrence"], rel=0.15)


def test_the_lower_bound_of_status_contacts_is_one(permits) -> None:
    """Told without reasons, by state and wait, the share is below that of the recorded reasons and above nothing."""
    log, calls, silent, _ = permits
    told = why_they_call(open_life(link_contacts(log, calls), standard="30 days", **FEW), **FEW).status_share
    least = why_they_call(open_life(link_contacts(log, silent), standard="30 days", **FEW), **FEW)
    assert least.is_lower_bound
    assert 0.02 < least.status_share.value < told.value


def test_calls_cluster_after_a_call_and_once_overdue(permits) -> None:
    """The simulation raises the rate after a call and past the standard."""
    log, calls, *_ = permits
    links = link_contacts(log, calls)
    life = open_life(links, standard="30 days", **FEW)
    rates = life.rates("recent", **FEW)["rate_per_open_day"]
    assert rates.iloc[1] > 3 * rates.iloc[0]
    assert overdue_contacts(life, **FEW).ratio_within_states.low > 1
    assert first_contact_resolution(links, **FEW).repeat_share.value > 0.1
    assert channel_switching(links, **FEW).switched.value > 0.05
    assert contact_quality(log, calls).findings[0].kind == "unlinked"


def test_incidents_hold_requests_not_contacts(real_log, shared_data, real_logs) -> None:
    """Each incident has its opening call, repeated in each of its events; nothing tells of later calls."""
    log = real_log("uci-incidents")
    calls = read_contacts(
        shared_data / real_logs["uci-incidents"]["source"], case="number", time="opened_at", channel="contact_type",
        customer="caller_id", missing=["?"], timezone="UTC", duplicates="drop", max_rejected=1.0,
    )  # fmt: skip
    assert len(calls) == 24_926
    links = link_contacts(log, calls)
    assert links.are == "requests"
    assert contacts_per_case(links, **FEW).per_case.value == pytest.approx(1, abs=0.001)
    with pytest.raises(InsufficientDataError, match="requests themselves"):
        open_life(links)


def test_service_requests_of_boston_hold_channels_of_arrival(real_log, shared_data, real_logs) -> None:
    log = real_log("boston-311")
    calls = read_contacts(
        shared_data / real_logs["boston-311"]["source"], case="CASE_ENQUIRY_ID", time="OPEN_DT", channel="Source",
        timezone="America/New_York", duplicates="drop", max_rejected=1.0,
    )  # fmt: skip
    links = link_contacts(log, calls)
    assert links.are == "requests"
    assert channel_switching(links, **FEW).switched.value == 0
    with pytest.raises(InsufficientDataError, match=r"can be linked.*is the request itself"):
        link_contacts(log, calls, requests="leave")


def test_calls_that_the_bank_makes_are_steps(real_log, shared_data, real_logs) -> None:
    log = real_log("bpic2017-w")
    frame = pd.read_csv(shared_data / real_logs["bpic2017-w"]["source"])
    frame = frame[frame["activity"].isin(["W_Call after offers", "W_Call incomplete files"])]
    links = link_contacts(log, read_contacts(frame, case="case_id", time="start_time", timezone="UTC"))
    assert (links.are, len(links.contacts)) == ("steps", 116_696)
    life = open_life(links, **FEW)
    state = life.factor("state")
    calling = [k for k, name in enumerate(state.levels) if name.startswith("W_Call")]
    assert life.contacts[np.isin(state.codes, calling)].sum() > 0.99 * life.contacts.sum()
    assert any("calls that the agency makes" in c for c in why_they_call(life, **FEW).caveats)
