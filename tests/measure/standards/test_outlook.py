"""Open cases against the standard, by hand; and predictions at earlier instants against what happened."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError
from streamline.figure import BarChart
from streamline.log.read import read_log
from streamline.measure.standards.outlook import ARRIVED, cases_at_risk, outlook_calibration
from streamline.units import DAY


def _history():
    """40 closed cases: half are done 2 days after intake, half after 12; the log ends with day 400."""
    for k in range(40):
        first = 24.0 * 5 * k
        yield from [
            (f"h{k:02}", "Intake", first, first),
            (f"h{k:02}", "Decide", first, first + 24 * (2 if k % 2 else 12)),
        ]


@pytest.fixture(scope="module")
def log(log_of):
    """Open: x since 4 days (past the quick half), y since 1, z since 20 (overdue), w hasn't begun but for a first look."""
    end = 24.0 * 400
    rows = [
        *_history(), ("x", "Intake", end - 96, end - 96), ("y", "Intake", end - 24, end - 24),
        ("z", "Intake", end - 480, end - 480), ("w", "Look", end, None), ("v", "Intake", end, end),
    ]  # fmt: skip
    return log_of(rows, ends=["Decide"])


def test_time_left_and_probability_by_hand(log) -> None:
    """Standard 10 days. After intake, at 2 days 42 are followed: the 40 closed ones, x and z; 20 are done then, so 22 of 42 last
    beyond 10. That is y (there for 1 day) and v (just arrived). x has been there for 4 days, like the slow ones only: it
    misses it. z is overdue. For w no case tells what follows its first look, so all visits do, which are the same."""
    got = cases_at_risk(log, standard="10 days")
    cases = got.cases.set_index("case")
    assert cases.loc["x", "days_left"] == pytest.approx(6)
    assert cases.loc["z", "days_left"] == pytest.approx(-10)
    assert cases["state"].to_dict() == {"z": "after Intake", "x": "after Intake", "v": "after Intake", "w": "in Look",
                                        "y": "after Intake"}  # fmt: skip
    assert cases.loc["z", "miss_probability"] == 1
    assert cases.loc["x", "miss_probability"] == pytest.approx(1)
    assert cases.loc["y", "miss_probability"] == pytest.approx(22 / 42)
    assert cases.loc["v", "miss_probability"] == pytest.approx(22 / 42)
    assert (got.n, got.n_overdue) == (5, 1)
    assert got.expected_misses == pytest.approx(cases["miss_probability"].sum())
    row = got.table[got.table["state"] == "after Intake"].iloc[0]
    assert (row["n_open"], row["n_overdue"], row["n_likely"]) == (4, 1, 3)
    chart = got.chart()
    assert isinstance(chart, BarChart)
    assert chart.title.startswith("Of 5 open cases about ")
    assert chart.title.endswith("are expected to miss the standard of 10 days; 1 has already")


def test_a_case_of_which_nothing_is_completed_has_arrived(log_of) -> None:
    rows = [*_history(), ("w", "Look", 24.0 * 400, None)]
    got = cases_at_risk(log_of(rows, ends=["Decide"]), standard="10 days")
    assert got.cases["state"].tolist() == ["in Look"]
    assert ARRIVED != "in Look"


def test_too_little_history_is_said(log_of) -> None:
    rows = [("a", "Intake", 0, 1), ("a", "Decide", 2, 3), ("b", "Intake", 2, 3)]
    got = cases_at_risk(log_of(rows, ends=["Decide"]), standard="1 day")
    assert got.cases["miss_probability"].isna().all()
    assert got.expected_misses == 0
    assert got.caveats[1].startswith("For 1 open case no earlier case was followed long enough")
    assert got.chart().title == "How many of 1 open case may miss the standard of 1 day can't be told"


def test_what_cannot_be_told_is_refused(log_of, log) -> None:
    with pytest.raises(InsufficientDataError, match=r"no case is open\. Without `ends`"):
        cases_at_risk(log_of([("a", "x", 0, 1)]), standard="1 day")
    with pytest.raises(InsufficientDataError, match="no case is closed, so nothing tells"):
        cases_at_risk(log.select(~log.closed, because="open"), standard="1 day")
    with pytest.raises(InsufficientDataError, match="read without `ends`"):
        outlook_calibration(log_of([("a", "x", 0, 1)]), standard="1 day", at=[0])
    with pytest.raises(InsufficientDataError, match="has an outcome by now"):
        outlook_calibration(log, standard="10 days", at=[log.observed_until])


