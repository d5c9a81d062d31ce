"""Read event logs in XES (IEEE 1849), plain or gzipped, as columns of text.

The file is read as a stream: what stays in memory is the columns that are kept, never the document. Plain documents,
which nearly all are, go through a compiled scanner (`xes_scan`); all others, and whatever is wrong, through expat.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol
from xml.parsers import expat

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streamline.errors import FileFormatError
from streamline.log.raw import RawRecords, Reject, shortened
from streamline.log.xes_records import (
    CASE_PREFIX,
    NOTES,
    STANDARD_COLUMNS,
    opened_xes,
    records_of,
    rejected_events,
    without_name,
)
from streamline.log.xes_scan import Unsure, scanned_records

_NO_ENTITIES = "XES needs none: delete the <!DOCTYPE …> part, or export the log again."
_READ_BYTES = 1 << 18
#: Events, or traces, after which the lists of a chunk are turned into Arrow arrays.
_CHUNK = 1 << 16
#: Expat's codes for no element, an unclosed token, a partial character and an unclosed CDATA section.
_CUT_SHORT = {3, 5, 6, 20}


def read_xes_records(path: Path, *, wanted: Collection[str] | None = None) -> RawRecords:
    """Read the events of an XES file, each value as the text that the file holds.

    An event's own attributes become columns under their key, its trace's under `case:` and their key. Times
    keep the offset that they are written with, and `NA` stays `NA`: nothing is given a meaning here. When an
    event (or a trace) has several values for one key the first is kept and `reading` counts the others.
    Attributes inside other attributes, lists and containers are not the event's own: counted, not read.

    Values under `<global>` are not filled in. They declare what a reader may assume of events that lack the
    attribute, but in real logs they are placeholders such as UNKNOWN or 1970-01-01, and a placeholder in
    place of a missing value would be counted as a resource, or as a date.

    path : file, plain or gzipped (told by its first bytes, not by its name).
    wanted : keys to keep beside `STANDARD_COLUMNS`, such as `amount` or `case:channel`; those that the file
        lacks are left out of `columns`, and `available` lists every key that it has.

    Returns RawRecords: one pyarrow ChunkedArray of large_string a column, null where absent; `row` is the
    ordinal of the event in the file, from 1. Events of a trace without a name, and events outside any trace,
    are rejects; traces without events are `empty_cases`.
    Raises FileFormatError if the file is empty, cut short, not well-formed, not XES, in an encoding that
    can't be read, or if it declares entities or refers to other files; OSError if it can't be opened.
    """
    keep = {*STANDARD_COLUMNS, *(wanted or ())}
    with suppress(Unsure):
        return scanned_records(path, keep)
    return parsed_records(path, keep)


def parsed_records(path: Path, keep: Collection[str]) -> RawRecords:
    """Read an XES file by expat, which knows all of XML: see `read_xes_records`.

    keep : columns to keep, with CASE_PREFIX before those of traces.
    """
    with opened_xes(path) as opened:
        collector = _Collector(path.name, set(keep))
        parser = SafeParser(path.name, collector)
        try:
            while data := opened.stream.read(_READ_BYTES):
                parser.feed(data)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            what = "cut short" if isinstance(error, EOFError) else f"damaged ({error})"
            raise FileFormatError(
                f"{path.name} is gzipped and was {what}: its XML can be read up to {parser.where()}. "
                "Copy or download the whole file again."
            ) from None
        parser.feed(b"", last=True)
        return collector.records(reading=opened.reading(parser.encoding), sha256=opened.source.sha256.hexdigest())


class Handling(Protocol):
    """What takes elements from expat."""

    def attach(self, parser: expat.XMLParserType, refuse: Callable[[str, str], NoReturn]) -> None:
        """Register the handlers of elements; `refuse(what was found, advice)` raises."""
        ...


class SafeParser:
    """Expat, with everything refused that an event log has no need of."""

    def __init__(self, name: str, collector: Handling, *, what: str = "an XES file (.xes or .xes.gz)") -> None:
        self.name, self.what, self.encoding, self.fed = name, what, "UTF-8", False
        self.expat = parser = expat.ParserCreate()
        parser.XmlDeclHandler = lambda _version, encoding, _standalone: self._check_encoding(encoding)
        parser.StartDoctypeDeclHandler = lambda _name, system, public, _internal: (
            (system or public) and self._refuse("refers to a document type elsewhere: refused.", _NO_ENTITIES)
        )
        parser.EntityDeclHandler = lambda *_: self._refuse("declares entities: refused.", _NO_ENTITIES)
        parser.ExternalEntityRefHandler = lambda *_: self._refuse("refers to a file: refused.", _NO_ENTITIES)
        parser.SkippedEntityHandler = lambda *_: self._refuse("uses unknown entities: refused.", _NO_ENTITIES)
        collector.attach(parser, self._refuse)

    def where(self) -> str:
        return f"line {self.expat.CurrentLineNumber}, column {self.expat.CurrentColumnNumber + 1}"

    def feed(self, data: bytes, *, last: bool = False) -> None:
        self.fed = self.fed or bool(data)
        try:
            self.expat.Parse(data, last)
        except expat.ExpatError as error:
            place = f"line {error.lineno}, column {error.offset + 1}"
            found = f"is not well-formed XML at {place}: {expat.ErrorString(error.code)}"
            advice = f"Check that it is {self.what}, and export it again."
            if last and error.code in _CUT_SHORT:
                found = f"ends at {place}, before its log does: it was cut short"
                advice = "Copy, download or export the whole file again."
            found = found if self.fed else "is empty once unzipped"
            raise FileFormatError(f"{self.name} {found}. {advice}") from None

    def _refuse(self, found: str, advice: str) -> NoReturn:
        raise FileFormatError(f"{self.name} {found} It is at {self.where()}. {advice}")

    def _check_encoding(self, encoding: str | None) -> None:
        """Refuse what expat can't read: anything but UTF-8, UTF-16 and one byte a character."""
        self.encoding = encoding or self.encoding
        try:
            known = len(bytes(range(256)).decode(self.encoding, "replace")) == 256
        except (LookupError, ValueError):
            known = False
        if not known and self.encoding.upper() not in {"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE"}:
            said = f"says that its encoding is {shortened(self.encoding)!r}, which can't be read."
            self._refuse(said, "Convert it to UTF-8, and say so in its first line.")


