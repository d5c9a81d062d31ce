"""The work of each resource: a case that a person can add up, parts that merge into the whole, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.errors import InsufficientDataError
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.staff.work import ResourceWork, WorkCounts, resource_work, work_counts

#: Ann: 09-12, 10-11 and 11-13 overlap, 14-15 doesn't; 6 + 1 hours of work in 5 busy ones. Bob: 09-10 and 10-11 touch.
#: Three steps don't count: nobody's, one without a start, one that isn't done. Cases 4 and 5 have none that does.
CSV = """\
case,activity,start,complete,resource
1,Intake,2024-03-04 09:00,2024-03-04 12:00,Ann
2,Intake,2024-03-04 10:00,2024-03-04 11:00,Ann
1,Review,2024-03-04 11:00,2024-03-04 13:00,Ann
3,Review,2024-03-04 14:00,2024-03-04 15:00,Ann
2,Review,2024-03-04 09:00,2024-03-04 10:00, Bob
3,Intake,2024-03-04 10:00,2024-03-04 11:00,Bob
4,Intake,2024-03-04 09:00,2024-03-04 15:00,
5,Intake,,2024-03-04 15:00,Bob
3,Close,2024-03-04 16:00,,Ann
"""


@pytest.fixture
def log(read_text: Callable[..., EventLog]) -> EventLog:
    return read_text(CSV)


@pytest.fixture
def work(log: EventLog) -> ResourceWork:
    return resource_work(log)


def test_hand(work: ResourceWork) -> None:
    pd.testing.assert_frame_equal(
        work.table,
        pd.DataFrame(
            {
                "resource": ["Ann", "Bob"],
                "n_steps": [4, 2],
                "work_hours": [3.0 + 1.0 + 2.0 + 1.0, 1.0 + 1.0],
                "busy_hours": [4.0 + 1.0, 2.0],
                "n_overlapping": [3, 0],
                "overlapping_share": [3 / 4, 0.0],
                "most_at_once": [2, 1],
            }
        ),
        check_exact=True,
    )
    assert work.n == 3
    assert work.excluded == {"without a step that has resource and start": 2}
    assert work.overlapping_share == 3 / 6


def test_what_is_left_out_is_said(work: ResourceWork, read_text: Callable[..., EventLog]) -> None:
    assert work.caveats == ("2 of 8 steps have no resource or no recorded start and aren't counted.",)
    whole = read_text("case,activity,start,complete,resource\n1,In,2024-03-04 09:00,2024-03-04 12:00,Ann\n")
    assert resource_work(whole).caveats == ()


def test_the_rows_behind_it(work: ResourceWork) -> None:
    rows = work.cases
    assert list(rows.columns) == ["case", "activity", "start", "complete", "resource", "service_hours"]
    assert len(rows) == work.table["n_steps"].sum()
    hours = rows.groupby("resource", observed=True)["service_hours"].sum()
    assert hours.to_dict() == {"Ann": 7.0, "Bob": 2.0}


def test_its_chart_shows_the_busiest(work: ResourceWork) -> None:
    chart: Any = work.chart()
    assert chart.title == "50% of the steps run while the same resource does another"
    assert [(bar.label, bar.value) for bar in chart.bars] == [("Ann", 5.0), ("Bob", 2.0)]


def test_resources_or_starts_that_are_missing_are_refused(read_text: Callable[..., EventLog]) -> None:
    none = read_text("case,activity,start,complete\n1,In,2024-03-04 09:00,2024-03-04 12:00\n")
    with pytest.raises(
        InsufficientDataError, match=r"log\.csv was read without resources; name their column: read_log"
    ):
        resource_work(none)
    ends = read_text("case,activity,complete,resource\n1,In,2024-03-04 12:00,Ann\n")
    with pytest.raises(InsufficientDataError, match=r"log\.csv records no starts, .* name it: read_log\(…, start=…\)"):
        resource_work(ends)
    apart = (
        "case,activity,start,complete,resource\n1,In,2024-03-04 09:00,2024-03-04 12:00,\n1,In,,2024-03-04 12:00,Ann\n"
    )
    with pytest.raises(InsufficientDataError, match=r"log\.csv: no step has both a resource and a recorded start"):
        resource_work(read_text(apart))


def same(one: WorkCounts, two: WorkCounts) -> None:
    assert one.resources == two.resources
    assert np.array_equal(one.counts, two.counts)
    assert (one.n_steps, one.n_without) == (two.n_steps, two.n_without)
    pd.testing.assert_frame_equal(one.table(), two.table(), check_exact=True)


records = st.lists(
    st.tuples(st.sampled_from("abcdefg"), st.integers(0, 40), st.integers(0, 9), st.sampled_from([True, True, False])),
    min_size=1,
    max_size=40,
)


def log_of(rows: list[tuple[str, int, int, bool]]) -> EventLog:
    """A case a row: resource, start, length in hours, and whether the start is recorded."""
    begun = [pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(hours=b) for _, b, _, _ in rows]
    return read_log(
        pd.DataFrame(
            {
                "case": [str(k) for k in range(len(rows))],
                "activity": "Work",
                "start": pd.Series([b if row[3] else pd.NaT for b, row in zip(begun, rows, strict=True)], dtype="M8[us, UTC]"),
                "complete": [b + pd.Timedelta(hours=row[2]) for b, row in zip(begun, rows, strict=True)],
                "resource": [row[0] for row in rows],
            }
        )
    )  # fmt: skip


@given(rows=records, data=st.data())
@settings(max_examples=60, deadline=None)
def test_parts_with_whole_resources_merge_into_the_whole(rows: Any, data: st.DataObject) -> None:
    """Resources are dealt to up to three parts; a part without any start has no counts."""
    rows = [*rows, ("h", 0, 1, True)]
    part = {name: data.draw(st.integers(0, 2)) for name in sorted({row[0] for row in rows})}
    logs = [log_of(some) for k in range(3) if (some := [row for row in rows if part[row[0]] == k])]
    logs = [log for log in logs if log.has_start]
    counted = sum(log.n_steps for log in logs)
    whole, merged = work_counts(log_of(rows)), WorkCounts.merged([work_counts(log) for log in logs])
    assert (merged.resources, merged.n_steps) == (whole.resources, whole.n_steps)
    pd.testing.assert_frame_equal(merged.table(), whole.table(), check_exact=True)
    assert merged.n_steps + merged.n_without == counted
    if counted == len(rows):
        same(merged, whole)


@given(rows=records, random=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_changes_nothing(rows: Any, random: Any) -> None:
    rows = [*rows, ("h", 0, 1, True)]
    other = list(rows)
    random.shuffle(other)
    same(work_counts(log_of(other)), work_counts(log_of(rows)))


def test_a_resource_in_two_parts_is_refused(log: EventLog) -> None:
    counts = work_counts(log)
    with pytest.raises(ValueError, match=r"The steps of 'Ann' are in two parts; split the log by resource"):
        WorkCounts.merged([counts, counts])
