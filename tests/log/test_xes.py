"""XES: small files by hand, refusals, fuzzing, and the real logs beside another reader."""

from __future__ import annotations

import gzip
import hashlib
import os
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamline.errors import FileFormatError
from streamline.log import xes
from streamline.log.raw import RawRecords
from streamline.log.xes import read_xes_records

DATA = Path(__file__).parents[2].parent / "shared" / "data"

SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <global scope="event"><string key="org:resource" value="UNKNOWN"/></global>
  <string key="concept:name" value="the log's own name"/>
  <trace>
    <string key="concept:name" value="NA"/>
    <string key="channel" value="phone"/>
    <event>
      <string key="concept:name" value="R&amp;D &#233; &lt;check&gt;"/>
      <date key="time:timestamp" value="2024-03-01T10:00:00+05:00"/>
    </event>
    <event>
      <string key="concept:name" value="Decide"/>
      <date key="time:timestamp" value="2024-03-01T10:00:00.000-04:00"/>
      <string key="org:resource" value="Ann"/>
      <int key="cost" value="7"/>
    </event>
  </trace>
  <trace>
    <event><string key="concept:name" value="Intake"/></event>
    <string key="concept:name" value="named last"/>
  </trace>
</log>
"""


def read(tmp_path: Path, content: str | bytes, *, name: str = "log.xes", wanted: list[str] | None = None) -> RawRecords:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_xes_records(path, wanted=wanted)


def values(records: RawRecords) -> dict[str, list[str | None]]:
    assert all(str(column.type) == "large_string" for column in records.columns.values())
    assert all(len(column) == len(records.row) for column in records.columns.values())
    return {key: column.to_pylist() for key, column in records.columns.items()}


def log(inner: str) -> str:
    return f"<log>{inner}</log>"


def test_small_file_by_hand(tmp_path):
    records = read(tmp_path, SMALL)
    assert values(records) == {
        "case:concept:name": ["NA", "NA", "named last"],
        "concept:name": ["R&D é <check>", "Decide", "Intake"],
        "time:timestamp": ["2024-03-01T10:00:00+05:00", "2024-03-01T10:00:00.000-04:00", None],
        "org:resource": [None, "Ann", None],
    }
    assert records.row.tolist() == [1, 2, 3]
    assert records.available == (
        *("case:concept:name", "case:channel"),
        *("concept:name", "time:timestamp", "org:resource", "cost"),
    )
    assert records.source == "log.xes"
    assert records.sha256 == hashlib.sha256(SMALL.encode()).hexdigest()
    assert records.rejects == records.empty_cases == ()
    assert records.reading == {
        "format": "XES",
        "compression": "none",
        "encoding": "UTF-8",
        "traces": "2",
        "events": "3",
    }


def test_wanted_columns_are_kept_beside_the_standard_ones(tmp_path):
    records = read(tmp_path, SMALL, wanted=["cost", "case:channel", "absent"])
    assert values(records)["cost"] == [None, "7", None]
    assert values(records)["case:channel"] == ["phone", "phone", None]
    assert "absent" not in records.columns
    assert "absent" not in records.available


def test_gzip_is_told_by_its_first_bytes(tmp_path):
    packed = gzip.compress(SMALL.encode()[:300]) + gzip.compress(SMALL.encode()[300:])
    records = read(tmp_path, packed, name="log.xes")
    assert values(records) == values(read(tmp_path, SMALL, name="plain.xes.gz"))
    assert records.reading["compression"] == "gzip"
    assert records.sha256 == hashlib.sha256(packed).hexdigest()


def test_nested_attributes_and_lists_are_not_the_events_own(tmp_path):
    records = read(
        tmp_path,
        log(
            '<trace><string key="concept:name" value="1"><string key="concept:name" value="no"/></string>'
            "<event>"
            '<list key="people"><string key="org:resource" value="no"/></list>'
            '<string key="concept:name" value="A"><string key="org:group" value="no">'
            '<int key="x" value="1"/></string>'
            '</string><container key="box"><string key="org:role" value="no"/></container>'
            '<string key="org:role" value="yes"/></event></trace>'
        ),
    )
    assert values(records) == {"case:concept:name": ["1"], "concept:name": ["A"], "org:role": ["yes"]}
    assert records.available == ("case:concept:name", "concept:name", "org:role")
    assert records.reading["nested attributes and lists, not read"] == "7"


def test_the_first_of_several_values_is_kept_and_the_others_counted(tmp_path):
    event = '<event><string key="concept:name" value="A"/><string key="concept:name" value="B"/></event>'
    records = read(tmp_path, log(f'<trace><string key="concept:name" value="1"/>{event}{event}</trace>'))
    assert values(records)["concept:name"] == ["A", "A"]
    assert records.reading["second values for one key, not read"] == "2"


def test_events_of_unnamed_traces_and_outside_any_are_rejects(tmp_path):
    event = '<event><string key="concept:name" value="A"/></event>'
    records = read(
        tmp_path,
        log(
            f"<trace>{event}{event}</trace>{event}"
            f'<trace>{event}<string key="concept:name" value="ok"/></trace>'
            f'<trace><string key="concept:name" value=" "/>{event}</trace>'
        ),
    )
    assert values(records) == {"case:concept:name": ["ok"], "concept:name": ["A"]}
    assert records.row.tolist() == [4]
    assert [(r.row, r.column, r.value, r.reason) for r in records.rejects] == [
        (1, "case:concept:name", "", "the trace has no concept:name"),
        (2, "case:concept:name", "", "the trace has no concept:name"),
        (3, "case:concept:name", "", "the event is outside any trace"),
        (5, "case:concept:name", " ", "the trace has no concept:name"),
    ]
    assert records.n_rows == 5


def test_traces_without_events_are_empty_cases(tmp_path):
    records = read(tmp_path, log('<trace><string key="concept:name" value="7"/></trace><trace/><trace></trace>'))
    assert records.empty_cases == ("7",)
    assert records.n_rows == 0
    assert records.reading["traces"] == "3"
    assert records.reading["traces without a name and without events"] == "2"
    assert values(records) == {"case:concept:name": []}


def test_a_log_without_traces_has_no_rows(tmp_path):
    records = read(tmp_path, "<log/>")
    assert (records.n_rows, records.columns, records.available) == (0, {}, ())


def test_repeated_trace_names_are_counted(tmp_path):
    trace = '<trace><string key="concept:name" value="1"/><event/></trace>'
    assert read(tmp_path, log(trace * 3)).reading["traces with the name of an earlier one"] == "2"


def test_attributes_without_key_or_value_are_counted(tmp_path):
    event = '<event><string value="A"/><string key="concept:name"/><string key="org:role" value=""/></event>'
    records = read(tmp_path, log(f'<trace><string key="concept:name" value="1"/>{event}</trace>'))
    assert values(records) == {"case:concept:name": ["1"], "org:role": [""]}
    assert records.reading["attributes without a key or a value, not read"] == "2"


def test_a_trace_attribute_goes_before_an_events_own_of_the_same_full_key(tmp_path):
    inner = '<event><string key="case:channel" value="from the event"/></event>'
    trace = '<trace><string key="concept:name" value="1"/>{}{}</trace>'
    both = trace.format('<string key="channel" value="from the trace"/>', inner)
    records = read(tmp_path, log(both), wanted=["case:channel"])
    assert values(records)["case:channel"] == ["from the trace"]
    assert records.reading["event attributes with the key of a trace attribute, not read"] == "1"
    alone = read(tmp_path, log(trace.format("", inner)), wanted=["case:channel"])
    assert values(alone)["case:channel"] == ["from the event"]


def test_prefixed_namespaces(tmp_path):
    prefixed = SMALL.replace("xmlns=", "xmlns:x=")
    for tag in ("log", "trace", "event", "string", "date", "int", "global"):
        prefixed = prefixed.replace(f"<{tag} ", f"<x:{tag} ").replace(f"<{tag}>", f"<x:{tag}>")
        prefixed = prefixed.replace(f"</{tag}>", f"</x:{tag}>")
    assert values(read(tmp_path, prefixed)) == values(read(tmp_path, SMALL))


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252", "UTF-16"])
def test_the_declared_encoding_is_honoured(tmp_path, encoding):
    text = SMALL.replace('encoding="UTF-8"', f'encoding="{encoding}"').replace("&#233;", "é")
    records = read(tmp_path, text.encode(encoding))
    assert values(records)["concept:name"][0] == "R&D é <check>"
    assert records.reading["encoding"] == encoding


def test_chunks_join_without_a_seam(tmp_path, monkeypatch):
    """Columns that first occur late, rejects and empty traces in the middle, with chunks of two."""
    traces = [
        f'<trace><string key="concept:name" value="c{i}"/>'
        + "".join(f'<event><int key="concept:name" value="{i}.{j}"/></event>' for j in range(i % 4))
        + ('<string key="late" value="yes"/>' if i > 11 else "")
        + "</trace>"
        for i in range(20)
    ]
    traces[7] = traces[7].replace("concept:name", "nameless", 1)
    whole = read(tmp_path, log("".join(traces)), wanted=["case:late"])
    monkeypatch.setattr(xes, "_CHUNK", 2)
    pieces = read(tmp_path, log("".join(traces)), wanted=["case:late"])
    assert values(pieces) == values(whole)
    assert pieces.row.tolist() == whole.row.tolist()
    assert (pieces.rejects, pieces.empty_cases, pieces.reading) == (
        whole.rejects,
        whole.empty_cases,
        whole.reading,
    )
    assert values(pieces)["case:late"].count("yes") == sum(i % 4 for i in range(12, 20))
    assert values(pieces)["concept:name"] == [f"{i}.{j}" for i in range(20) if i != 7 for j in range(i % 4)]


BOMB = """<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<log><trace><string key="concept:name" value="&b;"/></trace></log>"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"log\.xes is empty \(0 bytes\)"),
        (gzip.compress(b"", mtime=0), r"log\.xes is empty once unzipped"),
        (BOMB, r"log\.xes declares entities: refused\. It is at line 1, column \d+\. XES needs none"),
        ('<!DOCTYPE log [<!ENTITY % p SYSTEM "p.dtd"> %p;]><log/>', r"declares entities: refused"),
        ('<!DOCTYPE log SYSTEM "xes.dtd"><log/>', r"refers to a document type elsewhere: refused"),
        (
            '<!DOCTYPE log PUBLIC "x" "http://x.org/xes.dtd"><log>&a;</log>',
            r"refers to a document type elsewhere",
        ),
        (log("<trace>&nothing;</trace>"), r"not well-formed XML at line 1, column 13: undefined entity"),
        (
            SMALL[:700],
            r"log\.xes ends at line 16, column 7, before its log does: it was cut short\. Copy, download",
        ),
        (SMALL.encode()[:-9], r"ends at line \d+, column \d+, before its log does"),
        (
            gzip.compress(SMALL.encode(), mtime=0)[:-30],
            r"gzipped and was cut short: its XML can be read up to line \d+, column",
        ),
        (gzip.compress(SMALL.encode(), mtime=0)[:-8] + b"\0" * 8, r"gzipped and was damaged \(.*CRC"),
        (gzip.compress(SMALL.encode(), mtime=0)[:20] + b"\xff" * 60, r"gzipped and was damaged"),
        (b"PK\x03\x04rest", r"is a zip archive\. Unpack it"),
        ("case,activity\n1,A\n", r"not well-formed XML at line 1, column 1: .*Check that it is an XES file"),
        (
            SMALL.replace("</trace>", "</event>", 1),
            r"not well-formed XML at line \d+, column \d+: mismatched tag",
        ),
        (SMALL.encode().replace(b"Ann", b"\xe9nn"), r"not well-formed XML at line 15, column \d+"),
        (
            "<pnml/>",
            r"is XML but not XES: it begins with <pnml>\. It is at line 1, column 1\. XES begins with <log>",
        ),
        ("<log><object-types/></log>", r"is an object-centric log \(OCEL\), not XES"),
        (
            '<?xml version="1.0" encoding="klingon"?><log/>',
            r"encoding is 'klingon', which can't be read.*Convert it",
        ),
        ('<?xml version="1.0" encoding="shift_jis"?><log/>', r"encoding is 'shift_jis', which can't be read"),
        ('<?xml version="1.0" encoding="base64"?><log/>', r"encoding is 'base64', which can't be read"),
        ('<?xml version="1.0" encoding="UTF-16"?><log/>', r"not well-formed XML"),
    ],
)
def test_refused_with_where_and_what_to_do(tmp_path, content, message):
    with pytest.raises(FileFormatError, match=message):
        read(tmp_path, content)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_xes_records(tmp_path / "none.xes")


