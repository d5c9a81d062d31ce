"""What a reader hands to the builder: columns of text, the row that each came from, and what was set aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One row that could not be used, and why. Nothing is dropped without one of these."""

    file: str
    #: Row in the file, counting the heading as row 1; the ordinal of the event in an XES file.
    row: int
    column: str
    value: str
    reason: str


class RowsOneByOne:
    """The rows `first`, `first + 1`, … of a source, in no memory; indexed like an array of their numbers."""

    def __init__(self, first: int, n: int) -> None:
        self.first, self._n = first, n

    def __len__(self) -> int:
        return self._n

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.arange(self.first, self.first + self._n, dtype=dtype or np.int64)

    def __getitem__(self, places: Any) -> Any:
        if isinstance(places, slice):
            if places == slice(None):
                return self
            chosen = range(self._n)[places]
            return np.arange(chosen.start, chosen.stop, chosen.step, dtype=np.int64) + self.first
        if isinstance(places, np.ndarray):
            if places.dtype == np.bool_:
                places = np.flatnonzero(places)
            elif len(places) and (places.min() < 0 or places.max() >= self._n):
                raise IndexError(f"there are {self._n} rows")
            return places.astype(np.int64) + self.first
        return range(self.first, self.first + self._n)[places]


#: The row of the source behind each record: an array, or consecutive ones.
Rows = npt.NDArray[np.int64] | RowsOneByOne


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecords:
    """Columns as they stand in the source, before any meaning is given to them."""

    #: Name of the file (without its folder), or what kind of frame it was.
    source: str
    #: One pyarrow Array or ChunkedArray a column, all of one length; text for text formats.
    columns: dict[str, Any]
    #: The row of the source behind each row of `columns`.
    row: Rows
    #: Every column that the source has, also those that were not asked for.
    available: tuple[str, ...]
    rejects: tuple[Reject, ...] = ()
    #: Cases that the source names but that have no event (an XES trace without events).
    empty_cases: tuple[str, ...] = ()
    #: How it was read (delimiter, encoding, form), in words, for the data-quality report.
    reading: dict[str, str] = field(default_factory=dict)
    #: SHA-256 of the file's bytes; empty for frames.
    sha256: str = ""

    @property
    def n_rows(self) -> int:
        """Rows in the source: those in `columns` and those set aside."""
        return len(self.row) + len({r.row for r in self.rejects})


def shortened(value: object, *, limit: int = 80) -> str:
    """The start of a value, for messages and the table of rejects."""
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def first_rows(rejects: Iterable[Reject], *, limit: int = 5) -> str:
    """`row 4 ('13/13/2024'), row 9 (…)` for messages."""
    items: Sequence[Reject] = list(rejects)
    text = ", ".join(f"row {r.row:,} ({shortened(r.value, limit=40)!r})" for r in items[:limit])
    return text if len(items) <= limit else f"{text} and {len(items) - limit:,} more"
