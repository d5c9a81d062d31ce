"""When in the week: by hand, over a clock change, and what the permits' Thursday batch does to waits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import UnknownNameError
from streamline.figure import Heat
from streamline.log.read import read_log
from streamline.measure.waits.queue import queue_over_time
from streamline.measure.waits.timing import waits_by_hour_of_week


def _cell(got, weekday: str, hour: int) -> dict:
    return dict(got.table[(got.table["weekday"] == weekday) & (got.table["hour"] == hour)].iloc[0])


def test_by_hand(log_of) -> None:
    """Two cases arrive on Monday at 8 (one a week later). Review becomes ready at 9 and waits 2 and 4 hours: from 9:00 to 11:00,
    and to 13:00. The log spans 8:00 on Monday to 14:00 a week later."""
    rows = [("a", "Intake", 8, 9), ("a", "Review", 11, 12), ("b", "Intake", 176, 177), ("b", "Review", 181, 182)]
    got = waits_by_hour_of_week(log_of(rows), activity="Review")
    assert got.table.shape[0] == 168
    nine, ten, eight, twelve = (_cell(got, "Monday", h) for h in (9, 10, 8, 12))
    assert (eight["n_hours"], eight["n_arrivals"], eight["arrivals_per_hour"]) == (2, 2, 1)
    assert (nine["n_enabled"], nine["mean_wait_hours"], nine["median_wait_hours"]) == (2, 3, 3)
    assert (nine["mean_waiting"], ten["mean_waiting"], twelve["mean_waiting"]) == (1, 1, 0.5)
    assert _cell(got, "Monday", 13)["n_started"] == 1
    assert _cell(got, "Tuesday", 9)["n_hours"] == 1
    assert np.isnan(ten["mean_wait_hours"])
    assert got.by_weekday.iloc[0][["n_arrivals", "n_enabled", "n_started"]].tolist() == [2, 2, 2]
    assert got.cases["wait_hours"].tolist() == [2, 4]
    chart = got.chart()
    assert isinstance(chart, Heat)
    assert chart.title == "Too few waits to compare the days of the week"
    with pytest.raises(UnknownNameError, match="no activity 'Revue'"):
        waits_by_hour_of_week(log_of(rows), activity="Revue")


def test_a_sliver_of_an_hour_has_no_rate(log_of) -> None:
    """Two cases arrive in the last 36 seconds before nine, where the log begins: that isn't 200 an hour."""
    got = waits_by_hour_of_week(log_of([("a", "Intake", 8.99, 9.5), ("b", "Intake", 8.995, 10.5)]))
    eight, nine = _cell(got, "Monday", 8), _cell(got, "Monday", 9)
    assert (eight["n_arrivals"], eight["n_hours"]) == (2, pytest.approx(0.01))
    assert np.isnan(eight["arrivals_per_hour"])
    assert nine["arrivals_per_hour"] == 0


def test_the_local_clock_counts_also_when_it_changes(log_of) -> None:
    """New York, 2025-01-06 to -13: UTC midnight is Sunday 19:00. On Sunday 9 March there is no hour from 2 to 3."""
    got = waits_by_hour_of_week(log_of([("a", "x", 0, 1)], timezone="America/New_York"))
    assert _cell(got, "Sunday", 19)["n_arrivals"] == 1
    frame = pd.DataFrame({"case": ["a", "a"], "activity": ["x", "y"],
                          "complete": pd.to_datetime(["2025-03-08 00:00", "2025-03-10 00:00"])})  # fmt: skip
    log = read_log(frame, case="case", activity="activity", complete="complete", timezone="America/New_York")
    got = waits_by_hour_of_week(log)
    assert got.table["n_hours"].sum() == 47
    assert _cell(got, "Sunday", 2)["n_hours"] == 0
    assert np.isnan(_cell(got, "Sunday", 2)["mean_waiting"])


@pytest.mark.real
def test_the_permits_queue_for_approval_is_longest_before_thursday_noon(shared_truth) -> None:
    """Decisions are released on Thursdays at 13:00 and take the one supervisor until Tuesday: none begins on a Wednesday or on a
    Thursday morning, the queue is longest in the hour before the release, and what becomes ready on a Friday, just too late,
    waits longest. The averages over the week are those over time."""
    log = read_log(
        shared_truth / "permits" / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        timezone="UTC", ends=["Issue decision"],
    )  # fmt: skip
    got = waits_by_hour_of_week(log, activity="Approve decision")
    days = got.by_weekday.set_index("weekday")
    assert days["mean_wait_hours"].idxmax() == "Friday"
    assert days.loc["Wednesday", "n_started"] == 0
    assert sum(_cell(got, "Thursday", hour)["n_started"] for hour in range(13)) == 0
    busiest = got.table.iloc[int(got.table["mean_waiting"].argmax())]
    assert (busiest["weekday"], busiest["hour"]) == ("Thursday", 12)
    mean = (got.table["mean_waiting"] * got.table["n_hours"]).sum() / got.table["n_hours"].sum()
    assert mean == pytest.approx(queue_over_time(log, activity="Approve decision").littles_law[0].mean_number)
    chart = got.chart()
    assert isinstance(chart, Heat)
    assert chart.title.startswith("What becomes ready on a Friday waits longest: 6.")
