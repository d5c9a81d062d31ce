"""The fast way through an XES file: compiled, for plain documents only, and never with an error of its own.

Whatever isn't plain raises `Unsure`, and the file is read by expat instead, whose answer or error counts.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from streamline.kernels import xml, xml_events
from streamline.kernels.xml import ASCII_CHARACTERS, CHARACTERS, unescaped
from streamline.kernels.xml_events import OF_EVENTS, OF_TRACES, Keys
from streamline.log.raw import RawRecords, Reject
from streamline.log.xes_columns import TextColumn
from streamline.log.xes_records import CASE_PREFIX, NOTES, opened_xes, records_of, rejected_events, without_name

Int64 = npt.NDArray[np.int64]

_PREFIX = {OF_EVENTS: "", OF_TRACES: CASE_PREFIX}
_BLOCK_BYTES = 1 << 22
#: A token may grow so long before it is left to expat.
_MOST_CARRIED = 1 << 26
_MOST_KEYS = 4_096
_SLOTS = 1 << 14

_DECLARATION = re.compile(
    rb"<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:\"1\.0\"|'1\.0')"
    rb"(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:\"([A-Za-z0-9-]+)\"|'([A-Za-z0-9-]+)'))?"
    rb"(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:\"(?:yes|no)\"|'(?:yes|no)'))?[ \t\r\n]*\?>"
)
_LONGEST_DECLARATION = 1_024
_MARK = b"\xef\xbb\xbf"
#: Encodings whose characters below 128 are ASCII's, and that expat reads itself.
_ASCII_BELOW = {"US-ASCII", "ISO-8859-1"}

_REASONS = {
    xml.ODD_BYTE: "a byte that isn't plain",
    xml.ODD_REFERENCE: "a reference that isn't plain",
    xml.ODD_TAG: "a tag that isn't plain",
    xml.ODD_ATTRIBUTES: "an attribute twice, or too many",
    xml.ODD_MARKUP: "a document type, a CDATA section, a processing instruction or a hyphen in a comment",
    xml_events.TEXT: "text between elements",
    xml_events.MISMATCH: "an end tag that fits no start tag",
    xml_events.TOO_DEEP: "too many levels",
    xml_events.NOT_A_LOG: "a root that isn't a log, or a second one",
}


class Unsure(Exception):  # noqa: N818
    """The document isn't plain; expat has to read it. The message says what was met."""


def scanned_records(path: Path, keep: Collection[str], *, block_bytes: int = _BLOCK_BYTES) -> RawRecords:
    """Read an XES file by the compiled scanner, with the result that expat's reader gives.

    keep : columns to keep, with CASE_PREFIX before those of traces.
    block_bytes : how much is unpacked at a time.
    Raises Unsure when the document isn't plain; FileFormatError if the file is empty or a zip archive; OSError if it
    can't be opened.
    """
    with opened_xes(path) as opened:
        try:
            scan = _Scan(opened.stream, set(keep), block_bytes)
        except (EOFError, zlib.error, OSError) as error:
            raise Unsure(str(error)) from error
        return scan.records(path.name, reading=opened.reading(scan.encoding), sha256=opened.source.sha256.hexdigest())


class _KeyTable:
    """The keys that were met, as they are written, and the column of each."""

    def __init__(self, keep: set[str]) -> None:
        self.keep = keep
        #: For each scope, the column of each key by its text, -1 where it isn't kept; by the first place.
        self.columns: dict[int, dict[str, int]] = {OF_EVENTS: {}, OF_TRACES: {}}
        #: Scope and key of each column.
        self.kept: list[tuple[int, str]] = []
        self.n, self.used = 0, 0
        self.keys = Keys(
            letters=np.empty(1 << 12, dtype=np.uint8),
            begin=np.empty(_MOST_KEYS, dtype=np.int64),
            end=np.empty(_MOST_KEYS, dtype=np.int64),
            slots=np.full((2, _SLOTS), -1, dtype=np.int32),
            column=np.empty(_MOST_KEYS, dtype=np.int32),
            last=np.full(_MOST_KEYS, -1, dtype=np.int64),
        )

    def add(self, scope: int, data: npt.NDArray[np.uint8], begin: int, end: int) -> None:
        """Take up the key that stands between these places."""
        if self.n == _MOST_KEYS:
            raise Unsure("too many keys")
        keys, used = self.keys, self.used + end - begin
        if used > len(keys.letters):
            keys = keys._replace(letters=np.concatenate([keys.letters, np.empty(used, dtype=np.uint8)]))
        keys.letters[self.used : used] = data[begin:end]
        keys.begin[self.n], keys.end[self.n] = self.used, used
        key = unescaped(data[begin:end].tobytes())
        columns = self.columns[scope]
        if key not in columns:
            columns[key] = len(self.kept) if _PREFIX[scope] + key in self.keep else -1
            if columns[key] >= 0:
                self.kept.append((scope, key))
        keys.column[self.n] = columns[key]
        table = keys.slots, keys.letters, keys.begin, keys.end
        keys.slots[scope, xml_events.key_slot(data, begin, end, scope, *table)] = self.n
        self.keys, self.n, self.used = keys, self.n + 1, used


