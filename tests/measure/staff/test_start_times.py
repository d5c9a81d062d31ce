"""Estimated starts: a morning that a person can follow, what stays missing, and logs whose starts were hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.log.duty import office_duty, with_work
from streamline.log.event_log import EventLog
from streamline.log.quality import data_quality
from streamline.log.read import read_log
from streamline.measure.flow import directly_follows
from streamline.measure.loops.rework import rework_loops
from streamline.measure.staff.availability import resource_calendars
from streamline.measure.staff.multitasking import multitasking
from streamline.measure.staff.start_times import estimated_starts, start_error
from streamline.measure.staff.work import resource_work
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.units import HOUR, MISSING_TIME

# Monday; one office, 9 to 17. ann completes a at 10 and 12; bob b at 11, 13, and on Tuesday at 10
ROWS = [
    ("1", "a", None, 10, "ann", 9),
    ("2", "a", None, 12, "ann", 9.5),
    ("1", "b", None, 11, "bob", 9),
    ("2", "b", None, 13, "bob", 9.5),
    ("3", "a", None, 16.5, "ann", 16),
    ("3", "b", None, 24 + 10, "bob", 16),
]
HOURS = Calendar(hours={"mon-fri": "09:00-17:00"})


@pytest.fixture
def log(at: Callable[[float], pd.Timestamp]) -> EventLog:
    frame = pd.DataFrame(ROWS, columns=["case", "activity", "start", "complete", "resource", "arrival"]).drop(
        columns="start"
    )
    for name in ("complete", "arrival"):
        frame[name] = [at(h) for h in frame[name]]
    return read_log(
        frame,
        case="case",
        activity="activity",
        complete="complete",
        resource="resource",
        arrival="arrival",
        timezone="UTC",
    )


def starts(log: EventLog) -> dict[tuple[str, str], float | None]:
    """Start of each step, hours after Monday midnight."""
    frame = log.to_frame()
    monday = pd.Timestamp("2025-01-06", tz="UTC")
    hours = [None if pd.isna(t) else (t - monday) / pd.Timedelta(hours=1) for t in frame["start"]]
    return {(r.case, r.activity): h for r, h in zip(frame.itertuples(), hours, strict=True)}


def test_hand(log: EventLog) -> None:
    found = estimated_starts(log, duty=office_duty(log, HOURS), longest=None)
    assert starts(found) == {
        ("1", "a"): 9,  # arrival
        ("2", "a"): 10,  # ann was on case 1 until then
        ("1", "b"): 10,  # case 1 was ready then
        ("2", "b"): 12,
        ("3", "a"): 16,
        ("3", "b"): 16.5,  # on Monday; the night counts in between
    }
    assert found.has_start
    assert not log.has_start
    assert (log.start == MISSING_TIME).all()
    assert found.history[-1] == "starts estimated: 6 steps (0 of them by their activity's median), 0 left without"


def test_a_start_lies_on_duty(log: EventLog) -> None:
    late = office_duty(log, Calendar(hours={"mon-fri": "09:30-16:15"}))
    found = starts(estimated_starts(log, duty=late, longest=None))
    assert found["1", "a"] == 9.5
    assert found["3", "b"] == 24 + 9.5


def test_too_long_work_is_cut_to_the_median_of_its_activity(log: EventLog) -> None:
    # on duty b takes 1, 1 and 1.5 hours; a takes 1, 2 and 0.5
    found = estimated_starts(log, duty=office_duty(log, HOURS), longest=1.2)
    told = starts(found)
    assert told["2", "a"] == 11
    assert told["3", "b"] == 24 + 9
    assert told["1", "b"] == 10
    assert "(2 of them by their activity's median)" in found.history[-1]


def test_what_cannot_be_known_stays_missing(log_of: Callable[..., EventLog]) -> None:
    rows = [
        ("1", "a", None, 10, "ann"),  # all that is known of the arrival
        ("1", "b", None, 12, "bob"),
        ("1", "wait", None, 14, "customer"),
        ("1", "c", None, 15, None),
        ("2", "a", 10, 11, "ann"),  # recorded
        ("2", "b", None, 11, "ann"),  # ready and done at one instant
        ("2", "c", None, 30, "ned"),  # from 11 to Tuesday 6; ned is off duty throughout
    ]
    log = log_of(rows, columns=("resource",), timezone="UTC", external=["wait"])
    found = estimated_starts(log, duty=office_duty(log, Calendar(hours={"mon-fri": "08:00-11:00"})), longest=None)
    told = starts(found)
    assert {key for key, value in told.items() if value is None} == {
        ("1", "a"),
        ("1", "wait"),
        ("1", "c"),
        ("2", "c"),
    }
    assert told["1", "b"] == 10
    assert told["2", "a"] == 10
    assert told["2", "b"] == 11
    assert found.history[-1].endswith("4 left without")


def test_results_can_say_that_starts_are_estimated(log: EventLog, tmp_path: Path) -> None:
    assert log.start_caveats == ()
    found = estimated_starts(log, duty=office_duty(log, HOURS))
    assert "6 of 6 steps aren't recorded and were estimated" in found.start_caveats[0]
    (quality,) = [f for f in data_quality(found).findings if f.kind == "estimated_starts"]
    assert (quality.statement, quality.count, quality.of) == (found.start_caveats[0], 6, 6)
    assert not any(f.kind == "estimated_starts" for f in data_quality(log).findings)
    for result in (bottlenecks(found, draws=10), directly_follows(found), rework_loops(found, draws=10)):
        assert result.caveats[0] == found.start_caveats[0]
    kept = found.select(np.array([True, False, True]), because="some")
    assert kept.start_caveats == found.start_caveats
    from streamline.log.store import open_log

    found.save(tmp_path / "stored")
    assert open_log(tmp_path / "stored").start_caveats == found.start_caveats


def test_estimated_starts_prove_nothing_themselves(log: EventLog) -> None:
    found = estimated_starts(log, duty=office_duty(log, HOURS))
    assert resource_work(found).caveats == found.start_caveats
    plain, estimated = resource_calendars(log), resource_calendars(found)
    assert plain.table["n_signs"].tolist() == estimated.table["n_signs"].tolist()
    office = office_duty(log, Calendar(hours={"sat": "09:00-17:00"}))
    assert with_work(office, found) is office
    for refused in (multitasking, start_error):
        with pytest.raises(InsufficientDataError, match="has estimated starts"):
            refused(found)


def test_steps_completed_together_are_ordered_by_their_starts(at: Callable[[float], pd.Timestamp]) -> None:
    frame = pd.DataFrame(
        [
            *[
                (f"{k}", "ab"[(i + k) % 2], 8.5 + i / 9, f"r{k}{i}") for k in range(10, 20) for i in range(2)
            ],  # concurrent
            *[
                ("0", "z", 10, "bob"),
                ("1", "x", 9, "eve"),
                ("1", "b", 12, "ann"),
                ("1", "a", 12, "bob"),
                ("2", "z", 11, "ann"),
            ],
        ],
        columns=["case", "activity", "complete", "resource"],
    )
    frame = frame.assign(complete=[at(h) for h in frame["complete"]], arrival=at(8))
    log = read_log(
        frame,
        case="case",
        activity="activity",
        complete="complete",
        resource="resource",
        arrival="arrival",
        timezone="UTC",
    )
    found = estimated_starts(log, duty=office_duty(log, Calendar.always()), longest=None)
    frame = found.to_frame()
    assert frame[frame["case"] == "1"]["activity"].tolist() == ["x", "a", "b"]  # bob was free at 10, ann at 11
    assert log.to_frame().query("case == '1'")["activity"].tolist() == ["x", "b", "a"]
    assert sorted(found.row) == sorted(log.row)


def test_what_is_refused(log: EventLog, log_of: Callable[..., EventLog]) -> None:
    with pytest.raises(ValueError, match="longest is 0"):
        estimated_starts(log, longest=0.5)
    with pytest.raises(InsufficientDataError, match="without resources"):
        estimated_starts(log_of([("1", "a", None, 1)], timezone="UTC"))
    full = log_of([("1", "a", 0, 1, "ann")], columns=("resource",), timezone="UTC")
    with pytest.raises(InsufficientDataError, match="nothing to estimate"):
        estimated_starts(full)
    single = log_of([("1", "a", None, 1, "ann")], columns=("resource",), timezone="UTC")
    with pytest.raises(InsufficientDataError, match="none of 1 missing starts can be estimated"):
        estimated_starts(single)
    with pytest.raises(InsufficientDataError, match="records no starts"):
        start_error(log)


def test_the_error_is_told_by_activity(log: EventLog, row: Callable[..., dict[str, Any]]) -> None:
    truth = estimated_starts(log, duty=office_duty(log, HOURS), longest=None)
    late = truth.start.copy()
    step = int(
        np.flatnonzero((truth.activity == truth.activities.index("b")) & (truth.complete == truth.complete.max()))[0]
    )
    late[step] += 2 * HOUR  # bob truly began two hours later
    recorded = replace(truth, start=late, notes=log.notes)
    found = start_error(recorded, duty=office_duty(log, HOURS), longest=None)
    b, whole = row(found, "b"), row(found, "all")
    assert (b["n_steps"], whole["n_steps"]) == (3, 6)
    assert b["mean_absolute_error_hours"] == pytest.approx(2 / 3)
    assert b["mean_service_hours"] == pytest.approx((1 + 1 + 15.5) / 3)
    assert b["estimated_mean_service_hours"] == pytest.approx((1 + 1 + 17.5) / 3)
    assert whole["same_minute_share"] == pytest.approx(5 / 6)
    assert len(found.cases) == 6


def test_the_error_of_one_step_is_worded_as_one(log_of: Callable[..., EventLog]) -> None:
    log = log_of([("a", "Work", 0, 1, "Ann")], columns=("resource",))
    assert start_error(log, duty=office_duty(log, Calendar.always())).chart().note == "1 step of 1 case"


def test_recorded_starts_stay(log_of: Callable[..., EventLog]) -> None:
    rows = [("1", "a", 8, 9, "ann"), ("1", "b", None, 12, "ann"), ("2", "a", 10, 11, "ann")]
    log = log_of(rows, columns=("resource",), timezone="UTC")
    told = starts(estimated_starts(log, duty=office_duty(log, Calendar.always()), longest=None))
    assert told == {("1", "a"): 8, ("1", "b"): 11, ("2", "a"): 10}


def test_dates_without_a_time_are_not_estimated(log_of: Callable[..., EventLog]) -> None:
    rows = [(str(k), name, None, 24 * (k + n), "ann") for k in range(5) for n, name in enumerate("ab")]
    log = log_of(rows, columns=("resource",), timezone="UTC")
    with pytest.raises(InsufficientDataError, match="dates without a time"):
        estimated_starts(log, duty=office_duty(log, Calendar.always()))


@pytest.mark.real
@pytest.mark.parametrize(("name", "most_hours"), [("permits", 0.07), ("permits-busy", 0.08), ("permits-calm", 0.1)])
def test_hidden_starts_of_the_permit_office(name: str, most_hours: float, shared_truth: Path) -> None:
    """Staff there does nothing but these cases, so the earliest possible start is the true one nearly always."""
    log = read_log(
        shared_truth / name / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        resource="worker", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    whole = start_error(log).table.iloc[-1]
    assert whole["same_minute_share"] > 0.99
    assert whole["mean_absolute_error_hours"] < most_hours
    assert whole["estimated_mean_service_hours"] == pytest.approx(whole["mean_service_hours"], rel=0.03)


@pytest.mark.real
def test_hidden_starts_of_a_bank(real_log: Callable[[str], Any]) -> None:
    """People have other work there: estimated service times are twice as long in the median. The sum of waiting and service
    doesn't change, and estimates never lie before what enabled the step, nor after its completion."""
    log = real_log("bpic2017-w")
    found = start_error(log)
    whole = found.table.iloc[-1]
    assert whole["estimated_median_service_hours"] / whole["median_service_hours"] == pytest.approx(2.1, abs=0.4)
    assert whole["same_minute_share"] > 0.55
    # without the correction of outliers the mean is 9 times too long
    raw = start_error(log, longest=None).table.iloc[-1]
    assert raw["mean_absolute_error_hours"] > 5 * whole["mean_absolute_error_hours"]
    hidden = replace(log, start=np.full(log.n_steps, MISSING_TIME, dtype=np.int64), has_start=False)
    estimated = estimated_starts(hidden)
    known = estimated.start != MISSING_TIME
    assert (estimated.start[known] <= estimated.complete[known]).all()
    assert known.mean() > 0.9
    told, whole_told = bottlenecks(estimated, draws=20), bottlenecks(hidden, draws=20)
    parts = told.waiting.value + told.service.value + told.sojourn.value
    assert parts == pytest.approx(whole_told.sojourn.value, rel=1e-9)
