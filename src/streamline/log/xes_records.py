"""What both readers of XES share: which attributes are kept, how the file is opened, and the records made at the end."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from streamline.errors import FileFormatError
from streamline.log.raw import RawRecords, Reject

CASE_NAME = "case:concept:name"
#: Columns that are always kept when the file has them.
STANDARD_COLUMNS = (
    *(CASE_NAME, "concept:name", "time:timestamp", "lifecycle:transition"),
    *("org:resource", "org:group", "org:role", "concept:instance"),
)
#: What a trace's attributes have before their key.
CASE_PREFIX = "case:"
OUTSIDE = "the event is outside any trace"
UNNAMED = "the trace has no concept:name"

#: What is counted on the way, and the words under which `reading` tells it when there is any.
NOTES = {
    "repeated": "second values for one key, not read",
    "nested": "nested attributes and lists, not read",
    "odd": "attributes without a key or a value, not read",
    "nameless": "traces without a name and without events",
    "again": "traces with the name of an earlier one",
    "same": "event attributes with the key of a trace attribute, not read",
}


@dataclass(frozen=True, slots=True)
class OpenedXes:
    """A file that is being read."""

    #: Its bytes, unpacked.
    stream: Any
    source: Hashed
    compression: str

    def reading(self, encoding: str) -> dict[str, str]:
        """How it was read, once it was."""
        return {"format": "XES", "compression": self.compression, "encoding": encoding}


class Hashed:
    """A file whose bytes are digested as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.sha256 = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.sha256.update(data)
        return data


@contextmanager
def opened_xes(path: Path) -> Iterator[OpenedXes]:
    """Open a file, plain or gzipped (told by its first bytes). Raises FileFormatError if it is empty or a zip archive."""
    with path.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        if not magic:
            raise FileFormatError(f"{path.name} is empty (0 bytes). Export the log again.")
        if magic == b"PK\x03\x04":
            raise FileFormatError(f"{path.name} is a zip archive. Unpack it, and read the XES file inside.")
        source = Hashed(file)
        if magic[:2] == b"\x1f\x8b":
            yield OpenedXes(gzip.GzipFile(fileobj=cast(Any, source), mode="rb"), source, "gzip")
        else:
            yield OpenedXes(source, source, "none")


def without_name(name: str | None) -> bool:
    """Whether a trace with this concept:name counts as one that has none."""
    return name is None or not name.strip()


def rejected_events(file: str, *, first: int, n: int, name: str | None, is_outside: bool) -> Iterable[Reject]:
    """The `n` events, from the ordinal `first`, of a trace without a name, or one that stands outside any trace."""
    reason = OUTSIDE if is_outside else UNNAMED
    return (Reject(file=file, row=first + k, column=CASE_NAME, value=name or "", reason=reason) for k in range(n))


def records_of(
    file: str,
    *,
    columns: Mapping[tuple[str, str], Any],
    keys_of_traces: Iterable[str],
    keys_of_events: Iterable[str],
    counts: Mapping[str, int],
    row: npt.NDArray[np.int64],
    rejects: Sequence[Reject],
    empty_cases: Sequence[str],
    reading: Mapping[str, str],
    sha256: str,
) -> RawRecords:
    """What was read; a trace's attribute goes before an event's own of the same full key.

    columns : (prefix, key) -> column; the prefix is CASE_PREFIX or empty. keys_of_traces, keys_of_events : all that
        the file has, also those that aren't kept, by their first place. counts : traces, events, and those of NOTES
        but "same".
    """
    named = {prefix + key: columns[prefix, key] for prefix, key in sorted(columns)}
    of_traces = [CASE_PREFIX + key for key in keys_of_traces]
    of_events = list(keys_of_events)
    available = dict.fromkeys([*of_traces, *of_events])
    counts = {**counts, "same": len(set(of_events).intersection(of_traces))}
    notes = {NOTES.get(key, key): f"{n:,}" for key, n in counts.items() if n or key not in NOTES}
    return RawRecords(
        source=file,
        columns={key: named[key] for key in available if key in named},
        row=row,
        available=tuple(available),
        rejects=tuple(rejects),
        empty_cases=tuple(empty_cases),
        reading={**reading, **notes},
        sha256=sha256,
    )
