"""What the options of `read_log` do to the values: missing words, ids, arrivals, attributes, duplicates, the gate."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import streamline as sl
from streamline.log.read import read_log

T = "2024-01-02 10:00"


def ids(log):
    return log.case_id_array().tolist()


def test_na_and_null_are_ids(read_text):
    log = read_text(f"case,activity,time\nNA,a,{T}\nnull,NULL,{T}\nNaN,None,{T}\nnone,-,{T}\n")
    assert ids(log) == ["NA", "NaN", "none", "null"]
    assert log.activities == ("-", "NULL", "None", "a")
    assert not log.rejects


@pytest.mark.parametrize("missing", [["?", "NULL"], {"?", "NULL"}])
def test_missing_words(read_text, missing):
    text = f"case,activity,time,who\nc1,a,{T},?\n?,a,{T},Ann\nc1,NULL,{T},Ann\nc1,b,?,Ann\nc1, ? ,{T},Ann\n"
    log = read_text(text, resource="who", missing=missing, max_rejected=1.0)
    assert [(r.row, r.column, r.reason) for r in log.rejects] == [
        (3, "case", "no case id"),
        (4, "activity", "no activity"),
        (5, "time", "no time"),
        (6, "activity", "no activity"),
    ]
    assert log.resource.codes.tolist() == [-1]


def test_one_name_may_stand_without_a_list(read_text):
    text = f"case,activity,time,area\nc1,NULL,{T},N\nc1,done,{T},N\n"
    log = read_text(text, missing="NULL", ends="done", attributes="area", max_rejected=0.5)
    assert [r.row for r in log.rejects] == [2]
    assert log.ends == ("done",)
    assert log.attributes["area"].tolist() == ["N"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 12345678.0], ["1", "12345678"]),
        ([1.5, 2.0], ["1.5", "2"]),
        (pa.array([7, 8], pa.int16()), ["7", "8"]),
        (pd.Series([1, "x"], dtype=object), ["1", "x"]),
        (pd.Series([1.0, "x"], dtype=object), ["1", "x"]),
        (pd.Series(["0012", "12"]), ["0012", "12"]),
        (pd.Categorical(["b", "a"]), ["a", "b"]),
        (pd.Series([b"p", b"q"]), ["p", "q"]),
    ],
)
def test_ids_of_frames(values, expected):
    log = read_log(pd.DataFrame({"case": values, "activity": "a", "time": T}), timezone="UTC")
    assert ids(log) == expected


def test_a_missing_id_among_whole_numbers_leaves_the_others_whole():
    """pandas turns a column of whole numbers with a gap into floats: 1 becomes 1.0."""
    frame = pd.DataFrame({"case": [1, None, 3], "activity": "a", "time": T})
    log = read_log(frame, timezone="UTC", max_rejected=0.5)
    assert ids(log) == ["1", "3"]
    assert [(r.row, r.reason) for r in log.rejects] == [(2, "no case id")]


def test_times_with_and_without_offset_in_one_frame():
    """10:00+05:00 is 05:00 UTC; 10:00 without an offset is of the zone given, never of UTC."""
    zone = datetime.timezone(datetime.timedelta(hours=5))
    naive, aware = datetime.datetime(2024, 1, 2, 10), datetime.datetime(2024, 1, 2, 10, tzinfo=zone)  # noqa: DTZ001
    for times in ([naive, aware], [aware, naive]):
        frame = pd.DataFrame({"case": ["c", "c"], "activity": ["a", "b"], "time": pd.Series(times, dtype=object)})
        log = read_log(frame, timezone="America/New_York")
        assert log.instants(log.complete).tz_convert("UTC").strftime("%H:%M").tolist() == ["05:00", "15:00"]
        with pytest.raises(sl.TimestampError, match="1 local time"):
            read_log(frame)


def test_binary_columns_hold_text(tmp_path):
    import pyarrow.parquet as pq

    table = pa.table({"case": pa.array([b"c"]), "activity": pa.array(["é".encode()]), "time": pa.array([T.encode()])})
    pq.write_table(table, tmp_path / "log.parquet")
    assert read_log(tmp_path / "log.parquet", timezone="UTC").activities == ("é",)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([["a"]], "column 'case' holds list<"),
        ([{"a": 1}], "column 'case' holds struct<"),
        ([b"\xff"], "column 'case' holds binary, which can't be read"),
        ([object()], "column 'case' can't be read"),
        ([1j], "column 'case' can't be read"),
        (pd.interval_range(0, 1), "column 'case' holds extension"),
    ],
)
def test_columns_that_are_no_labels_are_refused(values, message):
    with pytest.raises(sl.FileFormatError, match=message):
        read_log(pd.DataFrame({"case": values, "activity": "a", "time": T}), timezone="UTC")


@pytest.mark.parametrize("source", [None, 3, [1], {"case": []}, b"case,activity"])
def test_what_is_no_source_is_refused(source):
    with pytest.raises(sl.FileFormatError, match="takes a path, a pandas, Polars or Arrow frame, or a DuckDB relation"):
        read_log(source)


def test_arrival_column(read_text):
    """c1 arrived before its first step; c2's arrival is later than that, c3's is missing, c4's can't be read."""
    text = (
        "case,activity,time,filed\n"
        "c1,a,2024-01-05,2024-01-03\nc1,b,2024-01-06,2024-01-03\n"
        "c2,a,2024-01-05,2024-01-07\nc3,a,2024-01-08,\nc4,a,2024-01-09,soon\n"
    )
    log = read_text(text, arrival="filed")
    days = log.instants(log.arrival).strftime("%d").tolist()
    assert dict(zip(ids(log), days, strict=True)) == {"c1": "03", "c2": "05", "c3": "08", "c4": "09"}
    assert {k: v.tolist() for k, v in log.notes.odd_rows.items()} == {
        "arrival_after_first_step": [4],
        "missing_arrival": [5, 6],
        "unreadable_arrival": [6],
    }
    assert log.arrival_from == "the column 'filed'"


def test_the_clock_change_is_noted_for_starts_too(read_text):
    """In New York 01:30 occurred twice on 2024-11-03, and 02:30 on 2024-03-10 never."""
    text = (
        "case,activity,start,complete\nc,a,2024-11-03 01:30,2024-11-04 10:00\nc,b,2024-03-01 10:00,2024-03-10 02:30\n"
    )
    log = read_text(text, timezone="America/New_York")
    assert {k: v.tolist() for k, v in log.notes.odd_rows.items() if k in ("fold", "gap")} == {"fold": [2], "gap": [3]}


def test_duplicates(read_text):
    """Row 3 repeats row 2, rows 4 and 5 differ by resource and time; row 6 repeats row 2 again."""
    text = f"case,activity,time,who\nc,a,{T},Ann\nc,a,{T},Ann\nc,a,{T},Bob\nc,a,{T}:01,Ann\nc,a,{T},Ann\n"
    kept = read_text(text, resource="who")
    assert (kept.n_steps, kept.notes.odd_rows["duplicate"].tolist()) == (5, [3, 6])
    dropped = read_text(text, resource="who", duplicates="drop", max_rejected=0.4)
    assert dropped.row.tolist() == [2, 4, 5]
    assert [(r.row, r.reason) for r in dropped.rejects] == [
        (row, "repeats an earlier row in case, activity, times and resource") for row in (3, 6)
    ]
    assert "duplicate" not in dropped.notes.odd_rows
    with pytest.raises(ValueError, match="'keep' or 'drop'; 'remove' is neither"):
        read_text(text, duplicates="remove")


def bad_rows(n, bad):
    rows = [f"c{i},a,{'soon' if i < bad else T}" for i in range(n)]
    return "case,activity,time\n" + "\n".join(rows) + "\n"


def test_a_column_that_nobody_named_is_asked_for(read_text):
    """The usual names aren't there and none was given: the message says what to do, not that somebody asked for one."""
    with pytest.raises(
        sl.MissingColumnError, match=r"Which column of \S+ holds the case\? .* with case=… in Python"
    ) as none:
        read_text("permit no.,activity,time\nc,a,2025-01-06T10:00:00Z\n")
    assert none.value.usual[:1] == (none.value.column,)
    assert "Its columns are: 'permit no.', 'activity', 'time'." in str(none.value)