class _Scan:
    """One pass over a document."""

    def __init__(self, stream: Any, keep: set[str], block_bytes: int) -> None:
        self.stream, self.block_bytes = stream, block_bytes
        self.table = _KeyTable(keep)
        self.state = np.zeros(xml_events.STATE_LENGTH, dtype=np.int64)
        self.opened = xml_events.nothing_open()
        #: The values of each column of the table.
        self.columns: list[TextColumn] = []
        self.events_before: list[Int64] = []
        self.is_outside: list[npt.NDArray[np.bool_]] = []
        head, self.encoding = self._prolog()
        self.characters = ASCII_CHARACTERS if self.encoding.upper() in _ASCII_BELOW else CHARACTERS
        self._blocks(head)

    def _prolog(self) -> tuple[bytes, str]:
        """What was read after the XML declaration, and the encoding that it names. Raises Unsure."""
        head = b""
        while len(head) < len(_MARK) + len(b"<?xml") and (more := self.stream.read(self.block_bytes)):
            head += more
        is_marked = head.startswith(_MARK)
        head = head.removeprefix(_MARK)
        if not head.startswith(b"<?xml"):
            return head, "UTF-8"
        while b"?>" not in head and len(head) < _LONGEST_DECLARATION and (more := self.stream.read(self.block_bytes)):
            head += more
        found = _DECLARATION.match(head)
        if found is None:
            raise Unsure("an XML declaration that isn't plain")
        encoding = (found[1] or found[2] or b"UTF-8").decode()
        if encoding.upper() != "UTF-8" and (is_marked or encoding.upper() not in _ASCII_BELOW):
            raise Unsure(f"the encoding {encoding}")
        return head[found.end() :], encoding

    def _blocks(self, carried: bytes) -> None:
        """Scan the document to its end. Raises Unsure."""
        more = carried or self.stream.read(self.block_bytes)
        carried = b""
        n_bytes = 0
        room = xml_events.room_for(n_bytes)
        while more:
            data = np.frombuffer(bytearray().join((carried, more)), dtype=np.uint8)
            if len(data) > n_bytes:
                n_bytes = len(data) + len(data) // 8
                room = xml_events.room_for(n_bytes)
            place = self._scan_block(data, *room)
            carried = data[place:].tobytes()
            if len(carried) > _MOST_CARRIED:
                raise Unsure("a token that is too long")
            more = self.stream.read(self.block_bytes)
        if carried or not self.state[xml_events.IS_OVER]:
            raise Unsure("the document ends before its log does")

    def _scan_block(self, data: npt.NDArray[np.uint8], found: Any, begun: Any) -> int:
        """Take what a block holds; the place of the first byte that wasn't taken."""
        state = self.state
        state[xml_events.N_FOUND] = state[xml_events.N_BEGUN] = 0
        place, reason = 0, xml_events.NEW_KEY
        while reason == xml_events.NEW_KEY:
            place, reason = xml_events.scan_events(
                data, place, len(data), self.characters, self.opened, self.table.keys, found, begun, state
            )
            if reason == xml_events.NEW_KEY:
                scope = OF_TRACES if state[xml_events.DEPTH] == 2 else OF_EVENTS
                self.table.add(scope, data, int(self.opened.tag[xml.KEY]), int(self.opened.tag[xml.KEY_END]))
        if reason != xml.MORE:
            raise Unsure(_REASONS[reason])
        n = int(state[xml_events.N_BEGUN])
        self.events_before.append(begun.events_before[:n].copy())
        self.is_outside.append(begun.is_outside[:n].copy())
        n, n_columns = int(state[xml_events.N_FOUND]), len(self.table.kept)
        self.columns += (TextColumn() for _ in range(n_columns - len(self.columns)))
        first, owner, length, first_byte, letters = xml_events.values_by_column(data, found, n, n_columns)
        done = int(state[xml_events.N_EVENTS])
        done -= bool(state[xml_events.DEPTH] > 2 and state[xml_events.IN_EVENT])  # more of this one may come
        for c, column in enumerate(self.columns):
            here = slice(first[c], first[c + 1])
            column.add(owner[here], length[here], letters[first_byte[c] : first_byte[c + 1]])
            if self.table.kept[c][0] == OF_EVENTS:
                column.close(done)
        return int(place)

    def records(self, file: str, *, reading: dict[str, str], sha256: str) -> RawRecords:
        """The records of the scanned document, as expat's reader makes them."""
        n_events, n_traces = int(self.state[xml_events.N_EVENTS]), int(self.state[xml_events.N_TRACES])
        before = np.concatenate([*self.events_before, np.array([n_events], dtype=np.int64)])
        is_outside = np.concatenate([*self.is_outside, np.zeros(0, dtype=bool)])
        per_trace = np.diff(before)
        texts: dict[tuple[str, str], Any] = {}
        for column, (scope, key) in zip(self.columns, self.table.kept, strict=True):
            column.close(n_traces if scope == OF_TRACES else n_events)
            texts[_PREFIX[scope], key] = column.chunked()
        names = texts.get((CASE_PREFIX, "concept:name"), pa.chunked_array([pa.nulls(n_traces, pa.large_string())]))
        kept = _named(names)
        rejects: list[Reject] = []
        for i in np.flatnonzero(~kept):
            first, n = int(before[i]) + 1, int(per_trace[i])
            rejects += rejected_events(file, first=first, n=n, name=names[i].as_py(), is_outside=bool(is_outside[i]))
        named = names.filter(pa.array(kept))
        counts = {"traces": n_traces - int(is_outside.sum()), "events": n_events} | dict.fromkeys(NOTES, 0)
        counts |= {
            "repeated": int(self.state[xml_events.N_REPEATED]),
            "nested": int(self.state[xml_events.N_NESTED]),
            "odd": int(self.state[xml_events.N_ODD]),
            "nameless": int(np.count_nonzero(~kept & (per_trace == 0))),
            "again": len(named) - int(pc.count_distinct(named).as_py()),
        }
        of_row = np.repeat(np.arange(n_traces), per_trace)
        stays = kept[of_row]
        if stays.all():
            chosen = texts
            row = np.arange(1, n_events + 1)
        else:
            chosen = {k: c if k[0] else c.filter(pa.array(stays)) for k, c in texts.items()}
            row, of_row = np.flatnonzero(stays) + 1, of_row[stays]
        picked = pa.array(of_row)
        return records_of(
            file,
            columns={k: pa.chunked_array([c.combine_chunks().take(picked)]) if k[0] else c for k, c in chosen.items()},
            keys_of_traces=self.table.columns[OF_TRACES],
            keys_of_events=self.table.columns[OF_EVENTS],
            counts=counts,
            row=row,
            rejects=rejects,
            empty_cases=named.filter(pa.array(per_trace[kept] == 0)).to_pylist(),
            reading=reading,
            sha256=sha256,
        )


def _named(names: Any) -> npt.NDArray[np.bool_]:
    """For each trace whether it has a name that isn't blank."""
    # only a name that begins with white space, or with something beyond ASCII, can be blank
    plain = pc.fill_null(pc.match_substring_regex(names, "^[!-~]"), fill_value=False).to_numpy()
    named = np.array(plain, dtype=bool)
    for i in np.flatnonzero(~named):
        named[i] = not without_name(names[i].as_py())
    return named
