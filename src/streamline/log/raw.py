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


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecords:
    """Columns as they stand in the source, before any meaning is given to them."""

    #: Name of the file (without its folder), or what kind of frame it was.
    source: str
    #: One pyarrow Array or ChunkedArray a column, all of one length; text for text formats.
    columns: dict[str, Any]
    #: int64, the row of the source behind each row of `columns`.
    row: npt.NDArray[np.int64]
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