def test_all_missing_columns_are_told_at_once(read_text):
    text = "permit,what was done,when\nc,a,2025-01-06T10:00:00Z\n"
    with pytest.raises(sl.MissingColumnError) as none:
        read_text(text)
    assert none.value.unnamed == ("case", "activity", "complete")
    assert "holds the case, the activity and the completion time? None has a usual name for these." in str(none.value)
    assert "--case, --activity and --complete on the command line" in str(none.value)
    assert "case, activity and complete under log in a study" in str(none.value)
    with pytest.raises(sl.MissingColumnError) as some:
        read_text(text, case="permitt", complete="wen", attributes=["office"])
    assert (some.value.role, some.value.column) == ("case", "permitt")
    assert some.value.others == (("complete", "wen"), ("attribute", "office"))
    assert some.value.unnamed == ("activity",)
    for told in (
        "'permitt' (asked for as case). Did you mean 'permit'?",
        "'wen' (asked for as complete)",
        "the activity?",
    ):
        assert told in str(some.value)
    with pytest.raises(sl.MissingColumnError, match=r"'stage' .asked for as lifecycle."):
        read_text(text, case="permit", activity="what was done", complete="when", lifecycle="stage")
    contacts = {"case": "permits", "time": "whn", "channel": "by", "timezone": "UTC"}
    with pytest.raises(sl.MissingColumnError, match=r"(?s)'permits' .*'whn' .*'by' .asked for as channel."):
        sl.read_contacts(pd.DataFrame({"permit": ["c"], "when": ["2025-01-06 10:00"]}), **contacts)


