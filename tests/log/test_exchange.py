"""Logs go to other libraries and come back as they were."""

from __future__ import annotations

import gzip
import re
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import streamline as sl
from streamline.log.event_log import EventLog
from streamline.units import MISSING_TIME

#: Letters that quoting, escaping and coding may trip over.
WORDS = st.text(st.sampled_from("ab1 é'\"<>&\n\t;,\u2028𝄞"), min_size=1, max_size=5).filter(lambda t: t.strip() == t)
BEGIN = 1_700_000_000_000_000


def instants(draw_from: int = 40) -> st.SearchStrategy[int]:
    return st.integers(0, draw_from).map(lambda k: BEGIN + k * 1_234_567)


@st.composite
def logs(draw: Any) -> EventLog:
    """A log with ties, overlaps, unfinished steps, missing starts and labels, and cases that arrived before their first step."""
    cases = draw(st.lists(WORDS, min_size=1, max_size=4, unique=True))
    activities = draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))
    maybe = st.none() | WORDS
    rows: list[dict[str, Any]] = []
    before = {case: draw(st.none() | st.integers(0, 9)) for case in cases}
    for case in cases:
        office = draw(maybe)
        for _ in range(draw(st.integers(1, 5))):
            start = draw(st.none() | instants())
            done = draw(instants())
            complete = draw(st.sampled_from([done, done, None])) if start is not None else done
            if start is not None and complete is not None and start > complete:
                start, complete = complete, start
            early = before[case]
            rows.append(
                {
                    "case": case, "activity": draw(st.sampled_from(activities)), "start": start, "complete": complete,
                    "resource": draw(maybe), "channel": draw(maybe), "office": office,
                    "reached": None if early is None else BEGIN - early * 60_000_000,
                }
            )  # fmt: skip
    rows.append({**rows[0], "start": BEGIN, "complete": BEGIN + 7, "resource": "r", "channel": "c"})
    frame = pd.DataFrame(rows)
    for name in ("start", "complete", "reached"):
        values = np.array([MISSING_TIME if v is None or pd.isna(v) else int(v) for v in frame[name]], dtype=np.int64)
        frame[name] = pd.DatetimeIndex(values.view("datetime64[us]"), tz="UTC")
    return sl.read_log(frame, attributes=["office"], arrival="reached", timezone="America/New_York")


def same(a: EventLog, b: EventLog, *, attributes: dict[str, str] | None = None, unfinished: bool = True) -> None:
    """Hold two logs to be equal in all that isn't about their sources."""
    assert a.case_ids.to_pylist() == b.case_ids.to_pylist()
    for name in ("case_offsets", "start", "complete", "arrival"):
        assert getattr(a, name).tolist() == getattr(b, name).tolist(), name
    assert [a.activities[k] for k in a.activity] == [b.activities[k] for k in b.activity]
    for name in ("resource", "channel"):
        one, other = getattr(a, name), getattr(b, name)
        texts = [None if x is None else [[*x.names, None][k] for k in x.codes] for x in (one, other)]
        assert texts[0] == texts[1], name
    for mine, theirs in ({"office": "office"} if attributes is None else attributes).items():
        values = [[None if pd.isna(v) else v for v in x] for x in (a.attributes[mine], b.attributes[theirs])]
        assert values[0] == values[1]
    if unfinished:
        columns = ["case", "activity", "start"]
        assert a.unfinished[columns].to_numpy().tolist() == b.unfinished[columns].to_numpy().tolist()
        assert a.observed_until == b.observed_until
        assert a.closed.tolist() == b.closed.tolist()
    assert a.timezone == b.timezone
    assert b.rejects == ()


AGAIN: dict[str, Any] = {"arrival": "arrival", "attributes": ["office"], "timezone": "America/New_York"}


@given(log=logs())
@settings(max_examples=40)
def test_arrow_polars_and_duckdb_hold_the_whole_log(log: EventLog) -> None:
    table = log.to_arrow()
    assert isinstance(table, pa.Table)
    same(log, sl.read_log(table, **AGAIN))
    frame = log.to_polars()
    assert isinstance(frame, pl.DataFrame)
    assert frame.height == table.num_rows == log.n_steps + len(log.unfinished)
    same(log, sl.read_log(frame, **AGAIN))
    same(log, sl.read_log(frame.lazy(), **AGAIN))
    with duckdb.connect() as connection:
        same(log, sl.read_log(log.to_duckdb(connection), **AGAIN))
        same(log, sl.read_log(connection.sql("select * from steps"), **AGAIN))