def test_cases_that_may_still_miss_it_are_left_out_whether_done_or_not(log_of) -> None:
    """The log ends with day 400. Of six cases of day 394 the three quick ones are done, the others may miss 10 days yet: to count
    the quick ones alone would say that nobody misses it. Of those of day 380 all is known."""
    rows = [*_history(), ("end", "Intake", 24.0 * 400, 24.0 * 400)]
    for k in range(6):
        for day in (380, 394):
            rows.append((f"{day}-{k}", "Intake", 24.0 * day, 24.0 * day))
            if k % 2:
                rows.append((f"{day}-{k}", "Decide", 24.0 * day, 24.0 * (day + 2)))
    log = log_of(rows, ends=["Decide"])
    first = int(log.arrival.min())
    got = outlook_calibration(log, standard="10 days", at=[first - DAY, first + 381 * DAY, first + 395 * DAY])
    assert sorted(got.cases["case"]) == [f"380-{k}" for k in range(6)]
    assert got.share_missed == 0.5
    with pytest.raises(InsufficientDataError, match="has an outcome by now"):
        outlook_calibration(log, standard="10 days", at=[first - DAY, first + 395 * DAY])
    with pytest.raises(ValueError, match="is known until"):
        outlook_calibration(log, standard="10 days", at=[log.observed_until + DAY])


def test_predictions_use_nothing_of_what_came_after(log) -> None:
    """On day 102, the case that arrived on day 100 (number 20, slow) is open; of the 20 before it half were slow."""
    instant = int(log.arrival.min()) + 102 * DAY - DAY // 2
    got = outlook_calibration(log, standard="10 days", at=[instant])
    row = got.cases.set_index("case").loc["h20"]
    assert bool(row["missed"])
    assert row["age_days"] == pytest.approx(1.5)
    assert 0.3 < row["miss_probability"] < 0.7


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "standard"), [("permits", "30 days"), ("permits-busy", "40 days"), ("permits-calm", "20 days")]
)
def test_the_permits_miss_it_as_often_as_was_predicted(shared_truth, name: str, standard: str) -> None:
    """Six instants of the year, from what was known then. Overall within 3 points; in each band with 30 predictions the predicted
    probability lies within 4 standard errors of the share; and better than saying the overall share for each case."""
    log = read_log(
        shared_truth / name / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        timezone="UTC", ends=["Issue decision"],
    )  # fmt: skip
    days = ("2025-05-01", "2025-06-04", "2025-07-10", "2025-08-15", "2025-09-20", "2025-10-07")
    got = outlook_calibration(log, standard=standard, at=[pd.Timestamp(d, tz="UTC").value // 1000 for d in days])
    assert got.n_predictions > 800
    assert got.mean_predicted == pytest.approx(got.share_missed, abs=0.03)
    bands = got.table[got.table["n"] >= 30]
    error = np.sqrt(bands["mean_predicted"] * (1 - bands["mean_predicted"]) / bands["n"])
    assert (np.abs(bands["mean_predicted"] - bands["share_missed"]) <= 4 * error + 0.005).all()
    assert got.brier < 0.75 * got.brier_of_share


@pytest.mark.real
def test_a_real_log_misses_it_about_as_often_as_was_predicted(shared_data, real_logs) -> None:
    """BPI 2012, applications that end declined, cancelled or activated; standard 20 days; five instants, from what was known
    then. 54% were predicted to miss it and 55% did. How far a case is and for how long tells less here than for the permits:
    the squared error is 15% below that of saying the overall share for each case."""
    given = dict(real_logs["bpic2012"])
    log = read_log(shared_data / given.pop("source"), ends=["A_DECLINED", "A_CANCELLED", "A_ACTIVATED"], **given)
    days = ("2011-12-01", "2011-12-20", "2012-01-10", "2012-01-25", "2012-02-05")
    got = outlook_calibration(log, standard="20 days", at=[pd.Timestamp(d, tz="UTC").value // 1000 for d in days])
    assert got.n_predictions > 2500
    assert got.mean_predicted == pytest.approx(got.share_missed, abs=0.03)
    assert got.brier < 0.9 * got.brier_of_share
    chart = got.chart()
    assert isinstance(chart, BarChart)
    assert len(chart.bars) == 2 * len(got.table)
