"""Several steps at once: an office that a person can add up, and services that do one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.log.duty import office_duty
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.staff.multitasking import multitasking

# ann: 9-12 and 10-11 and 11-13 (4 hours, 2 of them shared); bob one after the other; cid two cases left open overnight
ROWS = [
    ("1", "a", 9, 12, "ann"),
    ("2", "a", 10, 11, "ann"),
    ("3", "a", 11, 13, "ann"),
    ("1", "b", 12, 13, "bob"),
    ("2", "b", 13, 14, "bob"),
    ("3", "b", 14, 14, "bob"),
    ("4", "c", 16, 33, "cid"),
    ("5", "c", 16.5, 33, "cid"),
    ("6", "c", 9, 10, "cid"),
]


@pytest.fixture
def log(log_of: Callable[..., EventLog]) -> EventLog:
    return log_of(ROWS, columns=("resource",), timezone="UTC")


def test_hand(log: EventLog, row: Callable[..., dict[str, Any]]) -> None:
    found = multitasking(log)
    ann, bob, cid = (row(found, who) for who in ("ann", "bob", "cid"))
    assert (ann["work_hours"], ann["shared_hours"], ann["most_at_once"]) == (4, 2, 2)
    assert (ann["shared_share"], ann["mean_at_once"], ann["several_at_once"]) == (0.5, 6 / 4, "as a rule")
    assert (bob["n_steps"], bob["work_hours"], bob["shared_share"], bob["several_at_once"]) == (2, 2, 0, "hardly ever")
    assert (cid["work_hours"], cid["shared_hours"]) == (18, 16.5)
    assert found.shared_share == pytest.approx(18.5 / 24)
    assert found.by_pool["work_hours"].sum() == 24
    assert len(found.cases) == 8
    assert found.verdict == (
        "2 of 3 resources do several steps at once as a rule; 77% of all work time is with more than one step open "
        "(elapsed time)."
    )


def test_nights_do_not_count_on_duty(log: EventLog, row: Callable[..., dict[str, Any]]) -> None:
    found = multitasking(log, duty=office_duty(log, Calendar(hours={"mon-fri": "09:00-17:00"})))
    cid = row(found, "cid")
    assert (cid["work_hours"], cid["shared_hours"]) == (2, 0.5)  # 9 to 10, 16 to 17; the morning after is before 9
    assert row(found, "ann")["shared_hours"] == 2
    assert found.clock == "time on duty"


def test_the_threshold_is_set(log: EventLog) -> None:
    assert multitasking(log, as_a_rule=0.6).table["several_at_once"].tolist().count("at times") == 1
    with pytest.raises(ValueError, match="as_a_rule is 0"):
        multitasking(log, as_a_rule=0.01)


def test_what_is_missing_is_said(log_of: Callable[..., EventLog]) -> None:
    with pytest.raises(InsufficientDataError, match="records no starts"):
        multitasking(log_of([("1", "a", None, 1, "ann")], columns=("resource",), timezone="UTC"))
    with pytest.raises(InsufficientDataError, match="without resources"):
        multitasking(log_of([("1", "a", 0, 1)], timezone="UTC"))
    with pytest.raises(InsufficientDataError, match="takes any time"):
        multitasking(log_of([("1", "a", 1, 1, "ann")], columns=("resource",), timezone="UTC"))


def test_the_chart_names_no_people(log: EventLog) -> None:
    chart = multitasking(log).chart()
    assert "77%" in chart.title
    assert not any(who in repr(chart) for who in ("ann", "bob", "cid"))


@pytest.mark.real
def test_the_permit_office_does_one_step_at_a_time(shared_truth: Path) -> None:
    log = read_log(
        shared_truth / "permits" / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        resource="worker", timezone="UTC", external=["Information received"],
    )  # fmt: skip
    found = multitasking(log)
    assert set(found.table["several_at_once"]) == {"hardly ever"}
    assert found.shared_share < 0.001
    assert not found.as_a_rule.any()


@pytest.mark.real
@pytest.mark.parametrize("name", ["bpic2017-w", "production", "purchasing"])
def test_work_and_served_time_agree_with_the_steps(name: str, real_log: Callable[[str], Any]) -> None:
    log = real_log(name)
    found = multitasking(log)
    table = found.table
    assert (table["shared_hours"] <= table["work_hours"] + 1e-9).all()
    assert (table["mean_at_once"] >= 1 - 1e-9).all()
    frame = found.cases
    served = (frame["complete"] - frame["start"]).dt.total_seconds().groupby(frame["resource"]).sum() / 3600
    told = (table["mean_at_once"] * table["work_hours"]).to_numpy()
    assert np.allclose(told, served.loc[table["resource"]].to_numpy())