@given(log=logs())
@settings(max_examples=50)
def test_pm4py_frames_hold_the_whole_log_as_events(log: EventLog) -> None:
    frame = log.to_pm4py(lifecycle=True)
    before = frame.copy()
    same(log, sl.from_pm4py(frame, timezone="America/New_York"), attributes={"office": "case:office"})
    pd.testing.assert_frame_equal(frame, before)


@given(log=logs())
@settings(max_examples=50)
def test_pm4py_frames_hold_the_completed_steps_as_intervals(log: EventLog) -> None:
    done = np.diff(log.case_offsets) > 0
    log = log.select(done, because="cases with a step")
    again = sl.from_pm4py(log.to_pm4py(), timezone="America/New_York")
    same(log, again, attributes={"office": "case:office"}, unfinished=False)


@given(log=logs(), packed=st.booleans())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_xes_holds_the_whole_log(log: EventLog, packed: bool, tmp_path) -> None:
    path = log.to_xes(tmp_path / ("log.xes.gz" if packed else "log.xes"))
    earlier = any(log.arrival < sl.read_log(path, timezone="America/New_York").arrival)
    again = sl.read_log(
        path,
        attributes=["case:office"] if log.attributes["office"].notna().any() else [],
        arrival="case:arrival" if earlier else None,
        timezone="America/New_York",
    )
    named = {"office": "case:office"} if "case:office" in again.attributes else {}
    same(log, again, attributes=named)
    assert path.read_bytes() == log.to_xes(tmp_path / ("b.xes.gz" if packed else "b.xes")).read_bytes()


EVENTS = """case,activity,start,complete,who,channel,district
a,Intake,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann,mail,north
a,Decide,,2025-01-08T09:00:00Z,bob,online,north
b,Intake,2025-01-31T23:30:00Z,2025-01-31T23:45:00Z,,online,
b,Decide,2025-02-10T08:00:00Z,,bob,online,
"""


@pytest.fixture
def log(read_text):
    return read_text(EVENTS, resource="who", attributes=["district"])


def test_columns_of_the_plain_table(log):
    table = log.to_arrow()
    assert table.column_names == [
        "case",
        "activity",
        "start",
        "complete",
        "resource",
        "channel",
        "arrival",
        "district",
        "row",
    ]
    assert table.column("complete").type == pa.timestamp("us", tz="UTC")
    assert table.column("row").to_pylist() == [2, 3, 4, 5]
    assert table.column("complete").to_pylist()[3] is None
    assert table.column("start").to_pylist()[1] is None


def test_an_attribute_with_the_name_of_a_column_is_told_apart(read_text):
    log = read_text(EVENTS, attributes=["channel"], resource=None)
    assert "case:channel" in log.to_arrow().column_names
    again = sl.read_log(log.to_arrow(), attributes=["case:channel"], timezone="UTC")
    assert again.attributes["case:channel"].tolist() == ["mail", "online"]


def test_a_table_in_a_duckdb_database_is_replaced_only_when_asked(log):
    with duckdb.connect() as connection:
        relation = log.to_duckdb(connection, 'st"eps')
        assert relation.count("*").fetchall() == [(4,)]
        with pytest.raises(sl.OutputError, match=r"has a table 'st\"eps' already. Name another, or pass replace=True"):
            log.to_duckdb(connection, 'st"eps')
        assert log.where(channel="mail").to_duckdb(connection, 'st"eps', replace=True).count("*").fetchall() == [(2,)]
        kinds = dict(connection.sql('select column_name, column_type from (describe "st""eps")').fetchall())
        assert kinds["complete"] == "TIMESTAMP WITH TIME ZONE"


def test_what_is_no_log_is_refused():
    with pytest.raises(sl.FileFormatError, match=r"from_pm4py takes a data frame or a log of pm4py; this is a dict"):
        sl.from_pm4py({})
    with pytest.raises(sl.FileFormatError, match=r"or a DuckDB relation; this is a int"):
        sl.read_log(5)
    with pytest.raises(sl.MissingColumnError, match="case"):
        sl.from_pm4py(pd.DataFrame({"x": [1]}))