def test_the_gate(read_text):
    assert len(read_text(bad_rows(100, 5)).rejects) == 5
    with pytest.raises(sl.DataQualityError) as refused:
        read_text(bad_rows(100, 6))
    message = str(refused.value)
    assert "6 of 100 rows (6.0%) can't be used, and at most 5.0% may be set aside" in message
    assert "6 × not a date that can be read: row 2 ('soon'), row 3 ('soon')" in message
    assert "and 1 more" in message
    assert "log: {max_rejected: 0.06}" in message
    assert len(read_text(bad_rows(100, 6), max_rejected=0.06).rejects) == 6
    with pytest.raises(sl.DataQualityError):
        read_text(bad_rows(100, 1), max_rejected=0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        read_text(bad_rows(100, 0), max_rejected=5)


def test_completed_before_started_is_rejected(read_text):
    text = "case,activity,start,complete\nc,a,2024-01-03,2024-01-02\nc,b,2024-01-02,2024-01-02\nc,c,,\n"
    log = read_text(text, max_rejected=1.0)
    assert [(r.row, r.value, r.reason) for r in log.rejects] == [
        (2, "2024-01-03 … 2024-01-02", "completed before it started"),
        (4, "", "neither a start nor a completion time"),
    ]


def test_only_started_steps_are_refused(read_text):
    with pytest.raises(sl.InsufficientDataError, match="2 started steps and not one completed"):
        read_text(f"case,activity,start,complete\nc,a,{T},\nc,b,{T},\n")


def test_transitions_that_mark_nothing_are_named(read_text):
    with pytest.raises(sl.InsufficientDataError, match="2 × the lifecycle transition 'done', which marks no step"):
        read_text(f"case,activity,time,phase\nc,a,{T},done\nc,b,{T},done\n", lifecycle="phase")


def test_start_and_lifecycle_exclude_each_other(read_text):
    with pytest.raises(sl.FileFormatError, match="name either `start` or `lifecycle`"):
        read_text(f"case,activity,start,time,phase\nc,a,{T},{T},complete\n", start="start", lifecycle="phase")


def test_select_and_arrived_between(read_text):
    text = (
        "case,activity,start,complete,who,area\n"
        "a,x,2024-01-01,2024-01-02,Ann,N\nb,x,2024-01-05,2024-01-06,Bob,S\nb,y,2024-01-07,,Bob,S\nc,x,2024-01-09,2024-01-10,,W\n"
    )
    log = read_text(text, resource="who", attributes=["area"])
    later = log.arrived_between(log.arrival[1], log.arrival[2])
    assert ids(later) == ["b"]
    assert later.row.tolist() == [3]
    assert later.unfinished[["case", "row"]].to_numpy().tolist() == [[0, 4]]
    assert later.attributes["area"].tolist() == ["S"]
    assert later.closed.tolist() == [False]
    assert later.observed_until == log.observed_until
    assert later.history == ("cases that arrived in the window: 1 of 3",)
    assert ids(log) == ["a", "b", "c"]
    assert ids(log.arrived_between(None, None)) == ["a", "b", "c"]
    none = log.select(np.zeros(3, dtype=bool), because="nothing")
    assert (none.n_cases, none.n_steps, len(none.unfinished), len(none.closed)) == (0, 0, 0, 0)


def test_cp1252_is_found_and_said(read_text):
    names = ("Prüfung", "Décision reçue", "Información técnica", "d’été", "Año – señal", "Straße")
    for name in names:
        log = read_text(f"case,activity,time\nc,{name},{T}\n".encode("cp1252"))
        assert log.activities == (name,)
        assert log.notes.reading["encoding"].startswith("cp1252 (guessed from its letters; check")


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp1251", "Заявление принято к рассмотрению"), ("cp1253", "Αίτηση παραλήφθηκε")]
)
def test_other_alphabets_are_not_taken_for_western(read_text, encoding, name):
    text = f"case,activity,time\nc,{name},{T}\n".encode(encoding)
    assert read_text(text, encoding=encoding).activities == (name,)
    try:
        guessed = read_text(text)
    except sl.FileFormatError:
        return
    assert "cp1252" not in guessed.notes.reading["encoding"]
