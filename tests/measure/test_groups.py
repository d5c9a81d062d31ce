"""Figures by group, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import BarChart
from streamline.log.read import read_contacts
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.groups import UNKNOWN, by_group

#: Online: 1 and 3 days. Mail: 6 days. d has no channel on its first step, mail on its second; e has none: 2 days.
CASES = [
    ("a", "x", 0, 24, "online", "north"), ("b", "x", 0, 72, "online", None), ("c", "x", 0, 144, "mail", "north"),
    ("d", "x", 0, 24, None, "south"), ("d", "y", 24, 96, "mail", "north"), ("e", "x", 0, 48, None, "north"),
]  # fmt: skip


@pytest.fixture
def log(log_of):
    return log_of(CASES, columns=("channel", "district"), attributes=["district"])


def test_channels_by_hand(log, row) -> None:
    """Mail: 6 and 4 days, mean 5, one of two within 4 days. Online: 1 and 3, mean 2, both. Not recorded: 2."""
    got = by_group(log, standard="4 days")
    assert got.table["group"].tolist() == ["mail", "online", UNKNOWN]
    assert got.table["mean_days"].tolist() == pytest.approx([5, 2, 2])
    assert got.table["median_days"].tolist() == [4, 1, 2]
    assert got.table["p90_days"].tolist() == [6, 3, 2]
    assert got.table["within_standard"].tolist() == [0.5, 1, 1]
    assert got.table["cases_share"].tolist() == pytest.approx([0.4, 0.4, 0.2])
    assert got.table["contacts_per_case"].isna().all()
    assert row(got, "mail")["mean_low"] <= 5 <= row(got, "mail")["mean_high"]
    assert got.n == 5


def test_attributes_by_hand(log) -> None:
    """The first value of a case counts: d is south. North: a, c, e with 1, 6, 2 days."""
    got = by_group(log, "district")
    assert dict(zip(got.table["group"], got.table["n_cases"], strict=True)) == {"north": 3, UNKNOWN: 1, "south": 1}
    assert got.table["mean_days"].iloc[0] == pytest.approx(3)
    assert got.table["within_standard"].isna().all()


def test_contacts_by_group(log, row, at) -> None:
    """Two calls about c, one about a, one about nothing: of four, three are linked, so each counts 4/3."""
    calls = pd.DataFrame({"case": ["c", "c", "a", ""], "time": [at(h) for h in (1, 30, 2, 100)]})
    links = link_contacts(log, read_contacts(calls, case="case", time="time"), covers=("2025-01-06", "2025-02-20"))
    got = by_group(log, contacts=links)
    assert row(got, "mail")["contacts_per_case"] == pytest.approx(2 / 2 * 4 / 3)
    assert row(got, "online")["contacts_per_case"] == pytest.approx(1 / 2 * 4 / 3)
    assert row(got, UNKNOWN)["contacts_per_case"] == 0


def test_what_is_refused(log, log_of) -> None:
    with pytest.raises(UnknownNameError, match=r"no channel or attribute 'distrct'.*Did you mean 'district'"):
        by_group(log, "distrct")
    with pytest.raises(UnknownNameError, match=r"It has: \(none\)"):
        by_group(log_of([("a", "x", 0, 1)]))
    with pytest.raises(InsufficientDataError, match="none of 0 cases is closed"):
        by_group(log.select(np.zeros(5, bool), because="none"))


def test_the_chart_by_hand(log) -> None:
    chart = by_group(log).chart()
    assert isinstance(chart, BarChart)
    assert [(b.label, b.value) for b in chart.bars] == [("mail", 5), ("online", 2), (UNKNOWN, 2)]
