"""Attainment of the standard, by hand; over time, by channel; and what an open case does to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import UnknownNameError
from streamline.figure import BarChart, LineChart
from streamline.measure.duration import cycle_time
from streamline.measure.standards.standard import attainment
from streamline.stats.bootstrap import share_interval

#: In January (hours since Monday 6): done after 1, 2, 3, 20 days. In February: done after 1 day; open since 2 and since 9 days.
ROWS = [
    ("a", "Work", 0, 24, "web"), ("b", "Work", 0, 48, "web"), ("c", "Work", 24, 96, "mail"), ("d", "Work", 0, 480, "mail"),
    ("e", "Work", 720, 744, "web"), ("f", "Look", 816, 816, "mail"), ("g", "Look", 984, 984, "mail"),
    ("h", "Look", 1032, 1032, "mail"),
]  # fmt: skip


@pytest.fixture(scope="module")
def log(log_of):
    return log_of(ROWS, columns=("channel",), ends=["Work"])


def test_by_month_by_hand(log) -> None:
    """Within 5 days: 3 of 4 in January, Wilson's interval. In February e met it, f (9 days old) missed it, g and h (2 and 0
    days) are open: at 1 day one of three at risk is done (h is last seen at 0), so a third."""
    got = attainment(log, standard="5 days", every="month", target=0.9)
    january, february = got.table.iloc[0], got.table.iloc[1]
    assert f"{january['since']:%Y-%m-%d}" == "2025-01-01"
    assert january[["n_cases", "n_open", "n_met", "n_missed"]].tolist() == [4, 0, 3, 1]
    assert (january["low"], january["high"]) == pytest.approx(share_interval(3, 4))
    assert february[["n_cases", "n_open", "n_met", "n_missed"]].tolist() == [4, 3, 1, 1]
    assert february["within"] == pytest.approx(1 / 3)
    assert got.caveats[0].startswith("2 cases still open within the standard")
    assert got.cases["met"].tolist()[:6] == [True, True, False, True, True, False]
    assert got.cases["met"].isna().sum() == 2
    chart = got.chart()
    assert isinstance(chart, LineChart)
    assert chart.levels[0].value == 90
    assert np.isnan(chart.lines[0].values).all()  # fewer than ten known outcomes a month


def test_by_channel_by_hand(log) -> None:
    got = attainment(log, standard="5 days", by="channel")
    assert got.table["group"].tolist() == ["mail", "web"]
    assert got.table["n_cases"].tolist() == [5, 3]
    assert got.table["within"].iloc[1] == 1
    assert isinstance(got.chart(), BarChart)
    with pytest.raises(UnknownNameError, match="no channel or attribute 'office'"):
        attainment(log, standard="5 days", by="office")


def test_the_whole_is_that_of_cycle_time(log) -> None:
    """Also where no outcome is unknown."""
    for standard in ("5 days", "1 hour"):
        one, other = (
            attainment(log, standard=standard).whole,
            cycle_time(log, standard=standard, draws=5).within_standard,
        )
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_months_without_arrivals_are_rows_without_a_share(log_of) -> None:
    log = log_of([("a", "Work", 0, 1), ("b", "Work", 24 * 70, 24 * 70 + 1)])
    table = attainment(log, standard="5 days").table
    assert table["n_cases"].tolist() == [1, 0, 1]
    assert table["within"].isna().tolist() == [False, True, False]


def test_a_chart_with_enough_cases(log_of) -> None:
    log = log_of([(f"c{k}", "Work", 6 * k, 6 * k + (200 if k % 4 == 0 else 20)) for k in range(240)])
    chart = attainment(log, standard="5 days", every="week", target=0.8).chart()
    assert isinstance(chart, LineChart)
    assert chart.title == "75% of cases close within 5 days; the target is 80%"
    assert chart.lines[0].values[0] == pytest.approx(75)
    assert chart.top == 100


def test_what_cannot_be_told_is_refused(log) -> None:
    with pytest.raises(ValueError, match="not both"):
        attainment(log, standard="5 days", every="week", by="channel")
    with pytest.raises(ValueError, match=r"is no share; give 0\.9 for 90%"):
        attainment(log, standard="5 days", target=90)
    with pytest.raises(ValueError, match="is not a duration"):
        attainment(log, standard="soon")


@pytest.mark.real
def test_months_of_a_real_log_add_up(real_log) -> None:
    """Receipt: every case closes, so the months' shares, weighted by their cases, are the whole."""
    log = real_log("receipt")
    got = attainment(log, standard="10 days")
    table = got.table.dropna(subset="within")
    assert table["n_cases"].sum() == got.n
    assert np.average(table["within"], weights=table["n_cases"]) == pytest.approx(got.whole.value)
    assert pd.api.types.is_datetime64_any_dtype(table["since"])
