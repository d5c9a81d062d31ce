"""Cycle times by hand."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import InsufficientDataError
from streamline.figure import Histogram
from streamline.measure.duration import cycle_time

DAY = 24
THREE = [
    ("a", "Intake", 0, 2), ("a", "Decide", 20, 24),
    ("b", "Intake", 10, 11), ("b", "Decide", 50, 58),
    ("c", "Intake", 24, 26), ("c", "Decide", 90, 168),
]  # fmt: skip


def test_three_cases_by_hand(log_of, row) -> None:
    """a: 0 to 24 h, 1 day. b: 10 to 58 h, 2 days. c: 24 to 168 h, 6 days. Mean (1 + 2 + 6) / 3 = 3 days, median 2, 90th
    percentile the third of three, 6. Within 2 days: 2 of 3."""
    got = cycle_time(log_of(THREE), standard="2 days")
    assert got.mean.value == pytest.approx(3)
    assert (got.median.value, got.p90.value) == (2, 6)
    assert got.within_standard is not None
    assert got.within_standard.value == pytest.approx(2 / 3)
    assert (got.n, got.n_open, dict(got.excluded)) == (3, 0, {"open": 0, "without any step": 0})
    assert got.cases["cycle_time_days"].tolist() == [1, 2, 6]
    assert row(got, "share within 2 days")["value"] == pytest.approx(2 / 3)
    assert got.table["unit"].tolist() == ["days", "days", "days", "share"]


def test_three_cases_are_too_few_for_intervals_of_quantiles(log_of) -> None:
    got = cycle_time(log_of(THREE))
    assert (got.median.low, got.median.high, got.median.level) == (None, None, None)
    assert got.mean.low is not None
    assert got.mean.high is not None
    assert 1 <= got.mean.low < 3 < got.mean.high <= 6
    assert got.within_standard is None
    assert len(got.table) == 3


def test_an_open_case_is_censored_not_forgotten(log_of) -> None:
    """d arrives at 144 h and is open when the log ends at 168 h, after 1 day.

    Kaplan-Meier at 3 days: at 1 day one (a) of four is done and d is censored: 3/4 stay; at 2 days one (b) of two:
    3/4 * 1/2 = 3/8 stay. Share within 3 days: 5/8; of the closed cases alone it would be 2/3.
    """
    got = cycle_time(log_of([*THREE, ("d", "Intake", 144, 150)], ends=["Decide"]), standard="3 days")
    assert (got.n, got.n_open, got.excluded["open"]) == (3, 1, 1)
    assert got.mean.value == pytest.approx(3)
    assert got.within_standard is not None
    assert got.within_standard.value == pytest.approx(5 / 8)
    assert "Kaplan-Meier" in got.within_standard.method
    assert got.within_standard.n == 4
    assert np.isnan(got.cases["cycle_time_days"].iloc[3])
    assert got.caveats[0].startswith("1 of 4 cases are still open.")


def test_an_open_case_past_the_standard_has_missed_it(log_of) -> None:
    """d arrived at 0 and is open at 168 h, 7 days: within 3 days are 2 of 4, and nothing is censored."""
    got = cycle_time(log_of([*THREE, ("d", "Intake", 0, 150)], ends=["Decide"]), standard="3 days")
    assert got.within_standard is not None
    assert got.within_standard.value == pytest.approx(2 / 4)
    assert "Wilson" in got.within_standard.method


def test_a_stated_arrival_counts(log_of, at) -> None:
    """a arrived 24 h before its first step: 2 days instead of 1."""
    rows = [(*r, at(-24).isoformat() if r[0] == "a" else "") for r in THREE]
    got = cycle_time(log_of(rows, columns=("received",), arrival="received"))
    assert sorted(got.cases["cycle_time_days"]) == [2, 2, 6]


def test_nothing_closed_is_refused(log_of) -> None:
    log = log_of([("a", "Intake", 0, 1), ("b", "Decide", 0, 1)], ends=["Decide"])
    with pytest.raises(InsufficientDataError, match=r"none of 1 cases is closed\..*one of `ends` \(Decide\)"):
        cycle_time(log.select(~log.closed, because="open ones"))
    with pytest.raises(ValueError, match="'soon' is not a duration"):
        cycle_time(log, standard="soon")


def test_the_chart_counts_every_closed_case(log_of) -> None:
    """100 cases of 1 to 100 days. The 98th percentile lies between 98 and 99: two are beyond it."""
    log = log_of([(f"{k:03}", "Do", 0, 24 * k) for k in range(1, 101)])
    chart = cycle_time(log, standard="30 days", draws=50).chart()
    assert isinstance(chart, Histogram)
    assert sum(chart.counts) == 98
    assert chart.over == 2
    assert len(chart.edges) == len(chart.counts) + 1
    assert [(m.label, m.at) for m in chart.marks] == [("median", 50), ("mean", 50.5), ("standard", 30)]
    assert chart.title == "Half of the cases close within 50 days"


def test_cases_that_take_no_time(log_of) -> None:
    got = cycle_time(log_of([("a", "Do", 0, 0), ("b", "Do", 5, 5)]), draws=20)
    assert (got.mean.value, got.mean.low, got.mean.high) == (0, 0, 0)
    chart = got.chart()
    assert isinstance(chart, Histogram)
    assert sum(chart.counts) == 2
