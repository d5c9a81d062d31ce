"""`read_log`: the columns of a log that a person can check, and the same log from every kind of source."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import streamline as sl
from streamline.log.read import read_log
from streamline.units import MISSING_TIME

#: Three cases. p2 has the earliest arrival; row 7 ends when row 5 does and starts before it; row 8 isn't done.
CSV = """\
permit,step,began,finished,worker,way,district
p1,Review,2024-03-04 10:00,2024-03-04 11:00,Ann,mail,North
p1,Intake,2024-03-04 09:00,2024-03-04 09:30,Bob,mail,North
p2,Intake,2024-03-01 08:00,2024-03-01 08:10,Bob,online,South
p3,Review,2024-03-05 10:00,2024-03-05 12:00,,mail,
p3,Intake,2024-03-05 09:00,2024-03-05 09:30,Bob,,East
p3,Check,2024-03-05 09:30,2024-03-05 12:00,Ann,mail,West
p2,Review,2024-03-02 08:00,,Ann,online,South
"""
NAMES = {
    "case": "permit",
    "activity": "step",
    "start": "began",
    "complete": "finished",
    "resource": "worker",
    "channel": "way",
    "attributes": ["district"],
}


def instant(text: str) -> int:
    when = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)
    return round(when.timestamp()) * 1_000_000


def columns(log, *, without=()):
    """All that a log says about its records, as plain values; `row` and texts of the source left out on request."""
    labels = {
        n: [None if c < 0 else x.names[c] for c in x.codes]
        for n, x in (("resource", log.resource), ("channel", log.channel))
        if x
    }
    found = {
        "cases": log.case_id_array().tolist(),
        "offsets": log.case_offsets.tolist(),
        "activity": [log.activities[a] for a in log.activity],
        "activities": log.activities,
        "start": log.start.tolist(),
        "complete": log.complete.tolist(),
        "arrival": log.arrival.tolist(),
        "observed_until": log.observed_until,
        "closed": log.closed.tolist(),
        "row": log.row.tolist(),
        "attributes": log.attributes.to_dict("list"),
        "unfinished": log.unfinished.drop(columns=[c for c in without if c == "row"]).to_dict("list"),
        **labels,
    }
    return {k: v for k, v in found.items() if k not in without}


def test_hand(read_text):
    log = read_text(CSV, **NAMES)
    assert columns(log) == {
        "cases": ["p2", "p1", "p3"],  # by arrival
        "offsets": [0, 1, 3, 6],
        "activity": ["Intake", "Intake", "Review", "Intake", "Check", "Review"],
        "activities": ("Check", "Intake", "Review"),
        "start": [
            instant("2024-03-01 08:00"),
            instant("2024-03-04 09:00"),
            instant("2024-03-04 10:00"),
            instant("2024-03-05 09:00"),
            instant("2024-03-05 09:30"),  # ends with the next one and started before it
            instant("2024-03-05 10:00"),
        ],
        "complete": [
            instant("2024-03-01 08:10"),
            instant("2024-03-04 09:30"),
            instant("2024-03-04 11:00"),
            instant("2024-03-05 09:30"),
            instant("2024-03-05 12:00"),
            instant("2024-03-05 12:00"),
        ],
        "arrival": [instant("2024-03-01 08:00"), instant("2024-03-04 09:00"), instant("2024-03-05 09:00")],
        "observed_until": instant("2024-03-05 12:00"),
        "closed": [False, True, True],  # the review of p2 isn't done
        "row": [4, 3, 2, 6, 7, 5],
        # The first value in the file's order: row 6 for p3, since row 5 has none.
        "attributes": {"district": ["South", "North", "East"]},
        "unfinished": {"case": [0], "activity": ["Review"], "start": [instant("2024-03-02 08:00")], "row": [8]},
        "resource": ["Bob", "Bob", "Ann", "Bob", "Ann", None],
        "channel": ["online", "mail", "mail", None, "mail", "mail"],
    }
    assert log.has_start
    assert log.notes.varying_attributes == {"district": 1}
    assert log.notes.n_rows == 7
    assert log.notes.odd_rows["out_of_order"].tolist() == [3, 6]
    assert log.case_channel.names == ("mail", "online")
    assert log.case_channel.codes.tolist() == [1, 0, 0]
    assert log.period == (instant("2024-03-01 08:00"), instant("2024-03-05 12:00"))


def test_ends_decide_which_cases_are_closed(read_text):
    log = read_text(CSV, **NAMES, ends=["Check"], external="Intake")
    assert dict(zip(log.case_id_array(), log.closed.tolist(), strict=True)) == {"p1": False, "p2": False, "p3": True}
    assert [log.activities[a] for a in log.activity[log.external_step]] == ["Intake"] * 3


@pytest.mark.parametrize("option", ["ends", "external"])
def test_unknown_activity_is_refused_with_the_nearest(read_text, option):
    with pytest.raises(sl.UnknownNameError, match=r"'Reveiw'.*Did you mean 'Review'\?.*'Check', 'Intake', 'Review'"):
        read_text(CSV, **NAMES, **{option: ["Reveiw"]})


def test_without_starts_nothing_is_split(read_text):
    log = read_text("case,activity,time\na,X,2024-01-02\na,Y,2024-01-03\n")
    assert not log.has_start
    assert set(log.start.tolist()) == {MISSING_TIME}
    assert log.arrival.tolist() == [instant("2024-01-02")]
    assert log.notes.reading["column of complete"] == "time (found)"


def test_a_start_column_without_any_start_counts_as_none(read_text):
    log = read_text("case,activity,start,complete\na,X,,2024-01-02\na,Y,,2024-01-03\n")
    assert not log.has_start


def variants_of(text):
    """The same records as other files: name -> (content, name of the file, options)."""
    quoted = "\r\n".join(",".join(f'"{v}"' for v in line.split(",")) for line in text.splitlines())
    return {
        "csv": (text, "log.csv", {}),
        "tsv": (text.replace(",", "\t"), "log.tsv", {}),
        "semicolon": (text.replace(",", ";"), "log.csv", {}),
        "bar": (text.replace(",", "|"), "log.txt", {}),
        "caret": (text.replace(",", "^"), "log.txt", {"delimiter": "^"}),
        "gz": (text, "log.csv.gz", {}),
        "quoted, CRLF, no last line break": (quoted, "log.csv", {}),
        "old Mac line ends": (text.replace("\n", "\r"), "log.csv", {}),
        "BOM": (b"\xef\xbb\xbf" + text.encode(), "log.csv", {}),
        "BOM, encoding named": (b"\xef\xbb\xbf" + text.encode(), "log.csv", {"encoding": "utf-8"}),
        "UTF-16": (text.encode("utf-16"), "log.csv", {}),
        "UTF-16 without a mark": (text.encode("utf-16-le"), "log.csv", {"encoding": "utf-16-le"}),
        "UTF-32": (text.encode("utf-32"), "log.csv", {}),
        "blanks in the heading": (text.replace(",", " , ", 6), "log.csv", {}),
    }


@pytest.mark.parametrize("kind", list(variants_of(CSV)))
def test_every_form_of_text_gives_the_same_log(read_text, kind):
    content, name, options = variants_of(CSV)[kind]
    assert columns(read_text(content, name, **NAMES, **options)) == columns(read_text(CSV, **NAMES))


def frames():
    """The same records as frames: name -> frame, rows as in the file."""
    text = pd.read_csv(pd.io.common.StringIO(CSV), dtype=str)
    typed = text.assign(began=pd.to_datetime(text["began"]), finished=pd.to_datetime(text["finished"]))
    zoned = typed.assign(
        began=typed["began"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
        finished=typed["finished"].dt.tz_localize("UTC"),
    )
    objects = typed.assign(began=typed["began"].map(pd.Timestamp.to_pydatetime).astype(object))
    categories = typed.astype({"permit": "category", "step": "category", "worker": "category"})
    table = pa.Table.from_pandas(text)
    return {
        "pandas text": text,
        "pandas times": typed,
        "pandas times with a zone": zoned,
        "pandas objects": objects,
        "pandas categories": categories,
        "arrow": table,
        "arrow batch": table.to_batches()[0],
        "arrow in chunks": pa.concat_tables([table.slice(0, 2), table.slice(2)]),
        "arrow dictionary": pa.Table.from_pandas(categories),
    }


@pytest.mark.parametrize("kind", list(frames()))
def test_every_frame_gives_the_same_log(read_text, kind, tmp_path):
    frame = frames()[kind]
    expected = columns(read_text(CSV, **NAMES), without=["row"])
    before = frame.copy(deep=True) if isinstance(frame, pd.DataFrame) else None
    assert columns(read_log(frame, timezone="UTC", **NAMES), without=["row"]) == expected
    if before is not None:
        pd.testing.assert_frame_equal(frame, before)
    if isinstance(frame, pa.RecordBatch):
        return
    table = pa.Table.from_pandas(frame) if isinstance(frame, pd.DataFrame) else frame
    pq.write_table(table, tmp_path / "log.parquet")
    assert columns(read_log(tmp_path / "log.parquet", timezone="UTC", **NAMES), without=["row"]) == expected


def test_polars(read_text):
    polars = pytest.importorskip("polars", reason="polars isn't installed")
    frame = polars.read_csv(CSV.encode(), infer_schema=False)
    expected = columns(read_text(CSV, **NAMES), without=["row"])
    assert columns(read_log(frame, timezone="UTC", **NAMES), without=["row"]) == expected


def test_rows_of_a_frame_count_from_one(read_text):
    log = read_log(frames()["pandas text"], timezone="UTC", **NAMES)
    assert log.row.tolist() == [r - 1 for r in read_text(CSV, **NAMES).row.tolist()]


records = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "y", "z"]), st.integers(0, 5), st.integers(0, 5)),
    min_size=1,
    max_size=25,
)
START = pd.Timestamp("2024-01-01", tz="UTC")


def frame_of(rows, *, case=str, activity=str):
    """Rows (case, activity, start, length) with completions so far apart that no two of a case tie."""
    begun = [START + pd.Timedelta(hours=10 * k + s) for k, (_, _, s, _) in enumerate(rows)]
    return pd.DataFrame(
        {
            "case": [case(c) for c, *_ in rows],
            "activity": [activity(a) for _, a, *_ in rows],
            "start": begun,
            "complete": [b + pd.Timedelta(minutes=n) for b, (*_, n) in zip(begun, rows, strict=True)],
            "region": [c + "!" for c, *_ in rows],
        }
    )


@settings(deadline=None)
@given(records, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    frame = frame_of(rows)
    places = list(range(len(rows)))
    random.shuffle(places)
    one = read_log(frame, attributes=["region"])
    other = read_log(frame.iloc[places], attributes=["region"])
    assert columns(other, without=["row"]) == columns(one, without=["row"])


@settings(deadline=None)
@given(records)
def test_renaming_changes_nothing_but_names(rows):
    one, other = read_log(frame_of(rows)), read_log(frame_of(rows, case="é{}".format, activity="Q {}".format))
    names = ["cases", "activity", "activities"]
    assert columns(other, without=names) == columns(one, without=names)
    assert other.activity.tolist() == one.activity.tolist()
    assert other.case_id_array().tolist() == [f"é{c}" for c in one.case_id_array()]


def test_the_log_of_a_record_is_not_the_callers_frame():
    frame = frame_of([("a", "x", 0, 1)])
    log = read_log(frame)
    frame.loc[0, "complete"] = START
    assert log.complete.tolist() == [instant("2024-01-01 00:01")]


def test_arrays_cannot_be_changed(read_text):
    log = read_text(CSV, **NAMES)
    for name in (
        "case_offsets",
        "activity",
        "start",
        "complete",
        "row",
        "arrival",
        "case_of_step",
        "last_completion",
        "closed",
        "external_step",
    ):
        with pytest.raises(ValueError, match="read-only"):
            getattr(log, name)[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        log.resource.codes[0] = 1
    with pytest.raises(AttributeError):
        log.timezone = "UTC"


def test_to_frame(read_text):
    frame = read_text(CSV, **{**NAMES, "timezone": "America/New_York"}).to_frame()
    assert frame.columns.tolist() == ["case", "activity", "start", "complete", "resource", "channel", "row"]
    assert frame.iloc[0].tolist() == [
        "p2",
        "Intake",
        pd.Timestamp("2024-03-01 08:00", tz="America/New_York"),
        pd.Timestamp("2024-03-01 08:10", tz="America/New_York"),
        "Bob",
        "online",
        4,
    ]
    assert pd.isna(frame["resource"].iloc[-1])


def test_what_to_frame_gives_is_read_as_the_same_log(read_text):
    log = read_text(CSV.replace(",,Ann", ",2024-03-02 09:00,Ann"), **NAMES)
    again = read_log(log.to_frame(), timezone="UTC")
    assert np.array_equal(again.complete, log.complete)
    assert columns(again, without=["row", "attributes"]) == columns(log, without=["row", "attributes"])
