"""Object-centric logs: three forms of one file say the same; what flattening does is counted; damage is refused."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import streamline as sl

#: Two orders. `pack` is about both (convergence); `pick` repeats in o1 about another item each time (divergence), `check` about
#: the same one (rework). `sweep` is about no order, `ship` about an object that isn't there. k1 is a call about o2 by two events.
EVENTS: list[tuple[str, str, str, list[str], dict[str, Any]]] = [
    ("e1", "place", "2025-01-06T08:00:00+00:00", ["o1", "i1", "i2", "ann"], {"via": "mail"}),
    ("e2", "place", "2025-01-06T09:00:00+00:00", ["o2", "bob"], {"via": "online"}),
    ("e3", "pick", "2025-01-06T10:00:00+00:00", ["o1", "i1", "ann"], {}),
    ("e4", "pick", "2025-01-06T11:00:00+00:00", ["o1", "i2", "ann"], {}),
    ("e5", "check", "2025-01-06T12:00:00+00:00", ["o1", "i2"], {}),
    ("e6", "check", "2025-01-06T13:00:00+00:00", ["o1", "i2"], {}),
    ("e7", "pack", "2025-01-06T14:00:00+00:00", ["o1", "o2", "bob"], {"weight": 2.5}),
    ("e8", "sweep", "2025-01-06T15:00:00+00:00", ["ann"], {}),
    ("e9", "ship", "2025-01-06T16:00:00+00:00", ["o1", "zzz"], {}),
    ("e10", "ring", "2025-01-06T17:00:00+00:00", ["k1", "o2"], {"why": "where is it"}),
    ("e11", "hang up", "2025-01-06T17:05:00+00:00", ["k1"], {}),
    ("e12", "ring", "2025-01-07T09:00:00+00:00", ["k2"], {"why": "opening hours"}),
]
#: id -> type, attribute values (name, time, value), related objects
OBJECTS: dict[str, tuple[str, list[tuple[str, str, Any]], list[str]]] = {
    "o1": ("order", [("price", "1970-01-01T00:00:00+00:00", 10), ("price", "2025-01-06T12:30:00+00:00", 12.5)], ["i1"]),
    "o2": ("order", [("price", "1970-01-01T00:00:00+00:00", 7)], []),
    "o3": ("order", [], []),
    "i1": ("item & part", [], []),
    "i2": ("item & part", [], []),
    "ann": ("clerk", [], []),
    "bob": ("clerk", [], []),
    "k1": ("call", [("line", "1970-01-01T00:00:00+00:00", "hot")], []),
    "k2": ("call", [], ["o1"]),
}


def as_json() -> bytes:
    return json.dumps(
        {
            "objectTypes": [{"name": t, "attributes": []} for t in dict.fromkeys(t for t, _, _ in OBJECTS.values())],
            "eventTypes": [],
            "objects": [
                {
                    "id": key, "type": kind, "attributes": [{"name": n, "time": t, "value": v} for n, t, v in values],
                    "relationships": [{"objectId": o, "qualifier": ""} for o in related],
                }
                for key, (kind, values, related) in OBJECTS.items()
            ],
            "events": [
                {
                    "id": key, "type": kind, "time": time,
                    "attributes": [{"name": n, "value": v} for n, v in values.items()],
                    "relationships": [{"objectId": o, "qualifier": "x"} for o in objects],
                }
                for key, kind, time, objects, values in EVENTS
            ],
        }
    ).encode()  # fmt: skip


def as_xml() -> bytes:
    def attribute(name: str, value: Any, time: str | None = None) -> str:
        stamp = "" if time is None else f" time={quoteattr(time)}"
        return f"<attribute name={quoteattr(name)}{stamp}>{escape(str(value))}</attribute>"

    def links(objects: list[str]) -> str:
        return (
            "<objects>"
            + "".join(f'<relationship object-id={quoteattr(o)} qualifier=""/>' for o in objects)
            + "</objects>"
        )

    text = '<?xml version="1.0" encoding="UTF-8"?><log><object-types>'
    for kind in dict.fromkeys(t for t, _, _ in OBJECTS.values()):
        text += f"<object-type name={quoteattr(kind)}><attributes/></object-type>"
    text += "</object-types><event-types/><objects>"
    for key, (kind, values, related) in OBJECTS.items():
        held = "".join(attribute(n, v, t) for n, t, v in values)
        text += f"<object id={quoteattr(key)} type={quoteattr(kind)}><attributes>{held}</attributes>{links(related)}</object>"
    text += "</objects><events>"
    for key, kind, time, objects, given_ in EVENTS:
        held = "".join(attribute(n, v) for n, v in given_.items())
        text += f"<event id={quoteattr(key)} type={quoteattr(kind)} time={quoteattr(time)}>"
        text += f"<attributes>{held}</attributes>{links(objects)}</event>"
    return (text + "</events></log>").encode()


def as_sqlite(path: Path) -> Path:
    def table(kind: str) -> str:
        return "".join(c for c in kind.title() if c.isalpha())

    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        for name, columns in (
            ("event", "ocel_id, ocel_type"), ("object", "ocel_id, ocel_type"),
            ("event_object", "ocel_event_id, ocel_object_id, ocel_qualifier"),
            ("object_object", "ocel_source_id, ocel_target_id, ocel_qualifier"),
            ("event_map_type", "ocel_type, ocel_type_map"), ("object_map_type", "ocel_type, ocel_type_map"),
        ):  # fmt: skip
            db.execute(f"create table {name} ({columns})")
        for kind in dict.fromkeys(e[1] for e in EVENTS):
            its = [e for e in EVENTS if e[1] == kind]
            names = sorted({n for e in its for n in e[4]})
            db.execute("insert into event_map_type values (?, ?)", (kind, table(kind)))
            db.execute(f"create table event_{table(kind)} (ocel_id, ocel_time {''.join(', ' + n for n in names)})")
            for key, _, time, _, values in its:
                row = (key, time, *(values.get(n) for n in names))
                db.execute(f"insert into event_{table(kind)} values ({', '.join('?' * len(row))})", row)
        for kind in dict.fromkeys(t for t, _, _ in OBJECTS.values()):
            names = sorted({n for t, v, _ in OBJECTS.values() if t == kind for n, _, _ in v})
            db.execute("insert into object_map_type values (?, ?)", (kind, table(kind)))
            columns = "".join(", " + n for n in names)
            db.execute(f"create table object_{table(kind)} (ocel_id, ocel_time, ocel_changed_field {columns})")
        for key, kind, _, objects, _ in EVENTS:
            db.execute("insert into event values (?, ?)", (key, kind))
            db.executemany("insert into event_object values (?, ?, 'x')", [(key, o) for o in objects])
        for key, (kind, values, related) in OBJECTS.items():
            db.execute("insert into object values (?, ?)", (key, kind))
            db.executemany("insert into object_object values (?, ?, '')", [(key, o) for o in related])
            for k, (name, time, value) in enumerate(values):
                text = f"insert into object_{table(kind)} (ocel_id, ocel_time, ocel_changed_field, {name}) values (?, ?, ?, ?)"
                db.execute(text, (key, time, name if k else None, value))
    return path


@pytest.fixture(params=["json", "xml", "sqlite", "sqlite.gz", "json.gz"])
def file(request, tmp_path) -> Path:
    form, _, packed = request.param.partition(".")
    path = tmp_path / f"log.{form}"
    if form == "sqlite":
        as_sqlite(path)
    else:
        path.write_bytes(as_json() if form == "json" else as_xml())
    if packed:
        content, path = path.read_bytes(), tmp_path / f"log.{form}.gz"
        path.write_bytes(gzip.compress(content))
    return path


def test_each_form_is_flattened_alike(file):
    log = sl.read_ocel(
        file,
        object_type="order",
        contacts="call",
        resource="clerk",
        channel="via",
        attributes=["case:price", "item & part"],
    )
    frame = log.to_frame()
    assert list(zip(frame["case"], frame["activity"], frame["row"], strict=True)) == [
        ("o1", "place", 1), ("o1", "pick", 3), ("o1", "pick", 4), ("o1", "check", 5), ("o1", "check", 6), ("o1", "pack", 7),
        ("o1", "ship", 9), ("o2", "place", 2), ("o2", "pack", 7),
    ]  # fmt: skip
    assert [None if pd.isna(v) else v for v in frame["resource"]] == [
        "ann", "ann", "ann", None, None, "bob", None, "bob", "bob",
    ]  # fmt: skip
    assert log.case_channel is not None
    assert [log.case_channel.names[c] for c in log.case_channel.codes] == ["mail", "online"]
    assert log.attributes["case:price"].tolist() == ["10", "7"]
    assert log.attributes["item & part"].tolist()[0] == "i1"
    assert log.notes.varying_attributes["case:price"] == 1
    assert log.notes.empty_cases == ("o3",)
    assert log.notes.n_rows == 12
    assert str(log.instants(log.complete)[0]) == "2025-01-06 08:00:00+00:00"
    assert len(log.notes.sha256) == 64


def test_what_flattening_does_is_said(file):
    quality = sl.data_quality(sl.read_ocel(file, object_type="order", contacts=["call"], resource="clerk"))
    found = {f.kind: f for f in quality.findings}
    assert (found["convergence"].count, found["convergence"].of, found["convergence"].examples) == (1, 12, ("row 7",))
    assert found["divergence"].examples == (
        "row 3",
        "row 4",
    )  # by item; who did it isn't asked, and e5 and e6 are about one
    assert quality.reading["repeats about other objects"] == "'item & part' (2 events)"
    assert found["without_case"].examples == ("row 8",)
    assert found["unknown_objects"].examples == ("row 9",)
    assert found["empty_cases"].count == 1
    assert "1 of 12 rows (8.3%) are events about several cases. Each of these cases has a step" in str(quality)


def test_contacts_are_events_of_a_type(file):
    calls = sl.read_ocel_contacts(
        file, object_type="order", contacts="ring", reason="why", status_reasons=["where is it"]
    )
    frame = calls.to_frame()
    assert frame["case"].tolist()[0] == "o2"
    assert calls.case_ids.null_count == 1
    assert frame["reason"].tolist() == ["where is it", "opening hours"]
    assert frame["row"].tolist() == [10, 12]
    assert len(calls.notes.sha256) == 64


def test_contacts_are_objects_at_their_first_event(file):
    calls = sl.read_ocel_contacts(file, object_type="order", contacts="call", channel="line", reason="why")
    frame = calls.to_frame()
    assert frame["case"].tolist() == ["o2", "o1"]  # k2's own event names no order; k2 is related to o1
    assert frame["time"].dt.hour.tolist() == [17, 9]
    assert [None if pd.isna(v) else v for v in frame["channel"]] == ["hot", None]
    log = sl.read_ocel(file, object_type="order", contacts="call")
    assert "ring" not in log.activities
    assert sl.link_contacts(log, calls).table["n_contacts"].sum() == 2


def test_a_contact_about_several_cases_is_told_once_for_each(file):
    calls = sl.read_ocel_contacts(file, object_type="order", contacts="pack")
    assert calls.to_frame()["case"].tolist() == ["o1", "o2"]
    assert calls.notes.reading["contacts about several cases, told once for each"] == "1"


def test_names_that_the_file_lacks_are_refused_with_the_nearest(file):
    with pytest.raises(sl.UnknownNameError, match=r"no type of object 'orders'. Did you mean 'order'"):
        sl.read_ocel(file, object_type="orders")
    with pytest.raises(sl.UnknownNameError, match=r"no type of event or object 'calls'. Did you mean 'call'"):
        sl.read_ocel(file, object_type="order", contacts="calls")
    with pytest.raises(sl.MissingColumnError, match=r"no column 'clerc' .asked for as resource.. Did you mean 'clerk'"):
        sl.read_ocel(file, object_type="order", resource="clerc")
    with pytest.raises(sl.MissingColumnError, match=r"asked for as reason"):
        sl.read_ocel_contacts(file, object_type="order", contacts="ring", reason="topic")


def test_other_ways_to_read_the_file_point_here(tmp_path):
    xml = tmp_path / "log.xml"
    xml.write_bytes(as_xml())
    with pytest.raises(sl.FileFormatError, match=r"is an object-centric log .OCEL., not XES.* Read it with read_ocel"):
        sl.read_log(xml)
    plain = tmp_path / "log.json"
    plain.write_bytes(as_json())
    with pytest.raises(
        sl.FileFormatError, match=r"log.json is JSON. An object-centric log .OCEL. is read with read_ocel"
    ):
        sl.read_log(plain)
    with pytest.raises(sl.FileFormatError, match=r"is an SQLite database.*read_ocel"):
        sl.read_log(as_sqlite(tmp_path / "log.sqlite"))
    xml.write_text("<log><trace></trace></log>")
    with pytest.raises(sl.FileFormatError, match=r"is XES, not OCEL.* Read it with read_log"):
        sl.read_ocel(xml, object_type="order")
    xml.write_text("case,activity\n")
    with pytest.raises(sl.FileFormatError, match=r"isn't whole JSON, at line 1, column 1"):
        sl.read_ocel(xml, object_type="order")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("delete from event_map_type where ocel_type = 'pick'", r"event_map_type doesn't name the event types 'pick'"),
        ("drop table event_Pick", r"has events of type 'pick' and no table 'event_Pick' with their times"),
        ("drop table event_object", r"no OCEL 2.0: it has no table 'event_object'"),
        ("alter table event_Pick rename column ocel_time to at", r"The table 'event_Pick' has no column 'ocel_time'"),
        (
            "update event_Pick set ocel_id = 'e1'",
            r"the event 'e1' is of type 'place' and stands in the table 'event_Pick'",
        ),
        ("insert into object values ('o1', 'clerk')", r"the object 'o1' is both 'order' and 'clerk'"),
        ("insert into object values (null, 'clerk')", r"has a row without an id or a type"),
        ("delete from event", r"holds no events"),
    ],
)
def test_databases_that_do_not_hang_together_are_refused(tmp_path, change, message):
    path = as_sqlite(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(change)
    with pytest.raises(sl.FileFormatError, match=message):
        sl.read_ocel(path, object_type="order")


def test_events_that_cannot_be_used_are_set_aside(tmp_path):
    path = as_sqlite(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("delete from event_Check where ocel_id = 'e5'")
        db.execute("insert into event values ('e6', 'check')")
        db.execute("insert into event_object values ('e99', 'o1', '')")
    log = sl.read_ocel(path, object_type="order", max_rejected=0.5)
    assert [(r.row, r.value, r.reason) for r in log.rejects] == [
        (0, "e99", "names an event that the table 'event' doesn't hold"),
        (5, "", "no time"),
        (13, "e6", "repeats the id of an earlier event"),
    ]
    with pytest.raises(sl.DataQualityError):
        sl.read_ocel(path, object_type="order")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", r"holds a list"),
        ("{}", r"is JSON and no OCEL: it has no 'events' and 'objects'"),
        ('{"events": {}, "objects": []}', r"'events' of the file must be a list; it is an object"),
        ('{"events": [3], "objects": []}', r"events\[0\] must be an object with keys; it is 3"),
        ('{"events": [{"type": "a"}], "objects": []}', r"events\[0\] lacks 'id'"),
        ('{"events": [{"id": "e", "id": "f"}], "objects": []}', r"the key 'id' twice in one object"),
        ('{"events": [{"id": ["e"]}], "objects": []}', r"'id' of events\[0\] must be a text or a number; it is a list"),
        ('{"events": [], "objects": [', r"isn't whole JSON, at line 1"),
        ('{"events": [], "objects": []}', r"holds no events"),
        ('{"ocel:events": {"e": {"ocel:omap": "o"}}}', r"'ocel:omap' of the event 'e' must be a list; it is 'o'"),
        ("[" * 100_000, r"holds a list|can't be read as JSON|isn't whole JSON"),
        ('{"events": ' + "9" * 5000 + "}", r"can't be read as JSON"),
    ],
)
def test_json_of_another_shape_is_refused(written, content, message):
    with pytest.raises(sl.FileFormatError, match=message):
        sl.read_ocel(written(content, "log.json"), object_type="order")


def test_xml_that_is_no_ocel_is_refused(written):
    for content, message in (
        ("<html/>", r"is XML but not OCEL: it begins with <html>"),
        ("<log><events><event/></events></log>", r"has an <event> without 'id'"),
        ('<!DOCTYPE log [<!ENTITY a "b">]><log/>', r"declares entities: refused"),
        ("<log><events>", r"it was cut short"),
        ("<log><events></log>", r"is not well-formed XML .* Check that it is an OCEL 2.0 file"),
    ):
        with pytest.raises(sl.FileFormatError, match=message):
            sl.read_ocel(written(content, "log.xml"), object_type="order")


def test_pages_that_wait_beside_the_database_are_read(tmp_path):
    path = as_sqlite(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma journal_mode = wal")
        with db:
            db.execute("update event_Pick set ocel_time = '2025-01-07T10:00:00+00:00'")
        assert (tmp_path / "log.sqlite-wal").stat().st_size > 0
        log = sl.read_ocel(path, object_type="order")
    assert log.instants(log.complete)[log.activity == log.activity_code("pick")].day.tolist() == [7, 7]


def whole(path: Path) -> list[tuple[Any, ...]]:
    log = sl.read_ocel(path, object_type="order", max_rejected=1.0)
    return [*log.to_frame().itertuples(index=False, name=None), *((r.row, r.reason) for r in log.rejects)]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.sampled_from(["json", "xml", "sqlite"]), data=st.data())
def test_a_file_cut_short_is_refused(form, data, tmp_path):
    path = tmp_path / "log"
    content = as_sqlite(path).read_bytes() if form == "sqlite" else as_json() if form == "json" else as_xml()
    kept = data.draw(st.integers(1, len(content) - 1))
    path.write_bytes(content[:kept])
    with pytest.raises(sl.FileFormatError):
        sl.read_ocel(path, object_type="order")
    path.write_bytes(gzip.compress(content)[: max(2, kept * 9 // (10 * 40))])
    with pytest.raises(sl.FileFormatError):
        sl.read_ocel(path, object_type="order")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=st.sampled_from(["json", "xml", "sqlite"]), data=st.data())
def test_a_garbled_file_gives_a_log_or_an_error_in_words(form, data, tmp_path):
    """A changed letter may be another name; what must not come is another kind of exception."""
    path = tmp_path / "log"
    content = bytearray(as_sqlite(path).read_bytes() if form == "sqlite" else as_json() if form == "json" else as_xml())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    path.write_bytes(bytes(content) or b"x")
    with suppress(sl.StreamlineError):
        assert whole(path)


@pytest.mark.real
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore:.*:RuntimeWarning")
@pytest.mark.parametrize(
    ("name", "object_type"),
    [
        ("ocel2_running-example.sqlite", "orders"),
        ("ocel2_running-example.sqlite", "items"),
        ("ocel2_running-example.sqlite", "packages"),
        ("ocel2_logistics.sqlite", "Container"),
        ("ocel2_logistics.sqlite", "Transport Document"),
        ("ocel2_ocel20_example.sqlite", "Invoice"),
        ("pm4py_ocel20_example.jsonocel", "Purchase Order"),
        ("pm4py_ocel20_example.xmlocel", "Purchase Order"),
    ],
)
def test_pm4py_flattens_the_same_files_alike(name, object_type, shared_data, tmp_path):
    pm4py = pytest.importorskip("pm4py")
    packed = shared_data / "ocel" / f"{name}.gz"
    path = tmp_path / name
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    read = {"sqlite": pm4py.read_ocel2_sqlite, "jsonocel": pm4py.read_ocel2_json, "xmlocel": pm4py.read_ocel2_xml}
    theirs = pm4py.ocel_flattening(read[path.suffix[1:]](str(path)), object_type)
    ours = sl.read_ocel(packed, object_type=object_type, timezone="UTC").to_frame()
    columns = ["case:concept:name", "concept:name", "time:timestamp"]
    times = pd.to_datetime(theirs["time:timestamp"], utc=True).dt.as_unit("us")
    expected = sorted(zip(theirs[columns[0]].astype(str), theirs[columns[1]], times, strict=True))
    got = sorted(zip(ours["case"], ours["activity"], ours["complete"], strict=True))
    assert got == expected


@pytest.mark.real
def test_earlier_json_is_read(shared_data):
    log = sl.read_ocel(shared_data / "ocel" / "BPI2017_150to550.jsonocel.gz", object_type="application", timezone="UTC")
    assert (log.n_cases, log.n_steps) == (400, 7684)
    hired = sl.read_ocel(
        shared_data / "ocel" / "recruiting-red.jsonocel.gz", object_type="applications", timezone="UTC"
    )
    assert (hired.n_cases, hired.n_steps) == (916, 6607)
