"""Level shifts in waits: a step by hand, no step, the cut ends of a log, and services without and with changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import LineChart
from streamline.log.read import read_log
from streamline.measure.waits.shift import wait_shifts
from streamline.units import DAY


def _log(waits_of, months: int = 24, a_month: int = 20, seed: int = 1):
    """Cases with a review each: `waits_of(month, rng)` days after an intake without duration."""
    rng = np.random.default_rng(seed)
    rows = []
    for m in range(months):
        first = pd.Timestamp("2023-01-01", tz="UTC") + pd.DateOffset(months=m)
        for k in range(a_month):
            at = first + pd.Timedelta(days=float(rng.uniform(0, 28)))
            begun = at + pd.Timedelta(days=float(waits_of(m, rng)))
            rows += [(f"{m}-{k}", "Intake", at, at), (f"{m}-{k}", "Review", begun, begun + pd.Timedelta(hours=1))]
    frame = pd.DataFrame(rows, columns=["case", "activity", "start", "complete"])
    return read_log(frame, case="case", activity="activity", start="start", complete="complete", timezone="UTC")


@pytest.fixture(scope="module")
def doubled():
    """Two years in which waits of 2 to 4 days become 6 to 8 from January 2024 on."""
    return _log(lambda m, rng: rng.uniform(2, 4) + 4 * (m >= 12))


def test_the_waits_behind_the_levels_are_there(doubled) -> None:
    """The figures of the shift and of each period can be taken again from the waits."""
    got = wait_shifts(doubled, activities=["Review", "Intake"])
    waits, shift = got.cases, got.table.iloc[0]
    assert waits["case"].nunique() == got.n
    assert set(waits["activity"]) == set(got.activities["activity"])
    review = waits[waits["activity"] == "Review"]
    assert ((review["ended"] - review["enabled"]) / pd.Timedelta(days=1)).tolist() == pytest.approx(
        review["wait_days"].tolist()
    )
    levels = review.groupby("level")["wait_days"]
    assert levels.size().tolist() == [shift["n_before"], shift["n_after"]]
    assert levels.mean().tolist() == pytest.approx([shift["before_days"], shift["after_days"]])
    assert review.loc[review["level"] == 1, "since"].min() == shift["since"]
    by_period = got.series[got.series["activity"] == "Review"].set_index("since")
    assert review.groupby("since")["wait_days"].mean().tolist() == pytest.approx(by_period["mean_wait_days"].tolist())
    assert (review["ended"] >= review["since"]).all()


def test_a_step_is_found_with_its_month_and_its_levels(doubled) -> None:
    got = wait_shifts(doubled)
    assert got.table["activity"].tolist() == ["Review"]
    shift = got.table.iloc[0]
    assert shift["since"] == pd.Timestamp("2024-01-01", tz="UTC")
    # the last waits of December end in January, so the mean after it is a little low
    assert shift["before_days"] == pytest.approx(3, abs=0.2)
    assert shift["after_days"] == pytest.approx(7, abs=0.3)
    assert shift["change_days"] == pytest.approx(shift["after_days"] - shift["before_days"])
    assert got.activities["activity"].tolist() == ["Review"]
    chart = got.chart()
    assert isinstance(chart, LineChart)
    assert chart.title.startswith("The wait for Review went from 3 days to ")
    assert chart.title.endswith(" in January 2024")
    assert [mark.at for mark in chart.marks] == [pd.Timestamp("2024-01-01", tz="UTC").value // 1000]
    assert len(chart.levels) == 2


def test_the_series_is_the_mean_wait_by_month_of_its_end(doubled) -> None:
    got = wait_shifts(doubled).series
    log = doubled
    frame = log.to_frame()
    review = frame[frame["activity"] == "Review"].copy()
    review["wait"] = (
        review["start"].to_numpy() - frame[frame["activity"] == "Intake"]["complete"].to_numpy()
    ) / pd.Timedelta(days=1)
    by_month = review.groupby(review["start"].dt.strftime("%Y-%m"))["wait"].mean()
    for row in got.itertuples():
        assert row.mean_wait_days == pytest.approx(by_month[f"{row.since:%Y-%m}"])


def test_the_ends_of_the_log_are_cut_off(doubled) -> None:
    """The first arrivals are of January 2023, and nine of ten waits last up to about 7 days: February is the first whole month
    after that. The last arrivals are of December 2024, so November is the last whole month."""
    got = wait_shifts(doubled).series
    assert got["since"].iloc[0] == pd.Timestamp("2023-02-01", tz="UTC")
    assert got["since"].iloc[-1] == pd.Timestamp("2024-11-01", tz="UTC")


def test_a_service_that_stays_as_it_is_has_no_shift() -> None:
    alarms = sum(len(wait_shifts(_log(lambda m, rng: rng.exponential(3), seed=s)).table) > 0 for s in range(10))
    assert alarms <= 1


def test_what_cannot_be_told_is_refused(doubled, log_of) -> None:
    with pytest.raises(InsufficientDataError, match="no activity has 12 months with at least 5 waits"):
        wait_shifts(log_of([("a", "x", 0, 1)]))
    with pytest.raises(UnknownNameError, match="no activity 'Revue'"):
        wait_shifts(doubled, activities=["Revue"])
    with pytest.raises(ValueError, match="by 'week' or by 'month'"):
        wait_shifts(doubled, every="day")


def test_by_week_and_a_named_activity() -> None:
    log = _log(lambda m, rng: rng.uniform(2, 4) + 4 * (m >= 12), a_month=60)
    got = wait_shifts(log, activities=["Review"], every="week")
    assert len(got.table) == 1
    assert abs(got.table.iloc[0]["since"] - pd.Timestamp("2024-01-04", tz="UTC")) <= pd.Timedelta(days=10)


def _permits(folder):
    """The cases that arrived after the simulation had filled its queues."""
    log = read_log(
        folder / "events.csv.gz", case="permit", activity="step", start="began", complete="finished", timezone="UTC",
        ends=["Issue decision"],
    )  # fmt: skip
    return log.arrived_between(pd.Timestamp("2025-03-07", tz="UTC").value // 1000, None)


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-calm"])
def test_permits_simulated_without_any_change_show_none(shared_truth, name: str) -> None:
    got = wait_shifts(_permits(shared_truth / name), every="week")
    assert len(got.activities) == 5
    assert got.table.empty


@pytest.mark.real
def test_a_busy_service_shifts_when_a_little_more_work_comes(shared_truth) -> None:
    """Staff and rules stay the same, but from mid September on about 5% more reviews happened to come in a week; near
    saturation that is enough to make waits four times as long."""
    log = _permits(shared_truth / "permits-busy")
    got = wait_shifts(log, every="week")
    assert got.table["activity"].tolist() == ["Technical review"]
    shift = got.table.iloc[0]
    assert shift["after_days"] > 3 * shift["before_days"]
    reviews = log.start[log.activity == log.activity_code("Technical review")]
    since, week = shift["since"].value // 1000, 7 * DAY
    before = ((reviews >= since - 12 * week) & (reviews < since)).sum()
    after = ((reviews >= since) & (reviews < since + 12 * week)).sum()
    assert 1.03 < after / before < 1.1
