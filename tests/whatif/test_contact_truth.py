"""Contacts of scenarios against services whose true contacts are known (`../shared/truth`); the truth is read here only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from streamline.log.calendar import Calendar
from streamline.log.read import read_contacts, read_log
from streamline.whatif.change import Change, Notify, ReduceRework, Release
from streamline.whatif.estimate import Proposal, ScenarioEstimate, estimates
from streamline.whatif.replay import fit_replay

pytestmark = pytest.mark.real

FROM = pd.Timestamp("2025-03-07", tz="UTC").value // 1000
OURS = ("Intake check", "Request information", "Technical review", "Approve decision")
CHANGES: dict[str, tuple[Change, ...]] = {
    "complete_at_intake": (ReduceRework(through="Request information", by=0.5),),
    "notify": (Notify(states=OURS, by=0.4),),
    "daily_approval": (Release(activity="Approve decision", every="immediately"),),
}


class Known(NamedTuple):
    estimates: dict[str, ScenarioEstimate]
    observed: float
    #: [mean, standard error] of contacts per case by scenario.
    truth: dict[str, list[float]]


@pytest.fixture(scope="module", params=["permits", "permits-busy", "permits-calm"])
def service(request: pytest.FixtureRequest, shared_truth: Path) -> Known:
    folder = shared_truth / request.param
    whole = read_log(
        folder / "events.csv.gz", case="permit", activity="step", start="began", complete="finished", resource="worker",
        channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    calls = read_contacts(
        folder / "calls.csv.gz", case="permit", time="called", channel="channel", reason="reason", timezone="UTC"
    )
    model = fit_replay(
        whole.arrived_between(FROM, None), contacts=calls, calendar=Calendar(hours={"mon-fri": "08:00-17:00"}),
        whole=whole, standard="30 days",
    )  # fmt: skip
    proposals = [Proposal(name=name, changes=changes) for name, changes in CHANGES.items()]
    found = estimates(model, proposals, draws=40, standard="30 days")
    known: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return Known(
        estimates=dict(zip(CHANGES, found, strict=True)),
        observed=known["observed"]["calls_per_case"],
        truth={name: s["calls_per_case"] for name, s in known["scenarios"].items()},
    )


def test_contacts_as_they_are_are_those_observed(service: Known) -> None:
    for estimate in service.estimates.values():
        assert estimate["contacts_per_case"].baseline == pytest.approx(service.observed, rel=0.03)


@pytest.mark.parametrize("name", CHANGES)
def test_the_relative_fall_in_contacts_is_near_the_true_one(service: Known, name: str) -> None:
    """Within 15%. The truth is a mean of ten repetitions, the standard error of a fall is up to two points."""
    figure = service.estimates[name]["contacts_per_case"]
    as_is, to_be = service.truth["as_is"][0], service.truth[name][0]
    told = f"{name}: {figure.change / figure.baseline:+.3f}"
    told += f" ({figure.change_low / figure.baseline:+.3f} to {figure.change_high / figure.baseline:+.3f}), "
    told += f"truth {to_be / as_is - 1:+.3f}"
    print(told)
    assert figure.change / figure.baseline == pytest.approx(to_be / as_is - 1, rel=0.15), told
