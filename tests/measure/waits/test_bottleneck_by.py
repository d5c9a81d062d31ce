"""Where the cycle time goes by pool, hand-off, channel and attribute, by hand; and that rows add up whatever they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import BarChart
from streamline.measure.duration import cycle_time
from streamline.measure.staff.pools import resource_pools
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.measure.waits.bottleneck_by import bottlenecks_by

#: Waits: Review 1, 24, 5 hours; Letter 0, 1, 0. Cycle times 5, 28 and 10 hours.
THREE = [
    ("a", "Intake", 8, 9, "cleo", "mail"), ("a", "Review", 10, 12, "eva", "mail"), ("a", "Letter", 12, 13, "cleo", "mail"),
    ("b", "Intake", 8, 9, "carl", "web"), ("b", "Review", 33, 34, "eva", "web"), ("b", "Letter", 35, 36, None, "web"),
    ("c", "Intake", 8, 9, "cleo", "mail"), ("c", "Review", 14, 17, "erik", "mail"), ("c", "Letter", 17, 18, "erik", "mail"),
]  # fmt: skip


@pytest.fixture(scope="module")
def log(log_of):
    return log_of(THREE, columns=("resource", "channel"))


@pytest.fixture(scope="module")
def pools(log) -> list[str]:
    return ["Examiners" if name.startswith("e") else "Clerks" for name in log.resource.names]


def test_by_pool_by_hand(log, pools, row) -> None:
    """Examiners are awaited 1, 24 and 5 hours for reviews and 0 for c's letter, clerks 0; nobody's is b's letter: 1 hour."""
    got = bottlenecks_by(log, "pool", groups=pools)
    assert got.table["place"].tolist() == ["Examiners", "(no resource)", "Clerks"]
    assert row(got, "Examiners")["share"] == pytest.approx(30 / 43)
    assert row(got, "Examiners")["n_steps"] == 4
    assert row(got, "(no resource)")["waiting_days_per_case"] == pytest.approx(1 / 24 / 3)
    assert row(got, "Clerks")["n_cases"] == 3


def test_pools_are_found_when_none_are_given(log) -> None:
    found = resource_pools(log)
    got, same = bottlenecks_by(log, "pool"), bottlenecks_by(log, "pool", groups=found)
    pd.testing.assert_frame_equal(got.table, same.table)
    assert set(got.table["place"]) <= {*found.pools, "(no resource)"}


def test_by_handoff_by_hand(log, pools, row) -> None:
    got = bottlenecks_by(log, "handoff", groups=pools)
    assert row(got, "Intake (Clerks) → Review (Examiners)")["share"] == pytest.approx(30 / 43)
    assert row(got, "Review (Examiners) → Letter ((no resource))")["n_cases"] == 1
    assert row(got, "(arrival) → Intake (Clerks)")["n_steps"] == 3
    plain = bottlenecks_by(log, "handoff")
    assert sorted(plain.table["place"]) == ["(arrival) → Intake", "Intake → Review", "Review → Letter"]


def test_by_channel_by_hand(log, row) -> None:
    """The case by web waits 25 of the 43 hours; the two by mail 6, so 3 each."""
    got = bottlenecks_by(log, "channel")
    assert row(got, "web")["share"] == pytest.approx(25 / 43)
    assert row(got, "mail")["wait_days_per_case_with_it"] == pytest.approx(3 / 24)
    chart = got.chart()
    assert isinstance(chart, BarChart)
    assert chart.title == "58% of the cycle time is spent waiting in cases whose channel is web"
    assert chart.bars[0].low is None
    assert chart.note == "3 closed cases, along the critical path"


def test_the_rows_behind_it(log, pools) -> None:
    got = bottlenecks_by(log, "pool", groups=pools)
    hours = got.cases.groupby("place")["waiting_hours"].sum().to_dict()
    assert hours == {"Examiners": 30, "(no resource)": 1, "Clerks": 0}


def test_by_attribute_with_missing_and_many_values(log_of, row) -> None:
    rows = [(f"c{k:02}", "Work", 1, 2, f"d{k:02}" if k else None) for k in range(60)]
    rows += [(f"x{k}", "Work", 1, 2, "d01") for k in range(5)]
    log = log_of(rows, columns=("district",), attributes=["district"])
    got = bottlenecks_by(log, "district")
    assert len(got.table) == 41
    assert got.table["n_cases"].sum() == 65
    assert row(got, "d01")["n_cases"] == 6
    assert row(got, "(other)")["n_cases"] == 20


def test_what_cannot_be_told_is_refused(log, log_of, pools) -> None:
    with pytest.raises(UnknownNameError, match="no channel or attribute 'ofice'"):
        bottlenecks_by(log, "ofice")
    with pytest.raises(ValueError, match="1 pools for 4 resources"):
        bottlenecks_by(log, "pool", groups=["all"])
    with pytest.raises(InsufficientDataError, match="has no resources"):
        bottlenecks_by(log_of([("a", "x", 0, 1)]), "pool", groups=[])
    with pytest.raises(InsufficientDataError, match="no cycle time to split"):
        bottlenecks_by(log.select(np.zeros(3, dtype=bool), because="none"), "handoff")


_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d"]), st.sampled_from("ABCD"), st.integers(0, 20), st.integers(0, 9),
        st.sampled_from(["p", "q", "r", None]), st.sampled_from(["mail", "web", None]), st.booleans(),
    ),
    min_size=1, max_size=20,
)  # fmt: skip


@given(rows=_ROWS)
@settings(max_examples=80, deadline=None)
def test_rows_add_up_whatever_they_are(log_of, rows) -> None:
    """To the mean cycle time; and halving every place apart saves at most half of all waiting."""
    log = log_of([(c, a, s if known else None, s + d, p, ch) for c, a, s, d, p, ch, known in rows],
                 columns=("resource", "channel"))  # fmt: skip
    mean = cycle_time(log, draws=5).mean.value
    n = 0 if log.resource is None else len(log.resource.names)
    groups = None if n == 0 else [f"pool {k % 2}" for k in range(n)]
    for by in ("handoff", *(["pool"] if n else []), *(["channel"] if log.channel is not None else [])):
        table = bottlenecks_by(log, by, groups=groups, draws=5).table
        days = table[["waiting_days_per_case", "service_days_per_case", "sojourn_days_per_case"]].sum().sum()
        assert days == pytest.approx(mean, rel=1e-9, abs=1e-12)
        waits = table["waiting_days_per_case"] + table["sojourn_days_per_case"]
        assert (table["halved_days_per_case"] <= waits / 2 + 1e-12).all()
        assert (table["halved_days_per_case"] >= 0).all()


def test_by_activity_it_is_what_bottlenecks_says(log) -> None:
    same = bottlenecks_by(log, "activity").table
    assert same["place"].tolist() == bottlenecks(log).table["activity"].tolist()
    pd.testing.assert_frame_equal(
        same.drop(columns="place"), bottlenecks(log).table.drop(columns=["activity", "external"])
    )


def test_by_activity_and_by_handoff_agree_on_a_sequence(log_of) -> None:
    """Where each activity has one predecessor, hand-offs are activities under another name."""
    log = log_of([row[:4] for row in THREE])
    by_activity = bottlenecks(log).table.drop(columns=["activity", "external"])
    by_handoff = bottlenecks_by(log, "handoff").table.drop(columns="place")
    pd.testing.assert_frame_equal(by_activity, by_handoff)
    assert np.isfinite(by_activity["share"]).all()