def test_xes_says_what_xml_cannot_hold(read_text, tmp_path):
    log = read_text("case,activity,complete\na,b\x01c,2025-01-06T08:00:00Z\n")
    with pytest.raises(sl.OutputError, match=re.escape(r"'b\x01c' holds the character '\x01', which XML can't hold")):
        log.to_xes(tmp_path / "x.xes")
    assert list(tmp_path.glob("*x.xes*")) == []
    with pytest.raises(sl.OutputError, match=r"no/such/x\.xes can't be written: No such file"):
        read_text(EVENTS).to_xes(tmp_path / "no" / "such" / "x.xes")


def test_xes_of_steps_without_starts_is_written_as_completions(read_text, tmp_path):
    log = read_text("case,activity,complete\na,b,2025-01-06T08:00:00.000001Z\n")
    text = log.to_xes(tmp_path / "x.xes").read_text()
    assert text.count("<event>") == 1
    assert '<date key="time:timestamp" value="2025-01-06T08:00:00.000001+00:00"/>' in text
    packed = log.to_xes(tmp_path / "x.xes.gz")
    assert gzip.decompress(packed.read_bytes()).decode() == text


@pytest.fixture(scope="module")
def pm4py():
    return pytest.importorskip("pm4py")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pm4py_takes_the_frame_as_it_is(log, pm4py):
    frame = log.to_pm4py()
    pm4py.utils.check_is_pandas_dataframe(frame)
    graph, starts, ends = pm4py.discover_dfg(frame)
    assert dict(graph) == {("Intake", "Decide"): 1}
    assert dict(starts) == {"Intake": 2}
    assert dict(ends) == {"Decide": 1, "Intake": 1}
    traces = pm4py.convert_to_event_log(frame)
    assert type(traces).__name__ == "EventLog"
    again = sl.from_pm4py(traces, timezone="UTC")
    assert again.attributes["case:district"].tolist()[0] == "north"
    assert again.complete.tolist() == log.complete.tolist()
    assert again.start.tolist() == log.start.tolist()
    stream = pm4py.convert_to_event_stream(frame)
    assert sl.from_pm4py(stream, timezone="UTC").complete.tolist() == log.complete.tolist()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pm4py_reads_the_xes_that_is_written(log, pm4py, tmp_path):
    events = pm4py.read_xes(str(log.to_xes(tmp_path / "log.xes.gz")))
    ours = log.to_pm4py(lifecycle=True)
    names = [
        "case:concept:name",
        "concept:name",
        "lifecycle:transition",
        "concept:instance",
        "org:resource",
        "case:district",
    ]
    for name in names:
        assert [None if pd.isna(v) else v for v in events[name]] == [None if pd.isna(v) else v for v in ours[name]], (
            name
        )
    assert (events["time:timestamp"].dt.tz_convert("UTC") == ours["time:timestamp"]).all()
    same(log, sl.from_pm4py(events, timezone="UTC"), attributes={"district": "case:district"})


@pytest.mark.real
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["receipt", "production", "sepsis"])
def test_real_logs_go_through_every_format(name, real_log, pm4py, tmp_path):
    log = real_log(name)
    again = {"arrival": "arrival", "timezone": log.timezone}
    same(log, sl.read_log(log.to_arrow(), **again), attributes={})
    same(log, sl.read_log(log.to_xes(tmp_path / "log.xes.gz"), timezone=log.timezone), attributes={})
    same(log, sl.from_pm4py(log.to_pm4py(lifecycle=True), timezone=log.timezone), attributes={})
    graph, _, _ = pm4py.discover_dfg(
        pm4py.read_xes(str(tmp_path / "log.xes.gz")).query("`lifecycle:transition` == 'complete'")
    )
    assert sum(graph.values()) == log.n_steps - log.n_cases


def test_an_arrival_that_only_an_unfinished_step_tells_is_kept(read_text):
    """Begun on the 6th and never completed, the first step isn't in the intervals; the case arrived then all the same."""
    log = read_text(
        "case,activity,start,complete\na,Intake,2025-01-06T08:00:00Z,\na,Decide,2025-01-08T08:00:00Z,2025-01-08T09:00:00Z\n"
    )
    frame = log.to_pm4py()
    assert len(frame) == 1
    assert sl.from_pm4py(frame, timezone=log.timezone).arrival.tolist() == log.arrival.tolist()
    assert "case:arrival" not in log.to_pm4py(lifecycle=True)