PLAIN, PACKED = SMALL.encode(), gzip.compress(SMALL.encode(), mtime=0)


@given(st.data(), st.sampled_from([PLAIN, PACKED]))
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_is_read_or_refused_never_another_error(tmp_path, data, content):
    damaged = bytearray(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    for _ in range(data.draw(st.integers(0, 4)) if damaged else 0):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        records = read(tmp_path, bytes(damaged))
    except FileFormatError:
        pass
    else:
        values(records)
        assert records.n_rows <= 3


def real(relative: str) -> Path:
    path = DATA / relative
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{relative} of the real logs is absent, and in CI it has to be there")
        pytest.skip(f"{relative} of the real logs isn't beside the checkout")
    return path


@pytest.mark.real
def test_every_xes_file_of_the_edge_cases_reads():
    """All are well-formed; one trace has no name, so its event is set aside."""
    for path in sorted(real("edge-cases").rglob("*.xes*")):
        records = read_xes_records(path)
        values(records)
        rejected = 1 if path.name == "xes_20.xes" else 0
        assert len(records.rejects) == rejected, path.name
        assert "case:concept:name" in records.columns or len(records.row) == 0


@pytest.mark.real
def test_road_traffic_fines_counts():
    """Published: 150,370 cases and 561,470 events."""
    records = read_xes_records(
        real("road-traffic-fines/Road_Traffic_Fine_Management_Process.xes.gz"), wanted=["amount"]
    )
    assert (records.reading["traces"], records.reading["events"]) == ("150,370", "561,470")
    assert len(records.row) == 561_470
    assert records.columns["case:concept:name"].combine_chunks().unique().to_pylist()[0] == "A1"
    assert len(records.columns["case:concept:name"].unique()) == 150_370
    assert records.columns["org:resource"].null_count > 0
    assert records.columns["amount"].null_count < 561_470


@pytest.mark.real
@pytest.mark.peer
def test_receipt_has_the_cases_and_activities_that_pm4py_reads():
    path = real("receipt/receipt.xes.gz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py

        theirs = pm4py.read_xes(str(path))
    records = read_xes_records(path, wanted=["case:channel"])
    ours = values(records)
    assert len(records.row) == len(theirs) == 8_577
    sequences: dict[str, list[str]] = {}
    for case, activity in zip(ours["case:concept:name"], ours["concept:name"], strict=True):
        sequences.setdefault(case, []).append(activity)
    expected = theirs.groupby("case:concept:name", sort=False)["concept:name"].agg(list).to_dict()
    assert len(sequences) == 1_434
    assert sequences == expected
    assert ours["case:channel"] == theirs["case:channel"].tolist()
    assert ours["org:resource"] == theirs["org:resource"].tolist()
