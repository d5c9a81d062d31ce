"""Passages of a segment, by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Spectrum
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.waits.spectrum import performance_spectrum

Maker = Callable[..., EventLog]

#: Five passages of 1, 4, 2, 2 and 9 hours; case 3 has a step in between, in case 4 the steps overlap, case 5 has a second a.
ROWS = [
    ("1", "a", 0, 1), ("1", "b", 2, 3), ("1", "a", 3, 4), ("1", "b", 8, 9),
    ("2", "a", 0, 2), ("2", "b", 4, 5),
    ("3", "a", 0, 1), ("3", "x", 1, 1.5), ("3", "b", 3, 4),
    ("4", "a", 0, 2), ("4", "b", 1, 3),
    ("5", "a", 0, 1), ("5", "a", 1, 2), ("5", "b", 11, 12),
]  # fmt: skip


def test_passages_and_their_quarters(log_of: Maker) -> None:
    """Directly: 1, 4, 2 and 9 hours, one a quarter."""
    found = performance_spectrum(log_of(ROWS), "a", "b")
    assert found.cases[["case", "hours"]].values.tolist() == [["1", 1.0], ["2", 2.0], ["5", 9.0], ["1", 4.0]]
    assert found.cases["class"].tolist() == [0, 1, 3, 2]
    assert found.table["up_to_hours"].tolist() == [1.0, 2.0, 4.0, 9.0]
    assert found.table["n"].tolist() == [1, 1, 1, 1]
    assert (found.n, found.n_passages, found.n_overlapping) == (3, 4, 1)
    assert found.table["class"].tolist()[:2] == ["up to 1 hour", "1 hour to 2 hours"]
    assert found.n_overtaken == 1  # case 5 leaves at 2 and arrives at 11; case 1 leaves at 4 and arrives at 8
    assert "1 time the later step began" in found.caveats[0]


def test_other_steps_may_lie_in_between(log_of: Maker) -> None:
    """With case 3: 1, 2, 2, 4, 9 hours; the quarters end at 2, 2, 4 and 9, so that two of them are one class."""
    found = performance_spectrum(log_of(ROWS), "a", "b", skipping=True)
    assert sorted(found.cases["hours"]) == [1.0, 2.0, 2.0, 4.0, 9.0]
    assert found.table["up_to_hours"].tolist() == [2.0, 4.0, 9.0]
    assert found.table["n"].tolist() == [3, 1, 1]


def test_overtaking_equals_its_slow_twin(log_of: Maker) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        begin, took = rng.integers(0, 12, 15), rng.integers(0, 9, 15)
        rows = [
            row
            for k, (b, t) in enumerate(zip(begin.tolist(), took.tolist(), strict=True))
            for row in ((str(k), "a", None, b), (str(k), "b", None, b + t))
        ]
        end = begin + took
        slow = sum(any(begin[j] > begin[i] and end[j] < end[i] for j in range(15)) for i in range(15))
        assert performance_spectrum(log_of(rows), "a", "b").n_overtaken == slow


def test_the_chart_draws_each_passage(log_of: Maker) -> None:
    found = performance_spectrum(log_of(ROWS), "a", "b")
    chart = found.chart()
    assert isinstance(chart, Spectrum)
    assert (chart.above, chart.below) == ("a", "b")
    hours = (np.array(chart.end) - np.array(chart.begin)) / 3.6e9
    assert hours.tolist() == found.cases["hours"].tolist()
    assert chart.classes == tuple(found.table["class"])
    assert chart.title == "Half of the passages from a to b take up to 2 hours"


def test_an_unknown_step_and_an_empty_segment_are_refused(log_of: Maker) -> None:
    log = log_of(ROWS)
    with pytest.raises(UnknownNameError, match="no activity 'B'"):
        performance_spectrum(log, "a", "B")
    with pytest.raises(InsufficientDataError, match=r"no case goes from 'b' to 'x'\. With skipping=True"):
        performance_spectrum(log, "b", "x")


def test_completions_only_are_said(log_of: Maker) -> None:
    rows = [(case, activity, None, complete) for case, activity, _, complete in ROWS]
    assert "Starts aren't recorded" in performance_spectrum(log_of(rows), "a", "b").caveats[0]


@pytest.mark.real
def test_decisions_released_on_thursdays(shared_truth: Path) -> None:
    """The permit service releases decisions on Thursdays at 13:00: no passage ends before the next such instant, and none
    overtakes another (decisions are taken in the order in which the reviews were done)."""
    log = read_log(
        shared_truth / "permits" / "events.csv.gz",
        case="permit", activity="step", start="began", complete="finished", resource="worker", timezone="UTC",
    )  # fmt: skip
    found = performance_spectrum(log, "Technical review", "Approve decision")
    assert found.n_passages > 5000
    week, thursday = pd.Timedelta(days=7), pd.Timestamp("2024-01-04 13:00", tz="UTC")
    release = thursday + np.ceil((found.cases["left"] - thursday) / week) * week
    assert (found.cases["reached"] >= release).all()
    assert found.n_overtaken == 0
