"""One column of times on its way to instants: where it stands, what a reader found in it, and small helpers for all readers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from streamline.log.raw import Reject, Rows, first_rows, shortened
from streamline.units import SECOND

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FIRST_INSTANT: Final = -62_135_596_800 * SECOND  # 0001-01-01
LAST_INSTANT: Final = 253_402_300_800 * SECOND  # 10000-01-01, the first that is out
OUTSIDE: Final = "outside the years 1 to 9999"


def nowhere(n: int) -> Bools:
    """n times False, in no memory."""
    return np.broadcast_to(np.False_, n)


def everywhere(n: int) -> Bools:
    """n times True, in no memory."""
    return np.broadcast_to(np.True_, n)


def count(marks: Bools) -> int:
    """How many are True; at no cost for `nowhere` and `everywhere`."""
    if marks.strides == (0,):
        return len(marks) * int(len(marks) > 0 and bool(marks[0]))
    return int(np.count_nonzero(marks))


def either(one: Bools, two: Bools) -> Bools:
    """One or the other; in no memory when one of them is nowhere."""
    if not count(two):
        return one
    return one | two if count(one) else two


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """The values and where they come from, for messages."""

    name: str
    source: str
    rows: Rows
    values: Any

    @property
    def where(self) -> str:
        return f"column {self.name!r} of {self.source}"

    def rejects(self, places: Iterable[int], reasons: Iterable[str]) -> Iterator[Reject]:
        at = np.asarray(list(places), dtype=np.int64)
        shown = pc.cast(self.values.take(pa.array(at)), pa.large_string()).to_pylist()
        for row, value, reason in zip(self.rows[at].tolist(), shown, reasons, strict=True):
            yield Reject(file=self.source, row=row, column=self.name, value=shortened(value), reason=reason)

    def examples(self, chosen: Bools) -> str:
        """`row 4 ('13/13/2024'), row 9 (…)`: the first five of the marked values."""
        places = np.flatnonzero(chosen)
        few = first_rows(self.rejects(places[:5], [""] * min(5, len(places))))
        return few if len(places) <= 5 else f"{few} and {len(places) - 5:,} more"


@dataclass(slots=True)
class Reading:
    """What one of the readers found: instants, or local microseconds where `naive`."""

    instants: Int64s
    missing: Bools
    naive: Bools
    midnight: Bools
    reasons: dict[int, str]
    n_offsets: int
    form: str
    #: Added to the form where values carry offsets.
    offset_words: str = " with offsets"


def is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def chunks_of(values: Any) -> list[Any]:
    return list(values.chunks) if isinstance(values, pa.ChunkedArray) else [values]


def present(values: Any) -> Bools:
    if values.null_count == 0:
        return everywhere(len(values))
    return np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False), dtype=np.bool_)


def filled(values: Any) -> Any:
    """As numpy, with 0 in place of nulls."""
    whole = pc.fill_null(values, 0) if values.null_count else values
    return np.asarray(whole.to_numpy())


def is_missing_word(text: Any, words: frozenset[str]) -> Bools:
    """Where the value is null, or one of the words once white space around it is gone."""
    known = pa.array(sorted({w.strip() for w in words}), type=text.type)
    found = pc.is_in(pc.utf8_trim_whitespace(text), value_set=known, skip_nulls=False)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.bool_) | ~present(text)
