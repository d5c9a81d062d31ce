"""Real logs and services whose truth is known: rows add up however they are split, and halving saves what the paths allow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.duration import cycle_time
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.measure.waits.bottleneck_by import bottlenecks_by
from streamline.measure.waits.queue import queue_over_time

pytestmark = pytest.mark.real

FROM = pd.Timestamp("2025-03-07", tz="UTC").value // 1000
LOGS = ("receipt", "bpic2012", "bpic2012-w", "bpic2015-1", "bpic2017-w", "bpic2020-international", "production", "sepsis",
        "hospital-billing", "uci-incidents", "helpdesk", "purchasing")  # fmt: skip


@pytest.mark.parametrize("name", LOGS)
def test_rows_add_up_on_real_logs(real_log, name: str) -> None:
    """By activity, hand-off and channel alike, to the mean cycle time; halving saves at most half of each wait."""
    log = real_log(name)
    mean = cycle_time(log, draws=5).mean.value
    tables = [bottlenecks(log, draws=20).table, bottlenecks_by(log, "handoff", draws=20).table]
    if log.channel is not None:
        tables.append(bottlenecks_by(log, "channel", draws=20).table)
    for table in tables:
        days = table[["waiting_days_per_case", "service_days_per_case", "sojourn_days_per_case"]].sum().sum()
        assert days == pytest.approx(mean, rel=1e-9)
        waits = table["waiting_days_per_case"] + table["sojourn_days_per_case"]
        assert (table["halved_days_per_case"] <= waits / 2 + 1e-9).all()
        assert (table["share_low"].isna() | (table["share_low"] <= table["share"] + 1e-9)).all()
        assert (table["share_high"].isna() | (table["share_high"] >= table["share"] - 1e-9)).all()


def _permits(folder: Path) -> EventLog:
    """The permits that arrived after the simulation had filled its queues."""
    log = read_log(
        folder / "events.csv.gz", case="permit", activity="step", start="began", complete="finished", resource="worker",
        channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    return log.arrived_between(FROM, None)


@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm"])
def test_the_batch_is_surely_the_bottleneck_of_the_permits(shared_truth, name: str) -> None:
    """Approval in one batch a week is first in at least 99 of 100 resamples. Nothing runs side by side, so halving saves half of
    each wait. The case-days a year of a wait are its mean queue times the days of a year, but for the edges of the log."""
    log = _permits(shared_truth / name)
    got = bottlenecks(log)
    table = got.table.set_index("activity")
    assert table["first_share_of_draws"]["Approve decision"] >= 0.99
    assert table["halved_days_per_case"].to_numpy() == pytest.approx(table["waiting_days_per_case"].to_numpy() / 2)
    assert table["first_share_of_draws"].sum() == pytest.approx(1)
    assert table["share"]["Approve decision"] > table["share_low"]["Approve decision"] > 0.4
    assert "resampling runs of 3 weeks of arrivals" in got.waiting.method
    year = (pd.Timestamp("2025-04-07", tz="UTC").value // 1000, pd.Timestamp("2025-12-01", tz="UTC").value // 1000)
    queue = queue_over_time(log, activity="Approve decision", window=year).littles_law[0]
    assert queue.residual_us == 0
    assert queue.mean_number * 365.25 == pytest.approx(table["case_days_per_year"]["Approve decision"], rel=0.03)


def test_pools_of_the_permits_are_awaited_as_their_steps_are(shared_truth) -> None:
    """Each activity has one kind of staff: what is awaited of the supervisor is the wait for approval."""
    log = _permits(shared_truth / "permits")
    assert log.resource is not None
    kinds = [name.split("-")[0] for name in log.resource.names]
    by_pool = bottlenecks_by(log, "pool", groups=kinds, draws=50).table.set_index("place")
    by_activity = bottlenecks(log, draws=50).table.set_index("activity")
    approval = log.activity == log.activity_code("Approve decision")
    (supervisor,) = {kinds[k] for k in np.unique(log.resource.codes[approval])}
    assert by_pool["share"][supervisor] == pytest.approx(by_activity["share"]["Approve decision"])