#: A column of the chunk at hand, None where there's no value; False for a key that was seen and isn't kept.
_Columns = dict[str, "list[str | None] | Literal[False]"]


class _Collector:
    """Takes elements from expat into columns, one chunk of whole traces at a time."""

    def __init__(self, file: str, keep: set[str]) -> None:
        self.file, self.keep = file, keep
        self.of_events: _Columns = {}
        self.of_traces: _Columns = {}
        #: Events of each trace of the chunk, and whether it is an event that stands outside any.
        self.n_events: list[int] = []
        self.outside: list[bool] = []
        self.chunks: dict[tuple[str, str], list[Any]] = {}
        self.rows: list[npt.NDArray[np.int64]] = []
        self.rejects: list[Reject] = []
        self.empty: list[str] = []
        self.names: set[str] = set()
        self.counts = {"traces": 0, "events": 0, **dict.fromkeys(NOTES, 0)}

    def attach(self, parser: expat.XMLParserType, refuse: Callable[[str, str], NoReturn]) -> None:
        """Register the handlers.

        Only beginnings are handled in Python: expat appends each end to a list, and the depth is what has
        begun less what has ended. An event's own attributes stand at depth 3 (in log, trace, event).
        """
        closed: list[str] = []
        begun = 0
        event = trace = -1  # position in the chunk
        event_room = trace_room = 0
        inside = in_event = False  # in a trace, in an event of it
        counts, n_events, of_events, of_traces = self.counts, self.n_events, self.of_events, self.of_traces

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal begun, in_event
            depth = begun - len(closed)
            begun += 1
            if depth == 3 and in_event:
                columns, at = of_events, event
            elif depth == 2 and inside:
                in_event = name == "event" or name.endswith(":event")
                if in_event:
                    closed.clear()
                    begun = 3
                    begin_event()
                    return
                columns, at = of_traces, trace
            else:
                begin_other(name, depth)
                return
            key, value = attributes.get("key"), attributes.get("value")
            if key is None or value is None:
                counts["nested" if name.endswith(("list", "container")) else "odd"] += 1
                return
            column = columns.get(key)
            if column is None:
                column = new_column(columns, key)
            if column is False:
                return
            if column[at] is None:
                column[at] = value
            else:
                counts["repeated"] += 1

        def new_column(columns: _Columns, key: str) -> list[str | None] | Literal[False]:
            room, name = (event_room, key) if columns is of_events else (trace_room, CASE_PREFIX + key)
            columns[key] = [None] * room if name in self.keep else False
            return columns[key]

        def begin_event() -> None:
            nonlocal event, event_room
            n_events[-1] += 1
            event += 1
            if event == event_room:
                event_room += _grow(of_events)

        def begin_other(name: str, depth: int) -> None:
            nonlocal begun, event, trace, event_room, trace_room, inside, in_event
            local = name.rpartition(":")[2]
            if depth > 1:
                counts["nested"] += inside
            elif depth == 0 and local != "log":
                refuse(f"is XML but not XES: it begins with <{shortened(name)}>.", "XES begins with <log>.")
            elif depth == 1 and local in {"object-types", "objects"}:
                refuse("is an object-centric log (OCEL), not XES.", "Read it with read_ocel.")
            elif depth == 1:
                inside, in_event = local == "trace", False
                if not inside and local != "event":
                    return
                closed.clear()
                begun = 2
                if event >= _CHUNK or trace >= _CHUNK:
                    self.flush()
                    event = trace = -1
                    event_room = trace_room = 0
                trace += 1
                if trace == trace_room:
                    trace_room += _grow(of_traces)
                n_events.append(0)
                self.outside.append(not inside)
                if not inside:
                    begin_event()

        parser.StartElementHandler = start
        parser.EndElementHandler = closed.append

    def flush(self) -> None:
        """Turn the chunk into Arrow arrays, and set aside the events that belong to no named trace."""
        per_trace = np.array(self.n_events, dtype=np.int64)
        first = self.counts["events"] + 1
        row = first + np.arange(per_trace.sum())
        names = self.of_traces.get("concept:name") or [None] * len(per_trace)
        kept = np.ones(len(per_trace), dtype=bool)
        for i, (name, n, outside) in enumerate(zip(names, self.n_events, self.outside, strict=False)):
            if name is None or without_name(name):
                kept[i] = False
                self.rejects += rejected_events(self.file, first=first, n=n, name=name, is_outside=outside)
                self.counts["nameless"] += not n
            else:
                if not n:
                    self.empty.append(name)
                self.counts["again"] += name in self.names
                self.names.add(name)
            first += n
        before = sum(map(len, self.rows))
        of_row = np.repeat(np.arange(len(per_trace)), per_trace)
        self.rows.append(row[kept[of_row]])
        for columns, prefix, picked in (
            (self.of_events, "", np.flatnonzero(kept[of_row])),
            (self.of_traces, CASE_PREFIX, of_row[kept[of_row]]),
        ):
            for key, column in columns.items():
                if column is not False:
                    chunks = self.chunks.setdefault((prefix, key), [pa.nulls(before, pa.large_string())])
                    chunks.append(pa.array(column, pa.large_string()).take(pa.array(picked)))
                    column.clear()
        self.counts["events"] += len(row)
        self.counts["traces"] += len(per_trace) - sum(self.outside)
        self.n_events.clear()
        self.outside.clear()

    def records(self, *, reading: dict[str, str], sha256: str) -> RawRecords:
        """What was read."""
        self.flush()
        return records_of(
            self.file,
            columns={key: pa.chunked_array(chunks) for key, chunks in self.chunks.items()},
            keys_of_traces=self.of_traces,
            keys_of_events=self.of_events,
            counts=self.counts,
            row=np.concatenate(self.rows),
            rejects=self.rejects,
            empty_cases=self.empty,
            reading=reading,
            sha256=sha256,
        )


def _grow(columns: _Columns) -> int:
    """Make room for one more chunk of values in each column; how much."""
    for column in columns.values():
        if column is not False:
            column.extend([None] * _CHUNK)
    return _CHUNK
